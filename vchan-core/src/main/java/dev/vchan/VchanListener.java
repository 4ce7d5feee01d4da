// SPDX-License-Identifier: Apache-2.0
package dev.vchan;

import dev.vchan.Handshake.Offer;
import dev.vchan.spi.Backend;
import dev.vchan.spi.EventChannel.Peer;
import dev.vchan.spi.Parking;
import dev.vchan.spi.Rendezvous.Registration;
import java.io.IOException;
import java.nio.channels.AsynchronousCloseException;
import java.nio.channels.ClosedByInterruptException;
import java.nio.channels.ClosedChannelException;
import java.nio.channels.InterruptibleChannel;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;

/**
 * A server that accepts clients of one domain on one path, one after another, any number of them
 * connected at once. Each gets a page, rings and an event channel of its own.
 *
 * <p>May be used from any thread; accepts take turns. The first page is advertised when the
 * listener opens, the next one when the next accept begins. A client that comes in between waits.
 *
 * <p>Closing the listener does not touch the channels it has accepted.
 */
public final class VchanListener implements InterruptibleChannel {

  /** How long to wait before pages that were refused are asked for again. */
  private static final long RETRY_NANOS = TimeUnit.MILLISECONDS.toNanos(100);

  /** Pause after a client was turned away. */
  private static final long PAUSE_NANOS = TimeUnit.MILLISECONDS.toNanos(1);

  private final Backend backend;
  private final DomainId client;
  private final RendezvousPath path;
  private final VchanOptions options;
  private final LookPeriod lookPeriod;
  private final Registration registration;
  private final ReentrantLock turn = new ReentrantLock();
  private final AtomicBoolean closed = new AtomicBoolean();
  private final AtomicLong rejected = new AtomicLong();
  private volatile @Nullable Offer offer;
  private boolean released;

  /** A persistent channel was handed out; the registration is its own now. Guarded by the turn. */
  private boolean handedOver;

  private VchanListener(
      Backend backend,
      DomainId client,
      RendezvousPath path,
      VchanOptions options,
      Registration registration) {
    this.backend = backend;
    this.client = client;
    this.path = path;
    this.options = options;
    this.lookPeriod = new LookPeriod(options.lookPeriod());
    this.registration = registration;
  }

  /**
   * Starts to listen at the conventional path for {@code client} and {@code port}.
   *
   * @param backend where
   * @param client the only domain that may connect
   * @param port the name the client asks for
   * @param options ring sizes and behaviour of the channels
   * @return a listener that clients can connect to already
   * @throws IllegalArgumentException if the path would be too long for C peers
   * @throws SystemRefusedException if another server listens there, or the system has no more
   *     pages, ports or store
   * @throws IOException if the system fails otherwise
   */
  public static VchanListener open(
      Backend backend, DomainId client, PortName port, VchanOptions options) throws IOException {
    return open(backend, client, RendezvousPath.of(backend.self(), client, port), options);
  }

  /**
   * Starts to listen at a path of the caller's choice.
   *
   * @param backend where
   * @param client the only domain that may connect
   * @param path where clients look
   * @param options ring sizes and behaviour of the channels
   * @return a listener that clients can connect to already
   * @throws SystemRefusedException if another server listens there, or the system has no more
   *     pages, ports or store
   * @throws IOException if the system fails otherwise
   */
  public static VchanListener open(
      Backend backend, DomainId client, RendezvousPath path, VchanOptions options)
      throws IOException {
    Registration registration = backend.rendezvous().register(path, client);
    VchanListener listener = new VchanListener(backend, client, path, options, registration);
    try {
      listener.advertise();
    } catch (IOException | RuntimeException | Error e) {
      Resources.closeBecause(e, listener);
      throw e;
    }
    return listener;
  }

  /**
   * Waits for a client, without a limit; see {@link #accept(Deadline)}.
   *
   * @return a connected channel
   * @throws ClosedChannelException if the listener is closed, before or meanwhile
   * @throws IOException if the system fails
   */
  public Vchan accept() throws IOException {
    return accept(Deadline.NEVER);
  }

  /**
   * Waits for a client. A client that has come, written and gone again is accepted: its bytes can
   * be read. Whoever breaks the protocol while connecting is turned away and counted.
   *
   * <p>When the system has no pages for the next client, this waits until it has, and clients wait
   * with it; channels that are open go on meanwhile.
   *
   * @param deadline when to give up; the listener goes on listening
   * @return a connected channel
   * @throws IllegalStateException if the options are {@linkplain VchanOptions#persisting
   *     persisting} and a channel was accepted before: that one serves every further client
   * @throws VchanTimeoutException if no client came
   * @throws SystemRefusedException if the deadline expired while the system had no pages
   * @throws ClosedByInterruptException if the thread is interrupted; the listener is closed
   * @throws AsynchronousCloseException if the listener is closed meanwhile, or its backend is
   * @throws ClosedChannelException if the listener was closed before
   * @throws IOException if the system fails
   */
  public Vchan accept(Deadline deadline) throws IOException {
    if (closed.get()) {
      throw new ClosedChannelException();
    }
    takeTurn(deadline);
    try {
      for (; ; ) {
        if (handedOver) {
          throw new IllegalStateException(
              "a persistent server has one channel for all its clients, and it was accepted");
        }
        Offer current = offer;
        if (current == null) {
          checkStillOpen();
          advertiseOrWait(deadline);
          continue;
        }
        // Sampled before the looks: a client that comes, or a close that happens, after them counts
        // as newer and ends the wait below at once.
        long seen = current.events().received();
        checkStillOpen();
        try {
          if (current.clientCame()) {
            return hand(current);
          }
          awaitClient(current, seen, deadline);
        } catch (ProtocolViolationException | InternalError e) {
          turnAway(current);
          pause(deadline);
        } catch (IllegalStateException e) {
          if (current.isMapped()) {
            throw e;
          }
          // The backend was closed under this listener, and has taken the page back.
          close();
          throw new AsynchronousCloseException();
        }
      }
    } finally {
      turn.unlock();
    }
  }

