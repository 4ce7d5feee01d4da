// SPDX-License-Identifier: Apache-2.0
package dev.vchan.interop;

import dev.vchan.Vchan;
import java.util.concurrent.FutureTask;

/** Ways to move bytes between our end and the peer's, each checked byte by byte on both sides. */
enum Traffic {
  /** Blocking calls that move a part of a piece or all of it, one direction after the other. */
  STREAM,
  /** Blocking calls that move all of a piece or nothing, one direction after the other. */
  PACKETS,
  /** Calls that never wait, with waits between them, both directions at once. */
  POLLED_STREAM,
  /** The same with packets. */
  POLLED_PACKETS;

  /** How often the direction changes where one follows the other. */
  private static final int TURNS = 4;

  boolean isPackets() {
    return this == PACKETS || this == POLLED_PACKETS;
  }

  /**
   * Moves bytes.
   *
   * @param seed of the bytes from Java to C; the next number is that of the others
   * @param out what goes from Java to C
   * @param in what goes from C to Java
   */
  void move(Vchan channel, CPeer peer, long seed, Load out, Load in) throws Exception {
    JavaEnd end = new JavaEnd(channel, seed, seed + 1, out.largest(), in.largest());
    peer.ask("streams " + (seed + 1) + " " + seed);
    switch (this) {
      case STREAM, PACKETS -> takeTurns(end, peer, out, in);
      case POLLED_STREAM, POLLED_PACKETS -> moveAtOnce(end, peer, out, in);
    }
  }

  private void takeTurns(JavaEnd end, CPeer peer, Load out, Load in) throws Exception {
    boolean packets = isPackets();
    for (int turn = 0; turn < TURNS; turn++) {
      long there = share(out.bytes(), turn);
      peer.tell((packets ? "receive " : "read ") + there + " " + out.largest());
      if (packets) {
        end.send(there);
      } else {
        end.write(there);
      }
      peer.answered();
      long back = share(in.bytes(), turn);
      peer.tell((packets ? "send " : "write ") + back + " " + in.largest());
      if (packets) {
        end.receive(back);
      } else {
        end.read(back);
      }
      peer.answered();
    }
  }

  private static long share(long bytes, int turn) {
    return bytes * (turn + 1) / TURNS - bytes * turn / TURNS;
  }

  private void moveAtOnce(JavaEnd end, CPeer peer, Load out, Load in) throws Exception {
    String unit = isPackets() ? "packet" : "stream";
    peer.tell(
        "both %s %d %d %d %d"
            .formatted(unit, in.bytes(), out.bytes(), in.largest(), out.largest()));
    FutureTask<Boolean> writing =
        new FutureTask<>(
            () -> {
              if (isPackets()) {
                end.trySend(out.bytes());
              } else {
                end.tryWrite(out.bytes());
              }
              return true;
            });
    Thread.ofPlatform().daemon().name("test-writer").start(writing);
    if (isPackets()) {
      end.tryReceive(in.bytes());
    } else {
      end.tryRead(in.bytes());
    }
    writing.get();
    peer.answered();
  }

  /**
   * What goes in one direction.
   *
   * @param bytes how many
   * @param largest the largest piece
   */
  record Load(long bytes, int largest) {}
}
