// SPDX-License-Identifier: Apache-2.0
package dev.vchan.interop;

import dev.vchan.SystemRefusedException;
import dev.vchan.Vchan;
import dev.vchan.VchanListener;
import dev.vchan.VchanOptions;
import dev.vchan.testkit.ends.Pending;
import dev.vchan.testkit.ends.Role;
import dev.vchan.testkit.ends.Workers;
import dev.vchan.xen.xenstore.Errno;
import dev.vchan.xen.xenstore.Nodes;
import dev.vchan.xen.xenstore.StorePath;
import dev.vchan.xen.xenstore.StoreWatch;
import dev.vchan.xen.xenstore.XenStore;
import dev.vchan.xen.xenstore.XenStoreRefusedException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/**
 * Steps about what domU, or a user there, does not have, may not have, or has too much of already.
 * What is missing was looked at before the first step, since a driver in use cannot be unloaded.
 */
final class LabLimits implements AutoCloseable {

  private static final Path GNTALLOC = Path.of("/dev/xen/gntalloc");
  private static final Path GNTDEV = Path.of("/dev/xen/gntdev");
  private static final Path EVTCHN = Path.of("/dev/xen/evtchn");
  private static final Path XENBUS = Path.of("/dev/xen/xenbus");
  private static final Path HIDDEN = Path.of("/dev/xen/hidden");

  /** For each thing that was taken away, what must be said of it. */
  private static final List<List<String>> EXPECTED =
      List.of(
          List.of(GNTALLOC + ": ", "ENOENT", "modprobe xen-gntalloc"),
          List.of(GNTDEV + ": ", "ENOENT", "mknod -m 600 " + GNTDEV + " c 10 "),
          List.of(EVTCHN + ": ", "EACCES", "let this user read and write " + EVTCHN),
          List.of("XenStore: ", "ermission denied", "give this user the device " + XENBUS));

  private static final String MESSAGES =
      "a missing module, a missing device and no permission each have their message";
  private static final String DOCTOR = "vchan doctor says the same of them";
  private static final String CONNECTS =
      "another user, with gntdev, evtchn and xenbus, connects to dom0 and cannot serve";
  private static final String SERVES =
      "another user, with gntalloc, evtchn and xenbus, serves dom0 and cannot connect";

  /** The steps that need a look before the first one. */
  static final List<String> NAMES = List.of(MESSAGES, DOCTOR, CONNECTS, SERVES);

  private static final String LOOKED = "looked";

  private static final String REFUSED = SystemRefusedException.class.getName() + ": ";

  private LabUser user;
  private List<String> problems = List.of();
  private List<String> openFailure = List.of();
  private String doctor = "";
  private Throwable failure;

  private LabLimits() {}

  /**
   * Looks, in domU.
   *
   * @param wanted whether there is anything to look at
   */
  static LabLimits prepare(boolean wanted) {
    LabLimits limits = new LabLimits();
    if (wanted) {
      try {
        limits.look();
      } catch (Exception | AssertionError e) {
        limits.failure = e;
      }
    }
    return limits;
  }

  /** One thing of each kind is missing to a user who has been given nothing yet. */
  private void look() throws Exception {
    run("rmmod", "xen_gntalloc");
    Files.move(GNTDEV, HIDDEN);
    try {
      user = LabUser.start();
      problems = user.ask("problems");
      openFailure = user.ask("open");
      doctor = LabUser.run("/bin/vchan doctor");
    } finally {
      Files.move(HIDDEN, GNTDEV);
      run("insmod", "/modules/xen-gntalloc.ko");
    }
  }

  private static void run(String... command) throws IOException, InterruptedException {
    int exit = new ProcessBuilder(command).inheritIO().start().waitFor();
    if (exit != 0) {
      throw new AssertionError(List.of(command) + " ended with " + exit);
    }
  }

  List<LabStep> steps() {
    return List.of(
        new LabStep(MESSAGES, LabLimits::awaitLook, (site, port) -> checkProblems(site)),
        inDomU(DOCTOR, (site, port) -> checkDoctor()),
        new LabStep(
            CONNECTS,
            LabUser.work(Role.SERVER),
            (site, port) -> asUser(Role.CLIENT, port, GNTDEV, GNTALLOC)),
        new LabStep(
            SERVES,
            LabLimits::besidesAServer,
            (site, port) -> asUser(Role.SERVER, port, GNTALLOC, GNTDEV)),
        inDomU("the quota of transactions is named, also to a server", LabLimits::transactions),
        inDomU("the quota of nodes is named", LabLimits::nodes),
        inDomU("the quota of watches is named", LabLimits::watches));
  }

  private static LabStep inDomU(String name, LabStep.Work work) {
    return new LabStep(name, (site, port) -> "", work);
  }

  /** The look takes two starts of a JVM, and domU has not said anything yet. */
  private static String awaitLook(LabSite site, String port) throws IOException {
    String looked = site.awaitReport(LOOKED, LabSite.PATIENCE.multipliedBy(2));
    if (!looked.equals(LOOKED)) {
      throw new AssertionError(looked);
    }
    return "";
  }

