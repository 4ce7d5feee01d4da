// SPDX-License-Identifier: Apache-2.0
package dev.vchan.interop;

import java.io.IOException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.List;

/**
 * What this domain's kernel was asked for through /dev/xen/evtchn, by whomever: probes in the
 * driver count it alike for every program. Xen's own daemons are left out, which are told here by
 * their files of process numbers.
 */
final class KernelCounts {

  private static final Path TRACING = Path.of("/sys/kernel/tracing");

  /** {@code IOCTL_EVTCHN_NOTIFY}: each is one hypercall, which sends an event. */
  private static final int NOTIFY = 0x0004_4504;

  private static final String SENT = "vchan_sent";
  private static final String UNMASKED = "vchan_unmasked";

  private KernelCounts() {}

  /**
   * So far.
   *
   * @param sent events sent
   * @param unmasked how often a port was let deliver again
   */
  record Counts(long sent, long unmasked) {}

  /** Begins to count, once and for all. */
  static void begin() throws IOException {
    if (Files.exists(place(SENT))) {
      return;
    }
    StringBuilder others = new StringBuilder("common_pid != 0");
    try (DirectoryStream<Path> files = Files.newDirectoryStream(Path.of("/run"), "*.pid")) {
      for (Path file : files) {
        others.append(" && common_pid != ").append(Files.readString(file).strip());
      }
    }
    probe("p:%s xen_evtchn:evtchn_ioctl cmd=%%si:u32".formatted(SENT));
    probe("p:%s xen_evtchn:evtchn_write".formatted(UNMASKED));
    count(SENT, "cmd == " + NOTIFY + " && " + others);
    count(UNMASKED, others.toString());
  }

  private static Path place(String probe) {
    return TRACING.resolve("events/kprobes").resolve(probe);
  }

  private static void probe(String definition) throws IOException {
    Files.writeString(
        TRACING.resolve("kprobe_events"), definition + "\n", StandardOpenOption.APPEND);
  }

  private static void count(String probe, String which) throws IOException {
    Files.writeString(
        place(probe).resolve("trigger"),
        "hist:keys=common_pid if " + which + "\n",
        StandardOpenOption.WRITE);
  }

  static Counts now() throws IOException {
    return new Counts(hits(SENT), hits(UNMASKED));
  }

  private static long hits(String probe) throws IOException {
    List<String> lines = Files.readAllLines(place(probe).resolve("hist"));
    for (String line : lines) {
      String[] words = line.strip().split(" ");
      if (words[0].equals("Hits:")) {
        return Long.parseLong(words[1]);
      }
    }
    throw new IOException("no number of hits in " + lines);
  }

  /** Fails if the kernel had to leave out any. */
  static void checkComplete() throws IOException {
    for (String line : Files.readAllLines(TRACING.resolve("kprobe_profile"))) {
      String[] words = line.strip().split(" +");
      if (words[0].startsWith("vchan_") && !words[2].equals("0")) {
        throw new AssertionError("the kernel did not count all: " + line);
      }
    }
  }
}
