// SPDX-License-Identifier: Apache-2.0
package dev.vchan.testkit;

import static org.assertj.core.api.Assertions.assertThat;

import dev.vchan.Deadline;
import dev.vchan.DomainId;
import dev.vchan.PortName;
import dev.vchan.Vchan;
import dev.vchan.VchanException;
import dev.vchan.VchanListener;
import dev.vchan.VchanOptions;
import dev.vchan.inprocess.InProcessHost;
import dev.vchan.testkit.Duel.Role;
import dev.vchan.testkit.Watchdog.Task;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteBuffer;
import java.nio.channels.ClosedChannelException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.concurrent.atomic.AtomicBoolean;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** One channel's pages are scribbled over at full speed; the others of this JVM do not notice. */
class VandalTest {

  private static final long SECONDS = 5;

  private final AtomicBoolean stop = new AtomicBoolean();

  @ParameterizedTest
  @EnumSource(Role.class)
  @Case("A14")
  @Case("A37")
  void aVandalHarmsItsOwnChannelOnly(Role role) throws Exception {
    long seed = new Random().nextLong();
    System.out.println("seed " + seed);
    List<Task<Long>> innocent = new ArrayList<>();
    innocent.add(Duel.start(() -> carry(new Random(seed))));
    innocent.add(Duel.start(() -> carry(new Random(~seed))));
    Task<Long> attacked = Duel.start(() -> suffer(role, new Random(seed)));
    Watchdog.Task<Void> clock =
        Duel.start(
            () -> {
              Thread.sleep(Duration.ofSeconds(SECONDS));
              return null;
            });
    try {
      clock.get();
    } finally {
      stop.set(true);
    }
    long failures = attacked.get();
    long carried = innocent.get(0).get() + innocent.get(1).get();
    System.out.println(failures + " channels ruined, " + carried + " innocent bytes carried");
    assertThat(failures).isPositive();
    assertThat(carried).isPositive();
  }

  /** Uses channels as their vandal ruins one after the other; whatever they throw must be typed. */
  private long suffer(Role role, Random random) throws Exception {
    long ruined = 0;
    while (!stop.get()) {
      try (Duel duel = Duel.begin(role)) {
        AtomicBoolean over = new AtomicBoolean();
        long seed = random.nextLong();
        Task<Void> vandal = Duel.start(() -> scribble(duel.peer, new Random(seed), over));
        List<Task<Void>> users = new ArrayList<>();
        users.add(Duel.start(() -> use(() -> read(duel.victim))));
        users.add(Duel.start(() -> use(() -> write(duel.victim))));
        for (Task<Void> user : users) {
          user.get();
        }
        over.set(true);
        vandal.get();
        ruined++;
      }
    }
    return ruined;
  }

  private static Void scribble(HostilePeer peer, Random random, AtomicBoolean over)
      throws Exception {
    MemorySegment ring = peer.ringIntoVictim();
    while (!over.get()) {
      switch (random.nextInt(8)) {
        case 0 -> peer.page().store8(random.nextInt(24), random.nextInt());
        case 1 -> peer.page().store32(4 * random.nextInt(6), random.nextInt());
        case 2 -> peer.page().store32(peer.ownProd(), random.nextInt(4096));
        case 3 -> peer.page().store32(peer.ownCons(), random.nextInt(4096));
        case 4 -> ring.set(ValueLayout.JAVA_BYTE, random.nextLong(ring.byteSize()), (byte) 1);
        default -> peer.event();
      }
    }
    return null;
  }

  private static Void read(Vchan victim) throws Exception {
    ByteBuffer buffer = ByteBuffer.allocate(3000);
    int bytes;
    do {
      bytes = victim.read(buffer.clear(), Duel.millis(50));
      assertThat(bytes).isBetween(-1, victim.incomingCapacity());
      assertThat(victim.dataReady()).isBetween(0, victim.incomingCapacity());
    } while (bytes >= 0);
    return null;
  }

  private static Void write(Vchan victim) throws Exception {
    ByteBuffer buffer = ByteBuffer.allocate(3000);
    for (; ; ) {
      victim.write(buffer.clear(), Duel.millis(50));
      assertThat(victim.bufferSpace()).isBetween(0, victim.outgoingCapacity());
    }
  }

  /** Until the channel has failed, or a deadline shows that the vandal has put it to sleep. */
  private static Void use(java.util.concurrent.Callable<Void> user) throws Exception {
    try {
      return user.call();
    } catch (VchanException | ClosedChannelException e) {
      return null;
    }
  }

  /** Carries checked bytes over an honest channel, until told to stop. */
  private long carry(Random random) throws Exception {
    InProcessHost host = new InProcessHost();
    PortName port = new PortName("innocent");
    DomainId client = new DomainId(1);
    long seed = random.nextLong();
    long carried;
    try (VchanListener listener =
            VchanListener.open(host.domain(DomainId.DOM0), client, port, VchanOptions.DEFAULTS);
        Vchan writer =
            Vchan.connect(
                host.domain(client), DomainId.DOM0, port, VchanOptions.DEFAULTS, Duel.soon());
        Vchan reader = listener.accept(Duel.soon())) {
      Task<Void> source = Duel.start(() -> send(writer, new Random(seed)));
      carried = check(reader, new Random(seed));
      source.get();
    }
    assertThat(host.leftovers()).isEmpty();
    return carried;
  }

  private Void send(Vchan writer, Random random) throws Exception {
    byte[] block = new byte[10_000];
    while (!stop.get()) {
      random.nextBytes(block);
      writer.write(ByteBuffer.wrap(block), Deadline.after(Duration.ofSeconds(30)));
    }
    writer.shutdownOutput();
    return null;
  }

  private static long check(Vchan reader, Random random) throws Exception {
    byte[] expected = new byte[10_000];
    long carried = 0;
    for (; ; ) {
      byte[] block = reader.inputStream().readNBytes(expected.length);
      if (block.length == 0) {
        return carried;
      }
      random.nextBytes(expected);
      assertThat(block).isEqualTo(expected);
      carried += block.length;
    }
  }
}
