// SPDX-License-Identifier: Apache-2.0
package dev.vchan.cli;

import dev.vchan.Deadline;
import dev.vchan.Vchan;
import java.io.FileInputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;

/**
 * Moves standard input to whichever session is current. One thread for the life of the process: a
 * read of standard input cannot be abandoned, so a session that ends leaves the thread where it is,
 * and what it reads next goes to the next session.
 */
final class InputPump {

  private static final int BUFFER_BYTES = 256 << 10;

  private final FileInputStream input;
  private final ReentrantLock lock = new ReentrantLock();
  private final Condition changed = lock.newCondition();

  private boolean started;
  private boolean reading;
  private long reads;
  private boolean ended;
  private @Nullable IOException broken;
  private @Nullable Session current;

  InputPump(FileInputStream input) {
    this.input = input;
  }

  /** One channel's share of the input. */
  final class Session {

    private final Vchan channel;
    private long readsSeen = -1;
    private boolean writing;
    private boolean over;
    private @Nullable IOException failure;

    private Session(Vchan channel) {
      this.channel = channel;
    }

    /**
     * Waits for the end of the input.
     *
     * @return whether the session is over: the peer has taken the whole input and been told of the
     *     end, if it understands that, or it failed
     */
    boolean awaitEnd(long nanos) {
      lock.lock();
      try {
        long left = nanos;
        while (!over && left > 0) {
          left = changed.awaitNanos(left);
        }
        return over;
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
        return over;
      } finally {
        lock.unlock();
      }
    }

    /**
     * Reports why the input did not reach its end.
     *
     * @throws IOException if it could not be read, or the peer did not take it
     */
    void checkFailure() throws IOException {
      lock.lock();
      try {
        if (failure != null) {
          throw failure;
        }
      } finally {
        lock.unlock();
      }
    }

    /** Whether the peer has taken the whole input. */
    boolean isDelivered() {
      lock.lock();
      try {
        return over && failure == null;
      } finally {
        lock.unlock();
      }
    }

    /**
     * Takes the input away from the channel if there is nothing to move and has not been since the
     * last call: what has just been read but not yet written would be missed by a single look.
     *
     * @return whether the session is over
     */
    boolean leaveIfIdle() throws IOException {
      lock.lock();
      try {
        boolean quiet = reading && !writing && reads == readsSeen && input.available() == 0;
        readsSeen = reads;
        over |= quiet;
        return over;
      } finally {
        lock.unlock();
      }
    }

    /** Takes the input away; to be called after the channel was closed, which ends a write. */
    void leave() {
      lock.lock();
      try {
        over = true;
        while (writing) {
          changed.awaitUninterruptibly();
        }
      } finally {
        lock.unlock();
      }
    }
  }

  /** Makes {@code channel} the one that gets the input from here on. */
  Session attach(Vchan channel) {
    lock.lock();
    try {
      Session session = new Session(channel);
      current = session;
      changed.signalAll();
      if (!started) {
        started = true;
        Thread.ofPlatform().daemon().name("standard-input").start(this::pump);
      }
      return session;
    } finally {
      lock.unlock();
    }
  }

  private void pump() {
    // Not closed: that would close descriptor 0, which is not ours.
    FileChannel source = input.getChannel();
    ByteBuffer buffer = ByteBuffer.allocateDirect(BUFFER_BYTES);
    while (true) {
      read(source, buffer.clear());
      Session session = takeTurn();
      IOException failure = null;
      boolean last = false;
      try {
        last = deliver(session, buffer.flip());
      } catch (IOException e) {
        failure = e;
      }
      leaveTurn(session, failure, last);
    }
  }

  private void read(FileChannel source, ByteBuffer buffer) {
    lock.lock();
    try {
      if (ended) {
        return;
      }
      reading = true;
      reads++;
    } finally {
      lock.unlock();
    }
    int bytes = 0;
    IOException failure = null;
    try {
      bytes = source.read(buffer);
    } catch (IOException e) {
      failure = new IOException("cannot read standard input: " + e.getMessage(), e);
    }
    lock.lock();
    try {
      reading = false;
      broken = failure;
      ended = failure != null || bytes < 0;
    } finally {
      lock.unlock();
    }
  }

  private Session takeTurn() {
    lock.lock();
    try {
      Session session = current;
      while (session == null || session.over) {
        changed.awaitUninterruptibly();
        session = current;
      }
      session.writing = true;
      return session;
    } finally {
      lock.unlock();
    }
  }

  private boolean deliver(Session session, ByteBuffer buffer) throws IOException {
    if (broken != null) {
      // The peer must not take a broken input for a complete one: no end is announced.
      throw broken;
    }
    session.channel.write(buffer);
    if (!ended) {
      return false;
    }
    if (Interruption.isUnderWay()) {
      // Ctrl-C ends the whole pipeline: this end is not one that the producer meant.
      throw new IOException("interrupted");
    }
    if (session.channel.supportsHalfClose()) {
      session.channel.shutdownOutput();
    }
    session.channel.drain(Deadline.NEVER);
    return true;
  }

  private void leaveTurn(Session session, @Nullable IOException failure, boolean last) {
    lock.lock();
    try {
      session.writing = false;
      session.failure = failure;
      session.over |= last || failure != null;
      changed.signalAll();
    } finally {
      lock.unlock();
    }
  }
}
