// SPDX-License-Identifier: Apache-2.0
package dev.vchan.xen;

import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;
import static java.lang.foreign.ValueLayout.JAVA_SHORT;

import dev.vchan.DomainId;
import dev.vchan.spi.EventPort;
import dev.vchan.spi.GrantRef;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.List;

/**
 * What can be asked of Xen's devices, by number: xen/gntalloc.h, xen/gntdev.h and xen/evtchn.h of
 * Linux. No other file knows a number or the place of a field.
 */
final class Ioctl {

  // {@code _IOC(_IOC_NONE, letter, number, size)}: the size in the upper half.
  static final int ALLOC_GREF = 0x0018_4705;
  static final int DEALLOC_GREF = 0x0010_4706;
  static final int MAP_GRANT_REF = 0x0018_4700;
  static final int UNMAP_GRANT_REF = 0x0010_4701;

  /** The same for both devices that have pages. */
  static final int SET_UNMAP_NOTIFY = 0x0010_4707;

  static final int BIND_INTERDOMAIN = 0x0008_4501;
  static final int BIND_UNBOUND_PORT = 0x0004_4502;
  static final int UNBIND = 0x0004_4503;
  static final int NOTIFY = 0x0004_4504;
  static final int RESET = 0x0000_4505;

  // struct ioctl_gntalloc_alloc_gref, of which the kernel copies 24 bytes however few pages are
  // asked.
  static final int ALLOC_DOMAIN = 0;
  static final int ALLOC_FLAGS = 2;
  static final int ALLOC_COUNT = 4;
  static final int ALLOC_INDEX = 8;
  static final int ALLOC_REFS = 16;
  static final int ALLOC_MIN_BYTES = 24;
  static final short ALLOC_WRITABLE = 1;

  // struct ioctl_gntdev_map_grant_ref; then struct ioctl_gntdev_grant_ref for each page.
  static final int MAP_COUNT = 0;
  static final int MAP_INDEX = 8;
  static final int MAP_REFS = 16;
  static final int MAP_REF_BYTES = 8;
  static final int MAP_REF_DOMAIN = 0;
  static final int MAP_REF_REF = 4;

  // struct ioctl_gntalloc_dealloc_gref and struct ioctl_gntdev_unmap_grant_ref.
  static final int RELEASE_INDEX = 0;
  static final int RELEASE_COUNT = 8;
  static final int RELEASE_BYTES = 16;

  // struct ioctl_gntalloc_unmap_notify and struct ioctl_gntdev_unmap_notify.
  static final int NOTIFY_INDEX = 0;
  static final int NOTIFY_ACTION = 8;
  static final int NOTIFY_PORT = 12;
  static final int NOTIFY_BYTES = 16;
  static final int CLEAR_BYTE = 1;
  static final int SEND_EVENT = 2;

  private Ioctl() {}

  /**
   * Pages of a device, to be mapped at an offset.
   *
   * @param index that offset, in bytes
   * @param refs their references
   */
  record Pages(long index, List<GrantRef> refs) {
    int count() {
      return refs.size();
    }
  }

  /** Makes zeroed pages that one domain may map and write. They stay until they are released. */
  static Pages allocate(int gntalloc, DomainId peer, int count) throws SystemCallException {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment asked =
          arena.allocate(Math.max(ALLOC_MIN_BYTES, ALLOC_REFS + 4L * count), Long.BYTES);
      asked.set(JAVA_SHORT, ALLOC_DOMAIN, (short) peer.value());
      asked.set(JAVA_SHORT, ALLOC_FLAGS, ALLOC_WRITABLE);
      asked.set(JAVA_INT, ALLOC_COUNT, count);
      LibC.ioctl(gntalloc, ALLOC_GREF, asked);
      List<GrantRef> refs = new ArrayList<>(count);
      for (int i = 0; i < count; i++) {
        refs.add(new GrantRef(asked.get(JAVA_INT, ALLOC_REFS + 4L * i)));
      }
      return new Pages(asked.get(JAVA_LONG, ALLOC_INDEX), refs);
    }
  }

  /** Releases pages of ours; those that are mapped live on until they are not. */
  static void deallocate(int gntalloc, Pages pages) throws SystemCallException {
    release(gntalloc, DEALLOC_GREF, pages);
  }

  /** Reserves room for a peer's pages. Whether they can be had shows when they are mapped. */
  static Pages reserve(int gntdev, DomainId peer, List<GrantRef> refs) throws SystemCallException {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment asked =
          arena.allocate(MAP_REFS + (long) MAP_REF_BYTES * refs.size(), Long.BYTES);
      asked.set(JAVA_INT, MAP_COUNT, refs.size());
      long place = MAP_REFS;
      for (GrantRef ref : refs) {
        asked.set(JAVA_INT, place + MAP_REF_DOMAIN, peer.value());
        asked.set(JAVA_INT, place + MAP_REF_REF, ref.value());
        place += MAP_REF_BYTES;
      }
      LibC.ioctl(gntdev, MAP_GRANT_REF, asked);
      return new Pages(asked.get(JAVA_LONG, MAP_INDEX), List.copyOf(refs));
    }
  }

  /** Gives back the room for a peer's pages, which must be unmapped. */
  static void unreserve(int gntdev, Pages pages) throws SystemCallException {
    release(gntdev, UNMAP_GRANT_REF, pages);
  }

  private static void release(int device, int request, Pages pages) throws SystemCallException {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment asked = arena.allocate(RELEASE_BYTES, Long.BYTES);
      asked.set(JAVA_LONG, RELEASE_INDEX, pages.index());
      asked.set(JAVA_INT, RELEASE_COUNT, pages.count());
      LibC.ioctl(device, request, asked);
    }
  }

  /** Has a byte cleared, and then an event sent, when the first page is unmapped. */
  static void notifyUnmap(int device, Pages pages, int byteOffset, EventPort port)
      throws SystemCallException {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment asked = arena.allocate(NOTIFY_BYTES, Long.BYTES);
      asked.set(JAVA_LONG, NOTIFY_INDEX, pages.index() + byteOffset);
      asked.set(JAVA_INT, NOTIFY_ACTION, CLEAR_BYTE | SEND_EVENT);
      asked.set(JAVA_INT, NOTIFY_PORT, port.value());
      LibC.ioctl(device, SET_UNMAP_NOTIFY, asked);
    }
  }

  /** Makes a port to which one domain may bind. */
  static EventPort bindUnbound(int evtchn, DomainId peer) throws SystemCallException {
    return new EventPort(withInts(evtchn, BIND_UNBOUND_PORT, peer.value()));
  }

  /** Binds to a port that a domain made for this one; own end of it. */
  static EventPort bindInterdomain(int evtchn, DomainId peer, EventPort port)
      throws SystemCallException {
    return new EventPort(withInts(evtchn, BIND_INTERDOMAIN, peer.value(), port.value()));
  }

  static void unbind(int evtchn, EventPort port) throws SystemCallException {
    withInts(evtchn, UNBIND, port.value());
  }

  /** Sends an event; it is no failure if nobody is there. */
  static void send(int evtchn, EventPort port) throws SystemCallException {
    withInts(evtchn, NOTIFY, port.value());
  }

  /** Forgets the events that were not read, and that there were too many. */
  static void reset(int evtchn) throws SystemCallException {
    LibC.ioctl(evtchn, RESET, MemorySegment.NULL);
  }

  private static int withInts(int device, int request, int... values) throws SystemCallException {
    try (Arena arena = Arena.ofConfined()) {
      return LibC.ioctl(device, request, arena.allocateFrom(JAVA_INT, values));
    }
  }
}
