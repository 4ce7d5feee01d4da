// SPDX-License-Identifier: Apache-2.0
package dev.vchan.testkit.schedule.world;

import dev.vchan.Deadline;
import dev.vchan.PeerClosedException;
import dev.vchan.PeerDiedException;
import dev.vchan.ProtocolViolationException;
import dev.vchan.Vchan;
import dev.vchan.VchanTimeoutException;
import dev.vchan.testkit.schedule.Scheduler;
import dev.vchan.testkit.schedule.Seam;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.ClosedChannelException;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * One end of a channel in the hands of a situation, and what it has seen: bytes are numbered, so
 * that each that is lost, doubled or out of order is noticed, and each exception must have its
 * reason.
 */
final class End {

  private final int number;
  private final Scheduler scheduler = Seam.scheduler();
  private final List<String> wrong = new ArrayList<>();
  private @Nullable Vchan channel;
  private End peer = this;
  private boolean closing;
  private boolean shutting;
  private boolean sawEnd;
  private boolean peerIsHostile;
  private int written;
  private int read;
  private int users;

  End(int number) {
    this.number = number;
  }

  void uses(End other) {
    peer = other;
  }

  void open(Vchan made) {
    channel = made;
  }

  /** To be called if connecting took too long, which only a death excuses. */
  void nobodyCame() {
    if (!peerIsHostile && !scheduler.isDead(1 - number)) {
      wrong.add("has met nobody");
    }
  }

  void againstAHostilePeer() {
    peerIsHostile = true;
  }

  /** Adds a thread that uses this end; the last one that is done closes it. */
  void use(String name, Runnable body) {
    users++;
    scheduler.spawn(
        number,
        name,
        () -> {
          body.run();
          if (--users == 0 && channel != null) {
            close();
          }
        });
  }

  /** Writes numbered bytes; false if the channel does not take them any more. */
  boolean write(int bytes) {
    return write(bytes, false);
  }

  /** As {@link #write}, all at once. */
  boolean send(int bytes) {
    return write(bytes, true);
  }

  private boolean write(int bytes, boolean atOnce) {
    ByteBuffer source = ByteBuffer.allocate(bytes);
    for (int i = 0; i < bytes; i++) {
      source.put(i, (byte) (written + i + 1));
    }
    try {
      if (atOnce) {
        channel.send(source, Deadline.NEVER);
      } else {
        channel.write(source);
      }
    } catch (IOException e) {
      justify(e);
      return false;
    }
    written += bytes;
    return true;
  }

  /** Reads what comes, so many bytes at most in a call, until the end. */
  void readToTheEnd(int atMost) {
    while (read(atMost, false)) {}
  }

  /** Reads once, at most or exactly so many bytes; false at the end. */
  boolean read(int bytes, boolean exactly) {
    ByteBuffer target = ByteBuffer.allocate(bytes);
    int count;
    try {
      count = exactly ? channel.receive(target, Deadline.NEVER) : channel.read(target);
      if (count < 0) {
        sawEnd = true;
        if (channel.read(target) != -1) {
          wrong.add("a read after the end found something");
        }
        return false;
      }
    } catch (PeerDiedException e) {
      sawEnd = true;
      justify(e);
      return false;
    } catch (IOException e) {
      justify(e);
      return false;
    }
    if (count < 1 || count > bytes || exactly && count < bytes) {
      wrong.add("a read of " + bytes + " bytes says " + count);
    }
    for (int i = 0; i < count; i++) {
      if (target.get(i) != (byte) (read + i + 1)) {
        wrong.add("byte %d is %d".formatted(read + i + 1, target.get(i)));
      }
    }
    read += count;
    return true;
  }

  /** Looks how much space there is. */
  void lookForSpace() {
    try {
      channel.bufferSpace();
    } catch (IOException e) {
      justify(e);
    }
  }

  void shutOutput() {
    shutting = true;
    try {
      if (!channel.shutdownOutput()) {
        wrong.add("half-close was not agreed on");
      }
    } catch (IOException e) {
      justify(e);
    }
  }

  void close() {
    closing = true;
    try {
      channel.close();
    } catch (IOException e) {
      wrong.add("close threw " + e);
    }
  }

  /** An exception that has no reason is wrong. */
  void justify(IOException e) {
    boolean justified =
        switch (e) {
          case ClosedChannelException closed -> closing || shutting;
          case PeerDiedException died -> peerIsHostile || scheduler.isDead(1 - number);
          case PeerClosedException closed -> peerIsHostile || peer.closing;
          case ProtocolViolationException violation -> peerIsHostile;
          case VchanTimeoutException late -> peerIsHostile;
          default -> false;
        };
    if (!justified) {
      wrong.add("threw " + e);
    }
  }

  List<String> verdict() {
    if (sawEnd && read < peer.written) {
      wrong.add("the end came after %d bytes of %d".formatted(read, peer.written));
    }
    return wrong;
  }

  @Override
  public String toString() {
    return number == Machine.SERVER ? "server" : "client";
  }
}
