// SPDX-License-Identifier: Apache-2.0
package dev.vchan.testkit.schedule.world;

import dev.vchan.spi.MemoryBarrier;
import dev.vchan.testkit.schedule.Seam;
import java.io.IOException;
import java.util.List;
import java.util.Optional;

/** What is played over a channel with rings of two bytes that is connected already. */
final class Traffic {

  /** Bytes of a message: as many as a ring holds. */
  private static final int MESSAGE = 2;

  private Traffic() {}

  private static void writeTwo(End end) {
    if (end.write(MESSAGE)) {
      end.write(MESSAGE);
    }
  }

  private static void answerTwo(End end) {
    if (end.write(MESSAGE) && end.read(MESSAGE, true) && end.write(MESSAGE)) {
      end.readToTheEnd(MESSAGE);
    }
  }

  /** The server writes two messages and closes; the client reads to the end. */
  static final class OneWay extends Play {

    @Override
    void play() throws IOException {
      connect(false);
      server.use("server", () -> writeTwo(server));
      client.use("client", () -> client.readToTheEnd(1));
    }
  }

  /** As before, but a message is written only when there is space for all of it. */
  static final class Packets extends Play {

    @Override
    void play() throws IOException {
      connect(false);
      server.use(
          "server",
          () -> {
            if (server.send(MESSAGE)) {
              server.send(MESSAGE);
            }
          });
      client.use("client", () -> client.readToTheEnd(1));
    }
  }

  /** Two messages each way, and both close when they have the other's. */
  static class BothWays extends Play {

    @Override
    void play() throws IOException {
      connect(false);
      server.use(
          "server",
          () -> {
            writeTwo(server);
            server.read(MESSAGE, true);
            server.read(MESSAGE, true);
          });
      client.use("client", () -> answerTwo(client));
    }
  }

  /** As before, by ends that publish without a fence, since they make barriers. */
  static final class BothWaysUnfenced extends BothWays {

    @Override
    Optional<MemoryBarrier> barrier() {
      return Optional.of(Seam::everywhere);
    }
  }

  /** Two messages each way, while one side or both close at any point. */
  private abstract static class TwoEachWay extends Play {

    @Override
    void play() throws IOException {
      connect(false);
      server.use("server", () -> answerTwo(server));
      client.use("client", () -> answerTwo(client));
      for (End end : closing()) {
        end.use(end + "'s closer", end::close);
      }
    }

    abstract List<End> closing();
  }

  /** Two messages each way, and the server closes at any point. */
  static final class ServerCloses extends TwoEachWay {

    @Override
    List<End> closing() {
      return List.of(server);
    }
  }

  /** Two messages each way, and the client closes at any point. */
  static final class ClientCloses extends TwoEachWay {

    @Override
    List<End> closing() {
      return List.of(client);
    }
  }

  /** Two messages each way, and both close at any point. */
  static final class BothClose extends TwoEachWay {

    @Override
    List<End> closing() {
      return List.of(server, client);
    }
  }

  /** The server, whose reader and writer may both be asleep, closes at any point. */
  static final class WaitersAreClosed extends Play {

    @Override
    void play() throws IOException {
      connect(false);
      server.use("reader", () -> server.readToTheEnd(MESSAGE));
      server.use("writer", () -> writeTwo(server));
      server.use("closer", server::close);
      client.use("client", () -> client.readToTheEnd(MESSAGE));
    }
  }

  /** A reader and a writer at both ends, both of which close at any point; events arrive late. */
  static final class Everybody extends Play {

    @Override
    boolean lateEvents() {
      return true;
    }

    @Override
    void play() throws IOException {
      connect(true);
      for (End end : new End[] {server, client}) {
        end.use(end + "'s reader", () -> end.readToTheEnd(MESSAGE));
        end.use(end + "'s writer", () -> writeTwo(end));
        end.use(end + "'s closer", end::close);
      }
    }
  }

  /** The server shuts its output at any point while it writes; the client reads, then writes. */
  static final class HalfClose extends Play {

    @Override
    void play() throws IOException {
      connect(false);
      server.use("writer", () -> writeTwo(server));
      server.use(
          "shutter",
          () -> {
            server.shutOutput();
            server.readToTheEnd(MESSAGE);
          });
      client.use(
          "client",
          () -> {
            client.readToTheEnd(MESSAGE);
            client.write(MESSAGE);
            client.shutOutput();
          });
    }
  }

  /** The client writes and may die at any step; the server reads and writes. */
  static final class PeerDies extends Play {

    @Override
    void play() throws IOException {
      connect(true);
      server.use("reader", () -> server.readToTheEnd(MESSAGE));
      server.use("writer", () -> writeTwo(server));
      client.use("client", () -> client.write(MESSAGE));
      machine.mayDie(Machine.CLIENT);
    }
  }
}
