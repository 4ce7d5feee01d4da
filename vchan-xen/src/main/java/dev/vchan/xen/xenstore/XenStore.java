// SPDX-License-Identifier: Apache-2.0
package dev.vchan.xen.xenstore;

import dev.vchan.Deadline;
import dev.vchan.DomainId;
import dev.vchan.spi.Parking;
import java.io.Closeable;
import java.io.IOException;
import java.nio.channels.AsynchronousCloseException;
import java.nio.channels.ClosedByInterruptException;
import java.nio.channels.ClosedChannelException;
import java.nio.file.Path;
import java.util.HashSet;
import java.util.List;
import java.util.OptionalInt;
import java.util.Set;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.TimeUnit;

/**
 * A hold on the connection that this JVM has to XenStore. All who open the same one share it, and
 * two daemon threads; closing ends the calls and watches of this hold, and the last close the
 * connection.
 *
 * <p>May be used from any thread; requests of all threads are done one after the other, in the
 * order in which they were made. Callers wait by parking and hold no carrier if they are virtual.
 * What every call may throw stands at {@link Nodes}.
 */
public final class XenStore implements Closeable {

  /** Far more than others' work explains; who meets it competes with somebody who never stops. */
  static final int MAX_ATTEMPTS = 16;

  /** Pause after the first conflict; it doubles, up to the longest, and each is cut at random. */
  private static final long FIRST_PAUSE_NANOS = TimeUnit.MILLISECONDS.toNanos(1);

  private static final long LONGEST_PAUSE_NANOS = TimeUnit.MILLISECONDS.toNanos(64);

  private final List<Path> places;
  private final Connection connection;

  /** Guarded by this object, as is all below. */
  private final Set<Request> calls = new HashSet<>();

  private final Set<StoreWatch> watches = new HashSet<>();
  private boolean closed;

  private XenStore(List<Path> places) {
    this.places = places;
    this.connection = Connections.acquire(places);
  }

  /**
   * Opens the place that {@code $XENSTORED_PATH} names, or the first that can be used of
   * xenstored's socket ({@code $XENSTORED_RUNDIR/socket}, {@code /run/xenstored/socket}, {@code
   * /var/run/xenstored/socket}) and the kernel's device ({@code /dev/xen/xenbus}, {@code
   * /proc/xen/xenbus}), as Xen's own library does.
   *
   * @param deadline when to give up
   * @return a hold on the connection, to be closed
   * @throws dev.vchan.SystemRefusedException if none can be used; says what each said, and what to
   *     do
   * @throws XenStoreTimeoutException if the deadline expires
   * @throws ClosedByInterruptException if the calling thread is interrupted; its status stays set
   * @throws IOException if the system fails otherwise
   */
  public static XenStore open(Deadline deadline) throws IOException {
    return open(Places.of(System.getenv()), deadline);
  }

  /**
   * Opens a place.
   *
   * @param place xenstored's socket, or the kernel's device
   * @param deadline when to give up
   * @return a hold on the connection, to be closed
   * @throws dev.vchan.SystemRefusedException if it cannot be used; says why, and what to do
   * @throws IOException as for {@link #open(Deadline)}
   */
  public static XenStore open(Path place, Deadline deadline) throws IOException {
    return open(List.of(place.toAbsolutePath()), deadline);
  }

  private static XenStore open(List<Path> places, Deadline deadline) throws IOException {
    XenStore store = new XenStore(places);
    try {
      store.connection.awaitOpen(deadline);
      return store;
    } catch (IOException | RuntimeException | Error e) {
      store.close();
      throw e;
    }
  }

  /**
   * What is done in a transaction.
   *
   * @param <T> what it yields
   */
  @FunctionalInterface
  public interface Transaction<T> {

    /**
     * Does it. May be run several times, and must then do the same again.
     *
     * @param nodes the nodes as they are in the transaction; usable until this method returns
     * @return what {@link XenStore#transact} returns
     * @throws IOException if it fails; nothing is changed then
     */
    T run(Nodes nodes) throws IOException;
  }

  /**
   * The nodes, each change taking effect at once.
   *
   * @param deadline when calls of it give up
   * @return a view that needs no closing
   */
  public Nodes nodes(Deadline deadline) {
    return new Nodes(this, 0, deadline);
  }

