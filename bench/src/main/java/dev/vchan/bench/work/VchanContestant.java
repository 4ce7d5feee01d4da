// SPDX-License-Identifier: Apache-2.0
package dev.vchan.bench.work;

import dev.vchan.BulkCopy;
import dev.vchan.Deadline;
import dev.vchan.DomainId;
import dev.vchan.PortName;
import dev.vchan.RingSizes;
import dev.vchan.Vchan;
import dev.vchan.VchanOptions;
import dev.vchan.inprocess.InProcessHost;
import dev.vchan.libc.Membarrier;
import dev.vchan.libc.Memcpy;
import dev.vchan.local.LocalBackend;
import dev.vchan.spi.Backend;
import dev.vchan.spi.MemoryBarrier;
import java.io.IOException;
import java.nio.file.Path;
import java.util.EnumMap;
import java.util.Map;
import java.util.function.BiFunction;
import java.util.function.Function;

/** Our endpoint, on one of its backends. */
final class VchanContestant implements Contestant {

  /** Where a backend for one side comes from. */
  private interface Place {
    Backend of(DomainId self) throws IOException;
  }

  private final Place place;
  private final Function<Vchan, End> use;
  private final boolean virtual;
  private final VchanOptions options;
  private final Map<Side, Backend> backends = new EnumMap<>(Side.class);

  private VchanContestant(
      Place place, Function<Vchan, End> use, boolean virtual, VchanOptions options) {
    this.place = place;
    this.use = use;
    this.virtual = virtual;
    this.options = options;
  }

  /** Between processes that meet in the default directory. */
  static VchanContestant local(Function<Vchan, End> use) {
    return new VchanContestant(LocalBackend::open, use, false, VchanOptions.DEFAULTS);
  }

  /** The same, with what the C library has: its copy for long writes, and a barrier. */
  static VchanContestant withLibc(BiFunction<Vchan, BulkCopy, End> use) throws IOException {
    BulkCopy memcpy = Memcpy.link();
    MemoryBarrier barrier = Membarrier.register();
    return new VchanContestant(
        self -> LocalBackend.open(LocalBackend.defaultRoot(), self, barrier),
        channel -> use.apply(channel, memcpy),
        false,
        VchanOptions.DEFAULTS.withBulkCopy(memcpy));
  }

  /** The same, used by virtual threads. */
  static VchanContestant virtualThreads() {
    return new VchanContestant(LocalBackend::open, VchanEnd::new, true, VchanOptions.DEFAULTS);
  }

  /** Both ends in one JVM. */
  static VchanContestant inProcess() {
    return new VchanContestant(
        new InProcessHost()::domain, VchanEnd::new, false, VchanOptions.DEFAULTS);
  }

  @Override
  public boolean isVirtual() {
    return virtual;
  }

  @Override
  public End open(Side side, Path meeting, int ring) throws IOException {
    Backend backend = backend(side);
    PortName port = new PortName(meeting.getFileName().toString());
    VchanOptions sized = options.withSizes(new RingSizes(ring, ring));
    Deadline deadline = Deadline.after(Patience.LIMIT);
    return use.apply(
        side == Side.A
            ? Vchan.listen(backend, domain(Side.B), port, sized, deadline)
            : Vchan.connect(backend, domain(Side.A), port, sized, deadline));
  }

  private synchronized Backend backend(Side side) throws IOException {
    Backend backend = backends.get(side);
    if (backend == null) {
      backend = place.of(domain(side));
      backends.put(side, backend);
    }
    return backend;
  }

  private static DomainId domain(Side side) {
    return new DomainId(side == Side.A ? 1 : 2);
  }

  @Override
  public void close() throws IOException {
    for (Backend backend : backends.values()) {
      backend.close();
    }
  }
}
