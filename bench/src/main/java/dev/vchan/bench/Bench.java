// SPDX-License-Identifier: Apache-2.0
package dev.vchan.bench;

import java.io.IOException;
import java.io.PrintStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.EnumSet;
import java.util.List;
import java.util.Locale;
import java.util.Random;
import java.util.Set;
import java.util.concurrent.Callable;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/** The command: what its options ask for is measured, or read, and told. */
@Command(
    name = "vchan bench",
    description = {
      "Measure vchan beside libxenvchan, sockets, pipes and rings: two processes each, in turns, in"
          + " random order. Tables on standard output, progress on standard error. Takes most of"
          + " half an hour. How to read it: docs/performance.md."
    },
    footer = {
      "",
      "Examples:",
      "  vchan bench --quick                     a first impression, two minutes",
      "  vchan bench --json r.json --html r.html everything, kept",
      "  vchan bench --from r.json --html r.html the page again, without measuring",
      "  vchan bench --work trip --contestants vchan,unix-java",
      "  vchan bench --work idle,waiting --idle-seconds 60 --rounds 3",
      "  vchan bench --guard                     for CI: fails if vchan became slow"
    },
    exitCodeListHeading = "%nExit codes:%n",
    exitCodeList = {
      " 0:done",
      " 1:failed: the message says what; or the guard found a bound broken",
      " 2:wrong usage",
      "130:interrupted (Ctrl-C); 129 if by SIGHUP, 143 if by SIGTERM"
    })
final class Bench implements Callable<Integer> {

  /** No more digits than any size has, so that no product is too large. */
  private static final Pattern SIZE = Pattern.compile("([0-9]{1,4}|[0-9]{5,7}(?![KMkm]))([KMkm]?)");

  private static final int MOST_ROUNDS = 1_000;
  private static final int MOST_CHANNELS = 100_000;
  private static final int MOST_IDLE_SECONDS = 120;

  private static final int DONE = 0;
  private static final int FAILED = 1;

  @Spec private @Nullable CommandSpec spec;

  @SuppressWarnings("UnusedVariable") // Picocli itself acts on it.
  @Option(
      names = {"-h", "--help"},
      usageHelp = true,
      description = "Show this help.")
  private boolean help;

  @Option(names = "--quick", description = "Fewer sizes, rounds and places: two minutes.")
  private boolean quick;

  @Option(
      names = "--guard",
      description =
          "Compare only with the bounds that a change must keep, once more if one is broken, and"
              + " fail if it is again: a minute or two.")
  private boolean guard;

  @Option(names = "--json", paramLabel = "FILE", description = "Write all figures to FILE.")
  private @Nullable Path json;

  @Option(names = "--html", paramLabel = "FILE", description = "Write a page with pictures.")
  private @Nullable Path html;

  @Option(
      names = "--document",
      paramLabel = "FILE",
      description =
          "Replace the figures in FILE, which is docs/performance.md, and the pictures beside it.")
  private @Nullable Path document;

  @Option(
      names = "--from",
      paramLabel = "FILE",
      description = "Read figures that --json has written, and measure nothing.")
  private @Nullable Path from;

  @Option(
      names = "--seed",
      paramLabel = "N",
      description = "Of the random order. Else one is chosen, and printed.")
  private @Nullable Long seed;

  @Option(names = "--rounds", paramLabel = "N", description = "How often everything is asked.")
  private @Nullable Integer rounds;

  @Option(
      names = "--contestants",
      paramLabel = "NAME",
      split = ",",
      description = "Only these: ${COMPLETION-CANDIDATES}.",
      completionCandidates = RivalWords.class)
  private List<String> contestants = List.of();

  @Option(
      names = "--work",
      paramLabel = "NAME",
      split = ",",
      description = "Only this: stream, touch, trip, connect, rush, idle, waiting, echo, event.")
  private List<String> works = List.of();

  @Option(
      names = "--placement",
      paramLabel = "NAME",
      split = ",",
      description = "Only there: pinned, free, shared, loaded.")
  private List<String> placements = List.of();

  @Option(
      names = "--ring",
      paramLabel = "BYTES",
      split = ",",
      description = "Only rings of this size, as in 64K.")
  private List<String> rings = List.of();

  @Option(
      names = "--size",
      paramLabel = "BYTES",
      split = ",",
      description = "Only writes and messages of this size.")
  private List<String> sizes = List.of();

  @Option(
      names = "--channels",
      paramLabel = "N",
      description = "How many are open at once in idle, waiting and echo.")
  private @Nullable Integer channels;

  @Option(
      names = "--idle-seconds",
      paramLabel = "N",
      description = "How long to look at channels that are not used.")
  private @Nullable Integer idleSeconds;

  /** Names of contestants, for the help. */
  static final class RivalWords implements Iterable<String> {
    @Override
    public java.util.Iterator<String> iterator() {
      return Arrays.stream(Rival.values()).map(Rival::word).iterator();
    }
  }

