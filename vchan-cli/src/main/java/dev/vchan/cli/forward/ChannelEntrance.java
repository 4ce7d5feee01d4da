// SPDX-License-Identifier: Apache-2.0
package dev.vchan.cli.forward;

import dev.vchan.Deadline;
import dev.vchan.SystemRefusedException;
import dev.vchan.Vchan;
import dev.vchan.VchanListener;
import dev.vchan.VchanTimeoutException;
import java.io.IOException;
import java.time.Duration;
import org.jspecify.annotations.Nullable;

/** Clients come over channels, and each is connected to a socket. */
public final class ChannelEntrance implements Entrance {

  /** How long the system may lack pages for the next client until people are told. */
  private static final Duration LACK = Duration.ofSeconds(2);

  private final VchanListener listener;
  private final Dialer dialer;
  private final Duration answerTime;
  private final Reporter reporter;

  /**
   * Makes an entrance.
   *
   * @param listener accepts the clients; is closed with the entrance
   * @param target the socket each is connected to
   * @param patience how long its host may take to answer, null for as long as the system waits
   * @param answerTime how long a client without half-close may go on after the socket's end
   * @param reporter who tells people
   */
  public ChannelEntrance(
      VchanListener listener,
      SocketName target,
      @Nullable Duration patience,
      Duration answerTime,
      Reporter reporter) {
    this.listener = listener;
    this.dialer = new Dialer(target, patience);
    this.answerTime = answerTime;
    this.reporter = reporter;
  }

  @Override
  public Arrival accept() throws IOException {
    for (boolean told = false; ; ) {
      try {
        return new Client(listener.accept(Deadline.after(LACK)));
      } catch (VchanTimeoutException e) {
        // Nobody has come; the listener goes on listening.
        told = false;
      } catch (SystemRefusedException e) {
        if (!told) {
          reporter.say("no further client can be served for now: " + e.getMessage());
          told = true;
        }
      }
    }
  }

  @Override
  public void close() throws IOException {
    listener.close();
  }

  private final class Client implements Arrival {

    private final Vchan channel;

    Client(Vchan channel) {
      this.channel = channel;
    }

    @Override
    public String who() {
      return "domain " + channel.peer();
    }

    @Override
    public Session join() throws IOException {
      try {
        return new Session(dialer.connect(), channel, answerTime);
      } catch (IOException | RuntimeException | Error e) {
        turnAway();
        throw e;
      }
    }

    @Override
    public void turnAway() throws IOException {
      channel.close();
    }
  }
}
