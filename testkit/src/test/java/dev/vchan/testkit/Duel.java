// SPDX-License-Identifier: Apache-2.0
package dev.vchan.testkit;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.catchThrowable;

import dev.vchan.Deadline;
import dev.vchan.DomainId;
import dev.vchan.PortName;
import dev.vchan.ProtocolViolationException;
import dev.vchan.RendezvousPath;
import dev.vchan.RingSizes;
import dev.vchan.Vchan;
import dev.vchan.VchanListener;
import dev.vchan.VchanOptions;
import dev.vchan.VchanState;
import dev.vchan.WaitPolicy;
import dev.vchan.inprocess.InProcessHost;
import dev.vchan.spi.Backend;
import dev.vchan.testkit.Watchdog.Task;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.Callable;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;

/** A channel of ours, on a machine of its own, and the attacker on its other end. */
final class Duel implements AutoCloseable {

  /** Which side we are. */
  enum Role {
    SERVER,
    CLIENT
  }

  static final DomainId VICTIM = DomainId.DOM0;
  static final DomainId ATTACKER = new DomainId(1);
  static final PortName PORT = new PortName("duel");
  static final VchanOptions OPTIONS =
      VchanOptions.DEFAULTS
          .withSizes(new RingSizes(1024, 2048))
          .withWaitPolicy(WaitPolicy.sleepAtOnce());

  /** The extension's bit for "I understand half-close", in the byte where its owner asks. */
  private static final int HALF_CLOSE = 0x80;

  /** Long enough for whatever is going to happen at all. */
  private static final long WATCHDOG_SECONDS = 30;

  final InProcessHost host;
  final Vchan victim;
  final HostilePeer peer;

  private Duel(InProcessHost host, Vchan victim, HostilePeer peer) {
    this.host = host;
    this.victim = victim;
    this.peer = peer;
  }

  /** The peer's rings are the smallest there are: 1024 bytes from client to server, 2048 back. */
  static Duel begin(Role role) throws IOException {
    return begin(role, OPTIONS);
  }

  static Duel begin(Role role, VchanOptions options) throws IOException {
    InProcessHost host = new InProcessHost();
    return role == Role.SERVER ? serverOfOurs(host, options) : clientOfOurs(host, options);
  }

  /** With a peer that understands half-close. */
  static Duel beginHalfClosing(Role role) throws IOException {
    InProcessHost host = new InProcessHost();
    if (role == Role.CLIENT) {
      HostilePeer peer =
          HostilePeer.server(host.domain(ATTACKER), VICTIM, pathOfAttacker(), 10, 11);
      peer.page().update8(peer.askByte(), 0, HALF_CLOSE);
      return clientOf(host, peer, OPTIONS);
    }
    try (VchanListener listener =
        VchanListener.open(host.domain(VICTIM), ATTACKER, PORT, OPTIONS)) {
      HostilePeer peer = HostilePeer.client(host.domain(ATTACKER), VICTIM, listener.path());
      peer.lookUp(soon()).bind().map();
      peer.page().update8(peer.askByte(), 0, HALF_CLOSE | InterfacePage.NOTIFY_WRITE);
      peer.page().store8(peer.ownLive(), 1);
      peer.event();
      Duel duel = new Duel(host, listener.accept(soon()), peer);
      peer.newEvents();
      return duel;
    }
  }

  private static Duel serverOfOurs(InProcessHost host, VchanOptions options) throws IOException {
    try (VchanListener listener =
        VchanListener.open(host.domain(VICTIM), ATTACKER, PORT, options)) {
      HostilePeer peer = HostilePeer.client(host.domain(ATTACKER), VICTIM, listener.path());
      peer.lookUp(soon()).bind().map().enter();
      Duel duel = new Duel(host, listener.accept(soon()), peer);
      peer.newEvents();
      return duel;
    }
  }

  private static Duel clientOfOurs(InProcessHost host, VchanOptions options) throws IOException {
    return clientOf(
        host, HostilePeer.server(host.domain(ATTACKER), VICTIM, pathOfAttacker(), 10, 11), options);
  }

  /** Us as a client of a page whose right indices stand at {@code start}. */
  static Duel clientFrom(int start) throws IOException {
    InProcessHost host = new InProcessHost();
    HostilePeer peer = HostilePeer.server(host.domain(ATTACKER), VICTIM, pathOfAttacker(), 10, 11);
    peer.page().store32(peer.ownProd(), start);
    peer.page().store32(peer.victimCons(), start);
    return clientOf(host, peer, OPTIONS);
  }