  /**
   * Does several things as one: others see all changes or none, and what was read was so all at the
   * same time. If others changed what was read it is run again, after a short pause, up to {@value
   * #MAX_ATTEMPTS} times.
   *
   * <p>Transactions of one JVM are done one after the other; one that takes its time keeps the
   * others waiting.
   *
   * @param <T> what it yields
   * @param deadline when to give up, for all runs together
   * @param work what to do
   * @return what the work returned in the run that counts
   * @throws IOException what the work threw, and what {@link Nodes} says; {@link Errno#EAGAIN} if
   *     every run met a conflict. When it ends by the deadline, an interrupt or the loss of the
   *     connection while the last step is under way, the changes may have been made all the same
   */
  public <T> T transact(Deadline deadline, Transaction<T> work) throws IOException {
    takeTurn(deadline);
    try {
      long pause = FIRST_PAUSE_NANOS;
      for (int attempt = 1; attempt <= MAX_ATTEMPTS; attempt++) {
        if (attempt > 1) {
          // Others may have met the conflict too, and would come back at the same time.
          long random = ThreadLocalRandom.current().nextLong(pause / 2, pause);
          Parking.pause(this, Math.min(random, deadline.remainingNanos()));
          pause = Math.min(2 * pause, LONGEST_PAUSE_NANOS);
        }
        int id = start(deadline);
        T result = run(id, deadline, work);
        if (commit(id, deadline)) {
          return result;
        }
      }
      throw Refusals.ofConflict(MAX_ATTEMPTS);
    } finally {
      connection.transactions().end();
    }
  }

  private void takeTurn(Deadline deadline) throws IOException {
    if (connection.transactions().take(deadline, this::isClosed)) {
      return;
    }
    if (Thread.currentThread().isInterrupted()) {
      throw new ClosedByInterruptException();
    }
    if (isClosed()) {
      throw new AsynchronousCloseException();
    }
    throw new XenStoreTimeoutException(
        "TRANSACTION_START timed out: not sent, another transaction of this JVM is under way");
  }

  private synchronized boolean isClosed() {
    return closed;
  }

  private int start(Deadline deadline) throws IOException {
    Request request = Request.of(MessageType.TRANSACTION_START, 0, "transaction", "");
    request.whenLate(reply -> transactionId(reply).ifPresent(this::discard));
    Message reply = call(request, deadline);
    return transactionId(reply)
        .orElseThrow(
            () ->
                new XenStoreMalformedException(
                    request, new Message.Malformed("not the number of a transaction")));
  }

  private static OptionalInt transactionId(Message reply) {
    String text = reply.text();
    if (!reply.is(MessageType.TRANSACTION_START) || !text.matches("[0-9]{1,10}")) {
      return OptionalInt.empty();
    }
    long id = Long.parseLong(text);
    return id == 0 || id > 0xFFFF_FFFFL ? OptionalInt.empty() : OptionalInt.of((int) id);
  }

  private <T> T run(int id, Deadline deadline, Transaction<T> work) throws IOException {
    Nodes nodes = new Nodes(this, id, deadline);
    try {
      return work.run(nodes);
    } catch (IOException | RuntimeException | Error e) {
      discard(id);
      throw e;
    } finally {
      nodes.end();
    }
  }

  /** Returns false if there was a conflict, and nothing was changed. */
  private boolean commit(int id, Deadline deadline) throws IOException {
    Request request =
        Request.of(MessageType.TRANSACTION_END, id, "transaction", "T")
            // Once it was sent, a second end could meet somebody else's transaction of that number.
            .whenUnsent(() -> discard(id));
    try {
      call(request, deadline);
      return true;
    } catch (XenStoreRefusedException e) {
      if (e.errno() == Errno.EAGAIN) {
        return false;
      }
      throw e;
    }
  }

  /** Ends a transaction without effect, and without waiting. */
  private void discard(int id) {
    connection.requests().post(Request.of(MessageType.TRANSACTION_END, id, "transaction", "F"));
  }

