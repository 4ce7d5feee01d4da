// SPDX-License-Identifier: Apache-2.0
package dev.vchan.interop;

import dev.vchan.Deadline;
import dev.vchan.DomainId;
import dev.vchan.RendezvousPath;
import dev.vchan.testkit.ends.Role;
import dev.vchan.xen.xenstore.StorePath;
import dev.vchan.xen.xenstore.StoreWatch;
import java.io.IOException;
import java.time.Duration;
import java.util.Optional;

/**
 * A third domain, without Java: its shell does what dom0 writes into its part of XenStore. It is
 * started by whoever needs it first, and again when it is gone. Used by one thread at a time.
 */
final class LabThird {

  /** What xl calls it. */
  static final String NAME = "u2";

  /** It boots and starts a shell meanwhile. */
  private static final Duration PATIENCE = Duration.ofSeconds(90);

  private DomainId domain = DomainId.DOM0;
  private int commands;

  /** How a command of its shell ended, and what it printed. */
  record Answer(int exit, String output) {}

  /** Its number, in dom0, which starts it if it is not there. */
  DomainId start(LabSite site) throws Exception {
    if (domain.equals(DomainId.DOM0)) {
      LabXl.run("xl", "create", "-q", "/" + NAME + ".cfg");
      domain = new DomainId(Integer.parseInt(LabXl.run("xl", "domid", NAME).strip()));
      succeed(site, "true");
    }
    return domain;
  }

  /** Its number since it was started. */
  DomainId domain() {
    return domain;
  }

  /** In dom0; the answer is awaited. */
  Answer ask(LabSite site, String command) throws IOException {
    tell(site, command);
    Deadline deadline = Deadline.after(PATIENCE);
    StorePath node = node("did");
    try (StoreWatch watch = site.store().watch(node, Hub.soon())) {
      while (true) {
        long seen = watch.changes();
        Optional<String> found = site.store().nodes(Hub.soon()).read(node);
        if (found.isPresent() && found.get().startsWith(commands + " ")) {
          String[] words = found.get().split(" ", 3);
          return new Answer(Integer.parseInt(words[1]), words[2]);
        }
        if (!watch.await(seen, deadline.remainingNanos())) {
          throw new AssertionError("domain " + domain + " does not answer to: " + command);
        }
      }
    }
  }

  /** In dom0; whatever answer there is goes unread. */
  void tell(LabSite site, String command) throws IOException {
    commands++;
    site.store().nodes(Hub.soon()).write(node("do"), commands + " " + command);
  }

  private StorePath node(String name) {
    return new StorePath("/local/domain/" + domain + "/data/lab/" + name);
  }

  private void succeed(LabSite site, String command) throws IOException {
    Answer answer = ask(site, command);
    if (answer.exit() != 0) {
      throw new AssertionError(command + ": " + answer);
    }
  }

  /** Starts an end of libxenvchan there, which then does nothing until the domain is gone. */
  void meet(LabSite site, DomainId peer, Role peers, String port) throws IOException {
    String commands;
    if (peers == Role.SERVER) {
      RendezvousPath path = RendezvousPath.of(peer, domain, LabSite.name(port));
      commands = "connect %s %s 30000".formatted(peer, path);
    } else {
      RendezvousPath path = RendezvousPath.of(domain, peer, LabSite.name(port));
      int size = LabBlocked.CAPACITY;
      commands = "listen %s %s %d %d\naccept".formatted(peer, path, size, size);
    }
    // Nothing may hold the pipe by which the shell reads what a command prints.
    succeed(
        site,
        "{ (printf '%s\n'; sleep 1000) | vchan-peer; } >/dev/console 2>&1 </dev/null &"
            .formatted(commands.replace("\n", "\\n")));
  }

  /** To be called when it has been seen that it is gone. */
  void forget() {
    domain = DomainId.DOM0;
  }
}
