// SPDX-License-Identifier: Apache-2.0
package dev.vchan.cli.run;

import static java.nio.file.LinkOption.NOFOLLOW_LINKS;

import dev.vchan.SystemRefusedException;
import java.io.IOException;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Where compiled things are kept: a directory of the user's own that nobody else can write to. What
 * lies there is loaded into programs, so whoever could put something there could do anything.
 */
final class CacheDirectory {

  private static final String OWN = "vchan";
  private static final int OTHERS_MAY_WRITE = 022;

  private CacheDirectory() {}

  /** Those that can be used, best first. */
  static List<Path> candidates() throws IOException {
    List<Path> parents = new ArrayList<>();
    addAbsolute(parents, System.getenv("XDG_CACHE_HOME"), "");
    addAbsolute(parents, System.getenv("HOME"), ".cache");
    List<Path> found = new ArrayList<>();
    for (Path parent : parents) {
      addIfPrivate(found, parent.resolve(OWN));
    }
    String user = System.getProperty("user.name", "user").replaceAll("[^A-Za-z0-9_-]", "_");
    addIfPrivate(
        found, Path.of(System.getProperty("java.io.tmpdir", "/tmp"), OWN + "-cache-" + user));
    if (found.isEmpty()) {
      throw new SystemRefusedException(
          parents.toString(),
          "no directory of your own to keep a compiled library in, without a space or colon in its"
              + " name",
          "name one in XDG_CACHE_HOME");
    }
    return found;
  }

  private static void addAbsolute(List<Path> paths, @Nullable String path, String below) {
    if (path != null && path.startsWith("/")) {
      paths.add(Path.of(path).resolve(below));
    }
  }

  private static void addIfPrivate(List<Path> found, Path directory) {
    // The loader takes a space or a colon for the end of a name.
    if (directory.toString().matches(".*[\\s:].*")) {
      return;
    }
    try {
      Files.createDirectories(directory.resolveSibling(""));
      makePrivate(directory);
      if (isPrivate(directory)) {
        found.add(directory);
      }
    } catch (IOException | UnsupportedOperationException e) {
      // Not here, then.
      return;
    }
  }

  private static void makePrivate(Path directory) throws IOException {
    try {
      Files.createDirectory(
          directory,
          PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rwx------")));
    } catch (FileAlreadyExistsException e) {
      // Then it is looked at all the more.
      return;
    }
  }

  private static boolean isPrivate(Path directory) throws IOException {
    int mode = (Integer) Files.getAttribute(directory, "unix:mode", NOFOLLOW_LINKS);
    return Files.isDirectory(directory, NOFOLLOW_LINKS)
        && (mode & OTHERS_MAY_WRITE) == 0
        && isOurs(directory)
        && Files.isWritable(directory);
  }

  /** Whether this process's user owns something; a link is not followed. */
  static boolean isOurs(Path path) throws IOException {
    Object own = Files.getAttribute(Path.of("/proc/self"), "unix:uid");
    return own.equals(Files.getAttribute(path, "unix:uid", NOFOLLOW_LINKS));
  }
}