  @Override
  public Integer call() throws IOException, InterruptedException {
    Path saved = from;
    Plan plan = usage(this::plan);
    if (guard) {
      return guarded();
    }
    if (saved != null) {
      Results read = usage(() -> Results.parse(Files.readString(saved)));
      tell(read);
      return DONE;
    }
    Run run = new Run(plan, chosenSeed(), programs(), progress());
    Results results = run.run();
    tell(results);
    if (run.failures() > 0) {
      System.err.println("vchan bench: " + run.failures() + " measurements failed, see above");
      return FAILED;
    }
    return DONE;
  }

  private interface Attempt<T> {
    T get() throws IOException;
  }

  /** What is wrong with an option's value is wrong usage. */
  private <T> T usage(Attempt<T> attempt) throws IOException {
    try {
      return attempt.get();
    } catch (IllegalArgumentException e) {
      CommandSpec own = java.util.Objects.requireNonNull(spec);
      throw new ParameterException(own.commandLine(), String.valueOf(e.getMessage()), e);
    }
  }

  /** What the options ask for. */
  Plan plan() {
    Plan plan = chosen(quick ? Plan.quick() : Plan.full());
    if (plan.questions().isEmpty()) {
      throw new IllegalArgumentException("nothing is left to measure with these options");
    }
    if (rounds != null) {
      plan = plan.withRounds(within("--rounds", rounds, MOST_ROUNDS));
    }
    if (channels != null) {
      plan = plan.withChannels(within("--channels", channels, MOST_CHANNELS));
    }
    if (idleSeconds != null) {
      plan = plan.withIdleSeconds(within("--idle-seconds", idleSeconds, MOST_IDLE_SECONDS));
    }
    return plan;
  }

  private static int within(String option, int value, int most) {
    if (value < 1 || value > most) {
      throw new IllegalArgumentException(option + " " + value + ": at least 1 and at most " + most);
    }
    return value;
  }

  /** What is left of a plan. */
  private Plan chosen(Plan whole) {
    Set<Rival> who = EnumSet.noneOf(Rival.class);
    contestants.forEach(word -> who.add(Rival.of(word)));
    Set<Work> what = EnumSet.noneOf(Work.class);
    works.forEach(word -> what.add(Work.of(word)));
    Set<Placement> where = EnumSet.noneOf(Placement.class);
    placements.forEach(word -> where.add(Placement.of(word)));
    Set<Integer> someRings = rings.stream().map(Bench::bytes).collect(Collectors.toSet());
    Set<Integer> someSizes = sizes.stream().map(Bench::bytes).collect(Collectors.toSet());
    return whole.only(
        rival -> who.isEmpty() || who.contains(rival),
        question ->
            (what.isEmpty() || what.contains(question.work()))
                && (where.isEmpty() || where.contains(question.placement()))
                && (someRings.isEmpty() || someRings.contains(question.ring()))
                && (someSizes.isEmpty() || someSizes.contains(question.size())));
  }

  /** A size such as 64, 64K or 1M. */
  static int bytes(String word) {
    Matcher size = SIZE.matcher(word);
    if (!size.matches()) {
      throw new IllegalArgumentException("'" + word + "' is not a number of bytes");
    }
    int unit =
        switch (size.group(2).toUpperCase(Locale.ROOT)) {
          case "K" -> Plan.KI;
          case "M" -> Plan.MI;
          default -> 1;
        };
    return Integer.parseInt(size.group(1)) * unit;
  }

  private int guarded() throws IOException, InterruptedException {
    long begin = chosenSeed();
    List<Guard.Bound> broken = Guard.BOUNDS;
    for (int attempt = 0; attempt < 2 && !broken.isEmpty(); attempt++) {
      Results results = new Run(Guard.plan(broken), begin + attempt, programs(), progress()).run();
      System.out.print(Guard.describe(broken, results));
      broken = Guard.broken(broken, results);
      if (!results.missing().isEmpty()) {
        System.err.println("vchan bench: cannot judge without " + Guard.missing(results));
        return FAILED;
      }
    }
    System.out.flush();
    if (!broken.isEmpty()) {
      System.err.println("vchan bench: " + broken.size() + " bounds are broken, twice");
    }
    return broken.isEmpty() ? DONE : FAILED;
  }

  private long chosenSeed() {
    long chosen = seed == null ? new Random().nextInt(1_000_000) : seed;
    System.err.println("vchan bench: seed " + chosen);
    return chosen;
  }

  private static Programs programs() {
    Path repository = Path.of(System.getProperty("vchan.root", "")).toAbsolutePath();
    return new Programs(repository, repository.resolve("bench/target/programs"));
  }

  private static Progress progress() {
    return new Progress(System.err, Boolean.getBoolean("vchan.terminal"));
  }

  private void tell(Results results) throws IOException {
    PrintStream out = System.out;
    new Tables(results).all().forEach(table -> out.println(table.toText()));
    out.flush();
    if (json != null) {
      Files.writeString(json, results.toJson());
    }
    if (html != null) {
      Files.writeString(html, HtmlReport.of(results));
    }
    Path updated = document;
    if (updated != null) {
      usage(
          () -> {
            PerformanceDocument.update(updated, results);
            return true;
          });
    }
  }
}
