// SPDX-License-Identifier: Apache-2.0
package dev.vchan.stress;

import dev.vchan.Deadline;
import dev.vchan.DomainId;
import dev.vchan.RingSizes;
import dev.vchan.Vchan;
import dev.vchan.VchanListener;
import dev.vchan.VchanOptions;
import dev.vchan.inprocess.InProcessHost;
import dev.vchan.local.LocalBackend;
import dev.vchan.spi.Backend;
import dev.vchan.stress.VictimRecord.Phase;
import dev.vchan.testkit.Patterns;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Random;
import java.util.concurrent.locks.LockSupport;

/**
 * The process that is killed. Says {@code ready} when it has started, begins when told, and does
 * what its {@link KillPlan} says until it is no more.
 */
final class KillVictim {

  /** Round and number of the channel, at the start of every stream: two ints. */
  static final int HEAD = 8;

  private final boolean server;
  private final int round;
  private final KillPlan plan;
  private final VictimRecord record;
  private final Random random;
  private final VchanOptions options;

  private KillVictim(boolean server, int round, KillPlan plan, long seed, VictimRecord record) {
    this.server = server;
    this.round = round;
    this.plan = plan;
    this.record = record;
    this.random = new Random(seed ^ round);
    this.options = VchanOptions.DEFAULTS.withSizes(RingSizes.both(plan.ringSize()));
  }

  /**
   * Runs.
   *
   * @param args own role, {@code server} or {@code client}; directory of the backend; file of the
   *     record; seed; number of the round; how many rounds there are
   */
  public static void main(String[] args) throws Exception {
    boolean server = args[0].equals("server");
    long seed = Long.parseLong(args[3]);
    int round = Integer.parseInt(args[4]);
    boolean last = round == Integer.parseInt(args[5]);
    KillPlan plan = last ? KillPlan.last() : KillPlan.of(seed, round);
    VictimRecord record = new VictimRecord(Path.of(args[2]));
    KillVictim victim = new KillVictim(server, round, plan, seed, record);
    InProcessHost nearby = new InProcessHost();
    warmUp(nearby.domain(DomainId.DOM0), nearby.domain(KillRounds.CLIENT));
    System.out.println("ready");
    if (System.in.read() < 0) {
      return;
    }
    Thread.ofPlatform().daemon().start(KillVictim::dieWithParent);
    DomainId self = server ? DomainId.DOM0 : KillRounds.CLIENT;
    try (LocalBackend backend = LocalBackend.open(Path.of(args[1]), self)) {
      victim.live(
          new ObservedBackend(
              backend,
              new ObservedBackend.Observer() {
                @Override
                public void handshakeBegins() {
                  record.enter(Phase.HANDSHAKE);
                }

                @Override
                public void waitBegins() {
                  record.enter(Phase.CONNECTING);
                }
              }));
    }
  }

  private static void dieWithParent() {
    try {
      while (System.in.read() >= 0) {}
    } catch (IOException e) {
      System.err.println("standard input: " + e);
    }
    Runtime.getRuntime().halt(1);
  }

  /** Loads the classes, so that a round is made of what it is about. */
  static void warmUp(Backend server, Backend client) throws IOException {
    VchanOptions defaults = VchanOptions.DEFAULTS;
    try (VchanListener listener =
            VchanListener.open(server, KillRounds.CLIENT, KillRounds.PORT, defaults);
        Vchan there =
            Vchan.connect(client, DomainId.DOM0, KillRounds.PORT, defaults, Deadline.NEVER);
        Vchan here = listener.accept()) {
      there.write(new Patterns(1).next(HEAD));
      here.read(ByteBuffer.allocate(HEAD));
    }
  }

  private void live(Backend backend) throws IOException {
    record.enter(Phase.CONNECTING);
    if (!server) {
      do {
        record.enter(Phase.CONNECTING);
        serve(
            Vchan.connect(
                backend,
                DomainId.DOM0,
                KillRounds.PORT,
                options,
                Deadline.after(Duration.ofMinutes(1))));
      } while (plan.deed() == KillPlan.Deed.COME_AND_GO);
      return;
    }
    try (VchanListener listener =
        VchanListener.open(backend, KillRounds.CLIENT, KillRounds.PORT, options)) {
      do {
        record.enter(Phase.CONNECTING);
        serve(listener.accept());
      } while (plan.deed() == KillPlan.Deed.COME_AND_GO);
    }
  }

  private void serve(Vchan channel) throws IOException {
    record.nextChannel();
    ByteBuffer head = ByteBuffer.allocate(HEAD).putInt(round).putInt(record.channel()).flip();
    write(channel, head);
    Patterns stream = new Patterns(KillPlan.stream(round, record.channel()));
    switch (plan.deed()) {
      case IDLE -> idle(channel);
      case READ -> read(channel);
      case WRITE -> {
        for (; ; ) {
          write(channel, stream.next(1 + random.nextInt(3 * plan.ringSize() + 1000)));
        }
      }
      case COME_AND_GO, BEHAVE -> {
        int bytes = KillPlan.visit(round, record.channel());
        write(channel, stream.next(bytes / 2));
        write(channel, stream.next(bytes - bytes / 2));
        record.enter(Phase.CLOSING);
        channel.close();
      }
    }
  }

  private void write(Vchan channel, ByteBuffer bytes) throws IOException {
    record.intend(record.intended() + bytes.remaining());
    record.enter(Phase.WRITING);
    channel.write(bytes);
    record.returned();
    record.enter(Phase.IDLE);
  }

  private void read(Vchan channel) throws IOException {
    record.enter(Phase.READING);
    ByteBuffer buffer = ByteBuffer.allocate(plan.ringSize());
    while (channel.read(buffer) >= 0) {
      buffer.clear();
    }
    throw new IOException("the survivor has closed first");
  }

  private void idle(Vchan channel) throws IOException {
    record.enter(Phase.IDLE);
    while (channel.isOpen()) {
      LockSupport.parkNanos(this, 1_000_000_000);
    }
  }
}
