// SPDX-License-Identifier: Apache-2.0
package dev.vchan.cli.live;

import static dev.vchan.cli.live.Samples.CAPACITY;
import static dev.vchan.cli.live.Samples.channel;
import static dev.vchan.cli.live.Samples.quiet;
import static dev.vchan.cli.live.Samples.toServer;
import static org.assertj.core.api.Assertions.assertThat;

import dev.vchan.PageSnapshot.Ring;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** What people and programs get to see. */
class PictureTest {

  @ParameterizedTest
  @CsvSource({
    "0, [..........]",
    "1, [#.........]",
    "102, [#.........]",
    "512, [#####.....]",
    "1023, [#########.]",
    "1024, [##########]"
  })
  void aBarIsEmptyOnlyIfTheRingIsAndFullOnlyIfTheRingIs(int filled, String bar) {
    assertThat(Picture.bar(quiet(filled, false, false, false), 10)).isEqualTo(bar);
  }

  @Test
  void aRingThatCannotBeIsNotDrawn() {
    Lane lane = new Lane(new Ring(-1, 0, CAPACITY), true, false, 0, 0, 0, false, 0, false, 0);
    assertThat(Picture.bar(lane, 3)).isEqualTo("[???]");
  }

  @Test
  void theWholePictureHasTheCauseFirst() {
    Observation seen = toServer(quiet(CAPACITY, false, true, false));
    assertThat(Picture.whole(List.of(seen), Integer.MAX_VALUE))
        .containsExactly(
            "/local/domain/0/data/vchan/1/demo   writer blocked",
            "  !! the client's process 22 (cl\"ient) is blocked in a write: the ring is full, and"
                + " the server's process 11 (serverd) has read nothing for at least 1.0 s",
            "  -- nothing to read for the client: the server's process 11 (serverd) has written"
                + " nothing for at least 1.0 s",
            "  server     domain 0     process 11 (serverd)         here",
            "  client     domain 1     process 22 (cl\"ient)         here, waits for bytes for at"
                + " least 1.0 s",
            "  to client  [....................] 0 of 1024 bytes, 0 KiB/s written, 0 KiB/s read",
            "  to server  [####################] 1024 of 1024 bytes, 0 KiB/s written, 0 KiB/s"
                + " read");
    assertThat(Picture.whole(List.of(seen, seen), 60))
        .contains("", "  !! the client's process 22 (cl\"ient) is blocked in a")
        .contains("     write: the ring is full, and the server's process 11");
    assertThat(Picture.table(List.of(seen), false).getLast())
        .startsWith("demo                 writer blocked     0/11       1/22")
        .endsWith("[##########] 1.0 KiB");
  }

  @Test
  void aSideWithoutAProcessWaitsForNothing() {
    Lane rest = quiet(0, true, false, false);
    Observation seen =
        new Observation(
            channel(Samples.HERE, Samples.HERE),
            Optional.of(Samples.SERVER),
            Optional.empty(),
            false,
            true,
            rest,
            rest,
            1);
    assertThat(Picture.whole(List.of(seen), 1000))
        .contains("  client     domain 1                                  no process")
        .anyMatch(line -> line.startsWith("  server") && line.contains("waits for bytes"));
  }

  @Test
  void aPageThatCannotBeReadIsShownWithoutRings() {
    Observation seen =
        Samples.observation(
            channel(Optional.empty(), false),
            quiet(0, false, false, false),
            quiet(0, false, false, false));
    assertThat(Picture.whole(List.of(seen), 1000))
        .hasSize(2)
        .first()
        .asString()
        .endsWith("unreadable");
    assertThat(Report.json(seen)).contains("\"cause\":\"unreadable\"").doesNotContain("toClient");
  }

  @Test
  void anObjectOfJsonIsOneLineWithEverythingInIt() {
    String line = Report.json(toServer(quiet(5, true, false, false)));
    assertThat(line)
        .startsWith("{\"path\":\"/local/domain/0/data/vchan/1/demo\",\"page\":256,")
        .contains("\"observedSeconds\":1.000,\"cause\":\"lost-event\"")
        .contains("\"client\":{\"domain\":1,\"process\":{\"pid\":22,\"name\":\"cl\\\"ient\"")
        .contains("\"toServer\":{\"capacity\":1024,\"filled\":5,\"producer\":4294967201,")
        .contains("\"readerAskedSeconds\":1.000")
        .doesNotContain("\n");
  }

  @Test
  void textsOfJsonAreEscaped() {
    Map<String, Object> object = new LinkedHashMap<>();
    object.put("a\"\\", "\u0000\n\u001b\u007fä");
    object.put("b", List.of(1, 0.5, true, List.of(), Map.of()));
    assertThat(Json.write(object))
        .isEqualTo(
            "{\"a\\\"\\\\\":\"\\u0000\\u000a\\u001b\\u007f\\u00e4\","
                + "\"b\":[1,0.500,true,[],{}]}");
  }
}
