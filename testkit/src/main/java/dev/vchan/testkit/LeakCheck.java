// SPDX-License-Identifier: Apache-2.0
package dev.vchan.testkit;

import com.sun.management.HotSpotDiagnosticMXBean;
import com.sun.management.HotSpotDiagnosticMXBean.ThreadDumpFormat;
import dev.vchan.inprocess.InProcessHost;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.management.ManagementFactory;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/**
 * What a test has left behind: everything taken from a machine, threads of ours, and open files.
 * Made before the test's first step, asked after its last.
 */
public final class LeakCheck {

  private static final Path DESCRIPTORS = Path.of("/proc/self/fd");

  private static final String OF_THE_JVM = ".*\\.jar|.*/modules|/dev/u?random";

  /** What tools of the tests keep open as long as the JVM lives. */
  private static final Set<String> TOLERATED = ConcurrentHashMap.newKeySet();

  /** Threads of ours that are not a test's: the number and name of each. */
  private static final Set<String> OTHERS = ConcurrentHashMap.newKeySet();

  /** Without the thread that ends long waits: it outlives them by a second or two. */
  private static final Pattern OURS = Pattern.compile("#\\d+ \"vchan(?!-ticks\")[^\"]*\"");

  private final List<String> openBefore = openFiles();

  /** Remembers which files are open now. */
  public LeakCheck() {}

  /**
   * Checks that a machine holds nothing any more, and the rest as {@link #assertNothingLeft()}.
   *
   * @param host the machine
   */
  public void assertNothingLeft(InProcessHost host) {
    List<String> leftovers = host.leftovers();
    if (!leftovers.isEmpty()) {
      throw new AssertionError("left behind: " + leftovers);
    }
    assertNothingLeft();
  }

  /**
   * Checks that no thread of ours is running and no file is open that was not open before. What is
   * about to end is waited for.
   *
   * @throws AssertionError if something is left; says what
   */
  public void assertNothingLeft() {
    Watchdog.until(() -> "free of " + leftovers(), () -> leftovers().isEmpty());
  }

  /**
   * What is left now.
   *
   * @return a line for each thread of ours, and for each file that was not open before
   */
  public List<String> leftovers() {
    List<String> found = openFiles();
    openBefore.forEach(found::remove);
    found.addAll(ourThreads());
    return found;
  }

  /** Does something whose open files are nobody's leak. */
  static void tolerate(Runnable opening) {
    List<String> before = openFiles();
    opening.run();
    List<String> after = openFiles();
    before.forEach(after::remove);
    TOLERATED.addAll(after);
  }

  /** The threads of ours that run now are those of whoever plays the tests. */
  public static void tolerateRunningThreads() {
    OTHERS.addAll(ourThreads());
  }

  /** The threads, virtual ones included, whose names carry the project's prefix. */
  private static List<String> ourThreads() {
    try {
      Path dump = Files.createTempDirectory("threads").resolve("dump");
      try {
        ManagementFactory.getPlatformMXBean(HotSpotDiagnosticMXBean.class)
            .dumpThreads(dump.toString(), ThreadDumpFormat.TEXT_PLAIN);
        try (Stream<String> lines = Files.lines(dump)) {
          return lines
              .map(OURS::matcher)
              .filter(Matcher::lookingAt)
              .map(Matcher::group)
              .filter(thread -> !OTHERS.contains(thread))
              .toList();
        }
      } finally {
        Files.deleteIfExists(dump);
        Files.delete(Objects.requireNonNull(dump.getParent()));
      }
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /**
   * What the open descriptors name, without what the JVM opens to load classes.
   *
   * @return a name for each, in no order
   */
  public static List<String> openFiles() {
    List<String> open = new ArrayList<>();
    try (Stream<Path> descriptors = Files.list(DESCRIPTORS)) {
      for (Path descriptor : (Iterable<Path>) descriptors::iterator) {
        String file = target(descriptor);
        if (!file.isEmpty() && !file.matches(OF_THE_JVM) && !TOLERATED.contains(file)) {
          open.add(file);
        }
      }
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    return open;
  }

  private static String target(Path descriptor) {
    try {
      return Files.readSymbolicLink(descriptor).toString();
    } catch (IOException e) {
      // Closed since it was listed, as the descriptor of the listing itself.
      return "";
    }
  }
}
