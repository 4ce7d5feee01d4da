// SPDX-License-Identifier: Apache-2.0
package dev.vchan.xen;

import dev.vchan.DomainId;
import dev.vchan.SystemRefusedException;
import dev.vchan.spi.GrantRef;
import dev.vchan.spi.Memory;
import dev.vchan.spi.Parking;
import dev.vchan.spi.StaleAdvertisementException;
import java.io.Closeable;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/** Pages that domains grant each other: gntalloc makes own ones, gntdev maps a peer's. */
final class XenMemory implements Memory, Closeable {

  private static final int MAX_PAGES = 256;

  /** While the peer's page is on its way to or from its disk, mapping it has to be tried again. */
  private static final int MAP_ATTEMPTS = 20;

  private static final long MAP_PAUSE_NANOS = TimeUnit.MILLISECONDS.toNanos(5);

  private static final Path LIMIT = Path.of("/sys/module/xen_gntalloc/parameters/limit");

  private final Part gntalloc = new Part(XenMemory::openGntalloc);
  private final Part gntdev = new Part(XenMemory::openGntdev);

  private XenMemory() {}

  /** A device that only one side needs: whoever may not have it can still be the other side. */
  private static final class Part implements Closeable {

    private final Opening opening;

    /** Guarded by this object, as is the next. */
    private @Nullable Device device;

    private boolean closed;

    Part(Opening opening) {
      this.opening = opening;
    }

    /** Opens it unless it is open. */
    synchronized Device get() throws IOException {
      if (device == null) {
        if (closed) {
          throw new IOException("the backend is closed");
        }
        device = opening.open();
      }
      return device;
    }

    @Override
    public synchronized void close() throws IOException {
      closed = true;
      if (device != null) {
        device.close();
      }
    }

    synchronized boolean isClosed() {
      return closed;
    }
  }

  private interface Opening {
    Device open() throws IOException;
  }

  static Device openGntalloc() throws IOException {
    return Device.open("/dev/xen/gntalloc", "xen-gntalloc", true);
  }

  static Device openGntdev() throws IOException {
    return Device.open("/dev/xen/gntdev", "xen-gntdev", true);
  }

  /**
   * Opens what there is.
   *
   * @throws SystemRefusedException if that is nothing; what is missing for one side alone is told
   *     when it is needed, if it is then still missing
   */
  static XenMemory open() throws IOException {
    checkPageSize();
    XenMemory memory = new XenMemory();
    IOException noServer = problem(memory.gntalloc);
    IOException noClient = problem(memory.gntdev);
    if (noServer != null && noClient != null) {
      noServer.addSuppressed(noClient);
      throw noServer;
    }
    return memory;
  }

  private static @Nullable IOException problem(Part part) {
    try {
      part.get();
      return null;
    } catch (IOException e) {
      return e;
    }
  }

  /** The layout of the control page, and what both devices call a page, rest on it. */
  private static void checkPageSize() throws IOException {
    LibC.link();
    long bytes = LibC.pageSize();
    if (bytes != PAGE_SIZE) {
      throw new SystemRefusedException(
          "the kernel's pages",
          bytes + " bytes each, must be " + PAGE_SIZE,
          "use a kernel with pages of that size");
    }
  }

  @Override
  public Share share(DomainId peer, int pages, Optional<UnmapNotify> notify) throws IOException {
    if (pages < 1 || pages > MAX_PAGES) {
      throw new IllegalArgumentException("pages: " + pages + ", must be 1 to " + MAX_PAGES);
    }
    return gntalloc.get().use(device -> share(device, peer, pages, notify));
  }

  @SuppressWarnings("MustBeClosed") // The region closes it.
  private static Share share(int device, DomainId peer, int count, Optional<UnmapNotify> notify)
      throws IOException {
    Ioctl.Pages pages = allocate(device, peer, count);
    Arena arena = Arena.ofShared();
    try {
      MemorySegment mapped = LibC.map(device, pages.index(), bytes(pages), true, arena);
      // While the device still knows the pages by their index.
      announce(device, pages, notify);
      Ioctl.deallocate(device, pages);
      return new XenPages(mapped, arena, pages.refs(), () -> {});
    } catch (IOException | RuntimeException | Error e) {
      arena.close();
      try {
        Ioctl.deallocate(device, pages);
      } catch (SystemCallException suppressed) {
        e.addSuppressed(suppressed);
      }
      throw e;
    }
  }

