// SPDX-License-Identifier: Apache-2.0
package dev.vchan.testkit;

import static java.nio.charset.StandardCharsets.UTF_8;
import static java.nio.file.StandardOpenOption.CREATE;
import static java.nio.file.StandardOpenOption.READ;
import static java.nio.file.StandardOpenOption.WRITE;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.channels.Channels;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import org.jspecify.annotations.Nullable;
import org.junit.platform.commons.support.AnnotationSupport;
import org.junit.platform.engine.TestExecutionResult;
import org.junit.platform.engine.support.descriptor.MethodSource;
import org.junit.platform.launcher.TestExecutionListener;
import org.junit.platform.launcher.TestIdentifier;
import org.junit.platform.launcher.TestPlan;

/**
 * Writes which {@linkplain Case cases} ran in a module and how they ended, to {@code
 * target/catalogue/results.tsv}. The platform finds this class by itself wherever the test kit is
 * on the class path.
 *
 * <p>The first line names the build, so that the results of an earlier one cannot be taken for this
 * one's. Then follow case, module, test and outcome, one line for each test method: what its
 * parameters or repetitions yielded is put together, the worst counting. Several JVMs that run a
 * module's tests at once add to the same file.
 */
public final class CatalogueListener implements TestExecutionListener {

  private final Path module;
  private final String build;
  private final Map<String, Outcome> outcomes = new TreeMap<>();
  private @Nullable TestPlan plan;

  /** Made by the platform; writes below the directory of the module under test. */
  public CatalogueListener() {
    this(
        Path.of(System.getProperty("basedir", "")).toAbsolutePath(),
        System.getProperty("vchan.build", "unknown"));
  }

  CatalogueListener(Path module, String build) {
    this.module = module;
    this.build = build;
  }

  /** How a test ended, the worst last. */
  private enum Outcome {
    SKIPPED,
    PASSED,
    ABORTED,
    FAILED
  }

  @Override
  public synchronized void testPlanExecutionStarted(TestPlan testPlan) {
    plan = testPlan;
  }

  @Override
  public void executionSkipped(TestIdentifier test, String reason) {
    record(test, Outcome.SKIPPED);
  }

  @Override
  public void executionFinished(TestIdentifier test, TestExecutionResult result) {
    Outcome outcome =
        switch (result.getStatus()) {
          case SUCCESSFUL -> Outcome.PASSED;
          case ABORTED -> Outcome.ABORTED;
          case FAILED -> Outcome.FAILED;
        };
    // A method with parameters is a container of its runs: it says nothing unless it fails itself.
    if (test.isTest() || outcome != Outcome.PASSED) {
      record(test, outcome);
    }
  }

  private synchronized void record(TestIdentifier test, Outcome outcome) {
    Optional<MethodSource> source = methodOf(test);
    if (source.isEmpty()) {
      return;
    }
    String name = source.get().getClassName() + "#" + source.get().getMethodName();
    for (String id : casesOf(source.get())) {
      add(id + "\t" + module.getFileName() + "\t" + name, outcome);
    }
  }

  private void add(String test, Outcome outcome) {
    outcomes.merge(test, outcome, (one, other) -> one.compareTo(other) > 0 ? one : other);
  }

  /** The method a test comes from; a dynamic test comes from the one that made it. */
  private Optional<MethodSource> methodOf(TestIdentifier test) {
    Optional<TestIdentifier> next = Optional.of(test);
    while (next.isPresent()) {
      if (next.get().getSource().orElse(null) instanceof MethodSource method) {
        return Optional.of(method);
      }
      next = plan == null ? Optional.empty() : plan.getParent(next.get());
    }
    return Optional.empty();
  }

  private static Set<String> casesOf(MethodSource source) {
    List<Case> found =
        new ArrayList<>(
            AnnotationSupport.findRepeatableAnnotations(source.getJavaMethod(), Case.class));
    for (Class<?> type = source.getJavaClass(); type != null; type = type.getEnclosingClass()) {
      found.addAll(AnnotationSupport.findRepeatableAnnotations(type, Case.class));
    }
    Set<String> ids = new TreeSet<>();
    found.forEach(named -> ids.add(named.value()));
    return ids;
  }

  @Override
  public synchronized void testPlanExecutionFinished(TestPlan testPlan) {
    try {
      Path directory = Files.createDirectories(module.resolve("target/catalogue"));
      try (FileChannel file =
          FileChannel.open(directory.resolve("results.tsv"), CREATE, READ, WRITE)) {
        // Until the file is closed.
        file.lock();
        merge(file);
      }
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private void merge(FileChannel file) throws IOException {
    String first = "build\t" + build;
    List<String> lines = Channels.newReader(file, UTF_8).readAllLines();
    if (!lines.isEmpty() && lines.getFirst().equals(first)) {
      for (String line : lines.subList(1, lines.size())) {
        int end = line.lastIndexOf('\t');
        add(line.substring(0, end), Outcome.valueOf(line.substring(end + 1)));
      }
    }
    StringBuilder text = new StringBuilder(first).append('\n');
    outcomes.forEach((test, outcome) -> text.append(test + "\t" + outcome + "\n"));
    file.truncate(0);
    Channels.newOutputStream(file.position(0)).write(text.toString().getBytes(UTF_8));
  }
}