  private static Duel clientOf(InProcessHost host, HostilePeer peer, VchanOptions options)
      throws IOException {
    peer.publish();
    Vchan victim = Vchan.connect(host.domain(VICTIM), ATTACKER, pathOfAttacker(), options, soon());
    peer.withdraw();
    peer.newEvents();
    return new Duel(host, victim, peer);
  }

  /** Where the attacker advertises when we are the client. */
  static RendezvousPath pathOfAttacker() {
    return RendezvousPath.of(ATTACKER, VICTIM, PORT);
  }

  static Deadline soon() {
    return Deadline.after(Duration.ofSeconds(WATCHDOG_SECONDS));
  }

  static Deadline millis(long millis) {
    return Deadline.after(Duration.ofMillis(millis));
  }

  Backend ours() {
    return host.domain(VICTIM);
  }

  Backend theirs() {
    return host.domain(ATTACKER);
  }

  /** Reads once what is there now. */
  byte[] readAvailable() throws IOException {
    ByteBuffer buffer = ByteBuffer.allocate(victim.incomingCapacity());
    victim.tryRead(buffer);
    byte[] bytes = new byte[buffer.flip().remaining()];
    buffer.get(bytes);
    return bytes;
  }

  int index(int offset) {
    return peer.page().load32(offset);
  }

  void setIndex(int offset, int value) {
    peer.page().store32(offset, value);
  }

  /**
   * What the catalogue calls V: the call fails as a violation, and so does every later one with the
   * very same exception; own live byte is 0; the peer got one event.
   */
  ProtocolViolationException assertViolates(ThrowingCallable call) throws IOException {
    peer.newEvents();
    Throwable thrown = catchThrowable(call);
    assertThat(thrown).isInstanceOf(ProtocolViolationException.class);
    ProtocolViolationException violation = (ProtocolViolationException) thrown;
    assertFailed(violation);
    assertThat(peer.newEvents()).isEqualTo(1);
    return violation;
  }

  /** Every call meets the same violation, and the page says that this side is gone. */
  void assertFailed(ProtocolViolationException violation) {
    ByteBuffer buffer = ByteBuffer.allocate(8);
    List<ThrowingCallable> calls =
        List.of(
            () -> victim.read(buffer.clear()),
            () -> victim.tryRead(buffer.clear()),
            () -> victim.read(new ByteBuffer[] {buffer.clear()}),
            () -> victim.receive(buffer.clear(), soon()),
            () -> victim.tryReceive(buffer.clear()),
            () -> victim.peek(soon()),
            () -> victim.awaitReadable(soon()),
            () -> victim.write(buffer.clear()),
            () -> victim.tryWrite(buffer.clear()),
            () -> victim.write(new ByteBuffer[] {buffer.clear()}),
            () -> victim.send(buffer.clear(), soon()),
            () -> victim.trySend(buffer.clear()),
            () -> victim.reserve(soon()),
            () -> victim.awaitWritable(1, soon()),
            () -> victim.drain(soon()),
            () -> victim.read(ByteBuffer.allocate(0)),
            () -> victim.write(ByteBuffer.allocate(0)),
            victim::dataReady,
            victim::bufferSpace,
            victim::shutdownInput,
            victim::shutdownOutput);
    assertThat(calls).allSatisfy(call -> assertThatThrownBy(call).isSameAs(violation));
    assertThat(victim.state()).isEqualTo(VchanState.FAILED);
    assertThat(victim.isOpen()).isTrue();
    assertThat(peer.page().load8(peer.victimLive())).isZero();
  }

  /** Runs a call in a thread of its own. */
  static <T> Task<T> start(Callable<T> call) {
    return Watchdog.start("call", call);
  }

  /** Runs a call in a thread of its own, and waits until it has gone to sleep there. */
  static <T> Task<T> startAndBlock(Callable<T> call) {
    Task<T> task = start(call);
    Watchdog.untilAsleep(task.thread());
    assertThat(task.outcome()).as("ended instead of blocking").isNotDone();
    return task;
  }

  /** Both sides let go; then nothing may be left. */
  @Override
  public void close() throws IOException {
    victim.close();
    peer.close();
    assertThat(host.leftovers()).isEmpty();
  }
}
