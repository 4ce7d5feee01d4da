// SPDX-License-Identifier: Apache-2.0
package dev.vchan.xen;

import dev.vchan.Deadline;
import dev.vchan.DomainId;
import dev.vchan.RingSizes;
import dev.vchan.spi.Backend;
import dev.vchan.spi.Events;
import dev.vchan.spi.Memory;
import dev.vchan.spi.Rendezvous;
import dev.vchan.xen.xenstore.XenStore;
import java.io.Closeable;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.Optional;

/**
 * Vchans between Xen domains: pages and events of the kernel's devices, advertisements in XenStore.
 * Needs {@code /dev/xen/evtchn}, and {@code /dev/xen/xenbus} or xenstored's socket, to read and
 * write; {@code /dev/xen/gntalloc} as well to be a server, {@code /dev/xen/gntdev} to be a client;
 * and native access for this module. No privilege beyond these files is used.
 *
 * <p>May be used from any thread. Holds three daemon threads, two of which it shares with every
 * other user of XenStore in this JVM.
 */
public final class XenBackend implements Backend {

  /** A domain has 1,024 pages to share by default: enough for some sixty channels of this size. */
  private static final RingSizes DEFAULT_SIZES = RingSizes.both(32 * 1024);

  private static final Path DEVICES = Path.of("/dev/xen");

  /**
   * XenStore answers in less than a millisecond, or something is wrong. But the first call in a JVM
   * also loads classes and links native functions, which takes seconds where the processor is slow
   * or busy, and whoever is told then that there is no Xen looks for its peer elsewhere.
   */
  private static final Duration PATIENCE = Duration.ofSeconds(20);

  private final DomainId self;
  private final XenMemory memory;
  private final XenEvents events;
  private final XenRendezvous rendezvous;

  /** In the order in which they were opened; closed from the last. */
  private final Deque<Closeable> parts;

  private boolean closed;

  private XenBackend(
      DomainId self,
      XenMemory memory,
      XenEvents events,
      XenRendezvous rendezvous,
      Deque<Closeable> parts) {
    this.self = self;
    this.memory = memory;
    this.events = events;
    this.rendezvous = rendezvous;
    this.parts = parts;
  }

  /**
   * Opens the devices and XenStore, for the domain in which this runs. One of the two devices with
   * pages may be missing: a channel that needs it fails then, with what is said here of the others.
   *
   * @param deadline when to give up; only XenStore may take its time
   * @return a backend that holds threads and devices until it is closed
   * @throws dev.vchan.SystemRefusedException if this is no Xen domain, a device or XenStore cannot
   *     be used, or this module may not call native code; names which, and what to do
   * @throws IOException if the deadline expires, the thread is interrupted, or the system fails
   *     otherwise
   */
  public static XenBackend open(Deadline deadline) throws IOException {
    Deque<Closeable> parts = new ArrayDeque<>();
    try {
      XenMemory memory = XenMemory.open();
      parts.push(memory);
      XenStore store = XenStore.open(deadline);
      parts.push(store);
      DomainId self = XenRendezvous.ownDomain(store, deadline).orElse(DomainId.DOM0);
      XenRendezvous rendezvous = new XenRendezvous(store, self);
      XenEvents events = XenEvents.open(rendezvous);
      parts.push(events);
      // After the events, so that it is closed before them: what is advertised has a port.
      parts.push(rendezvous);
      return new XenBackend(self, memory, events, rendezvous, parts);
    } catch (IOException | RuntimeException | Error e) {
      try {
        Closing.all(parts);
      } catch (IOException suppressed) {
        e.addSuppressed(suppressed);
      }
      throw e;
    }
  }

  private interface Opening {
    Closeable open() throws IOException;
  }

  /**
   * What is missing here: everything that servers and clients need is opened and closed again.
   *
   * @param deadline when to give up on XenStore
   * @return a failure for each thing that cannot be used, which names it and says what to do; none
   *     if nothing is missing. A backend can be opened all the same if only servers or only clients
   *     miss something
   */
  public static List<IOException> problems(Deadline deadline) {
    return failures(
        XenMemory::openGntalloc,
        XenMemory::openGntdev,
        XenEvents::openEvtchn,
        () -> XenStore.open(deadline));
  }

  private static List<IOException> failures(Opening... needed) {
    List<IOException> failures = new ArrayList<>();
    for (Opening one : needed) {
      try {
        one.open().close();
      } catch (IOException e) {
        failures.add(e);
      }
    }
    return failures;
  }

  /**
   * Whether a backend can be opened here. Costs next to nothing where there is no Xen.
   *
   * @return whether there is no {@link #unavailabilityCause}
   */
  public static boolean isAvailable() {
    return Files.exists(DEVICES) && unavailabilityCause().isEmpty();
  }

  /**
   * Why no backend can be opened here.
   *
   * @return what {@link #open} would fail with, which says what to do; nothing if one can be opened
   */
  public static Optional<IOException> unavailabilityCause() {
    Deadline deadline = Deadline.after(PATIENCE);
    return failures(XenMemory::open, XenEvents::openEvtchn, () -> XenStore.open(deadline)).stream()
        .findFirst();
  }

  @Override
  public String name() {
    return "xen";
  }

  @Override
  public DomainId self() {
    return self;
  }

  @Override
  public Memory memory() {
    return memory;
  }

  @Override
  public Events events() {
    return events;
  }

  @Override
  public Rendezvous rendezvous() {
    return rendezvous;
  }

  @Override
  public RingSizes defaultSizes() {
    return DEFAULT_SIZES;
  }

  @Override
  public synchronized void close() throws IOException {
    if (!closed) {
      closed = true;
      Closing.all(parts);
    }
  }
}
