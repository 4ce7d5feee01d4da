// SPDX-License-Identifier: Apache-2.0
package dev.vchan.cli.live;

import static dev.vchan.cli.live.Samples.CAPACITY;
import static dev.vchan.cli.live.Samples.CLIENT;
import static dev.vchan.cli.live.Samples.HERE;
import static dev.vchan.cli.live.Samples.SERVER;
import static dev.vchan.cli.live.Samples.channel;
import static dev.vchan.cli.live.Samples.observation;
import static dev.vchan.cli.live.Samples.quiet;
import static dev.vchan.cli.live.Samples.side;
import static dev.vchan.cli.live.Samples.toServer;
import static org.assertj.core.api.Assertions.assertThat;

import dev.vchan.PageSnapshot;
import dev.vchan.PageSnapshot.Ring;
import dev.vchan.PageSnapshot.Side;
import dev.vchan.local.LiveProcess;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** What is concluded from what was seen: every combination of it. */
class DiagnosisTest {

  private static final Lane REST = quiet(0, true, false, false);

  private static Diagnosis worst(Observation seen) {
    return Diagnosis.of(seen).getFirst();
  }

  /** The client writes, the server reads. */
  @ParameterizedTest(name = "{0} bytes, reader asks {1}, writer asks {2}, ended {3}")
  @CsvSource(
      delimiter = '|',
      textBlock =
          """
             0 | false | false | false | IDLE           | has written nothing for at least 1.0 s
             0 | true  | false | false | IDLE           | the client's process 22
             0 | false | true  | false | LOST_EVENT     | (cl"ient) has asked to be told of space, and 1.0 KiB
             0 | true  | true  | false | LOST_EVENT     | or it found the space at its second look
             0 | false | false | true  | ENDED          | the client has sent its last byte
             0 | true  | false | true  | ENDED          | the server has taken it
             0 | false | true  | true  | LOST_EVENT     | told of space
             0 | true  | true  | true  | LOST_EVENT     | told of space
             5 | false | false | false | READER_IDLE    | the server's process 11 (serverd) is not reading: 5 bytes
             5 | true  | false | false | LOST_EVENT     | process 11 (serverd) has asked to be told of bytes, and 5
             5 | false | true  | false | READER_IDLE    | (cl"ient) has asked to be told of space, of which there are 1019
             5 | true  | true  | false | LOST_EVENT     | or it waits for more at once, which the client has not written
             5 | false | false | true  | READER_IDLE    | the server's process 11
             5 | true  | false | true  | LOST_EVENT     | told of bytes
             5 | false | true  | true  | READER_IDLE    | the server's process 11
             5 | true  | true  | true  | LOST_EVENT     | told of bytes
          1024 | false | false | false | READER_IDLE    | process 11 (serverd) is not reading: 1.0 KiB
          1024 | true  | false | false | LOST_EVENT     | told of bytes, and 1.0 KiB
          1024 | false | true  | false | WRITER_BLOCKED | process 22 (cl"ient) is blocked in a write: the ring is full
          1024 | true  | true  | false | LOST_EVENT     | told of bytes
          1024 | false | false | true  | READER_IDLE    | the server's process 11
          1024 | true  | false | true  | LOST_EVENT     | told of bytes
          1024 | false | true  | true  | WRITER_BLOCKED | process 11 (serverd) has read nothing for at least 1.0 s
          1024 | true  | true  | true  | LOST_EVENT     | told of bytes
          """)
  void aQuietDirectionHasTheCauseThatItsRingAndItsRequestsShow(
      int filled,
      boolean readerAsks,
      boolean writerAsks,
      boolean ended,
      Cause cause,
      String sentence) {
    Observation seen = toServer(quiet(filled, readerAsks, writerAsks, ended));
    List<Diagnosis> found = Diagnosis.of(seen);
    assertThat(found).extracting(Diagnosis::cause).contains(cause).hasSize(2);
    assertThat(found.stream().filter(one -> one.cause() == cause).map(Diagnosis::sentence))
        .anyMatch(text -> text.contains(sentence));
    // Only a full ring proves that the reader does not wait for more.
    if (filled == CAPACITY) {
      assertThat(found).noneMatch(one -> one.sentence().contains("waits for more"));
    }
    // The same in the other direction, about the other processes.
    Observation mirror =
        observation(channel(HERE, HERE), REST, quiet(filled, readerAsks, writerAsks, ended));
    assertThat(Diagnosis.of(mirror)).extracting(Diagnosis::cause).contains(cause);
    // What has moved flows, whatever else; what has only been seen for a moment is not judged.
    for (int bits = 1; bits < 4; bits++) {
      assertThat(Diagnosis.of(toServer(moved(seen.toServer(), bits & 1, bits & 2))))
          .extracting(Diagnosis::cause)
          .contains(Cause.FLOWING)
          .doesNotContain(cause == Cause.IDLE ? Cause.LOST_EVENT : cause);
    }
    assertThat(Diagnosis.of(toServer(brief(seen.toServer()))))
        .extracting(Diagnosis::cause)
        .contains(Cause.CONNECTED);
  }

  private static Lane moved(Lane lane, long produced, long consumed) {
    return new Lane(
        lane.ring(),
        false,
        lane.ended(),
        produced,
        consumed,
        0,
        lane.readerAsks(),
        lane.readerAskedNanos(),
        lane.writerAsks(),
        lane.writerAskedNanos());
  }

  private static Lane brief(Lane lane) {
    return moved(lane, 0, 0);
  }

