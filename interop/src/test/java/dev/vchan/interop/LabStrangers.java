// SPDX-License-Identifier: Apache-2.0
package dev.vchan.interop;

import dev.vchan.DomainId;
import dev.vchan.RendezvousPath;
import dev.vchan.RingSizes;
import dev.vchan.VchanListener;
import dev.vchan.VchanOptions;
import dev.vchan.testkit.ends.Role;
import dev.vchan.xen.xenstore.Nodes;
import dev.vchan.xen.xenstore.Permissions;
import dev.vchan.xen.xenstore.StorePath;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;

/** Steps in which a third domain tries to read what two others advertise for each other. */
final class LabStrangers {

  private static final String REFUSAL = "Permission denied";

  private LabStrangers() {}

  static List<LabStep> steps(LabThird third) {
    List<LabStep> steps = new ArrayList<>();
    for (Role dom0 : Role.values()) {
      String server = dom0 == Role.SERVER ? "dom0" : "domU";
      steps.add(
          new LabStep(
              "a third domain cannot read what " + server + " advertises, unless it is granted",
              (site, port) -> watch(site, port, dom0, third),
              dom0 == Role.SERVER ? LabStrangers::read : LabStrangers::serve));
    }
    return steps;
  }

  private static VchanListener listen(LabSite site, String port) throws IOException {
    VchanOptions options = VchanOptions.DEFAULTS.withSizes(RingSizes.both(4096));
    return VchanListener.open(site.backend(), site.other(), LabSite.name(port), options);
  }

  private static List<StorePath> leaves(RendezvousPath path) {
    StorePath node = new StorePath(path.value());
    return List.of(node.child("ring-ref"), node.child("event-channel"));
  }

  private static List<String> values(LabSite site, RendezvousPath path) throws IOException {
    List<String> values = new ArrayList<>();
    for (StorePath leaf : leaves(path)) {
      values.add(site.store().nodes(Hub.soon()).read(leaf).orElseThrow());
    }
    return values;
  }

  /** In domU: the client that may read. */
  private static String read(LabSite site, String port) throws Exception {
    site.awaitReport(port + "-there");
    site.report(port + "-values", values(site, site.path(Role.CLIENT, port)).toString());
    return "";
  }

  /** In domU: the server, until it has been tried. */
  private static String serve(LabSite site, String port) throws Exception {
    try (VchanListener listener = listen(site, port)) {
      List<String> values = values(site, site.path(Role.SERVER, port));
      site.report(port + "-values", values.toString());
      site.awaitReport(port + "-tried");
      return listener.isOpen() ? "" : "closed";
    }
  }

  private static String watch(LabSite site, String port, Role own, LabThird third)
      throws Exception {
    third.start(site);
    RendezvousPath path = site.path(own, port);
    if (own == Role.CLIENT) {
      try {
        return tryAll(site, path, site.awaitReport(port + "-values"), third);
      } finally {
        site.report(port + "-tried", "ok");
      }
    }
    try (VchanListener listener = listen(site, port)) {
      site.report(port + "-there", "" + listener.isOpen());
      return tryAll(site, path, site.awaitReport(port + "-values"), third);
    }
  }

  /**
   * Looks with the eyes of dom0, too.
   *
   * @param known what the other of the two has read
   */
  private static String tryAll(LabSite site, RendezvousPath path, String known, LabThird third)
      throws IOException {
    List<String> values = values(site, path);
    if (!values.toString().equals(known)) {
      throw new AssertionError("dom0 reads " + values + ", domU " + known);
    }
    for (StorePath leaf : leaves(path)) {
      refuses(site, third, leaf);
      Nodes nodes = site.store().nodes(Hub.soon());
      Permissions own = nodes.permissions(leaf).orElseThrow();
      DomainId stranger = third.domain();
      nodes.setPermissions(leaf, own.granting(stranger, Permissions.Access.READ));
      LabThird.Answer granted = third.ask(site, "xenstore-read " + leaf);
      nodes.setPermissions(leaf, own);
      String value = values.get(leaves(path).indexOf(leaf));
      if (!granted.equals(new LabThird.Answer(0, value))) {
        throw new AssertionError(leaf + " is " + value + ", and where granted: " + granted);
      }
      refuses(site, third, leaf);
    }
    return "";
  }

  /** xenstore-read does not say why it fails, xenstore-ls does; both need the same permission. */
  private static void refuses(LabSite site, LabThird third, StorePath leaf) throws IOException {
    LabThird.Answer read = third.ask(site, "xenstore-read " + leaf);
    LabThird.Answer list = third.ask(site, "xenstore-ls " + leaf);
    if (read.exit() == 0 || list.exit() == 0 || !list.output().contains(REFUSAL)) {
      throw new AssertionError(leaf + ": " + read + ", " + list);
    }
  }
}
