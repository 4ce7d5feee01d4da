// SPDX-License-Identifier: Apache-2.0
package dev.vchan.interop;

import dev.vchan.Deadline;
import dev.vchan.RendezvousPath;
import dev.vchan.RingSizes;
import dev.vchan.SystemRefusedException;
import dev.vchan.Vchan;
import dev.vchan.VchanListener;
import dev.vchan.VchanOptions;
import dev.vchan.testkit.ends.Pending;
import dev.vchan.testkit.ends.Role;
import dev.vchan.testkit.ends.Workers;
import dev.vchan.xen.xenstore.Permissions;
import dev.vchan.xen.xenstore.StorePath;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;

/** Steps about meeting and parting, and about what stays in XenStore. */
final class LabManners {

  private static final int CLIENTS = 100;
  private static final int CLIENTS_AT_ONCE = 8;
  private static final int IDLE = 20;
  private static final Duration IDLE_TIME = Duration.ofSeconds(10);
  private static final Duration MOST_IDLE_CPU = Duration.ofSeconds(1);

  private LabManners() {}

  static List<LabStep> steps() {
    List<LabStep> steps = new ArrayList<>();
    for (Role dom0 : Role.values()) {
      String server = dom0 == Role.SERVER ? "dom0" : "domU";
      steps.add(step(dom0, server + " serves when its client waits already", true, 1));
      steps.add(step(dom0, server + " serves 100 clients one after another", false, CLIENTS));
      steps.add(
          new LabStep(
              server + " serves 8 clients at once, 64 KiB",
              together(dom0, CLIENTS_AT_ONCE),
              together(dom0.other(), CLIENTS_AT_ONCE)));
      steps.add(
          new LabStep(
              server + " lets nobody but its client read what it advertises",
              permissions(dom0),
              permissions(dom0.other())));
      steps.add(
          new LabStep(
              server + " runs out of pages, keeps its channel, and serves again when they return",
              pageLimit(dom0),
              pageLimit(dom0.other())));
    }
    steps.add(
        new LabStep(
            "20 idle channels for 10 s, CPU time of the process in dom0:",
            idle(Role.SERVER),
            idle(Role.CLIENT)));
    steps.add(
        new LabStep(
            "a domain's own number is refused", LabManners::refuseSelf, LabManners::refuseSelf));
    steps.add(new LabStep("nothing is left in XenStore", LabManners::clean, (site, port) -> ""));
    return steps;
  }

  private static LabStep step(Role dom0, String name, boolean late, int times) {
    return new LabStep(name, visits(dom0, late, times), visits(dom0.other(), late, times));
  }

  private static VchanOptions options() {
    return VchanOptions.DEFAULTS.withSizes(RingSizes.both(4096));
  }

  /** A byte there and back for each client. */
  private static LabStep.Work visits(Role own, boolean late, int times) {
    return (site, port) -> {
      if (own == Role.CLIENT) {
        Thread client = Thread.currentThread();
        Pending<Boolean> watching =
            Workers.PLATFORM.start(() -> late && reportWaiting(site, client, port));
        for (int i = 0; i < times; i++) {
          try (Vchan channel = connect(site, port)) {
            ask(channel, i);
          }
        }
        watching.get();
        return "";
      }
      if (late) {
        site.awaitReport(port + "-waits");
      }
      try (VchanListener listener = listen(site, port, options())) {
        for (int i = 0; i < times; i++) {
          try (Vchan channel = listener.accept(Hub.soon())) {
            answer(channel);
            awaitEnd(channel);
          }
        }
      }
      return "";
    };
  }

  /** Once the client has looked for its server, in vain, and waits for it to come. */
  private static boolean reportWaiting(LabSite site, Thread client, String port) throws Exception {
    Deadline deadline = Hub.soon();
    while (Arrays.stream(client.getStackTrace()).noneMatch(LabManners::waitsForServer)) {
      if (deadline.remainingNanos() == 0) {
        throw new AssertionError("the client does not wait");
      }
      Thread.sleep(10);
    }
    site.report(port + "-waits", "ok");
    return true;
  }

  private static boolean waitsForServer(StackTraceElement call) {
    return call.getClassName().equals("dev.vchan.xen.XenWatch")
        && call.getMethodName().equals("await");
  }

  private static LabStep.Work together(Role own, int count) {
    return (site, port) -> {
      VchanOptions options = VchanOptions.DEFAULTS.withSizes(RingSizes.both(64 * 1024));
      List<Vchan> channels = new ArrayList<>();
      try {
        open(site, own, port, count, options, channels);
        for (Vchan channel : channels) {
          if (own == Role.CLIENT) {
            ask(channel, channels.indexOf(channel));
          } else {
            answer(channel);
          }
        }
        if (own == Role.SERVER) {
          for (Vchan channel : channels) {
            awaitEnd(channel);
          }
        }
      } finally {
        close(channels);
      }
      return "";
    };
  }

  private static void open(
      LabSite site, Role own, String port, int count, VchanOptions options, List<Vchan> channels)
      throws IOException {
    if (own == Role.CLIENT) {
      while (channels.size() < count) {
        channels.add(connect(site, port));
      }
      return;
    }
    try (VchanListener listener = listen(site, port, options)) {
      while (channels.size() < count) {
        channels.add(listener.accept(Hub.soon()));
      }
    }
  }

  private static void close(List<Vchan> channels) throws IOException {
    for (Vchan channel : channels) {
      channel.close();
    }
  }

  private static Vchan connect(LabSite site, String port) throws IOException {
    return Vchan.connect(site.backend(), site.other(), LabSite.name(port), options(), Hub.soon());
  }

