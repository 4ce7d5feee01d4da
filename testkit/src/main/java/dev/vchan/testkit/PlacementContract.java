// SPDX-License-Identifier: Apache-2.0
package dev.vchan.testkit;

import static dev.vchan.spi.Memory.PAGE_SIZE;
import static dev.vchan.testkit.Ends.soon;
import static dev.vchan.testkit.InterfacePage.GRANTS;
import static dev.vchan.testkit.InterfacePage.LEFT_CONS;
import static dev.vchan.testkit.InterfacePage.LEFT_ORDER;
import static dev.vchan.testkit.InterfacePage.LEFT_PROD;
import static dev.vchan.testkit.InterfacePage.RIGHT_CONS;
import static dev.vchan.testkit.InterfacePage.RIGHT_ORDER;
import static dev.vchan.testkit.InterfacePage.RIGHT_PROD;
import static java.lang.foreign.ValueLayout.JAVA_BYTE;
import static java.lang.foreign.ValueLayout.JAVA_INT;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.vchan.Deadline;
import dev.vchan.PortName;
import dev.vchan.RendezvousPath;
import dev.vchan.RingSizes;
import dev.vchan.Vchan;
import dev.vchan.VchanListener;
import dev.vchan.VchanOptions;
import dev.vchan.VchanTimeoutException;
import dev.vchan.spi.GrantRef;
import dev.vchan.spi.Memory.Access;
import dev.vchan.spi.Memory.Mapping;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;

/**
 * Sizes, orders and grants on every backend: where the rings are, and that every byte is usable.
 */
public abstract class PlacementContract extends BackendContract {

  private static final PortName PORT = new PortName("placement");
  private static final RendezvousPath PATH = RendezvousPath.of(SERVER, CLIENT, PORT);
  private static final VchanOptions DEFAULTS = VchanOptions.DEFAULTS;
  private static final Deadline NOW = Deadline.after(Duration.ZERO);

  /** Made by the subclass. */
  protected PlacementContract() {}

  private static VchanOptions sized(int readBytes, int writeBytes) {
    return DEFAULTS.withSizes(new RingSizes(readBytes, writeBytes));
  }

  @Test
  @Case("T21")
  void ocamlVchansSizesConnectAndClose() throws Exception {
    int[][] sizes = {{1024, 1024}, {1024, 2048}, {2048, 2048}, {4096, 4096}};
    for (int[] pair : sizes) {
      for (int less = 0; less <= 1; less++) {
        connectAndClose(pair[0] - less, pair[1] - less);
        connectAndClose(pair[1] - less, pair[0] - less);
      }
    }
  }

  private void connectAndClose(int readBytes, int writeBytes) throws IOException {
    try (Ends ends = Ends.open(server, client, sized(readBytes, writeBytes), DEFAULTS)) {
      assertThat(ends.server().incomingCapacity()).isGreaterThanOrEqualTo(readBytes);
      assertThat(ends.server().outgoingCapacity()).isGreaterThanOrEqualTo(writeBytes);
      assertThat(ends.client().outgoingCapacity()).isEqualTo(ends.server().incomingCapacity());
      assertThat(ends.client().incomingCapacity()).isEqualTo(ends.server().outgoingCapacity());
    }
  }

  @Test
  @Case("T22")
  void ordersAreThoseOfLibxenvchanOnBothSidesOfEveryBoundary() throws Exception {
    List<Integer> sizes = new ArrayList<>(List.of(0, 1, 1023, 1024, 1025, 2047, 2048, 2049));
    for (int order = 12; order < 20; order++) {
      sizes.add((1 << order) - 1);
      sizes.add(1 << order);
      sizes.add((1 << order) + 1);
    }
    sizes.add((1 << 20) - 1);
    sizes.add(1 << 20);
    for (int left : sizes) {
      // Each class of the left side meets each boundary of the right one, and the other way round.
      for (int right : new int[] {0, 1024, 1025, 2048, 2049, 4096, 4097, 70_000, 1 << 20}) {
        assertOrders(left, right);
        assertOrders(right, left);
      }
    }
  }

  private void assertOrders(int readBytes, int writeBytes) throws IOException {
    TracingBackend traced = new TracingBackend(server, new Trace());
    try (VchanListener listener =
        VchanListener.open(traced, CLIENT, PORT, sized(readBytes, writeBytes))) {
      assertThat(listener.isOpen()).isTrue();
      MemorySegment page = traced.pages().getFirst();
      assertThat(List.of(page.get(JAVA_BYTE, LEFT_ORDER), page.get(JAVA_BYTE, RIGHT_ORDER)))
          .as("orders for %d to read and %d to write", readBytes, writeBytes)
          .isEqualTo(libxenvchansOrders(readBytes, writeBytes));
    }
  }

