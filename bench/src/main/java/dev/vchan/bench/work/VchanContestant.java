// SPDX-License-Identifier: Apache-2.0
package dev.vchan.bench.work;

import dev.vchan.Deadline;
import dev.vchan.DomainId;
import dev.vchan.PortName;
import dev.vchan.RingSizes;
import dev.vchan.Vchan;
import dev.vchan.VchanOptions;
import dev.vchan.inprocess.InProcessHost;
import dev.vchan.local.LocalBackend;
import dev.vchan.spi.Backend;
import java.io.IOException;
import java.nio.file.Path;
import java.util.EnumMap;
import java.util.Map;
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
  private final Map<Side, Backend> backends = new EnumMap<>(Side.class);

  private VchanContestant(Place place, Function<Vchan, End> use, boolean virtual) {
    this.place = place;
    this.use = use;
    this.virtual = virtual;
  }

  /** Between processes that meet in the default directory. */
  static VchanContestant local(Function<Vchan, End> use) {
    return new VchanContestant(LocalBackend::open, use, false);
  }

  /** The same, used by virtual threads. */
  static VchanContestant virtualThreads() {
    return new VchanContestant(LocalBackend::open, VchanEnd::new, true);
  }

  /** Both ends in one JVM. */
  static VchanContestant inProcess() {
    return new VchanContestant(new InProcessHost()::domain, VchanEnd::new, false);
  }

  @Override
  public boolean isVirtual() {
    return virtual;
  }

  @Override
  public End open(Side side, Path meeting, int ring) throws IOException {
    Backend backend = backend(side);
    PortName port = new PortName(meeting.getFileName().toString());
    VchanOptions options = VchanOptions.DEFAULTS.withSizes(new RingSizes(ring, ring));
    Deadline deadline = Deadline.after(Patience.LIMIT);
    return use.apply(
        side == Side.A
            ? Vchan.listen(backend, domain(Side.B), port, options, deadline)
            : Vchan.connect(backend, domain(Side.A), port, options, deadline));
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
