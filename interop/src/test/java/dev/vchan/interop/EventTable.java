// SPDX-License-Identifier: Apache-2.0
package dev.vchan.interop;

import dev.vchan.RendezvousPath;
import dev.vchan.RingSizes;
import dev.vchan.Vchan;
import dev.vchan.VchanListener;
import dev.vchan.VchanOptions;
import dev.vchan.local.LocalBackend;
import dev.vchan.testkit.ends.Pending;
import dev.vchan.testkit.ends.Workers;
import java.nio.ByteBuffer;
import java.util.concurrent.Callable;

/**
 * Two channels to libxenvchan, alike but for the partner: ours on one, libxenvchan on the other.
 * Bytes go through as fast as they can, and events are counted.
 */
final class EventTable implements AutoCloseable {

  /** A reader's buffer. */
  private static final int READ = 64 * 1024;

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

  /**
   * Events of one run.
   *
   * @param sent by the partner
   * @param askedFor sent by the peer, because the partner had asked for them
   */
  record Events(long sent, long askedFor) {

    long all() {
      return sent + askedFor;
    }
  }

  /** Our endpoint writes, or reads, in its normal way. */
  Events withOurs(boolean writes, int size, long bytes) throws Exception {
    Callable<Long> sent = () -> ours.counters().eventsSent();
    Callable<Boolean> run =
        () -> {
          oursPeer.tell(command(!writes, size, bytes));
          Pending<Boolean> moving = Workers.PLATFORM.start(() -> move(writes, size, bytes));
          moving.get();
          oursPeer.answered();
          return true;
        };
    return count(sent, oursPeer, run);
  }

  /** The same with libxenvchan in place of our endpoint. */
  Events withLibxenvchan(boolean writes, int size, long bytes) throws Exception {
    Callable<Boolean> run =
        () -> {
          theirsPeer.tell(command(!writes, size, bytes));
          theirs.ask(command(writes, size, bytes));
          theirsPeer.answered();
          return true;
        };
    return count(theirs::eventsSent, theirsPeer, run);
  }

  private static Events count(Callable<Long> sent, CPeer peer, Callable<Boolean> run)
      throws Exception {
    long sentBefore = sent.call();
    long askedBefore = peer.eventsSent();
    run.call();
    return new Events(sent.call() - sentBefore, peer.eventsSent() - askedBefore);
  }

  /** The peers' patterns go on from run to run; ours are not checked here. */
  private static String command(boolean writes, int size, long bytes) {
    return writes ? "write %d =%d".formatted(bytes, size) : "drop %d %d".formatted(bytes, READ);
  }

  private boolean move(boolean writes, int size, long bytes) throws Exception {
    ByteBuffer buffer = ByteBuffer.allocateDirect(writes ? size : READ);
    for (long left = bytes; left > 0; ) {
      buffer.clear();
      left -= writes ? ours.write(buffer, Hub.soon()) : ours.read(buffer, Hub.soon());
    }
    return true;
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
