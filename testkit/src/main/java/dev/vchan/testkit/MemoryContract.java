// SPDX-License-Identifier: Apache-2.0
package dev.vchan.testkit;

import static dev.vchan.spi.Memory.PAGE_SIZE;
import static java.lang.foreign.ValueLayout.JAVA_BYTE;
import static java.lang.foreign.ValueLayout.JAVA_INT;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.vchan.DomainId;
import dev.vchan.spi.Backend;
import dev.vchan.spi.EventChannel;
import dev.vchan.spi.GrantRef;
import dev.vchan.spi.Memory.Access;
import dev.vchan.spi.Memory.Mapping;
import dev.vchan.spi.Memory.Region;
import dev.vchan.spi.Memory.Share;
import dev.vchan.spi.Memory.UnmapNotify;
import dev.vchan.spi.StaleAdvertisementException;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.lang.invoke.VarHandle;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.Callable;
import org.junit.jupiter.api.Test;

/** What shared memory does on every backend. */
@SuppressWarnings("try") // Closing at a moment of its choice is what many a test is about.
public abstract class MemoryContract extends BackendContract {

  private static final VarHandle INT = JAVA_INT.varHandle();
  private static final VarHandle BYTE = JAVA_BYTE.varHandle();

  /** Made by the subclass. */
  protected MemoryContract() {}

  @Test
  void sharedPagesAreZeroedThoughPagesBeforeThemWereNot() throws Exception {
    for (int round = 0; round < 3; round++) {
      try (Share share = share(3)) {
        MemorySegment pages = share.segment();
        assertThat(pages.byteSize()).isEqualTo(3 * PAGE_SIZE);
        assertThat(pages.address() % PAGE_SIZE).isZero();
        assertThat(pages.mismatch(MemorySegment.ofArray(new byte[3 * PAGE_SIZE]))).isEqualTo(-1);
        pages.fill((byte) 0x55);
      }
    }
  }

  @Test
  void everyPageHasAReferenceOfItsOwnOtherThanZero() throws Exception {
    try (Share one = share(4);
        Share two = share(4)) {
      assertThat(one.grants()).hasSize(4).doesNotHaveDuplicates();
      assertThat(one.grants()).doesNotContainAnyElementsOf(two.grants());
      assertThat(one.grants()).doesNotContain(new GrantRef(0));
    }
  }

  @Test
  void bothSidesSeeTheSameBytesInTheOrderOfTheReferences() throws Exception {
    try (Share share = share(4);
        Mapping map = map(share.grants(), Access.READ_WRITE)) {
      assertThat(map.segment().byteSize()).isEqualTo(4 * PAGE_SIZE);
      for (int page = 0; page < 4; page++) {
        share.segment().set(JAVA_INT, pageOffset(page), page + 1);
        assertThat(map.segment().get(JAVA_INT, pageOffset(page))).isEqualTo(page + 1);
        map.segment().set(JAVA_INT, pageOffset(page) + 4092, -page);
        assertThat(share.segment().get(JAVA_INT, pageOffset(page) + 4092)).isEqualTo(-page);
      }
    }
  }

  @Test
  void singlePagesOfAShareCanBeMapped() throws Exception {
    try (Share share = share(3)) {
      for (int page = 0; page < 3; page++) {
        share.segment().set(JAVA_INT, pageOffset(page), page + 1);
        try (Mapping map = map(List.of(share.grants().get(page)), Access.READ_WRITE)) {
          assertThat(map.segment().byteSize()).isEqualTo(PAGE_SIZE);
          assertThat(map.segment().get(JAVA_INT, 0)).isEqualTo(page + 1);
        }
      }
    }
  }

