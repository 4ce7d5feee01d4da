// SPDX-License-Identifier: Apache-2.0
package dev.vchan.interop;

import dev.vchan.Deadline;
import dev.vchan.DomainId;
import dev.vchan.RendezvousPath;
import dev.vchan.spi.Advertisement;
import dev.vchan.spi.Memory;
import dev.vchan.spi.Rendezvous;
import java.io.Closeable;
import java.io.IOException;
import java.lang.foreign.ValueLayout;
import java.util.List;
import java.util.Optional;

/** A control page of the other domain's, mapped once more by this one, to be looked at. */
final class LabPage implements Closeable {

  private static final int HEADER = 24;

  private final LabSite site;
  private Memory.Mapping mapping;

  LabPage(LabSite site) {
    this.site = site;
  }

  /** Waits for what is advertised at a path, and maps that page instead of the one before. */
  void map(String path) throws IOException {
    close();
    DomainId server = site.other();
    Deadline deadline = Hub.soon();
    try (Rendezvous.Watch watch =
        site.backend().rendezvous().watch(new RendezvousPath(path), server)) {
      while (true) {
        long seen = watch.changes();
        Optional<Advertisement> found = watch.look();
        if (found.isPresent()) {
          mapping =
              site.backend()
                  .memory()
                  .map(
                      server,
                      List.of(found.get().ringRef()),
                      Memory.Access.READ_ONLY,
                      Optional.empty());
          return;
        }
        if (!watch.await(seen, deadline.remainingNanos())) {
          throw new IOException("nobody serves at " + path);
        }
      }
    }
  }

  boolean isMapped() {
    return mapping != null;
  }

  byte[] header() {
    if (mapping == null) {
      throw new IllegalStateException("no page is mapped");
    }
    return mapping.segment().asSlice(0, HEADER).toArray(ValueLayout.JAVA_BYTE);
  }

  @Override
  public void close() throws IOException {
    if (mapping != null) {
      mapping.close();
      mapping = null;
    }
  }
}
