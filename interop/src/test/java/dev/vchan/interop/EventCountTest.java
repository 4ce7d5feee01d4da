// SPDX-License-Identifier: Apache-2.0
package dev.vchan.interop;

import static org.assertj.core.api.Assertions.assertThat;

import dev.vchan.RingSizes;
import dev.vchan.VchanOptions;
import dev.vchan.interop.Script.Step;
import dev.vchan.testkit.Figures;
import dev.vchan.testkit.ends.Role;
import java.io.IOException;
import java.util.List;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/**
 * Events cost a system call and a wake-up each: for the same traffic our endpoint sends libxenvchan
 * no more of them than libxenvchan would, and asks it for no more.
 */
class EventCountTest {

  private static final VchanOptions SMALL = VchanOptions.DEFAULTS.withSizes(RingSizes.both(1));

  private static Figures figures;

  @BeforeAll
  static void prepare() throws IOException {
    Programs.peer();
    figures = new Figures("interop-events");
  }

  @ParameterizedTest
  @EnumSource(Role.class)
  void stepByStepWeSendNoMoreAndAskForNoMore(Role role) throws Exception {
    List<Step> ours = Script.withOurs(role, SMALL.classic());
    List<Step> libxenvchans = Script.withLibxenvchan(role);
    assertThat(ours).hasSameSizeAs(libxenvchans);
    for (int i = 0; i < ours.size(); i++) {
      Step own = ours.get(i);
      Step other = libxenvchans.get(i);
      assertThat(own.name()).isEqualTo(other.name());
      assertThat(own.answer()).as(own.name()).isEqualTo(other.answer());
      assertThat(own.partnersEvents()).as("step %d, %s", i, own).isEqualTo(other.partnersEvents());
      assertThat(own.peersEvents()).as("step %d, %s", i, own).isLessThanOrEqualTo(other.peersEvents());
      assertThat(own.asked() & ~other.asked()).as("step %d, %s: asked for", i, own).isZero();
    }
    Step last = ours.getLast();
    Step others = libxenvchans.getLast();
    figures.add(
        "events, step by step as %s: sent %d (libxenvchan %d), asked for %d (libxenvchan %d)"
            .formatted(
                role,
                last.partnersEvents(),
                others.partnersEvents(),
                last.peersEvents(),
                others.peersEvents()));
  }
}
