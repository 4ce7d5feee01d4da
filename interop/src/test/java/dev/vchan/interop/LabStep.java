// SPDX-License-Identifier: Apache-2.0
package dev.vchan.interop;

import dev.vchan.RingSizes;
import dev.vchan.interop.LabEnd.Terms;
import dev.vchan.testkit.ends.Role;
import java.util.ArrayList;
import java.util.List;

/**
 * What both domains do at the same time, and how it is called in a result.
 *
 * @param name ends a line of the results
 * @param inDom0 what dom0 does; throws if anything is not as it must be
 * @param inDomU what domU does
 */
record LabStep(String name, Work inDom0, Work inDomU) {

  /** What one domain does in a step. */
  interface Work {

    /**
     * Does it.
     *
     * @param port a name that no other step uses
     * @return a figure for the result, or nothing
     */
    String play(LabSite site, String port) throws Exception;
  }

  private interface Opening {
    LabEnd open(LabSite site, Role own, String port, Terms terms) throws Exception;
  }

  private enum Maker {
    JAVA("Java", LabEnd::ours),
    C("C", LabEnd::libxenvchan);

    private final String title;
    private final Opening opening;

    Maker(String title, Opening opening) {
      this.title = title;
      this.opening = opening;
    }
  }

  private record Rings(String title, RingSizes sizes) {}

  private static final List<Rings> RINGS =
      List.of(
          new Rings("in-page", new RingSizes(1024, 2048)),
          new Rings("4 KiB", RingSizes.both(4096)),
          new Rings("64 KiB", RingSizes.both(64 * 1024)),
          new Rings("1 MiB", RingSizes.both(1 << 20)));

  /** Every pair of makers, both ways, with every size of rings, as a stream and in packets. */
  static List<LabStep> matrix() {
    List<LabStep> steps = new ArrayList<>();
    for (Maker dom0 : Maker.values()) {
      for (Maker domU : Maker.values()) {
        for (Role role : Role.values()) {
          for (Rings rings : RINGS) {
            for (boolean packets : new boolean[] {false, true}) {
              Terms terms = new Terms(rings.sizes(), steps.size(), packets);
              String name =
                  "dom0 %s %s, domU %s %s, %s, %s"
                      .formatted(
                          dom0.title,
                          verb(role),
                          domU.title,
                          verb(role.other()),
                          rings.title(),
                          packets ? "packets" : "stream");
              steps.add(
                  new LabStep(
                      name, exchange(dom0, role, terms), exchange(domU, role.other(), terms)));
            }
          }
        }
      }
    }
    return steps;
  }

  /** One of the domains moves bytes in both directions over a channel of ours. */
  static Work ours(Role own, Terms terms) {
    return exchange(Maker.JAVA, own, terms);
  }

  private static String verb(Role role) {
    return role == Role.SERVER ? "serves" : "connects";
  }

  private static Work exchange(Maker maker, Role own, Terms terms) {
    return (site, port) -> {
      try (LabEnd end = maker.opening.open(site, own, port, terms)) {
        move(end, own, terms);
      }
      return "";
    };
  }

  /**
   * All that was written has been read when a side closes, since what comes last goes to whoever
   * closes first: libxenvchan does not read what is left of a peer that has closed.
   */
  private static void move(LabEnd end, Role own, Terms terms) throws Exception {
    Role first = terms.seed() % 4 < 2 ? Role.SERVER : Role.CLIENT;
    boolean packets = terms.packets();
    end.both(packets, terms.out(own), terms.in(own));
    if (own == first) {
      end.put(packets, terms.out(own));
      end.take(packets, terms.in(own));
    } else {
      end.take(packets, terms.in(own));
      end.put(packets, terms.out(own));
      end.end();
    }
  }
}