  /**
   * Watches a node and everything below it, whether it is there or not.
   *
   * @param path the node; or {@code @releaseDomain}, {@code @introduceDomain}
   * @param deadline when to give up
   * @return a watch that counts from now on, until it or this hold is closed
   * @throws IOException as {@link Nodes} says
   */
  public StoreWatch watch(StorePath path, Deadline deadline) throws IOException {
    StoreWatch watch = new StoreWatch(this, path, connection.nextToken());
    // Known before it is asked for: the first event may come before the reply.
    connection.add(watch);
    try {
      Request request = watchRequest(MessageType.WATCH, watch);
      request.whenLate(
          reply -> {
            if (!reply.is(MessageType.ERROR)) {
              connection.requests().post(watchRequest(MessageType.UNWATCH, watch));
            }
          });
      call(request, deadline);
    } catch (IOException | RuntimeException | Error e) {
      connection.remove(watch);
      throw e;
    }
    synchronized (this) {
      if (!closed) {
        watches.add(watch);
        return watch;
      }
    }
    unwatch(watch);
    throw new AsynchronousCloseException();
  }

  private static Request watchRequest(MessageType type, StoreWatch watch) {
    String path = watch.path().value();
    return Request.of(type, 0, path, path, watch.token());
  }

  /** A watch was closed. */
  void forget(StoreWatch watch) {
    synchronized (this) {
      if (!watches.remove(watch)) {
        return;
      }
    }
    unwatch(watch);
  }

  private void unwatch(StoreWatch watch) {
    connection.remove(watch);
    connection.requests().post(watchRequest(MessageType.UNWATCH, watch));
  }

  /**
   * The home of a domain, which need not exist.
   *
   * @param domain the domain
   * @param deadline when to give up
   * @return {@code /local/domain/<domid>}
   * @throws IOException as {@link Nodes} says
   */
  public StorePath domainPath(DomainId domain, Deadline deadline) throws IOException {
    Request request =
        Request.of(MessageType.GET_DOMAIN_PATH, 0, "domain " + domain, domain.toString());
    String text = call(request, deadline).text();
    try {
      return new StorePath(text);
    } catch (IllegalArgumentException e) {
      throw new XenStoreMalformedException(request, new Message.Malformed("not a path"));
    }
  }

  /**
   * Whether a domain is there, as far as XenStore knows: from the time it is built until it is
   * being destroyed. One that is dying no longer counts, even if somebody still has pages of it.
   *
   * @param domain the domain
   * @param deadline when to give up
   * @return whether it is there
   * @throws IOException as {@link Nodes} says
   */
  public boolean isIntroduced(DomainId domain, Deadline deadline) throws IOException {
    Request request =
        Request.of(MessageType.IS_DOMAIN_INTRODUCED, 0, "domain " + domain, domain.toString());
    String text = call(request, deadline).text();
    return switch (text) {
      case "T" -> true;
      case "F" -> false;
      default ->
          throw new XenStoreMalformedException(request, new Message.Malformed("neither T nor F"));
    };
  }

  /** Makes a request and waits for its reply. */
  Message call(Request request, Deadline deadline) throws IOException {
    try {
      submit(request, deadline);
    } catch (IOException e) {
      request.unsent();
      throw e;
    }
    try {
      return request.await(connection.requests(), deadline);
    } finally {
      synchronized (this) {
        calls.remove(request);
      }
    }
  }

  private void submit(Request request, Deadline deadline) throws IOException {
    if (request.payload.length > connection.maxPayload()) {
      throw Refusals.tooLarge(request, connection.maxPayload());
    }
    if (Thread.currentThread().isInterrupted()) {
      throw new ClosedByInterruptException();
    }
    if (deadline.remainingNanos() == 0) {
      throw new XenStoreTimeoutException(request + " timed out: not sent, no time is left");
    }
    synchronized (this) {
      if (closed) {
        throw new ClosedChannelException();
      }
      connection.requests().submit(request);
      calls.add(request);
    }
  }

  /**
   * Closes watches, and ends calls of other threads with {@link AsynchronousCloseException}. The
   * last hold of a connection waits for the two threads to end. Idempotent.
   */
  @Override
  public void close() {
    List<Request> under;
    List<StoreWatch> open;
    synchronized (this) {
      if (closed) {
        return;
      }
      closed = true;
      under = List.copyOf(calls);
      open = List.copyOf(watches);
    }
    under.forEach(
        call -> connection.requests().abandon(call, sent -> new AsynchronousCloseException()));
    open.forEach(StoreWatch::close);
    connection.transactions().lookAgain();
    Connections.release(places, connection);
  }
}
