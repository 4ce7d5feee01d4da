// SPDX-License-Identifier: Apache-2.0
package dev.vchan.docs;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.MatchResult;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

/** The steps of the model in {@code spec/} and the methods of the core are the same ones. */
class ModelStepsTest {

  private static final String CORE = "vchan-core/src/main/java/dev/vchan/";

  private static final Pattern STEP = Pattern.compile("(?m)^inline ([A-Z]\\w*)_(\\w+)\\(");

  /** Package-private, not static: two blanks, perhaps a modifier, a type, a name. */
  private static final Pattern METHOD =
      Pattern.compile(
          "(?m)^  (?:final |abstract )*(?!private|public|record)\\w+(?:<[^>]+>)?"
              + " (\\w+)\\([^;]*\\{");

  /** Whatever is not a step, and why. */
  private static final Set<String> LEFT_OUT =
      Set.of(
          // A client's checks of a hostile page are for the attack catalogue.
          "ControlPage.header",
          "ControlPage.grants",
          // One step of the model each: a look at a byte, inside the step that looks.
          "ControlPage.incomingProducer",
          "ControlPage.outgoingConsumer",
          "ControlPage.publishIncomingConsumer",
          "ControlPage.publishOutgoingProducer",
          "ControlPage.peerEnded",
          "ControlPage.peerExtensions",
          "ControlPage.peerKnowsHalfClose",
          "ControlPage.peerLive",
          "ControlPage.clientNeverCame",
          // Nothing shared is changed, and nothing follows from what is seen.
          "ControlPage.isMapped",
          "Direction.glance");

  @Test
  void everyStepOfTheModelIsAMethod() {
    Set<String> unknown = new TreeSet<>();
    for (String step : steps()) {
      String type = step.replaceFirst("\\..*", "");
      String method = step.replaceFirst(".*\\.", "");
      if (!source(type).matches("(?s).*\\b" + method + "\\(.*")) {
        unknown.add(step);
      }
    }
    assertThat(steps()).hasSizeGreaterThan(20);
    assertThat(unknown).describedAs("steps that are no method").isEmpty();
  }

  @Test
  void everyMethodThatChangesOrJudgesThePageIsAStep() {
    Set<String> missing = new TreeSet<>();
    for (String type : List.of("ControlPage", "Direction")) {
      METHOD
          .matcher(source(type))
          .results()
          .map(found -> type + "." + found.group(1))
          .forEach(missing::add);
    }
    assertThat(missing).hasSizeGreaterThan(15);
    missing.removeAll(steps());
    assertThat(missing).isEqualTo(new TreeSet<>(LEFT_OUT));
  }

  private static Set<String> steps() {
    Set<String> steps = new TreeSet<>();
    for (MatchResult found : STEP.matcher(model()).results().toList()) {
      steps.add(found.group(1) + "." + found.group(2));
    }
    return steps;
  }

  private static String model() {
    return Stream.of("page", "directions", "ends")
        .map(part -> Repository.read("spec/" + part + ".pml"))
        .collect(Collectors.joining());
  }

  private static String source(String type) {
    return switch (type) {
      case "Offer" -> Repository.read(CORE + "Handshake.java");
      case "EventChannel", "MemoryBarrier" -> Repository.read(CORE + "spi/" + type + ".java");
      default -> Repository.read(CORE + type + ".java");
    };
  }
}
