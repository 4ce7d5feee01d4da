// SPDX-License-Identifier: Apache-2.0
package dev.vchan.stress;

import dev.vchan.testkit.ChildJvm;
import dev.vchan.testkit.Figures;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;

/**
 * Where the two sides of a run are. Starts the processes, which hand their arguments to a {@link
 * Venue}.
 */
enum Place {
  /** Both in one JVM, over the backend that is nothing but memory. */
  IN_PROCESS("in process", Venue.BOTH),
  /** A JVM each, over the backend between processes. */
  BETWEEN_PROCESSES("between processes", Venue.SERVER, Venue.CLIENT);

  private static final Duration LIFETIME =
      Figures.FULL ? Duration.ofHours(2) : Duration.ofMinutes(5);

  final String title;
  private final List<String> roles;

  Place(String title, String... roles) {
    this.title = title;
    this.roles = List.of(roles);
  }

  /** The processes, the server's first; to be closed by the caller. */
  List<ChildJvm> start(Optional<Path> changed, Class<?> main, Path root, String... arguments)
      throws IOException {
    List<ChildJvm> started = new ArrayList<>();
    for (String role : roles) {
      String[] all =
          Stream.concat(Stream.of(role, root.resolve("hub").toString()), Arrays.stream(arguments))
              .toArray(String[]::new);
      started.add(new ChildJvm(changed, LIFETIME, main, all));
    }
    return started;
  }

  /** Lets the processes run to their ends; what each has said, the server first. */
  List<List<String>> play(Optional<Path> changed, Class<?> main, Path root, String... arguments)
      throws IOException {
    List<ChildJvm> started = start(changed, main, root, arguments);
    try {
      List<List<String>> said = new ArrayList<>();
      for (ChildJvm each : started) {
        said.add(lines(each));
      }
      return said;
    } finally {
      started.forEach(ChildJvm::close);
    }
  }

  private static List<String> lines(ChildJvm child) throws IOException {
    List<String> lines = new ArrayList<>();
    for (Optional<String> line = child.line(); line.isPresent(); line = child.line()) {
      lines.add(line.get());
    }
    if (lines.isEmpty()) {
      throw new IOException(child + " has said nothing: crashed, or killed; see standard error");
    }
    return lines;
  }
}
