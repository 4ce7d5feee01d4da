// SPDX-License-Identifier: Apache-2.0
package dev.vchan.bench;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.io.StringReader;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import javax.xml.parsers.DocumentBuilderFactory;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.xml.sax.InputSource;

/** Figures as files, tables, pictures and verdicts. */
class ReportTest {

  private final Results results = Samples.results();

  @Test
  void resultsAreTheSameBehindAFile() {
    Results read = Results.parse(results.toJson());
    assertThat(read.toJson()).isEqualTo(results.toJson());
    assertThat(read.rounds(Samples.STREAM.of(Rival.VCHAN), Metric.MB_PER_SECOND))
        .containsExactly(6000.0, 12000.0, 18000.0);
    assertThat(read.missing()).containsKey(Rival.AERON);
    assertThat(read.bareEvents()).isEqualTo(results.bareEvents());
  }

  @Test
  void aFileThatIsSomethingElseIsRefused() {
    assertThatThrownBy(() -> Results.parse("[]")).hasMessageContaining("not a file of results");
    assertThatThrownBy(() -> Results.parse("{}")).hasMessageContaining("not a file of results");
    String wrong = results.toJson().replace("\"libxenvchan\"", "\"nobody\"");
    assertThatThrownBy(() -> Results.parse(wrong)).hasMessageContaining("nobody");
  }

  @Test
  void columnsOfATableAreAligned() {
    Table table =
        new Table(
            "T", "how", List.of("", "one"), List.of(List.of("a", "1"), List.of("long", "22")));
    assertThat(table.toText()).isEqualTo("T\n  how\n        one\n  a       1\n  long   22\n");
    assertThat(table.toMarkdown())
        .isEqualTo("**T**  \nhow\n\n|  | one |\n| --- | --- |\n| a | 1 |\n| long | 22 |\n");
  }

  @Test
  void missingAndVoidColumnsAreNamed() {
    results.add(new BareEvent(Placement.PINNED, 50, 61, 1.22, 1.3));
    String text = text();
    assertThat(text)
        .containsPattern("libxenvchan +void")
        .containsPattern("Aeron IPC, spins +missing");
    assertThat(text).contains("no <jar> & \"none\"");
    // What does not count is not compared either.
    assertThat(target("stream, 4 KiB writes, 64 KiB ring, beside libxenvchan").outcome())
        .isEqualTo(Targets.Outcome.UNKNOWN);
  }

  private String text() {
    StringBuilder text = new StringBuilder();
    new Tables(results).all().forEach(table -> text.append(table.toText()));
    return text.toString();
  }

  private Targets.Target target(String name) {
    return Targets.of(results).stream()
        .filter(one -> one.name().equals(name))
        .findFirst()
        .orElseThrow();
  }

  @Test
  void targetsAreMetMissedOrUnknownAndTheMissedComeFirst() {
    assertThat(target("stream, 4 KiB writes, 64 KiB ring, beside libxenvchan"))
        .isEqualTo(
            new Targets.Target(
                "stream, 4 KiB writes, 64 KiB ring, beside libxenvchan",
                "at least 5.0",
                "6.00",
                Targets.Outcome.MET));
    assertThat(target("stream, 4 KiB writes, 64 KiB ring, beside Java's Unix socket").outcome())
        .isEqualTo(Targets.Outcome.MISSED);
    assertThat(target("events per MB, beside libxenvchan's").measured())
        .isEqualTo("in 0 of 1; worst 2.00 (4 KiB writes, 64 KiB ring)");
    assertThat(target("round trip, 64 B, p50, beside Agrona's spinning ring").outcome())
        .isEqualTo(Targets.Outcome.UNKNOWN);
    assertThat(
            target("bytes of heap per call, a processor for each side, in the worst cell")
                .outcome())
        .isEqualTo(Targets.Outcome.MET);
    assertThat(Targets.of(results)).extracting(Targets.Target::outcome).isSorted();
  }

  @Test
  void whatOnlyMemcpyReachesIsNotCalledMet() {
    for (int round = 1; round <= 3; round++) {
      results.add(Samples.STREAM.of(Rival.VCHAN_LIBC), Metric.MB_PER_SECOND, 15_000 * round);
    }
    assertThat(target("stream, 4 KiB writes, 64 KiB ring, beside Java's Unix socket"))
        .extracting(Targets.Target::measured, Targets.Target::outcome)
        .containsExactly("2.00; by libc 5.00", Targets.Outcome.MET_BY_LIBC);
    assertThat(target("stream, 4 KiB writes, 64 KiB ring, beside libxenvchan").measured())
        .isEqualTo("6.00");
  }

