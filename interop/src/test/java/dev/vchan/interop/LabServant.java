// SPDX-License-Identifier: Apache-2.0
package dev.vchan.interop;

import dev.vchan.interop.KernelCounts.Counts;
import java.io.Closeable;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;

/**
 * Ends of libxenvchan in domU, ruled from dom0, which also learns what domU's kernel has counted
 * and what is in a page.
 *
 * <pre>
 * dom0:  NUMBER LINE     for that end, or
 *        look PATH       wait for what is advertised there and map its page; to read it, or
 *        done
 * domU:  SENT UNMASKED HEADER ANSWER
 * </pre>
 */
final class LabServant implements Closeable {

  private static final String DONE = "done";
  private static final String LOOK = "look ";

  /** Instead of a header where no page is looked at. */
  private static final String NO_PAGE = "-";

  private final LabLine line;
  private final List<LabPeer> peers = new ArrayList<>();
  private Counts counts = new Counts(0, 0);
  private String header = NO_PAGE;
  private boolean waits;

  /** Whether the header came with the last answer, and has not been looked at since. */
  private boolean fresh;

  /** In dom0. */
  LabServant(LabSite site, String port) throws IOException {
    line = new LabLine(site, port);
  }

  /** What domU does. */
  static String serve(LabSite site, String port) throws Exception {
    KernelCounts.begin();
    List<CPeer> ends = new ArrayList<>();
    try (LabLine line = new LabLine(site, port);
        LabPage page = new LabPage(site)) {
      for (String command = line.hear(); !command.equals(DONE); command = line.hear()) {
        String answer;
        try {
          answer = obey(command, site, ends, page);
        } catch (Exception | AssertionError e) {
          answer = "failed " + LabMain.explain(0, e);
        }
        Counts counts = KernelCounts.now();
        String header = page.isMapped() ? HexFormat.of().formatHex(page.header()) : NO_PAGE;
        line.say(counts.sent() + " " + counts.unmasked() + " " + header + " " + answer);
      }
      KernelCounts.checkComplete();
    } finally {
      for (CPeer end : ends) {
        end.close();
      }
    }
    return "";
  }

  private static String obey(String command, LabSite site, List<CPeer> ends, LabPage page)
      throws Exception {
    if (command.startsWith(LOOK)) {
      page.map(command.substring(LOOK.length()));
      return "ok";
    }
    int blank = command.indexOf(' ');
    if (blank < 0) {
      return "ok";
    }
    int number = Integer.parseInt(command.substring(0, blank));
    while (ends.size() <= number) {
      ends.add(site.startPeer());
    }
    ends.get(number).tell(command.substring(blank + 1));
    return ends.get(number).answer();
  }

  /** An end of libxenvchan in domU, seen from dom0. */
  private final class LabPeer implements Peer {
    private final int number;
    private String last = "-";

    LabPeer(int number) {
      this.number = number;
    }

    @Override
    public void tell(String command) throws IOException {
      last = command;
      say(number + " " + command);
    }

    @Override
    public String answer() throws IOException {
      return hear();
    }

    @Override
    public String last() {
      return last;
    }
  }

  /** Another end; it starts with what it is told first. */
  Peer newPeer() {
    LabPeer peer = new LabPeer(peers.size());
    peers.add(peer);
    return peer;
  }

  private void say(String command) throws IOException {
    line.say(command);
    waits = true;
  }

  private String hear() throws IOException {
    String[] words = line.hear().split(" ", 4);
    waits = false;
    counts = new Counts(Long.parseLong(words[0]), Long.parseLong(words[1]));
    header = words[2];
    fresh = true;
    return words[3];
  }

  /** What domU's kernel had counted when the last answer was given. */
  Counts counts() {
    return counts;
  }

  /** Lets domU look at the page of an advertisement, since only a client's domain can map it. */
  PageView look(String path) throws IOException {
    say(LOOK + path);
    String answer = hear();
    if (!answer.equals("ok")) {
      throw new AssertionError("no page in domU: " + answer);
    }
    return new PageView(
        () -> {
          try {
            if (!fresh) {
              say("page");
              hear();
            }
          } catch (IOException e) {
            throw new UncheckedIOException(e);
          }
          fresh = false;
          return HexFormat.of().parseHex(header);
        });
  }

  /** Lets the ends close, and domU's turn end. */
  @Override
  public void close() throws IOException {
    try (line) {
      if (waits) {
        hear();
      }
      line.say(DONE);
    }
  }
}
