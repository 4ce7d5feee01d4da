// SPDX-License-Identifier: Apache-2.0
package dev.vchan.order;

import java.io.File;
import java.io.IOException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.concurrent.TimeUnit;
import org.openjdk.jcstress.Main;
import org.openjdk.jcstress.annotations.Expect;
import org.openjdk.jcstress.infra.Status;
import org.openjdk.jcstress.infra.collectors.DiskReadCollector;
import org.openjdk.jcstress.infra.collectors.TestResult;
import org.openjdk.jcstress.infra.runners.TestList;

/**
 * Runs jcstress in a process of its own, and reads the results from the file that it keeps them in.
 */
final class Litmus {

  private static final String PACKAGE = "dev.vchan.";

  /** A run that is not over by then hangs; it takes a quarter of that at most. */
  private static final int MINUTES = 50;

  /** What one test has seen, in every configuration of the JVM that it ran in. */
  record Seen(long samples, long forbidden, List<String> errors) {

    static final Seen NOTHING = new Seen(0, 0, List.of());

    Seen with(Seen other) {
      List<String> all = new ArrayList<>(errors);
      all.addAll(other.errors);
      return new Seen(samples + other.samples, forbidden + other.forbidden, all);
    }
  }

  private final Path folder;

  /**
   * Runs nothing yet.
   *
   * @param folder for files of jcstress
   */
  Litmus(Path folder) {
    this.folder = folder;
  }

  /** The names of all tests, without their package. */
  static List<String> tests() {
    return TestList.tests().stream()
        .map(name -> name.substring(PACKAGE.length()))
        .sorted()
        .toList();
  }

  /**
   * Runs tests.
   *
   * @param mutant folder with changed classes, which come before those of this process
   * @param names of the tests
   * @param options for jcstress
   * @return what each test saw
   */
  Map<String, Seen> run(Optional<Path> mutant, List<String> names, List<String> options)
      throws IOException, InterruptedException {
    String path = System.getProperty("java.class.path");
    if (mutant.isPresent()) {
      path = mutant.get() + File.pathSeparator + path;
    }
    Path place = Files.createTempDirectory(folder, "run");
    List<String> command = new ArrayList<>();
    command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
    command.addAll(List.of("-cp", path, Main.class.getName()));
    command.addAll(List.of("-r", "report"));
    command.addAll(List.of("-t", "^dev\\.vchan\\.(" + String.join("|", names) + ")$"));
    command.addAll(options);
    Path console = place.resolve("console.txt");
    Process process =
        new ProcessBuilder(command)
            .directory(place.toFile())
            .redirectErrorStream(true)
            .redirectOutput(console.toFile())
            .start();
    Thread killer = new Thread(() -> kill(process));
    Runtime.getRuntime().addShutdownHook(killer);
    try {
      if (!process.waitFor(MINUTES, TimeUnit.MINUTES)) {
        throw new IOException("jcstress has not ended within %d minutes".formatted(MINUTES));
      }
    } finally {
      kill(process);
      Runtime.getRuntime().removeShutdownHook(killer);
    }
    Map<String, Seen> results = results(place);
    if (results.isEmpty()) {
      throw new IOException("jcstress has no results: " + Files.readString(console));
    }
    return results;
  }

  /** With the processes that it started: they do not end with it. */
  private static void kill(Process process) {
    process.descendants().forEach(ProcessHandle::destroyForcibly);
    process.destroyForcibly();
  }

  private static Map<String, Seen> results(Path place) throws IOException {
    Map<String, Seen> results = new TreeMap<>();
    try (DirectoryStream<Path> files = Files.newDirectoryStream(place, "*.bin.gz")) {
      for (Path file : files) {
        DiskReadCollector reader =
            new DiskReadCollector(
                file.toString(),
                result ->
                    results.merge(
                        result.getName().substring(PACKAGE.length()), seen(result), Seen::with));
        reader.dump();
        reader.close();
      }
    } catch (ClassNotFoundException e) {
      throw new IOException(e);
    }
    return results;
  }

  private static Seen seen(TestResult result) {
    long forbidden =
        result.grading().gradingResults.values().stream()
            .filter(grade -> grade.expect == Expect.FORBIDDEN)
            .mapToLong(grade -> grade.count)
            .sum();
    List<String> errors = new ArrayList<>();
    if (result.status() != Status.NORMAL) {
      errors.add(result.getName() + ": " + result.status());
      errors.addAll(result.getMessages());
      errors.addAll(result.getVmErr());
    }
    return new Seen(result.getTotalCount(), forbidden, errors);
  }
}
