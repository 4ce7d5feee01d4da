// SPDX-License-Identifier: Apache-2.0
package dev.vchan.stress;

import java.io.IOException;
import java.nio.MappedByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.channels.FileChannel.MapMode;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;

/**
 * What a victim says of itself, in a small mapped file that outlives it: every store it made before
 * it was killed can be read afterwards. Written by one thread.
 */
final class VictimRecord {

  /** Where a victim was when it was killed, by what it had said last. */
  enum Phase {
    STARTING("starting"),
    CONNECTING("connecting: looking, or waiting"),
    HANDSHAKE("in the handshake"),
    IDLE("idle"),
    WRITING("writing, in mid-transfer"),
    WRITING_FULL("writing, the ring full"),
    READING("reading, blocked"),
    READING_BUSY("reading, in mid-transfer"),
    CLOSING("closing");

    final String title;

    Phase(String title) {
      this.title = title;
    }
  }

  private static final int PHASE = 0;
  private static final int CHANNEL = 4;
  private static final int INTENDED = 8;
  private static final int RETURNED = 16;
  private static final int SIZE = 24;

  private final MappedByteBuffer file;

  VictimRecord(Path path) throws IOException {
    try (FileChannel channel =
        FileChannel.open(
            path, StandardOpenOption.CREATE, StandardOpenOption.READ, StandardOpenOption.WRITE)) {
      file = channel.map(MapMode.READ_WRITE, 0, SIZE);
    }
  }

  void enter(Phase phase) {
    file.putInt(PHASE, phase.ordinal());
  }

  Phase phase() {
    return Phase.values()[file.getInt(PHASE)];
  }

  /** The next channel begins; none of its bytes is written yet. */
  void nextChannel() {
    file.putLong(RETURNED, 0);
    file.putLong(INTENDED, 0);
    file.putInt(CHANNEL, channel() + 1);
  }

  /** How many channels were begun in this round; the last of them is what the rest is about. */
  int channel() {
    return file.getInt(CHANNEL);
  }

  /** A write begins that will bring the stream to so many bytes. */
  void intend(long bytes) {
    file.putLong(INTENDED, bytes);
  }

  /** Bytes of the stream that may have been published, at most. */
  long intended() {
    return file.getLong(INTENDED);
  }

  /** A write has returned. */
  void returned() {
    file.putLong(RETURNED, intended());
  }

  /** Bytes of the stream that were certainly published. */
  long returnedBytes() {
    return file.getLong(RETURNED);
  }
}