  @Test
  void aRequestThatHasOnlyJustBeenMadeIsNotOneThatWasForgotten() {
    Lane asked = quiet(5, true, false, false);
    Lane just =
        new Lane(asked.ring(), false, false, 0, 0, asked.quietNanos(), true, 1000, false, 0);
    assertThat(worst(toServer(just)).cause()).isEqualTo(Cause.READER_IDLE);
    assertThat(worst(toServer(asked)).cause()).isEqualTo(Cause.LOST_EVENT);
  }

  @Test
  void ofAPeerThatAsksWithoutWaitingNoWaitIsClaimed() {
    Side classic = new Side(Side.HERE, true, false, false, false);
    Lane full = quiet(CAPACITY, true, true, false);
    assertThat(worst(observation(channel(classic, HERE), full, REST)).sentence())
        .contains("the server's process 11 (serverd) has asked", "or it does not wait");
    assertThat(worst(observation(channel(HERE, classic), full, REST)).sentence())
        .doesNotContain("or it does not wait");
  }

  @ParameterizedTest(name = "server {0}, client {1}")
  @CsvSource({
    "1, 1, IDLE, IDLE",
    "1, 2, WAITING_FOR_CLIENT, WAITING_FOR_CLIENT",
    "1, 0, DEAD_PEER, CLOSED",
    "0, 1, DEAD_PEER, CLOSED",
    "0, 0, DEAD_PEER, CLOSED",
    "0, 2, DEAD_PEER, CLOSED",
    "1, 3, CORRUPT_INDEX, CORRUPT_INDEX",
    "1, 255, CORRUPT_INDEX, CORRUPT_INDEX",
    "2, 1, CORRUPT_INDEX, CORRUPT_INDEX"
  })
  void theLiveBytesTellWhoIsThereAndTheBitOfHalfCloseADeathFromAClose(
      int server, int client, Cause withBit, Cause without) {
    assertThat(worst(observation(channel(side(server), side(client)), REST, REST)).cause())
        .isEqualTo(withBit);
    Side plainServer = new Side(server, false, false, false, false);
    Side plainClient = new Side(client, false, false, false, false);
    assertThat(worst(observation(channel(plainServer, plainClient), REST, REST)).cause())
        .isEqualTo(without);
  }

  @Test
  void whatADeadClientHadWrittenIsSaidToBeUnread() {
    Observation seen =
        observation(channel(HERE, side(Side.GONE)), quiet(9, false, false, false), REST);
    assertThat(Diagnosis.of(seen)).hasSize(1);
    assertThat(worst(seen).sentence())
        .contains("the client's process has died", "process 11 (serverd) still holds", "9 bytes");
  }

  @Test
  void aSideWithoutAProcessIsDeadWhateverThePageSays() {
    Observation seen =
        new Observation(
            channel(HERE, HERE), Optional.of(SERVER), Optional.empty(), false, true, REST, REST, 1);
    assertThat(worst(seen).cause()).isEqualTo(Cause.DEAD_PEER);
    assertThat(worst(seen).sentence()).contains("the client's process is gone", "process 11");
  }

  @Test
  void whatAKilledServerHasLeftDoesNotWaitForAClient() {
    Observation seen =
        new Observation(
            channel(HERE, side(Side.AWAITED)),
            Optional.empty(),
            Optional.empty(),
            true,
            false,
            REST,
            REST,
            1);
    assertThat(Diagnosis.of(seen)).extracting(Diagnosis::cause).containsExactly(Cause.DEAD_PEER);
  }

  @Test
  void aProcessThatCannotBeSeenIsNotADeadOneByItself() {
    Observation seen =
        new Observation(
            channel(HERE, HERE),
            Optional.empty(),
            Optional.empty(),
            false,
            false,
            quiet(5, false, false, false),
            REST,
            1);
    assertThat(worst(seen).sentence()).startsWith("the server is not reading");
  }

  @Test
  void aStoppedProcessIsNamedWithWhatLetsItGoOn() {
    Observation seen =
        new Observation(
            channel(HERE, HERE),
            Optional.of(new LiveProcess(11, "serverd", 'T')),
            Optional.of(CLIENT),
            false,
            false,
            quiet(CAPACITY, false, true, false),
            REST,
            1);
    assertThat(worst(seen).sentence()).contains("stopped", "kill -CONT 11");
  }

  @Test
  void indicesThatAreTooFarApartAreNamedWithWhoMovesThem() {
    Lane broken = new Lane(new Ring(-1, 0, CAPACITY), true, false, 0, 0, 9, false, 0, false, 0);
    Diagnosis found = worst(toServer(broken));
    assertThat(found.cause()).isEqualTo(Cause.CORRUPT_INDEX);
    assertThat(found.sentence())
        .contains("ring to the server", "producer 4294967295, which the client moves")
        .contains("4294967295 bytes apart in a ring of 1024");
    // Worse than a death, of which it may be the reason.
    Observation both = observation(channel(HERE, side(Side.GONE)), broken, broken);
    assertThat(Diagnosis.of(both))
        .extracting(Diagnosis::cause)
        .containsExactly(Cause.CORRUPT_INDEX, Cause.CORRUPT_INDEX, Cause.DEAD_PEER);
  }

  @Test
  void aPageThatIsNoneIsSaidToBeSo() {
    Observation nothing = observation(channel(Optional.empty(), false), REST, REST);
    assertThat(worst(nothing).cause()).isEqualTo(Cause.UNREADABLE);
    PageSnapshot illegal =
        new PageSnapshot(HERE, HERE, Samples.EMPTY, Samples.EMPTY, Optional.of("order 99"));
    Observation odd = observation(channel(Optional.of(illegal), true), REST, REST);
    assertThat(worst(odd))
        .isEqualTo(new Diagnosis(Cause.UNREADABLE, "the page is not one of a channel: order 99"));
  }
}