  /** The table of classes: up to 1024 bytes, up to 2048, and more. */
  private static List<Byte> libxenvchansOrders(int left, int right) {
    if (left > 2048 && right > 2048) {
      return orders(ownPages(left), ownPages(right));
    }
    if (left > 2048) {
      return orders(ownPages(left), 11);
    }
    if (right > 2048) {
      return orders(11, ownPages(right));
    }
    if (left <= 1024) {
      return orders(10, 11);
    }
    return right <= 1024 ? orders(11, 10) : orders(11, 12);
  }

  private static int ownPages(int bytes) {
    return Math.max(12, Integer.SIZE - Integer.numberOfLeadingZeros(bytes - 1));
  }

  private static List<Byte> orders(int left, int right) {
    return List.of((byte) left, (byte) right);
  }

  @Test
  @Case("T23")
  void sizesOutOfRangeAreRefused() {
    for (int bytes : new int[] {(1 << 20) + 1, -1, Integer.MAX_VALUE, Integer.MIN_VALUE}) {
      assertThatThrownBy(() -> new RingSizes(bytes, 1))
          .isInstanceOf(IllegalArgumentException.class)
          .hasMessageContaining(Integer.toString(bytes));
      assertThatThrownBy(() -> new RingSizes(1, bytes))
          .isInstanceOf(IllegalArgumentException.class);
    }
  }

  @Test
  @Case("T24")
  void aClientUsesEveryByteOfBothRingsInAll117LegalPlacements() throws Exception {
    int legal = 0;
    for (int left = 10; left <= 20; left++) {
      for (int right = 10; right <= 20; right++) {
        if (isLegal(left, right)) {
          legal++;
          fillBothRings(left, right, legal);
        }
      }
    }
    assertThat(legal).isEqualTo(117);
  }

  private static boolean isLegal(int left, int right) {
    boolean overlap = left == right && left < 12;
    boolean longList = Math.min(left, right) == 10 && Math.max(left, right) == 20;
    return !overlap && !longList;
  }

  /**
   * Both rings are filled to the last byte at once, from indices that wrap around both the ring and
   * the number range.
   */
  private void fillBothRings(int leftOrder, int rightOrder, int seed) throws IOException {
    int leftSize = 1 << leftOrder;
    int rightSize = 1 << rightOrder;
    int leftStart = -333;
    int rightStart = -777;
    try (HostilePeer raw = HostilePeer.server(server, CLIENT, PATH, leftOrder, rightOrder)) {
      raw.page().store32(LEFT_CONS, leftStart);
      raw.page().store32(LEFT_PROD, leftStart);
      raw.page().store32(RIGHT_CONS, rightStart);
      raw.page().store32(RIGHT_PROD, rightStart);
      raw.publish();
      try (Vchan connected = Vchan.connect(client, SERVER, PORT, DEFAULTS, soon())) {
        assertThat(connected.outgoingCapacity()).isEqualTo(leftSize);
        assertThat(connected.incomingCapacity()).isEqualTo(rightSize);
        assertThat(connected.write(new Patterns(seed).next(leftSize), soon())).isEqualTo(leftSize);
        copyIn(new Patterns(-seed).next(rightSize), raw.ringIntoVictim(), rightStart);
        raw.page().store32(RIGHT_PROD, rightStart + rightSize);

        ByteBuffer got = ByteBuffer.allocate(rightSize);
        assertThat(connected.receive(got, soon())).isEqualTo(rightSize);
        new Patterns(-seed).check(got.flip());
        assertThat(raw.page().load32(RIGHT_CONS)).isEqualTo(rightStart + rightSize);
        assertThat(raw.page().load32(LEFT_PROD)).isEqualTo(leftStart + leftSize);
        new Patterns(seed).check(copyOut(raw.ringFromVictim(), leftStart));
      }
    }
  }

  private static void copyIn(ByteBuffer bytes, MemorySegment ring, int index) {
    MemorySegment source = MemorySegment.ofBuffer(bytes);
    long offset = Integer.toUnsignedLong(index) % ring.byteSize();
    long first = ring.byteSize() - offset;
    MemorySegment.copy(source, 0, ring, offset, first);
    MemorySegment.copy(source, first, ring, 0, offset);
  }

