// SPDX-License-Identifier: Apache-2.0
package dev.vchan.cli.demo;

import static java.nio.file.LinkOption.NOFOLLOW_LINKS;
import static java.nio.file.StandardOpenOption.CREATE_NEW;
import static java.nio.file.StandardOpenOption.WRITE;

import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.channels.OverlappingFileLockException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.OpenOption;
import java.nio.file.Path;
import org.jspecify.annotations.Nullable;

/**
 * Where the demo puts its files. Its lock is held while the demo runs, so that what a killed one
 * leaves is removed by the next.
 */
public final class WorkDirectory implements AutoCloseable {

  private static final String PREFIX = "vchan-demo-";
  private static final String LOCK = "lock";

  private final Path path;
  private final FileChannel lock;

  private WorkDirectory(Path path, FileChannel lock) {
    this.path = path;
    this.lock = lock;
  }

  /**
   * Makes one, after removing those of the dead.
   *
   * @return a directory with nothing but its lock in it
   * @throws IOException if it cannot be made
   */
  public static WorkDirectory make() throws IOException {
    Path parent = Path.of(System.getProperty("java.io.tmpdir", "/tmp"));
    removeLeftovers(parent);
    while (true) {
      Path made = Files.createTempDirectory(parent, PREFIX);
      FileChannel held = lock(made, CREATE_NEW);
      if (held != null) {
        return new WorkDirectory(made, held);
      }
      // Between its creation and its locking another demo took it for a dead one's.
    }
  }

  /**
   * Where it is.
   *
   * @return its path
   */
  public Path path() {
    return path;
  }

  private static void removeLeftovers(Path parent) throws IOException {
    try (DirectoryStream<Path> found = Files.newDirectoryStream(parent, PREFIX + "*")) {
      for (Path directory : found) {
        if (Files.isDirectory(directory, NOFOLLOW_LINKS)) {
          removeIfDead(directory);
        }
      }
    }
  }

  private static void removeIfDead(Path directory) {
    // Without a lock it is being made at this moment: it cannot be opened, and stays.
    try (FileChannel held = lock(directory)) {
      if (held != null) {
        DemoFile.deleteAll(directory);
      }
    } catch (IOException e) {
      // Another user's, or one that another demo removes as well.
      return;
    }
  }

  private static @Nullable FileChannel lock(Path directory, OpenOption... more) throws IOException {
    FileChannel channel =
        more.length == 0
            ? FileChannel.open(directory.resolve(LOCK), WRITE, NOFOLLOW_LINKS)
            : FileChannel.open(directory.resolve(LOCK), WRITE, more[0]);
    try {
      FileLock held = channel.tryLock();
      if (held != null) {
        return channel;
      }
    } catch (OverlappingFileLockException e) {
      // Held by this process.
    } catch (IOException e) {
      channel.close();
      throw e;
    }
    channel.close();
    return null;
  }

  /** Removes it with all that is in it. */
  @Override
  public void close() throws IOException {
    DemoFile.deleteAll(path);
    lock.close();
  }
}
