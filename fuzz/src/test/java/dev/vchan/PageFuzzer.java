// SPDX-License-Identifier: Apache-2.0
package dev.vchan;

import static dev.vchan.WatchedChannel.check;

import dev.vchan.fuzz.Input;
import dev.vchan.inprocess.InProcessHost;
import dev.vchan.spi.Backend;
import dev.vchan.testkit.HostilePeer;
import dev.vchan.testkit.InterfacePage;
import dev.vchan.testkit.SeamAccess;
import dev.vchan.testkit.SeamHooks;
import dev.vchan.testkit.SeamPoint;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.Arrays;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * The peer owns the page, and changes it between calls and within them: a client joins whatever is
 * there, a server accepts whoever comes, and then either is used. Calls do not wait, so that all
 * happens in one thread, in the order the input says.
 */
public final class PageFuzzer {

  private static final DomainId VICTIM = DomainId.DOM0;
  private static final DomainId ATTACKER = new DomainId(1);
  private static final PortName PORT = new PortName("fuzz");
  private static final int MOST_STEPS = 64;

  /** The round that is played; accesses of its thread are watched. */
  private static @Nullable PageFuzzer playing;

  static {
    SeamHooks.observe(SeamPoint.before(), PageFuzzer::beforeAccess);
    SeamHooks.observe(SeamPoint.after("intAcquire"), PageFuzzer::afterLoad);
    SeamHooks.observe(SeamPoint.after("setIntRelease"), PageFuzzer::afterStore);
  }

  private final Input input;
  private final InProcessHost host = new InProcessHost();
  private final Backend own = host.domain(VICTIM);
  private final Backend theirs = host.domain(ATTACKER);
  private final int[] loadedIndices = new int[4];
  private @Nullable PageChanges changes;
  private @Nullable WatchedChannel channel;

  private PageFuzzer(Input input) {
    this.input = input;
  }

  /**
   * Plays one input.
   *
   * @param bytes the input
   * @throws Exception if anything happens that may not
   */
  public static void fuzzerTestOneInput(byte[] bytes) throws Exception {
    PageFuzzer round = new PageFuzzer(new Input(bytes));
    playing = round;
    try {
      round.play();
    } finally {
      playing = null;
    }
  }

  private static void beforeAccess(SeamAccess access) {
    PageFuzzer round = playing;
    if (round != null && round.changes != null) {
      round.changes.beforeAccess();
    }
  }

  private static void afterLoad(SeamAccess access) {
    PageFuzzer round = playing;
    if (round == null) {
      return;
    }
    if (round.channel != null) {
      round.channel.loaded(access);
    } else if (access.offset() < InterfacePage.LEFT_ORDER) {
      round.loadedIndices[(int) access.offset() / Integer.BYTES] = (int) access.value();
    }
  }

  private static void afterStore(SeamAccess access) {
    PageFuzzer round = playing;
    if (round != null && round.channel != null) {
      round.channel.stored(access);
    }
  }

  private void play() throws Exception {
    int how = input.u8();
    VchanOptions options =
        VchanOptions.DEFAULTS
            .withSizes(input.one(new RingSizes(1024, 2048), new RingSizes(2048, 4096)))
            .withWaitPolicy(WaitPolicy.sleepAtOnce());
    options = (how & 2) == 0 ? options : options.classic();
    options = (how & 4) == 0 ? options : options.acceptingOverlappingGrants();
    options = (how & 8) == 0 ? options : options.persisting();
    if ((how & 16) != 0) {
      host.hidePeers();
    }
    if ((how & 1) == 0) {
      joinAPage(options);
    } else {
      acceptAClient(options);
    }
    List<String> left = host.leftovers();
    check(left.isEmpty(), "left behind: " + left);
  }

