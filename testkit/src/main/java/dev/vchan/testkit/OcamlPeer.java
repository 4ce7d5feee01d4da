// SPDX-License-Identifier: Apache-2.0
package dev.vchan.testkit;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.ClosedChannelException;

/**
 * Behaves as ocaml-vchan: acknowledges what a read returned only when the next read begins, answers
 * a request for space at each read though nothing was taken, returns at most what lies in one
 * piece, asks for space also when what it writes fits exactly, and begins each call as if every
 * event so far were new.
 */
final class OcamlPeer extends ForeignPeer {

  private static final int CONNECTED = 1;

  private int acknowledged;
  private long seen;

  OcamlPeer(HostilePeer pages) {
    super(pages);
  }

  @Override
  void sleep() {
    seen = sleep(seen);
  }

  private boolean isConnected() {
    return page.load8(pages.victimLive()) == CONNECTED;
  }

  /** The target must have room for a whole ring: what is returned is a view of the ring there. */
  @Override
  public int read(ByteBuffer target) throws IOException {
    page.store32(pages.ownCons(), acknowledged);
    answer(READ);
    seen = 0;
    for (; ; ) {
      int ready = ready();
      if (ready < 1) {
        ask(WRITE);
        ready = ready();
      }
      boolean connected = isConnected();
      if (ready == 0 && !connected) {
        return -1;
      }
      if (ready != 0) {
        int index = page.load32(pages.ownCons());
        int untilWrap = incomingCapacity() - (index & (incomingCapacity() - 1));
        int bytes = Math.min(ready, untilWrap);
        copyOut(index, target, bytes);
        acknowledged += bytes;
        return bytes;
      }
      sleep();
    }
  }

  @Override
  public void write(ByteBuffer source) throws IOException {
    seen = 0;
    for (; ; ) {
      if (!isConnected()) {
        throw new ClosedChannelException();
      }
      int space = space();
      if (space <= source.remaining()) {
        ask(READ);
        space = space();
      }
      int bytes = Math.min(space, source.remaining());
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
