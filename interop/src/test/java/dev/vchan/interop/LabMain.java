// SPDX-License-Identifier: Apache-2.0
package dev.vchan.interop;

import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Pattern;

/**
 * The lab's tests, to be run in dom0 and in domU of a Xen at the same time. Both play the same
 * steps in the same order; dom0 prints what came of each.
 *
 * <pre>
 * LAB expects COUNT
 * LAB ok NUMBER NAME (MILLISECONDS ms)
 * LAB FAIL NUMBER NAME: REASONS
 * </pre>
 */
public final class LabMain {

  /** Where XenStore is more than a place to meet, and one channel. */
  private static final Pattern WITH_OXENSTORED =
      Pattern.compile(
          "XenStore|quota|lets nobody|dom0 Java serves, domU Java connects, 64 KiB, stream");

  private LabMain() {}

  private static List<LabStep> steps(LabLimits limits) {
    List<LabStep> steps = new ArrayList<>(limits.steps());
    steps.addAll(LabContract.steps());
    steps.addAll(LabCommands.steps());
    steps.addAll(LabStep.matrix());
    steps.addAll(LabManners.steps());
    steps.addAll(LabKills.steps());
    steps.addAll(LabVictims.steps());
    steps.addAll(LabMigrated.steps());
    steps.addAll(LabBench.steps());
    LabThird third = new LabThird();
    steps.addAll(LabStrangers.steps(third));
    steps.addAll(LabSurvivors.steps(third));
    steps.addAll(LabProxies.steps());
    return wanted(steps);
  }

  private static List<LabStep> wanted(List<LabStep> steps) {
    return steps.stream().filter(step -> isWanted(step.name())).toList();
  }

  /** Whoever works on some steps plays only those. The rarer daemon gets what may differ. */
  private static boolean isWanted(String name) {
    String only = System.getenv("ONLY");
    boolean differs =
        !"oxenstored".equals(System.getenv("STORE")) || WITH_OXENSTORED.matcher(name).find();
    return differs && (only == null || Pattern.compile(only).matcher(name).find());
  }

  /**
   * Plays.
   *
   * @param words in dom0 the number of domU; in domU nothing, or what the run before ended with
   */
  public static void main(String[] words) throws Exception {
    boolean looks = words.length == 0 && LabLimits.NAMES.stream().anyMatch(LabMain::isWanted);
    try (LabLimits limits = LabLimits.prepare(looks);
        LabSite site = LabSite.open(words)) {
      List<LabStep> steps = steps(limits);
      if (!site.isDom0()) {
        if (words.length > 0) {
          LabDeaths.playInDomU(site, words[0]);
        } else {
          playInDomU(site, steps);
        }
        return;
      }
      boolean deaths = isWanted(LabDeaths.NAME);
      System.out.println("LAB expects " + (steps.size() + (deaths ? LabDeaths.RESULTS : 0)));
      int number = playInDom0(site, steps);
      if (deaths) {
        LabDeaths.playInDom0(site, number);
      }
    }
  }

  /** Plays these steps and nothing else. */
  static void play(String[] words, List<LabStep> steps) throws IOException {
    List<LabStep> wanted = wanted(steps);
    try (LabSite site = LabSite.open(words)) {
      if (site.isDom0()) {
        System.out.println("LAB expects " + wanted.size());
        playInDom0(site, wanted);
      } else {
        playInDomU(site, wanted);
      }
    }
  }

  private static void playInDomU(LabSite site, List<LabStep> steps) throws IOException {
    int number = 0;
    for (LabStep step : steps) {
      number++;
      String verdict = "ok";
      try {
        step.inDomU().play(site, "lab" + number);
      } catch (Exception | AssertionError e) {
        verdict = explain(number, e);
      }
      site.report("" + number, verdict);
    }
  }

  private static int playInDom0(LabSite site, List<LabStep> steps) throws IOException {
    int number = 0;
    for (LabStep step : steps) {
      number++;
      long start = System.nanoTime();
      List<String> reasons = new ArrayList<>();
      String figure = "";
      try {
        figure = step.inDom0().play(site, "lab" + number);
      } catch (Exception | AssertionError e) {
        reasons.add("dom0: " + explain(number, e));
      }
      String other = site.awaitReport("" + number);
      if (!other.equals("ok")) {
        reasons.add("domU: " + other);
      }
      print(number, step.name() + figure + took(start), reasons);
    }
    return number;
  }

  static String took(long start) {
    return " (" + (System.nanoTime() - start) / 1_000_000 + " ms)";
  }

  /** A line of the results. */
  static void print(int number, String what, List<String> reasons) {
    boolean ok = reasons.isEmpty();
    String why = ok ? "" : ": " + String.join("; ", reasons);
    System.out.println("LAB " + (ok ? "ok " : "FAIL ") + number + " " + what + why);
  }

  /** One line for the results; where it happened goes to standard error. */
  static String explain(int number, Throwable failure) {
    System.err.println("step " + number + ":");
    failure.printStackTrace();
    return failure.toString().lines().findFirst().orElse("?");
  }
}
