// SPDX-License-Identifier: Apache-2.0
package dev.vchan.cli.live;

import dev.vchan.PageSnapshot;
import dev.vchan.PageSnapshot.Side;
import dev.vchan.cli.transfer.Figures;
import dev.vchan.local.LiveChannel;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/** Channels, drawn for people. */
public final class Picture {

  private static final int WIDTH = 20;
  private static final int NARROW = 10;

  private Picture() {}

  /**
   * All that is known of channels.
   *
   * @param channels the channels
   * @param columns where to break sentences
   * @return lines, with an empty one between two channels
   */
  public static List<String> whole(List<Observation> channels, int columns) {
    List<String> lines = new ArrayList<>();
    for (Observation seen : channels) {
      if (!lines.isEmpty()) {
        lines.add("");
      }
      addWhole(seen, columns, lines);
    }
    return lines;
  }

  private static void addWhole(Observation seen, int columns, List<String> lines) {
    List<Diagnosis> diagnoses = Diagnosis.of(seen);
    LiveChannel channel = seen.channel();
    lines.add(channel.path() + "   " + diagnoses.getFirst().cause());
    for (Diagnosis each : diagnoses) {
      addSentence(each.cause().isBad() ? "  !! " : "  -- ", each.sentence(), columns, lines);
    }
    Optional<PageSnapshot> page = channel.snapshot();
    if (page.isPresent()) {
      boolean connected = page.get().client().live() == Side.HERE;
      lines.add(side(Party.server(seen, page.get()), connected));
      lines.add(side(Party.client(seen, page.get()), connected));
      lines.add(lane("to client", seen.toClient(), seen.nanos()));
      lines.add(lane("to server", seen.toServer(), seen.nanos()));
    }
  }

  private static void addSentence(String mark, String sentence, int columns, List<String> lines) {
    StringBuilder line = new StringBuilder(mark);
    for (String word : sentence.split(" ", -1)) {
      if (line.length() + word.length() > columns && line.length() > mark.length()) {
        lines.add(line.toString().stripTrailing());
        line = new StringBuilder(" ".repeat(mark.length()));
      }
      line.append(word).append(' ');
    }
    lines.add(line.toString().stripTrailing());
  }

  private static String side(Party party, boolean connected) {
    String process =
        party.process().map(one -> "process %d (%s)".formatted(one.pid(), one.name())).orElse("");
    return "  %-10s domain %-5s %-28s %s"
        .formatted(
            party.role().replace("the ", ""),
            party.domain(),
            process,
            party.presence()
                + party.waits().filter(any -> connected).map(wait -> ", " + wait).orElse(""))
        .stripTrailing();
  }

  private static String lane(String name, Lane lane, long nanos) {
    return "  %-10s %s %d of %d bytes, %s written, %s read%s"
        .formatted(
            name,
            bar(lane, WIDTH),
            lane.filled(),
            lane.ring().capacity(),
            Figures.rate(lane.produced(), nanos),
            Figures.rate(lane.consumed(), nanos),
            lane.ended() ? ", has ended" : "");
  }

  /** How full a ring is: empty only if it is empty, full only if it is full. */
  static String bar(Lane lane, int width) {
    if (!lane.ring().isPossible()) {
      return "[" + "?".repeat(width) + "]";
    }
    long filled = lane.filled();
    int capacity = Math.max(1, lane.ring().capacity());
    int marks = (int) (filled * width / capacity);
    if (filled > 0 && lane.space() > 0) {
      marks = Math.clamp(marks, 1, width - 1);
    }
    return "[" + "#".repeat(marks) + ".".repeat(width - marks) + "]";
  }

  /**
   * Channels, a line each, below a heading.
   *
   * @param channels the channels
   * @param rates whether to say how fast bytes are written, in place of how many lie there
   * @return lines
   */
  public static List<String> table(List<Observation> channels, boolean rates) {
    List<String> lines = new ArrayList<>();
    lines.add(row("PORT", "STATE", "SERVER", "CLIENT", "TO CLIENT", "TO SERVER"));
    channels.forEach(seen -> lines.add(row(seen, rates)));
    return lines;
  }

  private static String row(Observation seen, boolean rates) {
    LiveChannel channel = seen.channel();
    return row(
        shortName(channel),
        Diagnosis.of(seen).getFirst().cause().toString(),
        channel.server() + seen.server().map(one -> "/" + one.pid()).orElse(""),
        channel.client() + seen.client().map(one -> "/" + one.pid()).orElse(""),
        cell(seen.toClient(), rates, seen.nanos()),
        cell(seen.toServer(), rates, seen.nanos()));
  }

  private static String row(String... cells) {
    return "%-20s %-18s %-10s %-10s %-23s %-23s".formatted((Object[]) cells).stripTrailing();
  }

  private static String cell(Lane lane, boolean rates, long nanos) {
    return bar(lane, NARROW)
        + " "
        + (rates ? Figures.rate(lane.produced(), nanos) : Figures.bytes(lane.filled()));
  }

  /** The name of the port, if the path is the usual one. */
  private static String shortName(LiveChannel channel) {
    String path = channel.path().value();
    String port = path.substring(path.lastIndexOf('/') + 1);
    String usual =
        "/local/domain/%s/data/vchan/%s/%s".formatted(channel.server(), channel.client(), port);
    return path.equals(usual) ? port : path;
  }
}
