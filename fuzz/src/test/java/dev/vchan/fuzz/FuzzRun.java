// SPDX-License-Identifier: Apache-2.0
package dev.vchan.fuzz;

import dev.vchan.testkit.Figures;
import dev.vchan.testkit.Mutant;
import java.io.File;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import java.util.concurrent.TimeUnit;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * A process in which Jazzer plays a target: with the saved inputs to begin with, or, to find a
 * planted bug, with random bytes.
 *
 * @param target what was fuzzed
 * @param planted the bug, if there was one
 * @param finding what was found, in the fuzzer's words
 * @param executions how many inputs were played
 * @param seconds how long it took, from the start of the process to its end
 * @param coverage edges that were reached, and inputs that were kept for them
 * @param log what the process said
 */
record FuzzRun(
    Target target,
    Optional<Mutant> planted,
    Optional<String> finding,
    long executions,
    long seconds,
    String coverage,
    Path log) {

  private static final int LONGEST = 200;

  private static final Path WORK = Path.of("target", "fuzz");

  /** For a process that does not end by itself when its time is over. */
  private static final int SPARE_SECONDS = 400;

  private static final Pattern FINDING = Pattern.compile("(?:Java Exception|ERROR): (.*)");
  private static final Pattern EXECUTIONS =
      Pattern.compile("stat::number_of_executed_units: (\\d+)");
  private static final Pattern COVERAGE =
      Pattern.compile("DONE +cov: (\\d+) ft: \\d+ corp: (\\d+)/");

  /** Plays for so long, or until something is found. */
  static FuzzRun of(Target target, Optional<Mutant> planted, int seconds, int seed)
      throws Exception {
    String name = target + planted.map(bug -> "-" + bug).orElse("");
    Path work = WORK.resolve(name).toAbsolutePath();
    Path corpus = Files.createDirectories(work.resolve("corpus"));
    // One to begin with: from a shorter one Jazzer takes long to get to long ones.
    byte[] first = new byte[LONGEST];
    new Random(seed).nextBytes(first);
    Files.write(corpus.resolve("first"), first);
    Path log = work.resolve("log");
    List<String> command = command(target, planted, work, seconds);
    command.addAll(List.of("-seed=" + seed, "-max_len=" + LONGEST, corpus.toString()));
    if (planted.isEmpty()) {
      command.add(target.folder().toAbsolutePath().toString());
    }
    long start = System.nanoTime();
    Process process =
        new ProcessBuilder(command)
            .directory(work.toFile())
            .redirectErrorStream(true)
            .redirectOutput(log.toFile())
            .start();
    try {
      if (!process.waitFor(seconds + SPARE_SECONDS, TimeUnit.SECONDS)) {
        throw new IllegalStateException(name + " has not ended, see " + log);
      }
    } finally {
      process.destroyForcibly().onExit().join();
    }
    long took = TimeUnit.NANOSECONDS.toSeconds(System.nanoTime() - start);
    return read(target, planted, took, log);
  }

  private static List<String> command(
      Target target, Optional<Mutant> planted, Path work, int seconds) throws IOException {
    String path = System.getProperty("java.class.path");
    if (planted.isPresent()) {
      Path changed = Files.createDirectories(work.resolve("changed"));
      planted.get().compileTo(changed);
      path = changed + File.pathSeparator + path;
    }
    List<String> command = new ArrayList<>();
    command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
    command.addAll(List.of("-ea", "-XX:+UseSerialGC", "-Xmx512m"));
    if (!Figures.FULL) {
      // Most of a short run is spent in code that is not compiled yet.
      command.add("-XX:TieredStopAtLevel=1");
    }
    // For Jazzer's library and agent, and for SeamHooks.
    command.addAll(
        List.of(
            "--enable-native-access=ALL-UNNAMED",
            "--sun-misc-unsafe-memory-access=allow",
            "-XX:+EnableDynamicAgentLoading",
            "-Djdk.attach.allowAttachSelf=true"));
    command.addAll(List.of("-cp", path, "com.code_intelligence.jazzer.Jazzer"));
    command.addAll(
        List.of(
            "--target_class=" + target.fuzzer().getName(),
            "--instrumentation_includes=dev.vchan.**",
            "--instrumentation_excludes=dev.vchan.testkit.**:dev.vchan.fuzz.**",
            "--custom_hook_includes=dev.vchan.**",
            "-max_total_time=" + seconds,
            "-timeout=120",
            "-print_final_stats=1"));
    return command;
  }

  private static FuzzRun read(Target target, Optional<Mutant> planted, long seconds, Path log)
      throws IOException {
    String said = Files.readString(log);
    Optional<String> finding = find(FINDING, said).map(match -> match.group(1));
    long executions =
        find(EXECUTIONS, said)
            .map(match -> Long.parseLong(match.group(1)))
            .orElseThrow(() -> new IllegalStateException("nothing was fuzzed, see " + log));
    String coverage =
        find(COVERAGE, said)
            .map(match -> "%s edges, corpus of %s".formatted(match.group(1), match.group(2)))
            .orElse("");
    return new FuzzRun(target, planted, finding, executions, seconds, coverage, log);
  }

  private static Optional<Matcher> find(Pattern pattern, String text) {
    Matcher matcher = pattern.matcher(text);
    return matcher.find() ? Optional.of(matcher) : Optional.empty();
  }

  /** Whether it has found what it should: a planted bug, or nothing. */
  boolean isAsItShouldBe() {
    return finding.isPresent() == planted.isPresent();
  }

  @Override
  public String toString() {
    String outcome =
        finding
            .map(what -> "found after %,d executions: %s".formatted(executions, what))
            .orElse("%,d executions, nothing found; %s".formatted(executions, coverage));
    return "%s, %d s, %s"
        .formatted(target + planted.map(bug -> " " + bug.title()).orElse(""), seconds, outcome);
  }
}
