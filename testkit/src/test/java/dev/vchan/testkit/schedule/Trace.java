// SPDX-License-Identifier: Apache-2.0
package dev.vchan.testkit.schedule;

import java.lang.StackWalker.StackFrame;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/** The steps of one run, for people: who, in which methods, does what. */
final class Trace {

  private static final int METHODS_SHOWN = 3;

  private final List<String> lines = new ArrayList<>();

  void add(int moment, @Nullable Task task, String what) {
    String who = task == null ? "" : task.name;
    lines.add("%5d  %-10s %s%s".formatted(moment, who, task == null ? "" : where(), what));
  }

  /** The methods of the endpoint that are under way, the outermost first. */
  private static String where() {
    List<String> methods =
        StackWalker.getInstance()
            .walk(
                frames ->
                    frames
                        .filter(Trace::isOfTheEndpoint)
                        .limit(METHODS_SHOWN)
                        .map(frame -> simple(frame.getClassName()) + "." + frame.getMethodName())
                        .collect(Collectors.toCollection(ArrayList::new)));
    Collections.reverse(methods);
    return methods.isEmpty() ? "" : String.join(" > ", methods) + ": ";
  }

  private static boolean isOfTheEndpoint(StackFrame frame) {
    String name = frame.getClassName();
    return name.startsWith("dev.vchan.")
        && !name.startsWith("dev.vchan.testkit.")
        && !name.endsWith(".SharedAccess")
        && !name.endsWith(".Parking");
  }

  private static String simple(String name) {
    return name.substring(Math.max(name.lastIndexOf('.'), name.lastIndexOf('$')) + 1);
  }

  @Override
  public String toString() {
    return String.join("\n", lines);
  }
}
