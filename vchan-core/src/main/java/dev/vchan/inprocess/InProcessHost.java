// SPDX-License-Identifier: Apache-2.0
package dev.vchan.inprocess;

import dev.vchan.DomainId;
import dev.vchan.SystemRefusedException;
import dev.vchan.spi.Backend;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/**
 * One simulated machine inside this JVM, with as many domains as are asked for. It behaves as Xen
 * does: events to an unbound port are dropped, a fresh bind is pending at once, a closed port
 * leaves its peer unbound without an event, a death clears the live byte and then sends the event.
 *
 * <p>May be used from any thread. For use as a channel between parts of one program; and as the
 * first machine to test a program on, since it can say what was left behind, run out of pages, fail
 * at any call, and lose a domain.
 */
public final class InProcessHost {

  private final Map<DomainId, InProcessDomain> domains = new TreeMap<>(InProcessHost::compare);
  private final InProcessStore store = new InProcessStore();
  private int pagesLeft = Integer.MAX_VALUE;
  private long calls;
  private long failAt;
  private volatile boolean peersHidden;

  /** Makes a machine without domains. */
  public InProcessHost() {}

  /**
   * A domain of this machine, made at the first request for it.
   *
   * @param id its number
   * @return what the domain sees of the machine; the same object for the same number, until the
   *     domain is killed
   */
  public synchronized Backend domain(DomainId id) {
    return domains.computeIfAbsent(id, number -> new InProcessDomain(this, number));
  }

  /**
   * Limits how many pages can be shared from now on by all domains together, as gntalloc's {@code
   * limit} does.
   *
   * @param pages how many more
   */
  public synchronized void limitPages(int pages) {
    pagesLeft = pages;
  }

  /**
   * Makes one call of a backend fail, of all calls that take or give back something. A call that
   * takes something takes nothing then; one that gives something back gives it back all the same.
   *
   * @param call number of the call from now on, 1 the next; 0 lets none fail
   */
  public synchronized void failAt(long call) {
    calls = 0;
    failAt = call;
  }

  /**
   * How many calls there were that could have been made to fail.
   *
   * @return their number since {@link #failAt} was last called
   */
  public synchronized long calls() {
    return calls;
  }

  /** From here on no port says whether another end is bound or dead, as on Xen. */
  public void hidePeers() {
    peersHidden = true;
  }

  boolean hidesPeers() {
    return peersHidden;
  }

  /**
   * Ends a domain's only process without warning, as SIGKILL does: its pages are unmapped, which
   * clears its live bytes and sends the events, and its ports are closed.
   *
   * @param id the domain; a new one of the same number can be had afterwards
   */
  public void kill(DomainId id) {
    InProcessDomain victim = remove(id);
    if (victim != null) {
      victim.die(true);
    }
  }

  /**
   * Destroys a domain as a hypervisor does: nothing is cleared, no event is sent, and only who asks
   * learns that it is gone.
   *
   * @param id the domain; a new one of the same number can be had afterwards
   */
  public void destroy(DomainId id) {
    InProcessDomain victim = remove(id);
    if (victim != null) {
      victim.die(false);
    }
  }

  private synchronized @Nullable InProcessDomain remove(DomainId id) {
    return domains.remove(id);
  }

  /**
   * What has been taken and not given back.
   *
   * @return a line for each; empty if all is clean
   */
  public List<String> leftovers() {
    List<InProcessDomain> all;
    synchronized (this) {
      all = List.copyOf(domains.values());
    }
    List<String> found = new ArrayList<>();
    all.forEach(domain -> domain.leftovers(found));
    store.leftovers(found);
    return found;
  }

  InProcessStore store() {
    return store;
  }

  synchronized @Nullable InProcessDomain find(DomainId id) {
    return domains.get(id);
  }

  /** Counts a call, and fails it if it is the one that shall fail. */
  synchronized void enter(String call) throws IOException {
    calls++;
    if (calls == failAt) {
      throw new IOException(call + ": made to fail at call " + calls);
    }
  }

  synchronized void takePages(int pages) throws SystemRefusedException {
    if (pages > pagesLeft) {
      throw new SystemRefusedException(
          "shared pages",
          pages + " wanted, " + pagesLeft + " left",
          "close channels or use smaller rings");
    }
    pagesLeft -= pages;
  }

  synchronized void returnPages(int pages) {
    // Not beyond the largest number, which stands for "no limit".
    pagesLeft += Math.min(pages, Integer.MAX_VALUE - pagesLeft);
  }

  private static int compare(DomainId a, DomainId b) {
    return Integer.compare(a.value(), b.value());
  }
}