  @Test
  void shortWritesAreReachedByLibcToo() {
    Question small = new Question(Work.STREAM, Placement.PINNED, 64 * Plan.KI, 64);
    results.add(small.of(Rival.VCHAN), Metric.MB_PER_SECOND, 19);
    results.add(small.of(Rival.VCHAN_LIBC), Metric.MB_PER_SECOND, 21);
    results.add(small.of(Rival.UNIX_JAVA), Metric.MB_PER_SECOND, 1);
    assertThat(target("stream, 64 B writes, 64 KiB ring, beside Java's Unix socket"))
        .extracting(Targets.Target::measured, Targets.Target::outcome)
        .containsExactly("19.0; by libc 21.0", Targets.Outcome.MET_BY_LIBC);
  }

  @Test
  void aBusyMachineAndManyChannelsAreJudged() {
    Samples.addChannels(results);
    assertThat(Targets.of(results).stream().filter(one -> one.name().startsWith("busy")))
        .extracting(Targets.Target::outcome)
        .containsExactly(
            Targets.Outcome.MISSED,
            Targets.Outcome.UNKNOWN,
            Targets.Outcome.UNKNOWN,
            Targets.Outcome.UNKNOWN,
            Targets.Outcome.UNKNOWN,
            Targets.Outcome.UNKNOWN,
            Targets.Outcome.UNKNOWN,
            Targets.Outcome.UNKNOWN,
            Targets.Outcome.MET);
    assertThat(target("busy machine, round trip, 64 B, mean, beside libxenvchan"))
        .extracting(Targets.Target::target, Targets.Target::measured)
        .containsExactly("at most 1.2", "1.21");
    assertThat(target("channels opened, used for a byte each way, and closed in a second"))
        .extracting(Targets.Target::measured, Targets.Target::outcome)
        .containsExactly("1000", Targets.Outcome.MET);
    assertThat(target("1000 idle channels, ms of processor time a second, all together").outcome())
        .isEqualTo(Targets.Outcome.MET);
    // What has to be less than a bound and is the bound is not.
    assertThat(target("1000 idle channels, KiB of memory for each, both sides, beside the rings"))
        .extracting(Targets.Target::measured, Targets.Target::outcome)
        .containsExactly("16.0", Targets.Outcome.MISSED);
    String waiting = "1000 idle channels with a virtual thread at each end, ";
    assertThat(target(waiting + "ms of processor time a second, all together").outcome())
        .isEqualTo(Targets.Outcome.MISSED);
    assertThat(target(waiting + "KiB of memory for each, both sides, beside the rings").outcome())
        .isEqualTo(Targets.Outcome.UNKNOWN);
    assertThat(
            target(
                "round trips through 1000 channels at once, virtual threads, beside Unix"
                    + " sockets"))
        .extracting(Targets.Target::measured, Targets.Target::outcome)
        .containsExactly("1.99", Targets.Outcome.MISSED);
    assertThat(text())
        .containsPattern("vchan, virtual threads +199000 .199000–199000.; –; –")
        .contains("1000 idle channels, nobody waits");
    assertThat(HtmlReport.of(results)).contains("How much do many channels carry at once?");
  }

  @Test
  void underLoadTheStandInCountsWhereItCountsAnywhere() {
    Samples.addChannels(results);
    results.add(new BareEvent(Placement.FREE, 50, 61, 1.22, 1.3));
    assertThat(results.isVoid(Samples.LOADED_TRIP.of(Rival.LIBXENVCHAN))).isTrue();
    results.add(new BareEvent(Placement.FREE, 50, 51, 1.02, 1.1));
    assertThat(results.isVoid(Samples.LOADED_TRIP.of(Rival.LIBXENVCHAN))).isFalse();
    assertThat(results.eventCounts(Placement.LOADED)).isTrue();
  }

  @Test
  void thePageIsWellFormedAndNeedsNothingElse() throws Exception {
    String page = HtmlReport.of(results);
    assertThat(page)
        .contains("<svg", "no &lt;jar&gt; &amp; &quot;none&quot;")
        .doesNotContain("http", "<script", "src=", "@import", "url(");
    String svg = page.substring(page.indexOf("<svg"), page.indexOf("</svg>") + 6);
    DocumentBuilderFactory.newInstance()
        .newDocumentBuilder()
        .parse(new InputSource(new StringReader(svg)));
    assertThat(svg).contains("Unix socket, Java", "10 000").doesNotContain("NaN");
  }

