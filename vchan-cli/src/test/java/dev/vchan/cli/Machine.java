// SPDX-License-Identifier: Apache-2.0
package dev.vchan.cli;

import static org.assertj.core.api.Assertions.assertThat;

import dev.vchan.testkit.Figures;
import java.io.IOException;
import java.lang.ProcessBuilder.Redirect;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * A folder in which commands meet, each a process of its own. Closing it proves that they all ended
 * and left nothing there.
 */
final class Machine implements AutoCloseable {

  /** Longest life of a process here, a watchdog. */
  private static final long PATIENCE_SECONDS = 90;

  private static final Path NOTHING = Path.of("/dev/null");

  /** The folder of the command's jars, as the launcher uses them. */
  private static final String JARS = System.getProperty("vchan.jars", "target/libraries");

  private final Path folder;
  private final Path meeting;
  private final Map<String, String> environment = new HashMap<>();
  private final List<Running> started = new ArrayList<>();
  private @Nullable Path changed;

  Machine(Path folder) {
    this(folder, folder.resolve("meet"));
  }

  /** For a meeting place that is no good. */
  Machine(Path folder, Path meeting) {
    this.folder = folder;
    this.meeting = meeting;
  }

  /** A command that runs. */
  record Running(Process process, Path output, Path error) {

    /** Waits for its end. */
    int exitCode() throws Exception {
      assertThat(process.waitFor(PATIENCE_SECONDS, TimeUnit.SECONDS))
          .describedAs("%s ends", process.info().commandLine())
          .isTrue();
      return process.exitValue();
    }

    /** Waits for its end, which must be a good one. */
    void succeeds() throws Exception {
      assertThat(exitCode()).describedAs(messages()).isZero();
    }

    /** Sends a signal; destroying a process would also close its standard input. */
    void signal(String name) throws Exception {
      new ProcessBuilder("kill", "-" + name, Long.toString(process.pid())).start().waitFor();
    }

    String messages() throws IOException {
      return Files.readString(error);
    }

    /** Waits until it has said something. */
    void says(String text) throws Exception {
      long end = System.nanoTime() + TimeUnit.SECONDS.toNanos(PATIENCE_SECONDS);
      while (!messages().contains(text)) {
        assertThat(process.isAlive() || messages().contains(text))
            .describedAs("ended without saying '%s': %s", text, messages())
            .isTrue();
        assertThat(System.nanoTime()).describedAs("waits for '%s'", text).isLessThan(end);
        process.waitFor(20, TimeUnit.MILLISECONDS);
      }
    }
  }

  /** Sets something in the environment of commands that are started from now on. */
  void set(String name, String value) {
    environment.put(name, value);
  }

  /** Starts a command without input. */
  Running start(String... arguments) throws IOException {
    return start(Redirect.from(NOTHING.toFile()), arguments);
  }

  /** Starts a command that reads a file. */
  Running startReading(Path input, String... arguments) throws IOException {
    return start(Redirect.from(input.toFile()), arguments);
  }

  Running start(Redirect input, String... arguments) throws IOException {
    Path output = folder.resolve("output-" + started.size());
    return start(input, Redirect.to(output.toFile()), output, arguments);
  }

  /** Starts a command without input under a limit, in the words of a shell's ulimit. */
  Running startLimited(String limit, String... arguments) throws IOException {
    return startThrough(
        List.of("/bin/sh", "-c", "ulimit " + limit + " && exec \"$@\"", "limited"), arguments);
  }

  /** Starts a command without input by another command, whose last arguments it becomes. */
  Running startThrough(List<String> other, String... arguments) throws IOException {
    Path output = folder.resolve("output-" + started.size());
    return start(
        other, Redirect.from(NOTHING.toFile()), Redirect.to(output.toFile()), output, arguments);
  }

  Running start(Redirect input, Redirect output, Path file, String... arguments)
      throws IOException {
    return start(List.of(), input, output, file, arguments);
  }

  private Running start(
      List<String> prefix, Redirect input, Redirect output, Path file, String... arguments)
      throws IOException {
    Path error = folder.resolve("error-" + started.size());
    // A shell that runs the build in the background has it ignore Ctrl-C, which children inherit.
    List<String> line = new ArrayList<>(List.of("env", "--default-signal=INT"));
    line.addAll(prefix);
    line.addAll(java());
    line.addAll(List.of(arguments));
    ProcessBuilder builder =
        new ProcessBuilder(line)
            .directory(folder.toFile())
            .redirectInput(input)
            .redirectOutput(output)
            .redirectError(error.toFile());
    builder.environment().keySet().removeIf(name -> name.startsWith("VCHAN_"));
    builder.environment().put("VCHAN_DIR", meeting.toString());
    builder.environment().putAll(environment);
    Running running = new Running(builder.start(), file, error);
    started.add(running);
    return running;
  }

  /** Has commands from here on use changed classes. */
  void putFirst(Path classes) {
    changed = classes;
  }

  private List<String> java() {
    List<String> line = new ArrayList<>();
    line.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
    line.add("-XX:+UseSerialGC");
    line.add("-XX:AOTCache=" + JARS + "/vchan.aot");
    line.add("-Xlog:disable");
    line.add("-Xlog:all=warning,aot*=off:stderr");
    line.add("--illegal-native-access=deny");
    line.add("--enable-native-access=dev.vchan.xen");
    if (!Figures.FULL) {
      // Most commands here live for a second, and compiling well what they run would take longer.
      line.add("-XX:TieredStopAtLevel=1");
    }
    if (changed == null) {
      line.addAll(List.of("--module-path", JARS, "--module", "dev.vchan.cli/dev.vchan.cli.Main"));
    } else {
      // Where they come first whichever module they belong to.
      line.addAll(List.of("-cp", changed + ":" + JARS + "/*", "dev.vchan.cli.Main"));
    }
    return line;
  }

  /** Where the commands meet. */
  Path meeting() {
    return meeting;
  }

  /** Makes a file of random bytes. */
  Path random(String name, long size) throws IOException {
    Path file = folder.resolve(name);
    Random random = new Random(size);
    try (var out = Files.newOutputStream(file)) {
      byte[] chunk = new byte[1 << 20];
      for (long left = size; left > 0; left -= chunk.length) {
        random.nextBytes(chunk);
        out.write(chunk, 0, (int) Math.min(left, chunk.length));
      }
    }
    return file;
  }

  static void assertSame(Path expected, Path actual) throws IOException {
    assertThat(Files.mismatch(expected, actual))
        .describedAs("first difference of %s and %s", expected, actual)
        .isEqualTo(-1);
  }

  /** What killed processes leave is removed by whoever comes next; here is the one who does. */
  void sweep() throws Exception {
    assertThat(start("connect", "-w", "0", "sweeper").exitCode()).isEqualTo(ExitCodes.TIMEOUT);
  }

  @Override
  public void close() throws IOException {
    for (Running running : started) {
      boolean alive = running.process().isAlive();
      running.process().destroyForcibly();
      assertThat(alive).describedAs("still runs: %s", running.messages()).isFalse();
    }
    if (Files.exists(meeting)) {
      try (Stream<Path> left = Files.walk(meeting)) {
        assertThat(left.filter(path -> !Files.isDirectory(path) && !path.endsWith("locks")))
            .describedAs("left behind")
            .isEmpty();
      }
    }
  }
}
