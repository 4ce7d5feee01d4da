// SPDX-License-Identifier: Apache-2.0
package dev.vchan.fuzz;

import dev.vchan.PageFuzzer;
import dev.vchan.cli.transfer.TransferFuzzer;
import dev.vchan.local.DirectoryFuzzer;
import dev.vchan.testkit.Mutant;
import dev.vchan.xen.xenstore.StoreFuzzer;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.stream.Stream;

/** A place where a peer's bytes come in, who fuzzes it, and the bugs that must be found there. */
enum Target {
  PAGE(
      PageFuzzer.class,
      PageFuzzer::fuzzerTestOneInput,
      Mutant.INDEX_UNCHECKED,
      Mutant.INDEX_READ_TWICE),
  DIRECTORY(
      DirectoryFuzzer.class,
      DirectoryFuzzer::fuzzerTestOneInput,
      Mutant.RESERVED_DOMAIN_READ,
      Mutant.NOTICE_UNBOUNDED),
  STORE(
      StoreFuzzer.class,
      StoreFuzzer::fuzzerTestOneInput,
      Mutant.LENGTH_SIGNED,
      Mutant.LISTING_WITHOUT_NUL),
  TRANSFER(
      TransferFuzzer.class,
      TransferFuzzer::fuzzerTestOneInput,
      Mutant.NAME_WITH_SLASH,
      Mutant.SUM_UNCHECKED,
      Mutant.ACKNOWLEDGED_ANYHOW);

  private static final Path CORPORA = Path.of("corpus");

  private final Class<?> fuzzer;
  private final Round round;
  private final List<Mutant> planted;

  Target(Class<?> fuzzer, Round round, Mutant... planted) {
    this.fuzzer = fuzzer;
    this.round = round;
    this.planted = List.of(planted);
  }

  /** Plays one input. */
  private interface Round {
    void play(byte[] input) throws Exception;
  }

  static Target named(String name) {
    return valueOf(name.toUpperCase(Locale.ROOT));
  }

  Class<?> fuzzer() {
    return fuzzer;
  }

  List<Mutant> planted() {
    return planted;
  }

  void play(byte[] input) throws Exception {
    round.play(input);
  }

  /** Where its saved inputs are, in the folder of this module. */
  Path folder() {
    return CORPORA.resolve(toString());
  }

  /** The saved inputs, in order. */
  List<Path> corpus() throws IOException {
    try (Stream<Path> files = Files.list(folder())) {
      return files.sorted().toList();
    }
  }

  @Override
  public String toString() {
    return name().toLowerCase(Locale.ROOT);
  }
}
