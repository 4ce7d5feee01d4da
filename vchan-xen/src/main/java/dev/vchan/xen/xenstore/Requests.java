// SPDX-License-Identifier: Apache-2.0
package dev.vchan.xen.xenstore;

import dev.vchan.spi.EventCounter;
import java.io.IOException;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.function.Function;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * The requests of a connection: those that wait to be sent, and the one that waits for its reply.
 *
 * <p>There is never more than one under way. Then no quota of outstanding requests is met, and a
 * reply belongs to a request whatever its id is, which matters on kernels that change ids. A caller
 * that gives up leaves its request under way; the next one is sent when the reply to that has come.
 *
 * <p>May be used from any thread. Nothing blocks here except {@link #awaitNext}.
 */
final class Requests {

  /**
   * A request on its way.
   *
   * @param request the request
   * @param message what is sent
   */
  record Departure(Request request, Message message) {}

  private final EventCounter changes = new EventCounter();

  /** Guarded by this object, as is all below. */
  private final Deque<Request> waiting = new ArrayDeque<>();

  private @Nullable Departure underWay;
  private int lastId;
  private @Nullable Supplier<IOException> end;

  /**
   * Puts a request behind the others.
   *
   * @throws IOException if there will be no replies any more; says why
   */
  synchronized void submit(Request request) throws IOException {
    checkGoingOn();
    waiting.add(request);
    changes.signal();
  }

  /**
   * Checks that there will be replies.
   *
   * @throws IOException if not; says why
   */
  synchronized void checkGoingOn() throws IOException {
    if (end != null) {
      throw end.get();
    }
  }

  /** Puts a request behind the others whose reply nobody waits for. */
  synchronized void post(Request request) {
    if (end == null) {
      waiting.add(request);
      changes.signal();
    }
  }

  /** The next request, under way from here on; null at the end. By the thread that sends. */
  @Nullable Departure awaitNext() {
    for (; ; ) {
      // Sampled before the look: what comes after it ends the wait at once.
      long seen = changes.count();
      synchronized (this) {
        if (end != null) {
          return null;
        }
        if (underWay == null && !waiting.isEmpty()) {
          return depart(waiting.remove());
        }
      }
      // A stray interrupt would end every wait at once, and burn a core.
      if (!Thread.interrupted()) {
        changes.await(seen, Long.MAX_VALUE);
      }
    }
  }

  private synchronized Departure depart(Request request) {
    // Never 0, which old kernels put into replies.
    lastId = lastId == -1 ? 1 : lastId + 1;
    Departure departure = new Departure(request, request.toMessage(lastId));
    underWay = departure;
    return departure;
  }

  /**
   * A reply came.
   *
   * @param reply anything but an event
   * @param idCounts whether it must have the id of its request
   * @throws IOException if it is not the reply to the request under way; says why
   */
  void answer(Message reply, boolean idCounts) throws IOException {
    Request answered;
    boolean late;
    synchronized (this) {
      answered = match(reply, idCounts);
      underWay = null;
      late = answered.hasEnded();
      if (!late) {
        answered.succeed(reply);
      }
      changes.signal();
    }
    if (late) {
      answered.late(reply);
    }
  }

  private synchronized Request match(Message reply, boolean idCounts) throws IOException {
    if (underWay == null) {
      throw new IOException("a reply came that nobody asked for: " + reply);
    }
    Message asked = underWay.message;
    boolean ours = reply.requestId() == asked.requestId() || reply.requestId() == 0 || !idCounts;
    if (!ours || (reply.type() != asked.type() && !reply.is(MessageType.ERROR))) {
      throw new IOException("the reply to " + asked + " is " + reply);
    }
    return underWay.request;
  }

  /** The request under way was not taken; there will be no reply to it. */
  synchronized void refused(Request request, IOException cause) {
    underWay = null;
    if (!request.hasEnded()) {
      request.fail(cause);
    }
    changes.signal();
  }

  /**
   * A caller gives up, unless its reply has just come.
   *
   * @param cause makes the failure; is told whether the request has been sent
   */
  void abandon(Request request, Function<Boolean, IOException> cause) {
    boolean unsent;
    synchronized (this) {
      if (request.hasEnded()) {
        return;
      }
      unsent = waiting.remove(request);
      request.fail(cause.apply(!unsent));
    }
    if (unsent) {
      request.unsent();
    }
  }

  /**
   * There will be no replies any more, to nobody. Only the first end counts.
   *
   * @param cause makes the failure, one for each caller
   * @return whether this was the first
   */
  boolean end(Supplier<IOException> cause) {
    synchronized (this) {
      if (end != null) {
        return false;
      }
      end = cause;
      List<Request> rest = new ArrayList<>(waiting);
      if (underWay != null) {
        rest.add(underWay.request);
      }
      waiting.clear();
      underWay = null;
      for (Request request : rest) {
        if (!request.hasEnded()) {
          request.fail(cause.get());
        }
      }
    }
    changes.signal();
    return true;
  }

  synchronized boolean isOver() {
    return end != null;
  }
}