  @Test
  void axesAreLogarithmic() {
    LogScale scale = LogScale.over(List.of(3.0, 250.0), 0, 300);
    assertThat(scale.ticks()).containsExactly(1.0, 10.0, 100.0, 1000.0);
    assertThat(scale.at(10)).isEqualTo(100, org.assertj.core.api.Assertions.within(1e-9));
    assertThat(scale.at(1e9)).isEqualTo(300);
    assertThat(LogScale.label(0.01)).isEqualTo("0.01");
    assertThat(LogScale.label(10000)).isEqualTo("10 000");
    // One value is still an axis.
    assertThat(LogScale.over(List.of(10.0), 0, 1).ticks()).hasSize(2);
  }

  @Test
  void idleChannelsThatSeemToTakeLessThanNothingSayNothing() {
    Question idle = new Question(Work.IDLE, Placement.FREE, 4096, 500);
    results.add(idle.of(Rival.VCHAN), Metric.IDLE_CPU_MILLIS, -1);
    assertThat(target("500 idle channels, ms of processor time a second, all together").outcome())
        .isEqualTo(Targets.Outcome.UNKNOWN);
    results.add(idle.of(Rival.VCHAN), Metric.IDLE_CPU_MILLIS, 1.5);
    results.add(idle.of(Rival.VCHAN), Metric.IDLE_CPU_MILLIS, -0.5);
    assertThat(target("500 idle channels, ms of processor time a second, all together").outcome())
        .isEqualTo(Targets.Outcome.MET);
  }

  @Test
  void onlyTheFiguresOfADocumentAreReplaced(@TempDir Path folder) throws IOException {
    Path document = folder.resolve("performance.md");
    String begin = "<!-- figures: written by vchan bench --document -->\n";
    String end = "<!-- end of figures -->\n";
    Files.writeString(document, "before\n" + begin + "old\n" + end + "after\n");
    PerformanceDocument.update(document, results);
    Files.writeString(folder.resolve("pictures/an-old-question.svg"), "old");
    PerformanceDocument.update(document, results);
    assertThat(Files.readString(document))
        .startsWith("before\n" + begin)
        .endsWith(end + "after\n")
        .contains("| stream, 4 KiB writes, 64 KiB ring, beside libxenvchan | at least 5.0 | 6.00 |")
        .doesNotContain("old\n")
        .containsOnlyOnce(begin);
    for (Pictures.Picture picture : Pictures.of(results)) {
      String file = "pictures/" + picture.name() + ".svg";
      assertThat(Files.readString(document))
          .contains("![" + picture.question() + "](" + file + ")");
      assertThat(Files.readString(folder.resolve(file)))
          .startsWith("<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=")
          .endsWith("</svg>\n");
    }
    assertThat(folder.resolve("pictures")).isDirectoryNotContaining("glob:**old*");
    Files.writeString(document, "no figures\n");
    assertThatThrownBy(() -> PerformanceDocument.update(document, results))
        .hasMessageContaining("has no section");
  }

  @Test
  void theGuardBreaksWhenWeAreSlowAndWhenNothingWasMeasured() {
    Guard.Bound bound = new Guard.Bound(Samples.STREAM, Rival.LIBXENVCHAN, Metric.MB_PER_SECOND, 6);
    assertThat(bound.isKept(results)).isTrue();
    Guard.Bound higher =
        new Guard.Bound(Samples.STREAM, Rival.LIBXENVCHAN, Metric.MB_PER_SECOND, 6.1);
    Guard.Bound unknown = new Guard.Bound(Samples.TRIP, Rival.UNIX_JAVA, Metric.P50, 0.1);
    assertThat(Guard.broken(List.of(bound, higher, unknown), results))
        .containsExactly(higher, unknown);
    assertThat(Guard.describe(List.of(higher, unknown), results))
        .contains("BROKEN", "6.00 times", "it is not known how many times");
  }

  @Test
  void theGuardCountsShortTimesAsFast() {
    results.add(Samples.TRIP.of(Rival.UNIX_JAVA), Metric.P50, 5);
    Guard.Bound bound = new Guard.Bound(Samples.TRIP, Rival.UNIX_JAVA, Metric.P50, 10);
    assertThat(bound.found(results)).hasValue(10);
    assertThat(bound.isKept(results)).isTrue();
  }
}
