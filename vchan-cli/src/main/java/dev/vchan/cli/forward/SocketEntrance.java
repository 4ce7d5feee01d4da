// SPDX-License-Identifier: Apache-2.0
package dev.vchan.cli.forward;

import dev.vchan.Deadline;
import dev.vchan.Vchan;
import java.io.IOException;
import java.nio.channels.SocketChannel;
import java.time.Duration;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;

/** Clients come to a socket, and each gets a channel of its own. */
public final class SocketEntrance implements Entrance {

  /** How long to wait before another client is accepted when the system has no descriptors. */
  private static final long PAUSE_MILLIS = 100;

  /** Longer than anybody waits. */
  private static final Duration FOR_EVER = Duration.ofDays(36_500);

  private final SocketListener listener;
  private final Connector connector;
  private final @Nullable Duration patience;
  private final Duration answerTime;
  private final Reporter reporter;

  /**
   * A server accepts one client after the other, so clients that connect all at once would only
   * find each other in the way, the more the worse.
   */
  private final ReentrantLock queue = new ReentrantLock(true);

  /** When the last one was accepted: a sign of life for all who wait. */
  private volatile long accepted = System.nanoTime();

  private SocketEntrance(
      SocketListener listener,
      Connector connector,
      @Nullable Duration patience,
      Duration answerTime,
      Reporter reporter) {
    this.listener = listener;
    this.connector = connector;
    this.patience = patience;
    this.answerTime = answerTime;
    this.reporter = reporter;
  }

  /** Connects to a server of channels. */
  public interface Connector {

    /**
     * Waits for the server, if need be, and connects.
     *
     * @param deadline when to give up
     * @return a channel
     * @throws IOException if there is no server in time, or the system fails
     */
    Vchan connect(Deadline deadline) throws IOException;
  }

  /**
   * Starts to listen.
   *
   * @param name where
   * @param connector to the server that clients are for
   * @param patience how long a client waits for that server, null for as long as it takes
   * @param answerTime how long a server without half-close may answer after the client's end
   * @param reporter who tells people
   * @return an entrance that clients can come to already
   * @throws IOException if that is not possible; says where
   */
  public static SocketEntrance open(
      SocketName name,
      Connector connector,
      @Nullable Duration patience,
      Duration answerTime,
      Reporter reporter)
      throws IOException {
    return new SocketEntrance(SocketListener.open(name), connector, patience, answerTime, reporter);
  }

  /**
   * Where it listens, with the number of the port that the system chose.
   *
   * @return the socket's name
   */
  public SocketName name() {
    return listener.name();
  }

  @Override
  public Arrival accept() throws IOException {
    for (boolean told = false; ; told = true) {
      try {
        return new Client(listener.accept());
      } catch (IOException e) {
        if (!listener.isOpen()) {
          throw e;
        }
        if (!told) {
          reporter.say("no further client can be accepted for now: " + Sockets.reason(e));
        }
        pause();
      }
    }
  }

  private static void pause() throws IOException {
    try {
      TimeUnit.MILLISECONDS.sleep(PAUSE_MILLIS);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new IOException("interrupted", e);
    }
  }

  @Override
  public void close() throws IOException {
    listener.close();
  }

  private final class Client implements Arrival {

    private final SocketChannel socket;
    private final long came = System.nanoTime();

    Client(SocketChannel socket) {
      this.socket = socket;
    }

    @Override
    public String who() {
      return Sockets.client(socket);
    }

    @Override
    public Session join() throws IOException {
      try {
        return new Session(socket, connect(), answerTime);
      } catch (IOException | RuntimeException | Error e) {
        turnAway();
        throw e;
      }
    }

    private Vchan connect() throws IOException {
      awaitTurn();
      try {
        Vchan channel = connector.connect(Deadline.after(left()));
        accepted = System.nanoTime();
        return channel;
      } finally {
        queue.unlock();
      }
    }

    /** Not long if the server is away, but as long as it takes if it only has many clients. */
    private void awaitTurn() throws IOException {
      try {
        while (!queue.tryLock(left().toNanos(), TimeUnit.NANOSECONDS)) {
          if (left().isZero()) {
            throw new IOException("timed out: those who came before still wait for the server");
          }
        }
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
        throw new IOException("interrupted", e);
      }
    }

    /** What is left of the patience, which begins anew whenever the server accepts somebody. */
    private Duration left() {
      if (patience == null) {
        return FOR_EVER;
      }
      long now = System.nanoTime();
      Duration left = patience.minusNanos(Math.min(now - came, now - accepted));
      return left.isNegative() ? Duration.ZERO : left;
    }

    @Override
    public void turnAway() {
      Sockets.reset(socket);
    }
  }
}
