// SPDX-License-Identifier: Apache-2.0
package dev.vchan.testkit;

import dev.vchan.spi.EventChannel.Peer;
import java.io.IOException;
import java.io.UncheckedIOException;

/**
 * Behaves as Qubes' library around libxenvchan: a server removes its keys at the first event after
 * its client came; a port that is no longer bound means that the other side is gone, and a client
 * that sees it so clears the server's live byte itself.
 */
final class QubesPeer extends LibxenvchanPeer {

  private boolean bound;

  QubesPeer(HostilePeer pages) {
    super(pages);
  }

  @Override
  public ForeignPeer accept() {
    sleep();
    return super.accept();
  }

  @Override
  void sleep() {
    super.sleep();
    if (page.load8(InterfacePage.CLI_LIVE) == 1) {
      try {
        pages.withdraw();
      } catch (IOException e) {
        throw new UncheckedIOException(e);
      }
    }
  }

  @Override
  boolean isOpen() {
    if (pages.events().peer() == Peer.BOUND) {
      bound = true;
    } else if (bound) {
      if (pages.victimLive() == InterfacePage.SRV_LIVE) {
        page.store8(InterfacePage.SRV_LIVE, 0);
      }
      return false;
    }
    return super.isOpen();
  }
}