  private void takeTurn(Deadline deadline) throws IOException {
    try {
      if (!turn.tryLock(deadline.remainingNanos(), TimeUnit.NANOSECONDS)) {
        throw timeout("another accept is waiting");
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      checkStillOpen();
    }
  }

  private void checkStillOpen() throws IOException {
    if (Thread.currentThread().isInterrupted()) {
      close();
      throw new ClosedByInterruptException();
    }
    if (closed.get()) {
      throw new AsynchronousCloseException();
    }
  }

  private void advertise() throws IOException {
    Offer made = Handshake.offer(backend, client, path, options);
    try {
      registration.publish(made.advertisement());
      offer = made;
    } catch (IOException | RuntimeException | Error e) {
      Resources.closeBecause(e, made);
      throw e;
    }
  }

  /** Advertises the next page, or waits a moment for pages to come back. */
  private void advertiseOrWait(Deadline deadline) throws IOException {
    try {
      advertise();
    } catch (SystemRefusedException e) {
      long left = deadline.remainingNanos();
      if (left == 0) {
        throw e;
      }
      Parking.park(this, Math.min(left, RETRY_NANOS));
    }
  }

  private void awaitClient(Offer current, long seen, Deadline deadline) throws IOException {
    long left = deadline.remainingNanos();
    if (left == 0) {
      throw timeout("no client came to " + path);
    }
    boolean event = current.events().await(seen, Math.min(left, lookPeriod.left()));
    checkStillOpen();
    if (!event || current.clientCame()) {
      return;
    }
    if (current.events().peer() == Peer.BOUND && !current.clientCame()) {
      // A client binds, announces itself in the page, and only then sends an event. One that sends
      // it while the page still waits has announced itself in another page: it read the two values
      // of the advertisement from two lives of this path. Nothing it does can be trusted to reach
      // this page, so it is turned away, which makes it try again.
      throw new ProtocolViolationException("an event came from a client that is not in the page");
    }
  }

  private Vchan hand(Offer current) throws IOException {
    offer = null;
    try {
      if (options.persistent()) {
        // The page stays advertised for the next client, as long as the channel is open, whether
        // the listener is or not.
        handedOver = true;
        return current.accept(Optional.of(registration));
      }
      // Before the next page is published, and before the caller can close this one: whoever looks
      // from here on must not find the page that is taken.
      registration.withdraw();
      return current.accept(Optional.empty());
    } catch (IOException | RuntimeException | Error e) {
      Resources.closeBecause(e, current);
      throw e;
    }
  }

  private void turnAway(Offer current) throws IOException {
    rejected.incrementAndGet();
    offer = null;
    Resources abandoned = new Resources();
    abandoned.add(current);
    abandoned.add(registration::withdraw);
    abandoned.close();
  }

  /**
   * After a client was turned away: a hostile one comes again at once, as often as it is let, and
   * must neither have a whole processor nor outlast the deadline.
   */
  private void pause(Deadline deadline) throws IOException {
    long left = deadline.remainingNanos();
    if (left == 0) {
      throw timeout("no client came to " + path + " that kept to the protocol");
    }
    Parking.pause(this, Math.min(left, PAUSE_NANOS));
  }

  private VchanTimeoutException timeout(String why) {
    return new VchanTimeoutException("timed out: " + why, 0);
  }

  /**
   * Where clients find this listener.
   *
   * @return the path
   */
  public RendezvousPath path() {
    return path;
  }

  /**
   * How many clients were turned away because they broke the protocol while they connected, or died
   * while doing so.
   *
   * @return a counter that only grows
   */
  public long rejectedClients() {
    return rejected.get();
  }

  @Override
  public boolean isOpen() {
    return !closed.get();
  }

  /**
   * Stops listening: withdraws the advertisement, gives the waiting page back, and ends an accept
   * in another thread with {@link AsynchronousCloseException}. Channels accepted before live on.
   * Idempotent: a second call waits until the first is done.
   *
   * @throws IOException if the system fails; the listener is closed all the same
   */
  @Override
  public void close() throws IOException {
    closed.set(true);
    Offer waiting = offer;
    if (waiting != null) {
      waiting.events().wake();
    }
    // Whoever accepts in another thread looks at the flag whenever it has slept, and leaves.
    turn.lock();
    try {
      if (released) {
        return;
      }
      released = true;
      Resources held = new Resources();
      Offer last = offer;
      if (last != null) {
        held.add(last);
        offer = null;
      }
      // Given back before the page is: whoever looks from here on must not find it.
      if (!handedOver) {
        held.add(registration);
      }
      held.close();
    } finally {
      turn.unlock();
    }
  }
}