  @Test
  void referencesInAnotherOrderAreJoinedInThatOrderOrRefused() throws Exception {
    try (Share share = share(3)) {
      for (int page = 0; page < 3; page++) {
        share.segment().set(JAVA_INT, pageOffset(page), page);
      }
      List<GrantRef> scrambled =
          List.of(share.grants().get(2), share.grants().get(0), share.grants().get(1));
      try (Mapping map = map(scrambled, Access.READ_WRITE)) {
        assertThat(map.segment().get(JAVA_INT, 0)).isEqualTo(2);
        assertThat(map.segment().get(JAVA_INT, PAGE_SIZE)).isEqualTo(0);
        assertThat(map.segment().get(JAVA_INT, 2 * PAGE_SIZE)).isEqualTo(1);
      } catch (StaleAdvertisementException e) {
        assertThat(e).hasMessageContaining(share.grants().get(0).toString());
      }
    }
  }

  @Test
  void theLargestRingFitsInOneShare() throws Exception {
    try (Share share = share(256);
        Mapping map = map(share.grants(), Access.READ_ONLY)) {
      share.segment().set(JAVA_BYTE, (1 << 20) - 1, (byte) 7);
      assertThat(map.segment().get(JAVA_BYTE, (1 << 20) - 1)).isEqualTo((byte) 7);
    }
  }

  @Test
  void aReadOnlyMappingShowsChangesAndRefusesThem() throws Exception {
    try (Share share = share(1);
        Mapping map = map(share.grants(), Access.READ_ONLY)) {
      share.segment().set(JAVA_INT, 8, 42);
      assertThat(map.segment().get(JAVA_INT, 8)).isEqualTo(42);
      assertThat(map.segment().isReadOnly()).isTrue();
      assertThatThrownBy(() -> map.segment().set(JAVA_INT, 8, 1))
          .isInstanceOf(RuntimeException.class);
      assertThat(share.segment().get(JAVA_INT, 8)).isEqualTo(42);
    }
  }

  @Test
  void onlyTheNamedDomainMapsAndOnlyWhatWasGranted() throws Exception {
    try (Share share = share(2)) {
      List<GrantRef> grants = share.grants();
      assertRefused(stranger, SERVER, grants);
      assertRefused(client, STRANGER, grants);
      assertRefused(client, new DomainId(99), grants);
      assertRefused(client, SERVER, List.of(new GrantRef(0)));
      assertRefused(client, SERVER, List.of(new GrantRef(-1)));
      assertRefused(client, SERVER, List.of(grants.getFirst(), new GrantRef(0x7000_0000)));
      try (Share other = server.memory().share(STRANGER, 1, Optional.empty())) {
        assertRefused(client, SERVER, List.of(grants.getFirst(), other.grants().getFirst()));
      }
    }
  }

  private static void assertRefused(Backend who, DomainId peer, List<GrantRef> grants) {
    assertThatThrownBy(() -> who.memory().map(peer, grants, Access.READ_WRITE, Optional.empty()))
        .isInstanceOf(StaleAdvertisementException.class);
  }

  @Test
  void thePeersViewOutlivesTheOwnersClose() throws Exception {
    Share share = share(2);
    try (Mapping map = map(share.grants(), Access.READ_WRITE)) {
      share.segment().set(JAVA_INT, PAGE_SIZE, 42);
      share.close();
      assertThat(map.segment().get(JAVA_INT, PAGE_SIZE)).isEqualTo(42);
      map.segment().set(JAVA_INT, 0, 1);
      assertRefused(client, SERVER, share.grants());
    }
  }

  @Test
  void aClosedRegionYieldsOldPagesOrAnExceptionAndNothingElse() throws Exception {
    Share share = share(1);
    Mapping map = map(share.grants(), Access.READ_WRITE);
    MemorySegment shared = share.segment();
    MemorySegment mapped = map.segment();
    shared.set(JAVA_INT, 0, 42);
    map.close();
    share.close();
    try (Share next = share(1)) {
      next.segment().fill((byte) 0x55);
      for (MemorySegment old : List.of(shared, mapped)) {
        try {
          assertThat(old.get(JAVA_INT, 0)).isEqualTo(42);
        } catch (IllegalStateException e) {
          assertThat(e).isNotNull();
        }
      }
    }
    map.close();
    share.close();
  }

