// SPDX-License-Identifier: Apache-2.0
package dev.vchan.interop;

import dev.vchan.RendezvousPath;
import dev.vchan.RingSizes;
import dev.vchan.Vchan;
import dev.vchan.VchanListener;
import dev.vchan.VchanOptions;
import dev.vchan.local.LocalBackend;

/**
 * Two channels to libxenvchan, alike but for the partner: ours on one, libxenvchan on the other.
 */
final class EventTable implements AutoCloseable {

  private final LocalBackend backend;
  private final CPeer oursPeer;
  private final Vchan ours;
  private final CPeer theirsPeer;
  private final CPeer theirs;

  /** Connects both. */
  EventTable(Hub hub, int ring) throws Exception {
    VchanOptions options = VchanOptions.DEFAULTS.withSizes(RingSizes.both(ring));
    backend = hub.open();
    oursPeer = hub.startPeer();
    theirsPeer = hub.startPeer();
    theirs = CPeer.start(hub.root(), Hub.JAVA.value());
    RendezvousPath path = Hub.path(Hub.JAVA, "ours");
    try (VchanListener listener = VchanListener.open(backend, Hub.C, path, options)) {
      oursPeer.ask("connect %s %s 1".formatted(Hub.JAVA, path));
      ours = listener.accept(Hub.soon());
    }
    RendezvousPath other = Hub.path(Hub.JAVA, "theirs");
    theirs.ask("listen %s %s %d %d".formatted(Hub.C, other, ring, ring));
    theirsPeer.ask("connect %s %s 1".formatted(Hub.JAVA, other));
    theirs.ask("accept");
  }

  /** Our endpoint. */
  Contestant ours() {
    return new Contestant(
        Contestant.ours(ours),
        oursPeer,
        () -> new Cost(ours.counters().eventsSent(), oursPeer.eventsSent(), 0));
  }

  /** The same with libxenvchan in place of our endpoint. */
  Contestant libxenvchan() {
    return new Contestant(
        Contestant.libxenvchan(theirs),
        theirsPeer,
        () -> new Cost(theirs.eventsSent(), theirsPeer.eventsSent(), 0));
  }

  @Override
  public void close() throws Exception {
    ours.close();
    oursPeer.close();
    theirs.close();
    theirsPeer.close();
    backend.close();
  }
}