  private void joinAPage(VchanOptions options) throws Exception {
    RendezvousPath path = RendezvousPath.of(ATTACKER, VICTIM, PORT);
    int left = input.one(10, 11, 12, 11, 13, 9, 10, 21);
    int right = input.one(11, 10, 12, 13, 11, 9, 10, 21);
    try (HostilePeer peer = HostilePeer.server(theirs, VICTIM, path, left, right)) {
      changes = new PageChanges(peer);
      if (input.choice(2) == 0) {
        peer.page().update8(peer.askByte(), 0, ControlPage.HALF_CLOSE);
      }
      byte[] rings = rings(peer);
      changePage(input.choice(6));
      peer.publish();
      try (Vchan joined = Vchan.connect(own, ATTACKER, path, options, now())) {
        // With other orders or grants its rings are not where this peer has them.
        if (Arrays.equals(rings, rings(peer))) {
          use(joined, peer);
        }
      } catch (VchanTimeoutException | ProtocolViolationException e) {
        // Nobody can be expected to join that.
        changes.end();
      }
    }
  }

  /** What the page says of where the rings are. */
  private static byte[] rings(HostilePeer peer) {
    MemorySegment page = peer.page().memory();
    byte[] orders = page.asSlice(InterfacePage.LEFT_ORDER, 4).toArray(ValueLayout.JAVA_BYTE);
    byte[] grants = page.asSlice(InterfacePage.GRANTS, 16).toArray(ValueLayout.JAVA_BYTE);
    return ByteBuffer.allocate(20).put(orders).put(grants).array();
  }

  private void acceptAClient(VchanOptions options) throws Exception {
    try (VchanListener listener = VchanListener.open(own, ATTACKER, PORT, options);
        HostilePeer peer = HostilePeer.client(theirs, VICTIM, listener.path())) {
      peer.lookUp(now()).bind().map();
      changes = new PageChanges(peer);
      changePage(input.choice(6));
      if (input.choice(4) > 0) {
        peer.enter();
      } else {
        peer.event();
      }
      changePage(input.choice(3));
      try (Vchan accepted = listener.accept(now())) {
        use(accepted, peer);
      } catch (VchanTimeoutException e) {
        // It was no client, or has been turned away.
        changes.end();
      }
    }
  }

  private static Deadline now() {
    return Deadline.after(Duration.ZERO);
  }

  private void changePage(int times) {
    for (int i = 0; i < times; i++) {
      if (input.choice(4) > 0) {
        changes.now(input);
      } else {
        changes.within(input);
      }
    }
  }

  private void use(Vchan connected, HostilePeer peer) throws Exception {
    channel = new WatchedChannel(connected, peer, changes, loadedIndices);
    try {
      for (int step = 0; step < MOST_STEPS && input.more(); step++) {
        if (input.choice(2) == 0) {
          attack(peer);
        } else {
          useOnce();
        }
      }
      channel.call(Vchan::close);
    } finally {
      channel = null;
    }
  }

  private void attack(HostilePeer peer) throws IOException {
    switch (input.choice(12)) {
      case 0, 1, 2, 3 -> changes.now(input);
      case 4, 5, 6 -> changes.within(input);
      case 7 -> peer.produce(input.some());
      case 8 -> peer.page().store32(peer.ownCons(), peer.page().load32(peer.victimProd()));
      case 9 -> peer.page().store8(peer.ownLive(), 0);
      case 10 -> host.destroy(ATTACKER);
      default -> host.kill(ATTACKER);
    }
  }

  private void useOnce() throws Exception {
    switch (input.choice(14)) {
      case 0, 1 -> channel.read(input.u16() % 5000, Vchan::tryRead);
      case 2 -> channel.read(input.u16() % 1024, (open, target) -> open.tryReceive(target));
      case 3, 4 -> channel.write(input.u16() % 5000, Vchan::tryWrite);
      case 5 -> channel.write(input.u8(), (open, source) -> open.trySend(source));
      case 6 -> channel.peek(input.u16());
      case 7 -> channel.reserve(input.u16());
      case 8 -> channel.call(open -> isWithin(open.dataReady(), open.incomingCapacity()));
      case 9 -> channel.call(open -> isWithin(open.bufferSpace(), open.outgoingCapacity()));
      case 10 -> channel.call(open -> open.awaitReadable(now()));
      case 11 -> channel.call(open -> open.awaitWritable(1 + input.u8(), now()));
      case 12 -> channel.shutOutput();
      default -> channel.call(open -> open.drain(now()));
    }
  }

  private static void isWithin(int bytes, int capacity) {
    check(bytes >= 0 && bytes <= capacity, bytes + " bytes of " + capacity);
  }
}