  private static VchanListener listen(LabSite site, String port, VchanOptions options)
      throws IOException {
    return VchanListener.open(site.backend(), site.other(), LabSite.name(port), options);
  }

  private static void ask(Vchan channel, int question) throws IOException {
    byte value = (byte) question;
    channel.write(ByteBuffer.wrap(new byte[] {value}), Hub.soon());
    ByteBuffer reply = ByteBuffer.allocate(1);
    int got = channel.read(reply, Hub.soon());
    if (got != 1 || reply.get(0) != (byte) (value + 1)) {
      throw new AssertionError("read " + got + ", byte " + reply.get(0) + " for " + value);
    }
  }

  private static void answer(Vchan channel) throws IOException {
    ByteBuffer question = ByteBuffer.allocate(1);
    channel.read(question, Hub.soon());
    byte value = (byte) (question.get(0) + 1);
    channel.write(ByteBuffer.wrap(new byte[] {value}), Hub.soon());
  }

  /** The client closes. */
  private static void awaitEnd(Vchan channel) throws IOException {
    int got = channel.read(ByteBuffer.allocate(1), Hub.soon());
    if (got != -1) {
      throw new AssertionError("read " + got + " instead of the end");
    }
  }

  /** The server looks at its own leaves before the client comes, and for them when it has left. */
  private static LabStep.Work permissions(Role own) {
    return (site, port) -> {
      if (own == Role.CLIENT) {
        try (Vchan channel = connect(site, port)) {
          ask(channel, 0);
        }
        return "";
      }
      RendezvousPath path = site.path(Role.SERVER, port);
      try (VchanListener listener = listen(site, port, options())) {
        checkPermissions(site, path);
        try (Vchan channel = listener.accept(Hub.soon())) {
          answer(channel);
          awaitEnd(channel);
        }
      }
      StorePath node = new StorePath(path.value());
      if (site.store().nodes(Hub.soon()).list(node).isPresent()) {
        throw new AssertionError(path + " is still there");
      }
      return "";
    };
  }

  /** Two channels with rings of 1 MiB take more pages than the kernel lets a domain share. */
  private static LabStep.Work pageLimit(Role own) {
    return (site, port) -> {
      if (own == Role.CLIENT) {
        for (int i = 0; i < 2; i++) {
          try (Vchan channel = connect(site, port)) {
            ask(channel, i);
          }
        }
        return "";
      }
      VchanOptions options = VchanOptions.DEFAULTS.withSizes(RingSizes.both(1 << 20));
      try (VchanListener listener = listen(site, port, options)) {
        try (Vchan channel = listener.accept(Hub.soon())) {
          refuse(listener);
          answer(channel);
          awaitEnd(channel);
        }
        try (Vchan channel = listener.accept(Hub.soon())) {
          answer(channel);
          awaitEnd(channel);
        }
      }
      return "";
    };
  }

  private static void refuse(VchanListener listener) throws IOException {
    try {
      listener.accept(Deadline.after(Duration.ofSeconds(1))).close();
    } catch (SystemRefusedException e) {
      // The limit is the kernel's default.
      if (e.getMessage().contains("pages of /dev/xen/gntalloc")
          && e.getMessage().contains("share at most 1024; close channels")) {
        return;
      }
      throw e;
    }
    throw new AssertionError("there are pages for another channel");
  }

  private static void checkPermissions(LabSite site, RendezvousPath path) throws IOException {
    Permissions wanted =
        Permissions.of(site.backend().self()).granting(site.other(), Permissions.Access.READ);
    for (String leaf : List.of("ring-ref", "event-channel")) {
      StorePath node = new StorePath(path.value()).child(leaf);
      Optional<Permissions> found = site.store().nodes(Hub.soon()).permissions(node);
      if (!found.equals(Optional.of(wanted))) {
        throw new AssertionError(leaf + " has " + found + " instead of " + wanted);
      }
    }
  }

  private static LabStep.Work idle(Role own) {
    return (site, port) -> {
      List<Vchan> channels = new ArrayList<>();
      try {
        open(site, own, port, IDLE, options(), channels);
        Duration before = cpuTime();
        Thread.sleep(IDLE_TIME.toMillis());
        Duration used = cpuTime().minus(before);
        if (used.compareTo(MOST_IDLE_CPU) > 0) {
          throw new AssertionError(used.toMillis() + " ms of CPU time for nothing");
        }
        return " " + used.toMillis() + " ms";
      } finally {
        close(channels);
      }
    };
  }

  private static Duration cpuTime() {
    return ProcessHandle.current().info().totalCpuDuration().orElseThrow();
  }

  private static String refuseSelf(LabSite site, String port) throws IOException {
    try {
      Vchan.connect(
              site.backend(), site.backend().self(), LabSite.name(port), options(), Hub.soon())
          .close();
    } catch (SystemRefusedException e) {
      return "";
    }
    throw new AssertionError("connected to itself");
  }

  private static String clean(LabSite site, String port) throws IOException {
    List<String> found = new ArrayList<>();
    for (int domain : List.of(0, site.domU().value())) {
      collect(site, new StorePath("/local/domain/" + domain + "/data/vchan"), found);
    }
    if (!found.isEmpty()) {
      throw new AssertionError("left: " + found);
    }
    return "";
  }

  /** Leaves; libxenvchan leaves empty directories above its own. */
  private static void collect(LabSite site, StorePath node, List<String> found) throws IOException {
    for (String name : site.store().nodes(Hub.soon()).list(node).orElse(List.of())) {
      StorePath child = node.child(name);
      if (name.equals("ring-ref") || name.equals("event-channel")) {
        found.add(child.value());
      }
      collect(site, child, found);
    }
  }
}
