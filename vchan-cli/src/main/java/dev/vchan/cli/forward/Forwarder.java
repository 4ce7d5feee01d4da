// SPDX-License-Identifier: Apache-2.0
package dev.vchan.cli.forward;

import java.io.IOException;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.ThreadFactory;

/**
 * Serves the clients of an entrance, each apart from the others.
 *
 * <p>A session has two platform threads. Virtual ones are not taken away from a processor: as many
 * clients as there are processors, each with a stream that always finds room and data, would leave
 * the others none. The system's scheduler shares fairly, and a client costs a channel of its own
 * anyway, beside which two sleeping threads count little.
 */
public final class Forwarder {

  private final Entrance entrance;
  private final Reporter reporter;
  private final Set<Session> sessions = ConcurrentHashMap.newKeySet();
  private volatile boolean cut;

  /**
   * Makes a forwarder.
   *
   * @param entrance where clients come from
   * @param reporter who tells people
   */
  public Forwarder(Entrance entrance, Reporter reporter) {
    this.entrance = entrance;
    this.reporter = reporter;
  }

  /**
   * Serves one client, in the calling thread. Nobody else is let in from the moment it has come.
   *
   * @throws IOException if no client can come, there is nobody to join it with, or its session does
   *     not come to a good end
   */
  public void serveOne() throws IOException {
    Arrival client;
    try (entrance) {
      client = entrance.accept();
    }
    serve(client, "client (" + client.who() + ")");
  }

  /**
   * Serves all clients, at once, until the entrance is closed or fails. Returns only when those who
   * had come by then have been served.
   *
   * @throws IOException if no more clients can come
   */
  public void serveAll() throws IOException {
    ThreadFactory threads = Thread.ofPlatform().daemon().name("vchan-client-", 1).factory();
    try (ExecutorService clients = Executors.newThreadPerTaskExecutor(threads)) {
      for (int number = 1; ; number++) {
        Arrival client = acceptOrTell();
        String name = "client " + number + " (" + client.who() + ")";
        try {
          clients.execute(() -> serveAndReport(client, name));
        } catch (OutOfMemoryError e) {
          // A limit of threads is met like this. Those who are here already can be served.
          reporter.say(name + " was turned away: " + e.getMessage());
          client.turnAway();
        }
      }
    }
  }

  /** What it throws is heard of only when the last session has ended, which may be late. */
  private Arrival acceptOrTell() throws IOException {
    try {
      return entrance.accept();
    } catch (IOException e) {
      if (!cut) {
        reporter.say("no more clients can come: " + reporter.describe(e));
      }
      throw e;
    }
  }

  private void serveAndReport(Arrival client, String name) {
    try {
      serve(client, name);
    } catch (IOException | RuntimeException | Error e) {
      if (cut) {
        return;
      }
      String line = name + ": " + reporter.describe(e);
      if (Session.isOrdinary(e)) {
        reporter.detail(line);
      } else {
        reporter.say(line);
      }
    }
  }

  private void serve(Arrival client, String name) throws IOException {
    Session session = client.join();
    sessions.add(session);
    if (cut) {
      // Whoever cut the others may not have seen this one.
      session.cut();
    }
    reporter.detail(name + " is connected");
    try {
      session.run();
    } finally {
      if (!session.isCut()) {
        sessions.remove(session);
        reporter.detail(name + " has ended: " + session.figures());
      }
    }
  }

  /**
   * Stops at once: lets nobody in any more and cuts the sessions that are under way. Their sockets
   * are reset and their channels left open, for the process to end with, so that neither side takes
   * what it got for everything.
   *
   * @throws IOException if the entrance cannot be closed; the sessions are cut all the same
   */
  public void cut() throws IOException {
    cut = true;
    sessions.forEach(Session::cut);
    entrance.close();
  }

  /**
   * Whether there are sessions under way, or were when they were cut.
   *
   * @return whether there is something that closing the backend would end in good order
   */
  public boolean isBusy() {
    return !sessions.isEmpty();
  }
}
