// SPDX-License-Identifier: Apache-2.0
package dev.vchan.xen;

import static java.lang.foreign.ValueLayout.JAVA_LONG;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.channels.SelectionKey;
import java.nio.channels.Selector;
import java.nio.channels.spi.AbstractSelectableChannel;
import java.nio.channels.spi.AbstractSelector;
import java.util.Set;

/**
 * A wait in the kernel for a descriptor, which {@link #wakeup} ends, and an interrupt of the thread
 * that waits. One thread at a time may wait.
 *
 * <p>It is a selector because the JDK tells of an interrupt those who are one, or a channel, and
 * nobody else. It has no keys, and cannot be used as a selector.
 */
final class InterruptiblePoll extends AbstractSelector {

  private final int descriptor;

  /** Written to in order to end a wait: closing a descriptor would end none. */
  private final int bell;

  private final MemorySegment number = Arena.ofAuto().allocate(JAVA_LONG);
  private final MemorySegment one = Arena.ofAuto().allocateFrom(JAVA_LONG, 1);

  @SuppressWarnings("NullAway") // There is no provider; nobody asks for it.
  InterruptiblePoll(int descriptor) throws IOException {
    super(null);
    this.descriptor = descriptor;
    this.bell = LibC.eventfd();
  }

  /**
   * Waits until the descriptor can be read, somebody wakes the waiter, it is interrupted (its
   * status stays set), or the time is over.
   *
   * @param millis -1 for no limit
   * @return whether the descriptor can be read
   */
  boolean await(int millis) throws IOException {
    short[] happened;
    begin();
    try {
      happened = LibC.poll(descriptor, bell, millis);
    } finally {
      end();
    }
    if (happened[1] != 0) {
      LibC.read(bell, number);
    }
    return happened[0] != 0;
  }

  /** Ends the wait under way, or else the next one. May be called by any thread. */
  @Override
  public synchronized Selector wakeup() {
    if (!isOpen()) {
      // The number may be another file's by now.
      return this;
    }
    try {
      LibC.write(bell, one);
    } catch (SystemCallException e) {
      if (e.errno() != SystemCallException.EAGAIN) {
        throw new UncheckedIOException(e);
      }
      // It rings already, very often.
    }
    return this;
  }

  @Override
  protected synchronized void implCloseSelector() throws IOException {
    LibC.close(bell);
  }

  @Override
  protected SelectionKey register(
      AbstractSelectableChannel channel, int wanted, Object attachment) {
    throw new UnsupportedOperationException();
  }

  @Override
  public Set<SelectionKey> keys() {
    return Set.of();
  }

  @Override
  public Set<SelectionKey> selectedKeys() {
    return Set.of();
  }

  @Override
  public int selectNow() {
    throw new UnsupportedOperationException();
  }

  @Override
  public int select(long timeout) {
    throw new UnsupportedOperationException();
  }

  @Override
  public int select() {
    throw new UnsupportedOperationException();
  }
}
