// SPDX-License-Identifier: Apache-2.0
package dev.vchan.bench;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Collectors;

/**
 * The processors this process may use, and which placements they allow.
 *
 * @param numbers as the system counts them
 */
record Processors(List<Integer> numbers) {

  private static final String KEY = "Cpus_allowed_list:";

  /** Those of this process. */
  static Processors own() throws IOException {
    for (String line : Files.readAllLines(Path.of("/proc/self/status"))) {
      if (line.startsWith(KEY)) {
        return new Processors(parse(line.substring(KEY.length()).strip()));
      }
    }
    throw new IOException("/proc/self/status does not say which processors may be used");
  }

  /** Reads a list such as {@code 0-3,8}. */
  static List<Integer> parse(String list) {
    List<Integer> numbers = new ArrayList<>();
    for (String range : list.split(",", -1)) {
      String[] ends = range.split("-", -1);
      for (int i = Integer.parseInt(ends[0]); i <= Integer.parseInt(ends[ends.length - 1]); i++) {
        numbers.add(i);
      }
    }
    return numbers;
  }

  /** The list for one side, 0 or 1. */
  String of(Placement placement, int side) {
    return switch (placement) {
      case PINNED -> "" + numbers.get(side);
      case SHARED -> "" + numbers.getFirst();
      case FREE, LOADED -> numbers.stream().map(String::valueOf).collect(Collectors.joining(","));
    };
  }

  /** Placements that cannot be had here, and why. */
  Map<Placement, String> impossible() {
    Map<Placement, String> impossible = new EnumMap<>(Placement.class);
    Optional<Path> taskset = Programs.onPath("taskset");
    if (taskset.isEmpty()) {
      String why = "taskset is missing (apt-get install util-linux)";
      impossible.put(Placement.PINNED, why);
      impossible.put(Placement.SHARED, why);
      impossible.put(Placement.LOADED, why);
    } else if (numbers.size() < 2) {
      impossible.put(Placement.PINNED, "only one processor may be used");
    }
    return impossible;
  }
}
