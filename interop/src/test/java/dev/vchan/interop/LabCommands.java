// SPDX-License-Identifier: Apache-2.0
package dev.vchan.interop;

import dev.vchan.testkit.Patterns;
import dev.vchan.testkit.ends.Role;
import java.io.File;
import java.io.IOException;
import java.lang.ProcessBuilder.Redirect;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;

/** Steps in which the {@code vchan} command carries a file from one domain to the other. */
final class LabCommands {

  private static final int MIB = 1 << 20;
  private static final int MIBS = 16;
  private static final long SEED = 77;

  private static final Redirect NOTHING = Redirect.from(new File("/dev/null"));

  private LabCommands() {}

  static List<LabStep> steps() {
    List<LabStep> steps = new ArrayList<>();
    for (Role dom0 : Role.values()) {
      boolean listens = dom0 == Role.SERVER;
      steps.add(
          new LabStep(
              "%s of 16 MiB from %s".formatted("vchan connect to vchan listen", from(listens)),
              listens ? LabCommands::listen : LabCommands::connect,
              listens ? LabCommands::connect : LabCommands::listen));
      steps.add(
          new LabStep(
              "%s of 16 MiB from %s".formatted("vchan send to vchan receive", from(listens)),
              listens ? LabCommands::receive : LabCommands::send,
              listens ? LabCommands::send : LabCommands::receive));
    }
    return steps;
  }

  private static String from(boolean listensInDom0) {
    return listensInDom0 ? "domU to dom0" : "dom0 to domU";
  }

  private static String listen(LabSite site, String port) throws Exception {
    Path file = Files.createTempFile("listen", null);
    run(NOTHING, Redirect.to(file.toFile()), "listen", "" + site.other(), port);
    check(file);
    return "";
  }

  private static String connect(LabSite site, String port) throws Exception {
    Path file = make(Files.createTempDirectory("connect"));
    run(Redirect.from(file.toFile()), Redirect.INHERIT, "connect", "" + site.other(), port);
    remove(file);
    return "";
  }

  private static String receive(LabSite site, String port) throws Exception {
    Path folder = Files.createTempDirectory("receive");
    run(NOTHING, Redirect.INHERIT, "receive", "" + site.other(), port, folder.toString());
    check(folder.resolve("file"));
    return "";
  }

  private static String send(LabSite site, String port) throws Exception {
    Path file = make(Files.createTempDirectory("send"));
    run(NOTHING, Redirect.INHERIT, "send", file.toString(), "" + site.other(), port);
    remove(file);
    return "";
  }

  private static void run(Redirect input, Redirect output, String... words) throws Exception {
    List<String> command = new ArrayList<>(List.of("/bin/vchan"));
    command.addAll(List.of(words));
    Process process =
        new ProcessBuilder(command)
            .redirectInput(input)
            .redirectOutput(output)
            .redirectError(Redirect.INHERIT)
            .start();
    try {
      if (!process.waitFor(150, TimeUnit.SECONDS)) {
        throw new AssertionError(command + " does not end");
      }
      if (process.exitValue() != 0) {
        throw new AssertionError(command + " ended with " + process.exitValue());
      }
    } finally {
      process.destroyForcibly();
    }
  }

  private static Path make(Path folder) throws IOException {
    Path file = folder.resolve("file");
    Patterns bytes = new Patterns(SEED);
    try (FileChannel target =
        FileChannel.open(file, StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE)) {
      for (int i = 0; i < MIBS; i++) {
        ByteBuffer piece = bytes.next(MIB);
        while (piece.hasRemaining()) {
          target.write(piece);
        }
      }
    }
    return file;
  }

  /** Every byte; then the file goes, since memory is all that holds it. */
  private static void check(Path file) throws IOException {
    long size = Files.size(file);
    if (size != (long) MIBS * MIB) {
      throw new AssertionError(file + " has " + size + " bytes");
    }
    Patterns bytes = new Patterns(SEED);
    try (FileChannel source = FileChannel.open(file)) {
      ByteBuffer piece = ByteBuffer.allocate(MIB);
      while (source.read(piece) >= 0) {
        bytes.check(piece.flip());
        piece.clear();
      }
    }
    remove(file);
  }

  private static void remove(Path file) throws IOException {
    Files.delete(file);
  }
}