  private static ByteBuffer copyOut(MemorySegment ring, int index) {
    ByteBuffer bytes = ByteBuffer.allocate((int) ring.byteSize());
    MemorySegment target = MemorySegment.ofBuffer(bytes);
    long offset = Integer.toUnsignedLong(index) % ring.byteSize();
    long first = ring.byteSize() - offset;
    MemorySegment.copy(ring, offset, target, 0, first);
    MemorySegment.copy(ring, 0, target, first, offset);
    return bytes;
  }

  @Test
  @Case("T25")
  void aClientRefusesTheFourIllegalPlacements() throws Exception {
    VchanOptions lenient = DEFAULTS.acceptingOverlappingGrants();
    for (int order : new int[] {10, 11}) {
      assertRefused(order, order, DEFAULTS);
      assertRefused(order, order, lenient);
    }
    for (int[] orders : new int[][] {{10, 20}, {20, 10}}) {
      assertRefused(orders[0], orders[1], DEFAULTS);
      try (HostilePeer raw = HostilePeer.server(server, CLIENT, PATH, orders[0], orders[1])) {
        raw.publish();
        Vchan.connect(client, SERVER, PORT, lenient, soon()).close();
      }
    }
  }

  private void assertRefused(int leftOrder, int rightOrder, VchanOptions options)
      throws IOException {
    try (HostilePeer raw = HostilePeer.server(server, CLIENT, PATH, leftOrder, rightOrder)) {
      raw.publish();
      assertThatThrownBy(() -> Vchan.connect(client, SERVER, PORT, options, NOW))
          .isInstanceOf(VchanTimeoutException.class)
          .hasMessageContaining("ring orders");
    }
  }

  @Test
  @Case("T26")
  void grantsAreListedLeftRingFirstPageByPage() throws Exception {
    TracingBackend traced = new TracingBackend(server, new Trace());
    int left = 4 * PAGE_SIZE;
    int right = 2 * PAGE_SIZE;
    try (Ends ends = Ends.open(traced, client, sized(left, right), DEFAULTS)) {
      ends.client().write(new Patterns(1).next(left), soon());
      ends.server().write(new Patterns(2).next(right), soon());
      Patterns expected = new Patterns(1);
      for (int i = 0; i < 6; i++) {
        if (i == 4) {
          expected = new Patterns(2);
        }
        int grant = traced.pages().getFirst().get(JAVA_INT, GRANTS + 4L * i);
        try (Mapping page =
            client
                .memory()
                .map(SERVER, List.of(new GrantRef(grant)), Access.READ_ONLY, Optional.empty())) {
          expected.check(page.segment().asByteBuffer());
        }
      }
    }
  }

  @Test
  @Case("T27")
  void theLargestRingsHave512ReferencesAndCarryAMegabyteEachWay() throws Exception {
    TracingBackend traced = new TracingBackend(server, new Trace());
    int size = 1 << 20;
    try (Ends ends = Ends.open(traced, client, sized(size, size), DEFAULTS)) {
      MemorySegment page = traced.pages().getFirst();
      for (int i = 0; i < 512; i++) {
        assertThat(page.get(JAVA_INT, GRANTS + 4L * i)).isNotZero();
      }
      assertThat(page.asSlice(2072).toArray(JAVA_BYTE)).containsOnly(0);
      ends.client().write(new Patterns(1).next(size), soon());
      ends.server().write(new Patterns(2).next(size), soon());
      receive(ends.server(), new Patterns(1), size);
      receive(ends.client(), new Patterns(2), size);
    }
  }

  @Test
  @Case("T28")
  void theLastByteOfTheLastPageIsWrittenAndRead() throws Exception {
    TracingBackend traced = new TracingBackend(server, new Trace());
    try (Ends ends = Ends.open(traced, client, sized(PAGE_SIZE, PAGE_SIZE), DEFAULTS)) {
      ends.client().write(new Patterns(1).next(PAGE_SIZE), soon());
      byte last = new Patterns(1).next(PAGE_SIZE).get(PAGE_SIZE - 1);
      assertThat(last).isNotZero();
      assertThat(traced.pages().get(1).get(JAVA_BYTE, PAGE_SIZE - 1)).isEqualTo(last);
      receive(ends.server(), new Patterns(1), PAGE_SIZE);
      traced.pages().get(2).set(JAVA_BYTE, PAGE_SIZE - 1, (byte) 99);
      ends.server().write(new Patterns(2).next(PAGE_SIZE), soon());
      receive(ends.client(), new Patterns(2), PAGE_SIZE);
    }
  }

  private static void receive(Vchan from, Patterns expected, int bytes) throws IOException {
    ByteBuffer got = ByteBuffer.allocate(bytes);
    assertThat(from.receive(got, soon())).isEqualTo(bytes);
    expected.check(got.flip());
  }
}