  private String checkProblems(LabSite site) throws IOException {
    site.report(LOOKED, LOOKED);
    checkLooked();
    if (problems.size() != EXPECTED.size()) {
      throw new AssertionError("problems: " + problems);
    }
    for (int i = 0; i < EXPECTED.size(); i++) {
      contains(problems.get(i), EXPECTED.get(i));
      contains(problems.get(i), List.of(REFUSED));
    }
    contains(String.join(" ", openFailure), List.of(REFUSED + GNTALLOC + ": "));
    return "";
  }

  private String checkDoctor() {
    checkLooked();
    EXPECTED.forEach(words -> contains(doctor, words));
    return "";
  }

  private void checkLooked() {
    if (failure != null) {
      throw new AssertionError("what was looked at before the first step: " + failure, failure);
    }
  }

  private static void contains(String text, List<String> words) {
    for (String word : words) {
      if (!text.contains(word)) {
        throw new AssertionError("no \"" + word + "\" in \"" + text.replace('\n', ' ') + '"');
      }
    }
  }

  /** With one of the devices for pages it can be one side, and is told what the other needs. */
  private String asUser(Role own, String port, Path given, Path denied) throws IOException {
    checkLooked();
    for (Path device : List.of(EVTCHN, XENBUS, given)) {
      Files.setAttribute(device, "unix:uid", LabUser.UID);
    }
    Files.setAttribute(denied, "unix:uid", 0);
    List<String> refusal = user.ask(own.other() + " " + other(port));
    contains(String.join(" ", refusal), List.of(REFUSED + denied + ": ", "EACCES"));
    List<String> went = user.ask(own + " " + port);
    if (!went.isEmpty()) {
      throw new AssertionError("user: " + went);
    }
    return "";
  }

  private static String other(String port) {
    return port + "-other";
  }

  /** A client cannot find out what it may not before there is a server. */
  private static String besidesAServer(LabSite site, String port) throws Exception {
    try (VchanListener listener =
        VchanListener.open(
            site.backend(), site.other(), LabSite.name(other(port)), VchanOptions.DEFAULTS)) {
      Pending<Vchan> nobody = Workers.PLATFORM.start(() -> listener.accept(Hub.soon()));
      LabUser.work(Role.CLIENT).play(site, port);
      if (nobody.isDone()) {
        throw new AssertionError("somebody came to " + other(port) + ": " + nobody.get());
      }
      return "";
    }
  }

  private interface Attempt {
    void make() throws IOException;
  }

  /** Goes on until XenStore refuses, and checks in which words. */
  private static void untilRefused(String quota, Attempt attempt) throws IOException {
    try {
      for (int i = 0; i < 5000; i++) {
        attempt.make();
      }
    } catch (XenStoreRefusedException e) {
      checkQuota(e, quota);
      return;
    }
    throw new AssertionError("no end of " + quota);
  }

  private static void checkQuota(XenStoreRefusedException refused, String quota) {
    // Linux makes EINVAL of the EQUOTA for a watch.
    if (!List.of(Errno.ENOSPC, Errno.EQUOTA, Errno.E2BIG, Errno.EINVAL).contains(refused.errno())) {
      throw new AssertionError(refused);
    }
    contains(String.valueOf(refused.getMessage()), List.of("quota of " + quota, "or raise"));
  }

  private static String transactions(LabSite site, String port) throws IOException {
    nest(site, port, 0);
    return "";
  }

  private static void nest(LabSite site, String port, int depth) throws IOException {
    if (depth > 50) {
      throw new AssertionError("no end of transactions");
    }
    try {
      site.store()
          .transact(
              Hub.soon(),
              inside -> {
                nest(site, port, depth + 1);
                return port;
              });
    } catch (XenStoreRefusedException e) {
      checkQuota(e, "open transactions");
      listenInVain(site, port);
    }
  }

  private static void listenInVain(LabSite site, String port) throws IOException {
    try {
      Vchan.listen(
              site.backend(), site.other(), LabSite.name(port), VchanOptions.DEFAULTS, Hub.soon())
          .close();
    } catch (SystemRefusedException e) {
      contains(String.valueOf(e.getMessage()), List.of("quota of open transactions", "or raise"));
      return;
    }
    throw new AssertionError("a server needs no transaction");
  }

  private static String nodes(LabSite site, String port) throws IOException {
    StorePath home = new StorePath("/local/domain/" + site.domU() + "/data/" + port);
    Nodes nodes = site.store().nodes(Hub.soon());
    int[] count = {0};
    try {
      untilRefused("nodes", () -> nodes.mkdir(home.child("node-" + count[0]++)));
    } finally {
      nodes.remove(home);
    }
    return "";
  }

  private static String watches(LabSite site, String port) throws IOException {
    StorePath home = new StorePath("/local/domain/" + site.domU() + "/data/" + port);
    List<StoreWatch> watches = new ArrayList<>();
    try (XenStore store = XenStore.open(Hub.soon())) {
      untilRefused("watches", () -> watches.add(store.watch(home, Hub.soon())));
    } finally {
      watches.forEach(StoreWatch::close);
    }
    return "";
  }

  @Override
  public void close() throws IOException {
    if (user != null) {
      user.close();
    }
  }
}
