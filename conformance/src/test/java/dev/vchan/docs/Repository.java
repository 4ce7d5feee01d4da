// SPDX-License-Identifier: Apache-2.0
package dev.vchan.docs;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.FileVisitResult;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.SimpleFileVisitor;
import java.nio.file.attribute.BasicFileAttributes;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;

/** The files of the project, as a reader of the repository finds them. */
final class Repository {

  /** The folder that holds the whole project; Maven marks it. */
  static final Path ROOT = findRoot();

  private static final Set<String> NOT_OURS = Set.of(".git", "target", "node_modules");

  private Repository() {}

  private static Path findRoot() {
    Path place = Path.of("").toAbsolutePath();
    while (place != null) {
      if (Files.isDirectory(place.resolve(".mvn"))) {
        return place;
      }
      place = place.getParent();
    }
    throw new AssertionError("no .mvn above " + Path.of("").toAbsolutePath());
  }

  /** Every document. */
  static List<Path> documents() {
    return files().stream().filter(file -> file.toString().endsWith(".md")).toList();
  }

  /** Every Java file of every module that is not a test, {@code Placeholder}s aside. */
  static List<Path> mainSources() {
    return files().stream()
        .filter(file -> file.toString().endsWith(".java"))
        .filter(file -> name(file).contains("/src/main/java/"))
        .toList();
  }

  /** The main Java files of one module. */
  static List<Path> mainSources(String module) {
    return mainSources().stream().filter(file -> name(file).startsWith(module + "/")).toList();
  }

  /** Every file there is. */
  static List<Path> files() {
    List<Path> found = new ArrayList<>();
    try {
      Files.walkFileTree(
          ROOT,
          new SimpleFileVisitor<>() {
            @Override
            public FileVisitResult preVisitDirectory(Path folder, BasicFileAttributes attributes) {
              return NOT_OURS.contains(folder.getFileName().toString())
                  ? FileVisitResult.SKIP_SUBTREE
                  : FileVisitResult.CONTINUE;
            }

            @Override
            public FileVisitResult visitFile(Path file, BasicFileAttributes attributes) {
              found.add(file);
              return FileVisitResult.CONTINUE;
            }
          });
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    found.sort(null);
    return found;
  }

  /** A file's name from the root on, with slashes. */
  static String name(Path file) {
    return ROOT.relativize(file).toString().replace('\\', '/');
  }

  static String read(Path file) {
    try {
      return Files.readString(file);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  static String read(String name) {
    return read(ROOT.resolve(name));
  }
}
