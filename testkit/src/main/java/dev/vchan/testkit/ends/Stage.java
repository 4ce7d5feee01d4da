// SPDX-License-Identifier: Apache-2.0
package dev.vchan.testkit.ends;

import dev.vchan.DomainId;
import dev.vchan.PortName;
import dev.vchan.Vchan;
import dev.vchan.spi.Backend;
import java.util.ArrayList;
import java.util.List;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;

/**
 * Two domains and the channels between them: what a scenario is played on. One domain is the own
 * one, in this process; the other is the peer's, wherever it is. Not for concurrent use.
 */
public final class Stage {

  /** The own domain. */
  public static final DomainId OWN = new DomainId(1);

  /** The peer's domain. */
  public static final DomainId PEER = new DomainId(2);

  private final Place own;
  private final Place peer;
  private final Queue<End> ends = new ConcurrentLinkedQueue<>();
  private final AutoCloseable[] also;
  private final List<String> complaints = new ArrayList<>();
  private int lastPort;

  /**
   * Sets up the stage.
   *
   * @param own the domain {@link #OWN}
   * @param peer the domain {@link #PEER}
   * @param also closed at the end, once the domains have told what they hold
   */
  public Stage(Place own, Place peer, AutoCloseable... also) {
    this.own = own;
    this.peer = peer;
    this.also = also;
  }

  /**
   * The own domain.
   *
   * @return a place in this process
   */
  public Place own() {
    return own;
  }

  /**
   * The peer's domain.
   *
   * @return a place somewhere
   */
  public Place peer() {
    return peer;
  }

  /**
   * A port name that was not used on this stage yet.
   *
   * @return the name
   */
  public String newPort() {
    lastPort++;
    return "port" + lastPort;
  }

  /**
   * Makes a channel.
   *
   * @param role of the own end
   * @param setup how
   * @return both ends
   * @throws Exception if it cannot be made
   */
  public Pair connect(Role role, Setup setup) throws Exception {
    String port = newPort();
    Pending<End> listening = listen(role == Role.SERVER ? own : peer, port, setup);
    Pending<End> connecting = join(role == Role.SERVER ? peer : own, port, setup);
    End server = listening.get();
    End client = connecting.get();
    return role == Role.SERVER ? new Pair(server, client) : new Pair(client, server);
  }

  /**
   * Starts to listen for one client.
   *
   * @param place the server's domain
   * @param port where
   * @param setup how
   * @return the server's end, once the client is there
   */
  public Pending<End> listen(Place place, String port, Setup setup) {
    int client = place.equals(own) ? PEER.value() : OWN.value();
    return open(
        place,
        backend ->
            Vchan.listen(
                backend,
                new DomainId(client),
                new PortName(port),
                setup.options(),
                setup.deadline()));
  }

  /**
   * Starts to connect.
   *
   * @param place the client's domain
   * @param port where
   * @param setup how
   * @return the client's end, once the server is there
   */
  public Pending<End> join(Place place, String port, Setup setup) {
    int server = place.equals(own) ? PEER.value() : OWN.value();
    return open(
        place,
        backend ->
            Vchan.connect(
                backend,
                new DomainId(server),
                new PortName(port),
                setup.options(),
                setup.deadline()));
  }

  private Pending<End> open(Place place, Deed<Backend, Vchan> opening) {
    return place
        .open(opening)
        .map(
            end -> {
              ends.add(end);
              return end;
            });
  }

  /**
   * Looks after a closed channel no longer, for a test that makes very many.
   *
   * @param pair both ends, closed
   * @throws Exception if it cannot be told whether an event was missed
   */
  public void forget(Pair pair) throws Exception {
    for (End end : List.of(pair.own(), pair.peer())) {
      complainOfMissedEvents(end);
      end.forget();
      ends.remove(end);
    }
  }

  private void complainOfMissedEvents(End end) throws Exception {
    long missed = end.call(vchan -> vchan.counters().endedByPeriod());
    if (missed > 0) {
      complaints.add(end + ": " + missed + " waits ended without an event");
    }
  }

  /**
   * Closes the ends, and proves that nothing is left and that no event was ever missed.
   *
   * @throws Exception if an end cannot be closed
   */
  public void close() throws Exception {
    ends.removeIf(End::isLost);
    for (End end : ends) {
      complainOfMissedEvents(end);
    }
    for (End end : ends) {
      end.close();
    }
    complaints.addAll(own.leftovers());
    complaints.addAll(peer.leftovers());
    for (AutoCloseable each : also) {
      each.close();
    }
    if (!complaints.isEmpty()) {
      throw new AssertionError(String.join("\n", complaints));
    }
  }

  /**
   * Both ends of a channel.
   *
   * @param own the end in the own domain
   * @param peer the end in the peer's domain
   */
  public record Pair(End own, End peer) {}
}
