// SPDX-License-Identifier: Apache-2.0
package dev.vchan.testkit;

import dev.vchan.DomainId;
import dev.vchan.RendezvousPath;
import dev.vchan.RingSizes;
import dev.vchan.spi.Advertisement;
import dev.vchan.spi.Backend;
import dev.vchan.spi.EventChannel;
import dev.vchan.spi.EventPort;
import dev.vchan.spi.Events;
import dev.vchan.spi.GrantRef;
import dev.vchan.spi.Memory;
import dev.vchan.spi.Rendezvous;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * A backend that tells in which order it is used, and shows the pages. Everything else it leaves to
 * the backend behind it.
 *
 * <p>The steps, as they stand in the trace: {@code listen}, {@code connect}, {@code send}, {@code
 * wake}, {@code close port}; {@code share 2 pages}, {@code map 1 page rw}, {@code map 1 page r},
 * {@code close share of 2 pages}, {@code close mapping of 1 page}, where a page with a notification
 * reads {@code share 1 page, clears 21}; {@code register}, {@code publish}, {@code withdraw},
 * {@code close registration}; {@code watch}, {@code look}, {@code close watch}. Reading counters,
 * waiting and asking for the peer leave no trace. A step is added after it was done, whether it
 * succeeded or failed.
 */
public final class TracingBackend implements Backend {

  private final Backend behind;
  private final Trace trace;
  private final List<MemorySegment> pages = new ArrayList<>();
  private volatile @Nullable Advertisement published;

  /**
   * Traces a backend.
   *
   * @param behind the backend that does it all
   * @param trace where to write the steps; may be shared with others
   */
  public TracingBackend(Backend behind, Trace trace) {
    this.behind = behind;
    this.trace = trace;
  }

  /**
   * Where the steps are written.
   *
   * @return the trace given to the constructor
   */
  public Trace trace() {
    return trace;
  }

  /**
   * Every region shared or mapped so far, in that order, closed ones included: the first is a
   * control page. Writable exactly if the region is.
   *
   * @return the raw memory
   */
  public synchronized List<MemorySegment> pages() {
    return List.copyOf(pages);
  }

  /**
   * What was published last.
   *
   * @return the advertisement
   * @throws IllegalStateException if nothing was published yet
   */
  public Advertisement published() {
    Advertisement last = published;
    if (last == null) {
      throw new IllegalStateException("nothing was published");
    }
    return last;
  }

  private synchronized <R extends Memory.Region> R keep(R region) {
    pages.add(region.segment());
    return region;
  }

  @Override
  public String name() {
    return behind.name();
  }

  @Override
  public DomainId self() {
    return behind.self();
  }

  @Override
  public RingSizes defaultSizes() {
    return behind.defaultSizes();
  }

  @Override
  public void close() throws IOException {
    traced("close backend", behind::close);
  }

  @Override
  public Events events() {
    return new Events() {
      @Override
      public EventChannel listen(DomainId peer) throws IOException {
        return new TracedChannel(traced("listen", () -> behind.events().listen(peer)));
      }

      @Override
      public EventChannel connect(DomainId peer, EventPort port) throws IOException {
        return new TracedChannel(traced("connect", () -> behind.events().connect(peer, port)));
      }
    };
  }

  @Override
  public Memory memory() {
    return new Memory() {
      @Override
      public Share share(DomainId peer, int count, Optional<UnmapNotify> notify)
          throws IOException {
        String what = "share " + pages(count) + clears(notify);
        return new TracedShare(
            keep(traced(what, () -> behind.memory().share(peer, count, unwrap(notify)))));
      }

      @Override
      public Mapping map(
          DomainId peer, List<GrantRef> grants, Access access, Optional<UnmapNotify> notify)
          throws IOException {
        String mode = access == Access.READ_ONLY ? " r" : " rw";
        String what = "map " + pages(grants.size()) + mode + clears(notify);
        return new TracedMapping(
            keep(traced(what, () -> behind.memory().map(peer, grants, access, unwrap(notify)))));
      }
    };
  }

  private static String pages(int count) {
    return count == 1 ? "1 page" : count + " pages";
  }

