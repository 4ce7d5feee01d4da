// SPDX-License-Identifier: Apache-2.0
package dev.vchan.fuzz;

import java.io.IOException;
import java.nio.file.FileVisitResult;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.SimpleFileVisitor;
import java.nio.file.attribute.BasicFileAttributes;
import org.jspecify.annotations.Nullable;

/** A folder for one round, in memory if there is a file system for that. */
public final class Scratch implements AutoCloseable {

  private static final Path MEMORY = Path.of("/dev/shm");

  private final Path folder;

  /**
   * Makes the folder.
   *
   * @throws IOException if it cannot be made
   */
  public Scratch() throws IOException {
    folder =
        Files.isWritable(MEMORY)
            ? Files.createTempDirectory(MEMORY, "vchan-fuzz")
            : Files.createTempDirectory("vchan-fuzz");
  }

  /**
   * Where it is.
   *
   * @return a short path
   */
  public Path folder() {
    return folder;
  }

  /** Removes the folder and all that is in it; follows no link. */
  @Override
  public void close() throws IOException {
    Files.walkFileTree(
        folder,
        new SimpleFileVisitor<>() {
          @Override
          public FileVisitResult visitFile(Path file, BasicFileAttributes about)
              throws IOException {
            Files.delete(file);
            return FileVisitResult.CONTINUE;
          }

          @Override
          public FileVisitResult postVisitDirectory(Path emptied, @Nullable IOException failure)
              throws IOException {
            Files.delete(emptied);
            return FileVisitResult.CONTINUE;
          }
        });
  }
}
