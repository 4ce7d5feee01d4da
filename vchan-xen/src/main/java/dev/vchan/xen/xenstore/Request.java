// SPDX-License-Identifier: Apache-2.0
package dev.vchan.xen.xenstore;

import dev.vchan.Deadline;
import dev.vchan.spi.EventCounter;
import java.io.IOException;
import java.nio.channels.ClosedByInterruptException;
import java.util.List;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * One request, from the call that makes it to its reply. The caller waits here and nowhere else, so
 * that a virtual thread holds no carrier; the connection's own threads do the rest.
 */
final class Request {

  final MessageType type;
  final int transactionId;
  final byte[] payload;

  /** What it is about, for people: a path, as a rule. */
  final String subject;

  private final EventCounter ended = new EventCounter();
  private Consumer<Message> whenLate = reply -> {};
  private Runnable whenUnsent = () -> {};

  /** Exactly one of these two is set before {@link #ended} counts. */
  private volatile @Nullable Message reply;

  private volatile @Nullable IOException failure;

  Request(MessageType type, int transactionId, String subject, byte[] payload) {
    this.type = type;
    this.transactionId = transactionId;
    this.subject = subject;
    this.payload = payload;
  }

  /** One whose payload is strings. */
  static Request of(MessageType type, int transactionId, String subject, String... strings) {
    return new Request(type, transactionId, subject, Message.join(List.of(strings)));
  }

  /** What to do if a reply comes when the caller has left: to give back what it would leave. */
  Request whenLate(Consumer<Message> undo) {
    whenLate = undo;
    return this;
  }

  /** What to do if the request is not sent, since the caller left before or could not wait. */
  Request whenUnsent(Runnable instead) {
    whenUnsent = instead;
    return this;
  }

  Message toMessage(int requestId) {
    return new Message(type.number, requestId, transactionId, payload);
  }

  boolean hasEnded() {
    return ended.count() > 0;
  }

  /** The reply is there. By whoever took the request from its queue. */
  void succeed(Message message) {
    reply = message;
    ended.signal();
  }

  /** There will be no reply for the caller. By whoever took the request from its queue. */
  void fail(IOException cause) {
    failure = cause;
    ended.signal();
  }

  void late(Message message) {
    whenLate.accept(message);
  }

  void unsent() {
    whenUnsent.run();
  }

  /**
   * Waits for the reply, in the thread that made the request.
   *
   * @throws XenStoreRefusedException if it is an error
   * @throws XenStoreTimeoutException if the deadline expires
   * @throws ClosedByInterruptException if the thread is interrupted; its status stays set
   * @throws IOException if the connection or its user is closed, or the connection is lost
   */
  Message await(Requests requests, Deadline deadline) throws IOException {
    while (!hasEnded()) {
      long left = deadline.remainingNanos();
      if (Thread.currentThread().isInterrupted()) {
        requests.abandon(this, sent -> new ClosedByInterruptException());
      } else if (left == 0) {
        requests.abandon(this, sent -> new XenStoreTimeoutException(timedOut(sent)));
      } else {
        ended.await(0, left);
      }
    }
    IOException failed = failure;
    if (failed != null) {
      throw failed;
    }
    return checked(reply);
  }

  private String timedOut(boolean sent) {
    return this
        + " timed out: "
        + (sent ? "no reply from xenstored so far" : "not sent, earlier requests still wait");
  }

  private Message checked(@Nullable Message answer) throws IOException {
    if (answer == null) {
      throw new IllegalStateException(this + " ended without an outcome");
    }
    if (answer.is(MessageType.ERROR)) {
      throw Refusals.of(this, answer.text());
    }
    return answer;
  }

  @Override
  public String toString() {
    return type + " " + subject;
  }
}
