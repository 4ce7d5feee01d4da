// SPDX-License-Identifier: Apache-2.0
package dev.vchan.testkit.schedule;

import java.util.List;

/** What is played: who does what, and what must hold afterwards. Used for one run after another. */
public interface Situation {

  /**
   * Sets the stage of a run and adds its threads to the scheduler.
   *
   * @throws Exception if it cannot
   */
  void begin() throws Exception;

  /**
   * Looks at what came of the run.
   *
   * @return what is wrong; nothing if all is well
   */
  List<String> verdict();
}