  private static int size(Memory.Region region) {
    return (int) (region.segment().byteSize() / Memory.PAGE_SIZE);
  }

  private static String clears(Optional<Memory.UnmapNotify> notify) {
    return notify.map(wanted -> ", clears " + wanted.byteOffset()).orElse("");
  }

  /** The backend behind must be given its own channel. */
  private static Optional<Memory.UnmapNotify> unwrap(Optional<Memory.UnmapNotify> notify) {
    return notify.map(
        wanted ->
            wanted.channel() instanceof TracedChannel traced
                ? new Memory.UnmapNotify(wanted.byteOffset(), traced.behind)
                : wanted);
  }

  @Override
  public Rendezvous rendezvous() {
    return new Rendezvous() {
      @Override
      public Registration register(RendezvousPath path, DomainId client) throws IOException {
        return new TracedRegistration(
            traced("register", () -> behind.rendezvous().register(path, client)));
      }

      @Override
      public Watch watch(RendezvousPath path, DomainId server) throws IOException {
        return new TracedWatch(traced("watch", () -> behind.rendezvous().watch(path, server)));
      }
    };
  }

  private <T> T traced(String what, Call<T> call) throws IOException {
    try {
      return call.make();
    } finally {
      trace.add(what);
    }
  }

  private void traced(String what, Step step) throws IOException {
    try {
      step.take();
    } finally {
      trace.add(what);
    }
  }

  private interface Call<T> {
    T make() throws IOException;
  }

  private interface Step {
    void take() throws IOException;
  }

  private final class TracedChannel implements EventChannel {

    private final EventChannel behind;

    TracedChannel(EventChannel behind) {
      this.behind = behind;
    }

    @Override
    public EventPort port() {
      return behind.port();
    }

    @Override
    public void send() throws IOException {
      traced("send", behind::send);
    }

    @Override
    public long received() {
      return behind.received();
    }

    @Override
    public boolean await(long seen, long timeoutNanos) {
      return behind.await(seen, timeoutNanos);
    }

    @Override
    public void wake() {
      behind.wake();
      trace.add("wake");
    }

    @Override
    public Peer peer() {
      return behind.peer();
    }

    @Override
    public void close() throws IOException {
      traced("close port", behind::close);
    }
  }

  private final class TracedShare implements Memory.Share {

    private final Memory.Share behind;

    TracedShare(Memory.Share behind) {
      this.behind = behind;
    }

    @Override
    public List<GrantRef> grants() {
      return behind.grants();
    }

    @Override
    public MemorySegment segment() {
      return behind.segment();
    }

    @Override
    public void close() throws IOException {
      traced("close share of " + pages(size(behind)), behind::close);
    }
  }

  private final class TracedMapping implements Memory.Mapping {

    private final Memory.Mapping behind;

    TracedMapping(Memory.Mapping behind) {
      this.behind = behind;
    }

    @Override
    public MemorySegment segment() {
      return behind.segment();
    }

    @Override
    public void close() throws IOException {
      traced("close mapping of " + pages(size(behind)), behind::close);
    }
  }

  private final class TracedRegistration implements Rendezvous.Registration {

    private final Rendezvous.Registration behind;

    TracedRegistration(Rendezvous.Registration behind) {
      this.behind = behind;
    }

    @Override
    public void publish(Advertisement advertisement) throws IOException {
      published = advertisement;
      traced("publish", () -> behind.publish(advertisement));
    }

    @Override
    public void withdraw() throws IOException {
      traced("withdraw", behind::withdraw);
    }

    @Override
    public void close() throws IOException {
      traced("close registration", behind::close);
    }
  }

  private final class TracedWatch implements Rendezvous.Watch {

    private final Rendezvous.Watch behind;

    TracedWatch(Rendezvous.Watch behind) {
      this.behind = behind;
    }

    @Override
    public Optional<Advertisement> look() throws IOException {
      return traced("look", behind::look);
    }

    @Override
    public long changes() {
      return behind.changes();
    }

    @Override
    public boolean await(long seen, long timeoutNanos) {
      return behind.await(seen, timeoutNanos);
    }

    @Override
    public void close() throws IOException {
      traced("close watch", behind::close);
    }
  }
}
