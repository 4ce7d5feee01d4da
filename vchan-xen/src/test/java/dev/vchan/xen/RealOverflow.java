// SPDX-License-Identifier: Apache-2.0
package dev.vchan.xen;

import static java.lang.foreign.ValueLayout.JAVA_INT;
import static org.assertj.core.api.Assertions.assertThat;

import dev.vchan.Deadline;
import dev.vchan.DomainId;
import dev.vchan.spi.EventChannel;
import dev.vchan.xen.xenstore.XenStore;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.reflect.Field;
import java.time.Duration;
import org.junit.jupiter.api.Test;

/**
 * Events that the real device has lost, for who is in dom0: builds do not find it. The device has
 * room for an event of every port, at least 64, and since a port is not enabled before it was read,
 * nothing is lost (Linux 4.5 and later, {@code evtchn_resize_ring}). What gets it all the same is a
 * port that is enabled too soon, or numbers of closed ports that are still unread.
 */
class RealOverflow {

  private static final Duration PATIENCE = Duration.ofSeconds(30);

  /** More than there is room for. */
  private static final int TOO_MANY = 300;

  @Test
  void portsWorkAgainAfterEventsWereLost() throws Exception {
    Deadline deadline = Deadline.after(PATIENCE);
    try (XenStore store = XenStore.open(deadline);
        XenEvents events = XenEvents.open(new XenRendezvous(store, DomainId.DOM0))) {
      EventChannel one = events.listen(DomainId.DOM0);
      EventChannel other = events.connect(DomainId.DOM0, one.port());
      arrives(one, other);
      long before = other.received();
      // A virtual thread does not read the device by itself.
      Thread waiter = Thread.ofVirtual().start(() -> other.await(before, PATIENCE.toNanos()));
      // The dispatcher waits with the first event until it may look for its port.
      synchronized (events) {
        one.send();
        awaitBlockedDispatcher(deadline);
        overflow(events, one, other);
      }
      waiter.join();
      assertThat(other.received()).isNotEqualTo(before);
      arrives(one, other);
      arrives(other, one);
      one.close();
      other.close();
    }
  }

  private static void awaitBlockedDispatcher(Deadline deadline) throws InterruptedException {
    while (Thread.getAllStackTraces().keySet().stream()
        .noneMatch(
            thread ->
                thread.getName().equals("vchan-xen-events")
                    && thread.getState() == Thread.State.BLOCKED)) {
      assertThat(deadline.remainingNanos()).isPositive();
      Thread.sleep(10);
    }
  }

  private static void arrives(EventChannel from, EventChannel to) throws IOException {
    while (to.await(to.received(), 200_000_000)) {
      // What was still under way is not what is waited for below.
    }
    long seen = to.received();
    from.send();
    assertThat(to.await(seen, PATIENCE.toNanos())).isTrue();
  }

  /** Enables the port after each event, although nobody has read it. */
  private static void overflow(XenEvents events, EventChannel from, EventChannel to)
      throws Exception {
    Field field = XenEvents.class.getDeclaredField("evtchn");
    field.setAccessible(true);
    int descriptor = ((Device) field.get(events)).descriptor();
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment port = arena.allocateFrom(JAVA_INT, to.port().value());
      for (int i = 0; i < TOO_MANY; i++) {
        from.send();
        LibC.write(descriptor, port);
      }
      MemorySegment unread = arena.allocate(JAVA_INT, 1);
      assertThat(errno(() -> LibC.read(descriptor, unread))).isEqualTo(SystemCallException.EFBIG);
    }
  }

  private interface Call {
    long make() throws SystemCallException;
  }

  private static int errno(Call call) {
    try {
      call.make();
      return 0;
    } catch (SystemCallException e) {
      return e.errno();
    }
  }
}
