// SPDX-License-Identifier: Apache-2.0
package dev.vchan.xen.xenstore;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/** Where xenstored may be reached, in the order in which Xen's own library looks. */
final class Places {

  /** The directory is an option of Xen's build; these are the two that are used. */
  private static final List<String> RUN_DIRECTORIES =
      List.of("/run/xenstored", "/var/run/xenstored");

  /** The second is the older name. */
  private static final List<String> DEVICES = List.of("/dev/xen/xenbus", "/proc/xen/xenbus");

  private Places() {}

  /** {@code $XENSTORED_PATH} alone if it is set, else sockets, then devices ({@code xs.c}). */
  static List<Path> of(Map<String, String> environment) {
    String path = environment.getOrDefault("XENSTORED_PATH", "");
    if (!path.isEmpty()) {
      return List.of(Path.of(path));
    }
    List<Path> places = new ArrayList<>();
    String directory = environment.getOrDefault("XENSTORED_RUNDIR", "");
    List<String> directories = directory.isEmpty() ? RUN_DIRECTORIES : List.of(directory);
    directories.forEach(each -> places.add(Path.of(each, "socket")));
    DEVICES.forEach(each -> places.add(Path.of(each)));
    return places;
  }
}
