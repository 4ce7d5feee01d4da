// SPDX-License-Identifier: Apache-2.0
package dev.vchan.local;

import static java.nio.charset.StandardCharsets.ISO_8859_1;
import static java.nio.charset.StandardCharsets.UTF_8;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Which processes have the pages of channels, by what the kernel says in {@code /proc}: their
 * mappings, and the record locks that tell whose pages they are.
 */
public final class LiveProcesses {

  private static final Path PROC = Path.of("/proc");

  /** A record lock on one byte, in proc_pid_fdinfo(5). */
  private static final Pattern LOCK =
      Pattern.compile("lock:\\s+\\d+: (POSIX|OFDLCK)\\s.* ([0-9]+) ([0-9]+)\\s*");

  /** Number, name in parentheses, and state, in proc_pid_stat(5). */
  private static final Pattern STAT = Pattern.compile("(?s)[0-9]+ \\((.*)\\) (\\S) .*");

  /** For each page, who has it. */
  private final Map<String, List<Holder>> holders = new HashMap<>();

  /**
   * A process that has a page.
   *
   * @param owns whether it has shared it
   * @param bothEnds whether it has it as the client too
   */
  private record Holder(LiveProcess process, boolean owns, boolean bothEnds) {}

  private LiveProcesses() {}

  static LiveProcesses scan(Path given) throws IOException {
    LiveProcesses found = new LiveProcesses();
    if (Files.exists(given)) {
      Path root = given.toRealPath();
      for (Path process : Leftovers.list(PROC)) {
        if (process.getFileName().toString().matches("[0-9]+")) {
          found.look(process, root);
        }
      }
    }
    return found;
  }

  /**
   * The process that shares a channel's page.
   *
   * @param channel which channel
   * @return empty if there is none that can be seen
   */
  public Optional<LiveProcess> server(LiveChannel channel) {
    return holders(channel).stream().filter(Holder::owns).map(Holder::process).findFirst();
  }

  /**
   * The process that has mapped the page of a channel as its client.
   *
   * @param channel which channel
   * @return empty if there is none that can be seen
   */
  public Optional<LiveProcess> client(LiveChannel channel) {
    return holders(channel).stream()
        .filter(holder -> !holder.owns() || holder.bothEnds())
        .map(Holder::process)
        .findFirst();
  }

  private List<Holder> holders(LiveChannel channel) {
    return holders.getOrDefault(LiveChannels.key(channel.server(), channel.page()), List.of());
  }

  private void look(Path process, Path root) {
    try {
      Map<PageName, Integer> mapped = mapped(process, root.resolve("gnt"));
      if (mapped.isEmpty()) {
        return;
      }
      Matcher stat = STAT.matcher(Files.readString(process.resolve("stat"), ISO_8859_1));
      if (!stat.matches()) {
        return;
      }
      LiveProcess known =
          new LiveProcess(
              Long.parseLong(process.getFileName().toString()),
              stat.group(1).replaceAll("[^ -~]", "?"),
              stat.group(2).charAt(0));
      Locks locks = locks(process, root.resolve("locks"));
      mapped.forEach(
          (name, times) -> {
            boolean owns = locks.held().contains(name.lock());
            // The library that stands in for Xen's maps each page twice.
            boolean both = owns && times > (locks.ofDescription() ? 2 : 1);
            holders
                .computeIfAbsent(
                    LiveChannels.key(name.owner(), name.first()), page -> new ArrayList<>())
                .add(new Holder(known, owns, both));
          });
    } catch (IOException | UncheckedIOException e) {
      // It has ended, or belongs to somebody else.
      return;
    }
  }

  /** Which control pages a process has mapped, and how often each. */
  private static Map<PageName, Integer> mapped(Path process, Path grants) throws IOException {
    Map<PageName, Integer> found = new HashMap<>();
    String prefix = grants + "/";
    // Other files may have names that are no text, which a reader of this kind forgives.
    try (BufferedReader maps =
        new BufferedReader(
            new InputStreamReader(Files.newInputStream(process.resolve("maps")), UTF_8))) {
      maps.lines()
          // The name is the only thing in a line with a slash, and must begin with the prefix: the
          // same somewhere below another directory is another file.
          .map(line -> line.substring(Math.max(0, line.indexOf('/'))))
          .filter(name -> name.startsWith(prefix))
          .map(name -> name.substring(prefix.length()).split("/", -1))
          .filter(names -> names.length == 2)
          .forEach(
              names ->
                  PageName.parse(names[0], names[1])
                      .ifPresent(name -> found.merge(name, 1, Integer::sum)));
    }
    return found;
  }

  /**
   * What a process holds in a file of locks.
   *
   * @param held the bytes
   * @param ofDescription whether any is a lock of the open file description
   */
  private record Locks(Set<Long> held, boolean ofDescription) {}

  private static Locks locks(Path process, Path file) throws IOException {
    Set<Long> held = new HashSet<>();
    boolean ofDescription = false;
    for (Path descriptor : Leftovers.list(process.resolve("fd"))) {
      if (isLink(descriptor, file)) {
        Path info = process.resolve("fdinfo").resolve(descriptor.getFileName());
        for (String line : Files.readAllLines(info, ISO_8859_1)) {
          Matcher lock = LOCK.matcher(line);
          // Locks of bytes side by side are shown as one; those of pages never lie so.
          if (lock.matches() && lock.group(2).equals(lock.group(3))) {
            held.add(Long.parseLong(lock.group(2)));
            ofDescription |= lock.group(1).equals("OFDLCK");
          }
        }
      }
    }
    return new Locks(held, ofDescription);
  }

  private static boolean isLink(Path descriptor, Path file) {
    try {
      return Files.readSymbolicLink(descriptor).equals(file);
    } catch (IOException e) {
      // Closed meanwhile.
      return false;
    }
  }
}
