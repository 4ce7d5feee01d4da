// SPDX-License-Identifier: Apache-2.0
package dev.vchan.xen.xenstore;

import dev.vchan.Deadline;
import dev.vchan.SystemRefusedException;
import dev.vchan.spi.EventCounter;
import dev.vchan.spi.Parking;
import java.io.IOException;
import java.nio.channels.AsynchronousCloseException;
import java.nio.channels.ClosedByInterruptException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * A connection to xenstored with its two threads: one opens it and sends requests, one receives
 * replies and events. Everybody else only leaves requests and waits.
 */
final class Connection {

  /** A kernel that waits for a dead xenstored does not let go of its caller; we do not wait too. */
  private static final long JOIN_NANOS = TimeUnit.SECONDS.toNanos(5);

  private final List<Path> places;
  private final Requests requests = new Requests();
  private final EventCounter opened = new EventCounter();
  private final Map<String, StoreWatch> watches = new ConcurrentHashMap<>();

  /** A transaction at a time: a domain may have few, and its own would only conflict. */
  private final Turns transactions = new Turns();

  private final Thread sender;
  private final Thread receiver;

  /** Guarded by this object, as is all below. */
  private @Nullable Transport transport;

  private Path place;
  private boolean closed;
  private long tokens;

  /** Starts to connect to the first of these places that can be used. */
  @SuppressWarnings("ThreadStartInConstructor") // The last thing it does.
  Connection(List<Path> places) {
    this.places = places;
    this.place = places.getFirst();
    this.sender = Thread.ofPlatform().daemon().name("vchan-xenstore-sender").unstarted(this::send);
    this.receiver =
        Thread.ofPlatform().daemon().name("vchan-xenstore-receiver").unstarted(this::receive);
    sender.start();
  }

  Requests requests() {
    return requests;
  }

  Turns transactions() {
    return transactions;
  }

  /** Whether nobody can use it any more. */
  boolean isOver() {
    return requests.isOver();
  }

  /** Largest payload of a request, once the connection is made. */
  int maxPayload() {
    return transport().maxPayload();
  }

  synchronized String nextToken() {
    tokens++;
    return "vchan-" + tokens;
  }

  /** Events with its token are this watch's. */
  void add(StoreWatch watch) {
    watches.put(watch.token(), watch);
  }

  void remove(StoreWatch watch) {
    watches.remove(watch.token());
  }

  /**
   * Waits until the connection is made.
   *
   * @throws SystemRefusedException if no place could be used
   */
  void awaitOpen(Deadline deadline) throws IOException {
    while (opened.count() == 0) {
      if (Thread.currentThread().isInterrupted()) {
        throw new ClosedByInterruptException();
      }
      long left = deadline.remainingNanos();
      if (left == 0) {
        throw new XenStoreTimeoutException("timed out: xenstored does not take the connection");
      }
      opened.await(0, left);
    }
    requests.checkGoingOn();
  }

  private void send() {
    try {
      if (!open()) {
        return;
      }
      Transport open = transport();
      receiver.start();
      opened.signal();
      for (var next = requests.awaitNext(); next != null; next = requests.awaitNext()) {
        send(open, next);
      }
    } catch (IOException | RuntimeException | Error e) {
      lose(e);
    } finally {
      opened.signal();
    }
  }

  private void send(Transport open, Requests.Departure next) throws IOException {
    try {
      open.write(next.message().encode());
    } catch (Transport.RefusedMessage e) {
      requests.refused(next.request(), Refusals.ofKernel(next.request(), e));
    }
  }

  /** Tries the places in turn; false if none could be used, or nobody wants one any more. */
  private boolean open() {
    List<String> problems = new ArrayList<>();
    boolean denied = false;
    for (Path candidate : places) {
      try {
        return open(candidate);
      } catch (IOException e) {
        denied |= Refusals.isDenial(e);
        problems.add(candidate + ": " + Refusals.describe(e));
      }
    }
    boolean anyDenied = denied;
    requests.end(() -> Refusals.ofPlaces(problems, anyDenied));
    return false;
  }

  @SuppressWarnings("resource") // Closed with the connection.
  private boolean open(Path candidate) throws IOException {
    Transport way = Transport.at(candidate);
    try {
      synchronized (this) {
        if (closed) {
          way.close();
          return false;
        }
        // Known before it is opened, so that a close ends an opening that takes its time.
        transport = way;
        place = candidate;
      }
      way.open();
      return true;
    } catch (IOException e) {
      way.close();
      throw e;
    }
  }

  private synchronized Transport transport() {
    return Objects.requireNonNull(transport);
  }

  private void receive() {
    try {
      Transport open = transport();
      MessageReader reader = new MessageReader(open::read, open.maxListing());
      for (; ; ) {
        Message message = reader.next();
        if (message.is(MessageType.WATCH_EVENT)) {
          fire(message);
        } else {
          requests.answer(message, open.keepsRequestIds());
        }
      }
    } catch (IOException | Message.Malformed | RuntimeException | Error e) {
      lose(e);
    }
  }

  /** An event may come at any time, also before the reply to the request that set the watch. */
  private void fire(Message event) throws IOException, Message.Malformed {
    List<String> said = event.strings();
    if (said.size() < 2) {
      throw new IOException("an event without path and token came: " + event);
    }
    StoreWatch watch = watches.get(said.get(1));
    // Events that were under way when their watch was given up come for nobody.
    if (watch != null) {
      watch.changed();
    }
  }

  private void lose(Throwable cause) {
    Path lost;
    synchronized (this) {
      lost = place;
    }
    if (requests.end(() -> new XenStoreLostException(lost, cause))) {
      shut();
    }
  }

  /** Ends the connection, and both threads. */
  void close() {
    requests.end(AsynchronousCloseException::new);
    shut();
    boolean interrupted = join(sender);
    interrupted |= join(receiver);
    if (interrupted) {
      Thread.currentThread().interrupt();
    }
  }

  private void shut() {
    Transport open;
    synchronized (this) {
      closed = true;
      open = transport;
    }
    if (open != null) {
      try {
        open.close();
      } catch (IOException e) {
        // Nothing is left to be saved: the descriptor is gone either way.
        return;
      } finally {
        watches.values().forEach(StoreWatch::changed);
      }
    }
  }

  /** Waits for a thread to end; whether the caller was interrupted meanwhile. */
  private static boolean join(Thread thread) {
    boolean interrupted = false;
    long start = Parking.nanoTime();
    long left = JOIN_NANOS;
    while (thread.isAlive() && left > 0) {
      try {
        thread.join(Duration.ofNanos(left));
      } catch (InterruptedException e) {
        interrupted = true;
      }
      left = JOIN_NANOS - (Parking.nanoTime() - start);
    }
    return interrupted;
  }
}