  @Test
  void intsAreUpdatedAtomicallyFromBothSides() throws Exception {
    int rounds = 20_000;
    try (Share share = share(1);
        Mapping map = map(share.grants(), Access.READ_WRITE)) {
      var other = Watchdog.start("adder", () -> add(map.segment(), rounds));
      add(share.segment(), rounds);
      other.get();
      assertThat((int) INT.getVolatile(share.segment(), 20L)).isEqualTo(2 * rounds);
    }
  }

  private static boolean add(MemorySegment page, int rounds) {
    for (int i = 0; i < rounds; i++) {
      int before;
      do {
        before = (int) INT.getAcquire(page, 20L);
      } while (!INT.compareAndSet(page, 20L, before, before + 1));
    }
    return true;
  }

  @Test
  void unmappingClearsTheByteAndThenSendsTheEvent() throws Exception {
    try (EventChannel listening = server.events().listen(CLIENT);
        EventChannel bound = client.events().connect(SERVER, listening.port());
        Share share = share(1)) {
      for (int round = 0; round < 50; round++) {
        Mapping map =
            client
                .memory()
                .map(SERVER, share.grants(), Access.READ_WRITE, Optional.of(clear(20, bound)));
        notified(map, 20, share.segment(), listening);
      }
    }
  }

  @Test
  void unsharingClearsTheByteAndThenSendsTheEvent() throws Exception {
    try (EventChannel listening = server.events().listen(CLIENT);
        EventChannel bound = client.events().connect(SERVER, listening.port())) {
      for (int round = 0; round < 50; round++) {
        Share share = server.memory().share(CLIENT, 1, Optional.of(clear(21, listening)));
        try (Mapping map = map(share.grants(), Access.READ_WRITE)) {
          notified(share, 21, map.segment(), bound);
        }
      }
    }
  }

  private static UnmapNotify clear(int offset, EventChannel channel) {
    return new UnmapNotify(offset, channel);
  }

  /** The survivor waits for the event; when it comes, the byte, and only that byte, is zero. */
  private static void notified(
      Region region, int offset, MemorySegment survivor, EventChannel events) throws Exception {
    survivor.asSlice(16, 8).fill((byte) 0x11);
    Callable<Byte> watch =
        () -> {
          byte before = (byte) BYTE.getAcquire(survivor, (long) offset);
          assertThat(before).isEqualTo((byte) 0x11);
          long seen = events.received();
          while ((byte) BYTE.getAcquire(survivor, (long) offset) != 0) {
            assertThat(events.await(seen, LONG_NANOS)).isTrue();
            seen = events.received();
          }
          return before;
        };
    var watcher = Watchdog.start("watcher", watch);
    watcher.untilAsleep();
    long seen = events.received();
    region.close();
    watcher.get();
    assertThat(events.await(seen, LONG_NANOS)).isTrue();
    survivor.set(JAVA_BYTE, offset, (byte) 0x11);
    assertThat(survivor.asSlice(16, 8).toArray(JAVA_BYTE)).containsOnly(0x11);
    region.close();
    assertThat(survivor.get(JAVA_BYTE, offset)).isEqualTo((byte) 0x11);
  }

  @Test
  void aDomainMapsItsOwnPages() throws Exception {
    try (Share share = server.memory().share(SERVER, 1, Optional.empty());
        Mapping map =
            server.memory().map(SERVER, share.grants(), Access.READ_WRITE, Optional.empty())) {
      share.segment().set(JAVA_INT, 0, 42);
      assertThat(map.segment().get(JAVA_INT, 0)).isEqualTo(42);
    }
  }

  private static long pageOffset(int page) {
    return (long) page * PAGE_SIZE;
  }

  private Share share(int pages) throws IOException {
    return server.memory().share(CLIENT, pages, Optional.empty());
  }

  private Mapping map(List<GrantRef> grants, Access access) throws IOException {
    return client.memory().map(SERVER, grants, access, Optional.empty());
  }
}
