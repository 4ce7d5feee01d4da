// SPDX-License-Identifier: Apache-2.0
package dev.vchan.testkit;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.ClosedChannelException;

/**
 * Behaves as libxenvchan: keeps no index of its own, asks whenever there is less than the caller
 * could take, takes impossible differences for nothing, and sees the end as soon as the live byte
 * says so and nothing was there before.
 */
class LibxenvchanPeer extends ForeignPeer {

  private long seen;

  LibxenvchanPeer(HostilePeer pages) {
    super(pages);
  }

  @Override
  void sleep() {
    seen = sleep(seen);
  }

  private int readyFor(int wanted) {
    int ready = plausible(ready(), incomingCapacity());
    if (ready >= wanted) {
      return ready;
    }
    ask(WRITE);
    return plausible(ready(), incomingCapacity());
  }

  private int spaceFor(int wanted) {
    int space = plausible(space(), outgoingCapacity());
    if (space >= wanted) {
      return space;
    }
    ask(READ);
    return plausible(space(), outgoingCapacity());
  }

  private static int plausible(int bytes, int capacity) {
    return bytes < 0 || bytes > capacity ? 0 : bytes;
  }

  @Override
  public int read(ByteBuffer target) throws IOException {
    for (; ; ) {
      int ready = readyFor(target.remaining());
      if (ready > 0) {
        int bytes = Math.min(ready, target.remaining());
        int index = page.load32(pages.ownCons());
        copyOut(index, target, bytes);
        page.store32(pages.ownCons(), index + bytes);
        answer(READ);
        return bytes;
      }
      if (!isOpen()) {
        return -1;
      }
      sleep();
    }
  }

  @Override
  public void write(ByteBuffer source) throws IOException {
    for (; ; ) {
      if (!isOpen()) {
        throw new ClosedChannelException();
      }
      int bytes = Math.min(spaceFor(source.remaining()), source.remaining());
      if (bytes > 0) {
        put(source, bytes);
      }
      if (!source.hasRemaining()) {
        return;
      }
      sleep();
    }
  }
}
