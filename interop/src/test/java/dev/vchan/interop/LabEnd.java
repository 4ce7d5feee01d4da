// SPDX-License-Identifier: Apache-2.0
package dev.vchan.interop;

import dev.vchan.RingSizes;
import dev.vchan.Vchan;
import dev.vchan.VchanOptions;
import dev.vchan.testkit.ends.Pending;
import dev.vchan.testkit.ends.Role;
import dev.vchan.testkit.ends.Workers;
import java.io.IOException;
import java.nio.ByteBuffer;

/**
 * An end of a channel between two domains of Xen, whoever made it. Every byte that comes is
 * checked; whatever is not as it must be is thrown. Closed, it has also seen its process end well,
 * if it has one.
 */
interface LabEnd extends AutoCloseable {

  /**
   * Moves bytes in both directions at once, never waiting inside a call.
   *
   * @param out bytes that go out
   * @param in bytes that come in
   */
  void both(boolean packets, Traffic.Load out, Traffic.Load in) throws Exception;

  void put(boolean packets, Traffic.Load out) throws Exception;

  void take(boolean packets, Traffic.Load in) throws Exception;

  /** Sees the end of the stream, and nothing before it. */
  void end() throws Exception;

  @Override
  void close() throws Exception;

  /** What two ends agree on. */
  record Terms(RingSizes sizes, int serverReads, int serverWrites, long seed, boolean packets) {

    Terms(RingSizes sizes, long seed, boolean packets) {
      this(sizes, sizes.readBytes(), sizes.writeBytes(), seed, packets);
    }

    int incoming(Role own) {
      return own == Role.SERVER ? serverReads : serverWrites;
    }

    long outSeed(Role own) {
      return 2 * seed + own.ordinal();
    }

    Traffic.Load out(Role own) {
      return in(own.other());
    }

    Traffic.Load in(Role own) {
      int capacity = incoming(own);
      // A piece larger than the ring, or a packet as large as it.
      return new Traffic.Load(Math.max(10_000, capacity + capacity / 2 + 1), largest(capacity));
    }

    private int largest(int capacity) {
      return packets ? capacity : capacity + capacity / 2;
    }

    void check(Role own, long outgoing, long incoming) {
      if (outgoing != incoming(own.other()) || incoming != incoming(own)) {
        throw new AssertionError(
            "rings of %d bytes out, %d in, for %s".formatted(outgoing, incoming, this));
      }
    }
  }

  /** Our end. */
  static LabEnd ours(LabSite site, Role own, String port, Terms terms) throws IOException {
    VchanOptions options = VchanOptions.DEFAULTS.withSizes(terms.sizes());
    Vchan channel =
        own == Role.SERVER
            ? Vchan.listen(site.backend(), site.other(), LabSite.name(port), options, Hub.soon())
            : Vchan.connect(site.backend(), site.other(), LabSite.name(port), options, Hub.soon());
    terms.check(own, channel.outgoingCapacity(), channel.incomingCapacity());
    return new Ours(
        channel,
        new JavaEnd(
            channel,
            terms.outSeed(own),
            terms.outSeed(own.other()),
            terms.out(own).largest(),
            terms.in(own).largest()));
  }

  /** An end of libxenvchan, in a process of its own. */
  static LabEnd libxenvchan(LabSite site, Role own, String port, Terms terms) throws Exception {
    CPeer peer = site.startPeer();
    try {
      join(peer, site, own, port, terms);
      peer.ask("streams %d %d".formatted(terms.outSeed(own), terms.outSeed(own.other())));
      return new Libxenvchan(peer);
    } catch (Exception | AssertionError e) {
      peer.kill();
      throw e;
    }
  }

  private static void join(CPeer peer, LabSite site, Role own, String port, Terms terms)
      throws Exception {
    String where = site.other() + " " + site.path(own, port);
    if (own == Role.SERVER) {
      RingSizes sizes = terms.sizes();
      long[] rings =
          peer.ask("listen %s %d %d".formatted(where, sizes.readBytes(), sizes.writeBytes()));
      // It answers with what it reads first.
      terms.check(own, rings[1], rings[0]);
      peer.ask("accept");
    } else {
      long[] rings = peer.ask("connect %s %d".formatted(where, 30_000));
      terms.check(own, rings[1], rings[0]);
    }
  }

  /** Our end. */
  record Ours(Vchan channel, JavaEnd bytes) implements LabEnd {

    @Override
    public void both(boolean packets, Traffic.Load out, Traffic.Load in) throws Exception {
      Pending<Boolean> writing =
          Workers.PLATFORM.start(
              () -> {
                if (packets) {
                  bytes.trySend(out.bytes());
                } else {
                  bytes.tryWrite(out.bytes());
                }
                return true;
              });
      if (packets) {
        bytes.tryReceive(in.bytes());
      } else {
        bytes.tryRead(in.bytes());
      }
      writing.get();
    }

    @Override
    public void put(boolean packets, Traffic.Load out) throws IOException {
      if (packets) {
        bytes.send(out.bytes());
      } else {
        bytes.write(out.bytes());
      }
    }

    @Override
    public void take(boolean packets, Traffic.Load in) throws IOException {
      if (packets) {
        bytes.receive(in.bytes());
      } else {
        bytes.read(in.bytes());
      }
    }

    @Override
    public void end() throws IOException {
      int got = channel.read(ByteBuffer.allocate(1), Hub.soon());
      if (got != -1) {
        throw new AssertionError("read " + got + " instead of the end");
      }
    }

    @Override
    public void close() throws IOException {
      channel.close();
    }
  }

  /** An end of libxenvchan. */
  record Libxenvchan(CPeer peer) implements LabEnd {

    @Override
    public void both(boolean packets, Traffic.Load out, Traffic.Load in) throws Exception {
      peer.ask(
          "both %s %d %d %d %d"
              .formatted(
                  packets ? "packet" : "stream",
                  out.bytes(),
                  in.bytes(),
                  out.largest(),
                  in.largest()));
    }

    @Override
    public void put(boolean packets, Traffic.Load out) throws Exception {
      peer.ask("%s %d %d".formatted(packets ? "send" : "write", out.bytes(), out.largest()));
    }

    @Override
    public void take(boolean packets, Traffic.Load in) throws Exception {
      peer.ask("%s %d %d".formatted(packets ? "receive" : "read", in.bytes(), in.largest()));
    }

    @Override
    public void end() throws Exception {
      long[] seen = peer.ask("end");
      if (seen[0] != 0 || seen[1] != 0) {
        throw new AssertionError(seen[0] + " bytes before the end, open: " + seen[1]);
      }
    }

    @Override
    public void close() throws IOException, InterruptedException {
      peer.close();
    }
  }
}
