// SPDX-License-Identifier: Apache-2.0
package dev.vchan;

import dev.vchan.spi.Advertisement;
import dev.vchan.spi.Backend;
import dev.vchan.spi.Parking;
import dev.vchan.spi.Rendezvous.Watch;
import dev.vchan.spi.StaleAdvertisementException;
import java.io.IOException;
import java.nio.channels.ClosedByInterruptException;
import java.util.Objects;
import java.util.Optional;
import java.util.concurrent.TimeUnit;

/** A client's patience: waits for a server, and for a better one where a dead one advertises. */
final class Connector {

  /**
   * Longest sleep between looks at an advertisement that was stale: what it names may come right
   * without a change of the advertisement, as when another client gives the port back.
   */
  private static final long STALE_NANOS = TimeUnit.MILLISECONDS.toNanos(100);

  /** Pause after a stale advertisement, however fast the server replaces it. */
  private static final long PAUSE_NANOS = TimeUnit.MILLISECONDS.toNanos(1);

  private Connector() {}

  static Vchan connect(
      Backend backend,
      DomainId server,
      RendezvousPath path,
      VchanOptions options,
      Deadline deadline)
      throws IOException {
    Resources connected = new Resources();
    try (Watch watch = backend.rendezvous().watch(path, server)) {
      return connected.add(connect(backend, server, path, options, deadline, watch));
    } catch (IOException | RuntimeException | Error e) {
      // Nobody else would: the channel is not the caller's yet when closing the watch fails.
      Resources.closeBecause(e, connected);
      throw e;
    }
  }

  private static Vchan connect(
      Backend backend,
      DomainId server,
      RendezvousPath path,
      VchanOptions options,
      Deadline deadline,
      Watch watch)
      throws IOException {
    for (; ; ) {
      // Sampled before the look: an advertisement that comes after it ends the wait at once.
      long seen = watch.changes();
      Optional<Advertisement> found = watch.look();
      String obstacle = "nothing is advertised there, or the server has its client already";
      if (found.isPresent()) {
        try {
          return Handshake.join(backend, server, path, options, found.get());
        } catch (StaleAdvertisementException e) {
          obstacle = Objects.requireNonNullElse(e.getMessage(), "stale");
        }
      }
      if (Thread.currentThread().isInterrupted()) {
        throw new ClosedByInterruptException();
      }
      long left = deadline.remainingNanos();
      if (left == 0) {
        throw new VchanTimeoutException(
            "timed out: no server at " + path + " of domain " + server + ": " + obstacle, 0);
      }
      if (found.isEmpty()) {
        watch.await(seen, left);
      } else {
        Parking.pause(watch, Math.min(left, PAUSE_NANOS));
        watch.await(seen, Math.min(left, STALE_NANOS));
      }
    }
  }
}
