// SPDX-License-Identifier: Apache-2.0
package dev.vchan.bench;

import java.util.ArrayList;
import java.util.Collection;
import java.util.Comparator;
import java.util.EnumMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.Set;
import java.util.TreeSet;
import org.jspecify.annotations.Nullable;

/** What a run has found: for each cell the values of all rounds, by metric. */
final class Results {

  private static final String MEASUREMENTS = "measurements";
  private static final String MACHINE = "machine";
  private static final String MISSING = "missing";
  private static final String EVENTS = "bareEvents";

  private final Map<String, String> facts = new LinkedHashMap<>();
  private final Map<Rival, String> missing = new EnumMap<>(Rival.class);
  private final List<BareEvent> bareEvents = new ArrayList<>();
  private final Map<Cell, Map<String, List<Double>>> values = new LinkedHashMap<>();

  /** Notes something about the machine or the run. */
  void fact(String name, Object value) {
    facts.put(name, value.toString());
  }

  Map<String, String> facts() {
    return facts;
  }

  /** Notes that a contestant has no figures, and why. */
  void missing(Rival rival, String why) {
    missing.put(rival, why);
  }

  Map<Rival, String> missing() {
    return missing;
  }

  void add(BareEvent event) {
    bareEvents.removeIf(old -> old.placement() == event.placement());
    bareEvents.add(event);
  }

  List<BareEvent> bareEvents() {
    return bareEvents;
  }

  /** Adds a round's value. */
  void add(Cell cell, String metric, double value) {
    values
        .computeIfAbsent(cell, any -> new LinkedHashMap<>())
        .computeIfAbsent(metric, any -> new ArrayList<>())
        .add(value);
  }

  /** Forgets a cell, which is to be measured again. */
  void forget(Cell cell) {
    values.remove(cell);
  }

  /** All cells with figures, in the order in which they were first measured. */
  Collection<Cell> cells() {
    return values.keySet();
  }

  /** What was asked, without who was asked. */
  List<Question> questions(Work work) {
    return values.keySet().stream()
        .map(Cell::question)
        .filter(question -> question.work() == work)
        .distinct()
        .sorted(
            Comparator.comparing(Question::placement)
                .thenComparingInt(Question::ring)
                .thenComparingInt(Question::size))
        .toList();
  }

  /** Values of all rounds; none if it was not measured, or does not count. */
  List<Double> rounds(Cell cell, String metric) {
    return isVoid(cell)
        ? List.of()
        : values.getOrDefault(cell, Map.of()).getOrDefault(metric, List.of());
  }

  /** Whether a cell was measured over a stand-in that costs too much for the figures to count. */
  boolean isVoid(Cell cell) {
    Placement placement = cell.question().placement().ofSides();
    return cell.rival().program() == Rival.Program.XEN
        && bareEvents.stream().anyMatch(one -> one.placement() == placement && !one.counts());
  }

  /** Whether the stand-in's events were found to be cheap enough there. */
  boolean eventCounts(Placement placement) {
    Placement sides = placement.ofSides();
    return bareEvents.stream().anyMatch(one -> one.placement() == sides && one.counts());
  }

  Optional<Statistics> statistics(Cell cell, String metric) {
    List<Double> rounds = rounds(cell, metric);
    return rounds.isEmpty() ? Optional.empty() : Optional.of(Statistics.of(rounds));
  }

  OptionalDouble median(Cell cell, String metric) {
    return statistics(cell, metric).stream().mapToDouble(Statistics::median).findFirst();
  }

  /** How many times one contestant's figure is another's. */
  OptionalDouble ratio(Question question, Rival one, Rival other, String metric) {
    List<Double> first = rounds(question.of(one), metric);
    List<Double> second = rounds(question.of(other), metric);
    if (first.isEmpty() || second.isEmpty()) {
      return OptionalDouble.empty();
    }
    return OptionalDouble.of(Statistics.ratio(first, second));
  }

  /** Contestants with figures for some work. */
  Set<Rival> rivals(Work work) {
    Set<Rival> rivals = new TreeSet<>();
    for (Cell cell : values.keySet()) {
      if (cell.question().work() == work) {
        rivals.add(cell.rival());
      }
    }
    return rivals;
  }

  String toJson() {
    Map<String, Object> top = new LinkedHashMap<>();
    top.put(MACHINE, facts);
    Map<String, Object> without = new LinkedHashMap<>();
    missing.forEach((rival, why) -> without.put(rival.word(), why));
    top.put(MISSING, without);
    top.put(EVENTS, bareEvents.stream().map(Results::asMap).toList());
    List<Object> measurements = new ArrayList<>();
    values.forEach((cell, metrics) -> measurements.add(asMap(cell, metrics)));
    top.put(MEASUREMENTS, measurements);
    return Json.write(top);
  }

  private static Map<String, Object> asMap(BareEvent event) {
    Map<String, Object> map = new LinkedHashMap<>();
    map.put("placement", event.placement().word());
    map.put("pipeMicros", event.pipe());
    map.put("eventMicros", event.event());
    map.put("ratio", event.ratio());
    map.put("ratioWithPoll", event.ratioWithPoll());
    return map;
  }

  private static Map<String, Object> asMap(Cell cell, Map<String, List<Double>> metrics) {
    Map<String, Object> map = new LinkedHashMap<>();
    Question question = cell.question();
    map.put("work", question.work().word());
    map.put("contestant", cell.rival().word());
    map.put("placement", question.placement().word());
    map.put("ring", question.ring());
    map.put("size", question.size());
    map.putAll(metrics);
    return map;
  }

  /**
   * Reads what {@link #toJson} has written.
   *
   * @throws IllegalArgumentException if the text is something else
   */
  static Results parse(String json) {
    Results results = new Results();
    Map<?, ?> top = map(Json.parse(json));
    map(top.get(MACHINE)).forEach((key, value) -> results.fact("" + key, "" + value));
    map(top.get(MISSING)).forEach((key, value) -> results.missing(Rival.of("" + key), "" + value));
    for (Object one : list(top.get(EVENTS))) {
      Map<?, ?> event = map(one);
      results.add(
          new BareEvent(
              Placement.of("" + event.get("placement")),
              number(event.get("pipeMicros")),
              number(event.get("eventMicros")),
              number(event.get("ratio")),
              number(event.get("ratioWithPoll"))));
    }
    for (Object one : list(top.get(MEASUREMENTS))) {
      results.addMeasurement(map(one));
    }
    return results;
  }

  private void addMeasurement(Map<?, ?> one) {
    Question question =
        new Question(
            Work.of("" + one.get("work")),
            Placement.of("" + one.get("placement")),
            (int) number(one.get("ring")),
            (int) number(one.get("size")));
    Cell cell = question.of(Rival.of("" + one.get("contestant")));
    one.forEach(
        (metric, rounds) -> {
          if (rounds instanceof List<?> list) {
            list.forEach(value -> add(cell, "" + metric, number(value)));
          }
        });
  }

  private static Map<?, ?> map(@Nullable Object value) {
    if (value instanceof Map<?, ?> map) {
      return map;
    }
    throw new IllegalArgumentException("not a file of results: an object is missing");
  }

  private static List<?> list(@Nullable Object value) {
    if (value instanceof List<?> list) {
      return list;
    }
    throw new IllegalArgumentException("not a file of results: a list is missing");
  }

  private static double number(@Nullable Object value) {
    if (Objects.requireNonNullElse(value, "nothing") instanceof Double number) {
      return number;
    }
    throw new IllegalArgumentException("not a file of results: a number is missing");
  }
}