  private static Ioctl.Pages allocate(int device, DomainId peer, int count) throws IOException {
    try {
      return Ioctl.allocate(device, peer, count);
    } catch (SystemCallException e) {
      throw switch (e.errno()) {
        case SystemCallException.ENOSPC -> noPages(e, count);
        case SystemCallException.ENOMEM ->
            refused("memory for shared pages", e, "close channels, or give the domain more memory");
        default -> e;
      };
    }
  }

  private static SystemRefusedException noPages(SystemCallException cause, int count) {
    SystemRefusedException refused =
        new SystemRefusedException(
            "pages of /dev/xen/gntalloc",
            "%s: %d more wanted, and all processes of this domain together share at most %s"
                .formatted(cause.getMessage(), count, limit()),
            "close channels, use smaller rings, or raise the limit in "
                + LIMIT
                + "; if it is not reached, Xen's table of grants is full (gnttab_max_frames)");
    refused.initCause(cause);
    return refused;
  }

  private static String limit() {
    try {
      return Files.readString(LIMIT).strip();
    } catch (IOException e) {
      return "1024 (by default)";
    }
  }

  @Override
  public Mapping map(
      DomainId peer, List<GrantRef> grants, Access access, Optional<UnmapNotify> notify)
      throws IOException {
    return gntdev.get().use(device -> map(device, peer, grants, access, notify));
  }

  @SuppressWarnings("MustBeClosed") // The region closes it.
  private Mapping map(
      int device, DomainId peer, List<GrantRef> grants, Access access, Optional<UnmapNotify> notify)
      throws IOException {
    Ioctl.Pages pages = reserve(device, peer, grants);
    Arena arena = Arena.ofShared();
    try {
      MemorySegment mapped = map(device, peer, pages, access == Access.READ_WRITE, arena);
      announce(device, pages, notify);
      return new XenPages(mapped, arena, pages.refs(), () -> unreserve(pages));
    } catch (IOException | RuntimeException | Error e) {
      arena.close();
      try {
        Ioctl.unreserve(device, pages);
      } catch (SystemCallException suppressed) {
        e.addSuppressed(suppressed);
      }
      throw e;
    }
  }

  private static Ioctl.Pages reserve(int device, DomainId peer, List<GrantRef> grants)
      throws IOException {
    try {
      return Ioctl.reserve(device, peer, grants);
    } catch (SystemCallException e) {
      throw e.errno() == SystemCallException.ENOMEM
          ? refused("grants that /dev/xen/gntdev maps", e, "close channels, or use smaller rings")
          : e;
    }
  }

  private static MemorySegment map(
      int device, DomainId peer, Ioctl.Pages pages, boolean writable, Arena arena)
      throws IOException {
    for (int attempt = 1; ; attempt++) {
      try {
        return LibC.map(device, pages.index(), bytes(pages), writable, arena);
      } catch (SystemCallException e) {
        if (e.errno() == SystemCallException.EINVAL) {
          // The hypervisor tells why in its own log only.
          throw new StaleAdvertisementException(
              "grants " + pages.refs() + " of domain " + peer + " cannot be mapped: not for us");
        }
        if (e.errno() != SystemCallException.EAGAIN || attempt == MAP_ATTEMPTS) {
          throw e;
        }
        Parking.park(pages, MAP_PAUSE_NANOS);
      }
    }
  }

  /** Once the device is closed it has given the room back by itself. */
  private void unreserve(Ioctl.Pages pages) throws IOException {
    if (!gntdev.isClosed()) {
      gntdev
          .get()
          .use(
              device -> {
                Ioctl.unreserve(device, pages);
                return pages;
              });
    }
  }

  private static void announce(int device, Ioctl.Pages pages, Optional<UnmapNotify> notify)
      throws IOException {
    if (notify.isPresent()) {
      UnmapNotify wanted = notify.get();
      Ioctl.notifyUnmap(device, pages, wanted.byteOffset(), wanted.channel().port());
    }
  }

  private static long bytes(Ioctl.Pages pages) {
    return (long) pages.count() * PAGE_SIZE;
  }

  private static SystemRefusedException refused(
      String resource, SystemCallException cause, String remedy) {
    SystemRefusedException refused =
        new SystemRefusedException(resource, String.valueOf(cause.getMessage()), remedy);
    refused.initCause(cause);
    return refused;
  }

  /** Pages that are mapped stay, until their regions are closed. */
  @Override
  public void close() throws IOException {
    try (gntalloc) {
      gntdev.close();
    }
  }
}
