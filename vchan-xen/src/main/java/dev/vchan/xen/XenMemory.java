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
import java.util.List;
import java.util.Optional;
import java.util.concurrent.TimeUnit;

/** Pages that domains grant each other: gntalloc makes own ones, gntdev maps a peer's. */
final class XenMemory implements Memory, Closeable {

  private static final int MAX_PAGES = 256;

  /** While the peer's page is on its way to or from its disk, mapping it has to be tried again. */
  private static final int MAP_ATTEMPTS = 20;

  private static final long MAP_PAUSE_NANOS = TimeUnit.MILLISECONDS.toNanos(5);

  private final Device gntalloc;
  private final Device gntdev;

  private XenMemory(Device gntalloc, Device gntdev) {
    this.gntalloc = gntalloc;
    this.gntdev = gntdev;
  }

  static Device openGntalloc() throws IOException {
    Device gntalloc = Device.open("/dev/xen/gntalloc", "xen-gntalloc", true);
    // The layout of the control page, and what both devices call a page, rest on it.
    long bytes = LibC.pageSize();
    if (bytes != PAGE_SIZE) {
      gntalloc.close();
      throw new SystemRefusedException(
          "the kernel's pages",
          bytes + " bytes each, must be " + PAGE_SIZE,
          "use a kernel with pages of that size");
    }
    return gntalloc;
  }

  static Device openGntdev() throws IOException {
    return Device.open("/dev/xen/gntdev", "xen-gntdev", true);
  }

  static XenMemory open() throws IOException {
    Device gntalloc = openGntalloc();
    try {
      return new XenMemory(gntalloc, openGntdev());
    } catch (IOException | RuntimeException | Error e) {
      try (gntalloc) {
        throw e;
      }
    }
  }

  @Override
  public Share share(DomainId peer, int pages, Optional<UnmapNotify> notify) throws IOException {
    if (pages < 1 || pages > MAX_PAGES) {
      throw new IllegalArgumentException("pages: " + pages + ", must be 1 to " + MAX_PAGES);
    }
    return gntalloc.use(device -> share(device, peer, pages, notify));
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
        case SystemCallException.ENOSPC ->
            refused(
                "pages of /dev/xen/gntalloc",
                e,
                count
                    + " more wanted: close channels, use smaller rings, or raise the limit of all"
                    + " processes together (1024 by default) in"
                    + " /sys/module/xen_gntalloc/parameters/limit");
        case SystemCallException.ENOMEM ->
            refused("memory for shared pages", e, "close channels, or give the domain more memory");
        default -> e;
      };
    }
  }

  @Override
  public Mapping map(
      DomainId peer, List<GrantRef> grants, Access access, Optional<UnmapNotify> notify)
      throws IOException {
    return gntdev.use(device -> map(device, peer, grants, access, notify));
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
      gntdev.use(
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
