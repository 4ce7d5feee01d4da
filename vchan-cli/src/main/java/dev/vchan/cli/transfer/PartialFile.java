// SPDX-License-Identifier: Apache-2.0
package dev.vchan.cli.transfer;

import static java.nio.file.LinkOption.NOFOLLOW_LINKS;
import static java.nio.file.StandardCopyOption.ATOMIC_MOVE;
import static java.nio.file.StandardOpenOption.CREATE;
import static java.nio.file.StandardOpenOption.READ;
import static java.nio.file.StandardOpenOption.WRITE;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.channels.OverlappingFileLockException;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.FileSystemException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.nio.file.attribute.PosixFileAttributeView;
import java.nio.file.attribute.PosixFilePermission;
import java.security.MessageDigest;
import java.util.EnumSet;
import org.jspecify.annotations.Nullable;

/**
 * A file on its way in, beside its final name: {@code NAME.vchan-part}. It stays when a transfer is
 * interrupted, and the next transfer of that name goes on where it ends, if its bytes are a
 * beginning of that file. It gets the final name only whole, checked and on the disk.
 *
 * <p>Locked while in use, so that two receivers do not write one file.
 */
final class PartialFile implements AutoCloseable {

  private final Path target;
  private final Path path;
  private final FileChannel channel;

  /** How much of a file there is from an earlier transfer. */
  static long sizeOf(Path target) {
    return target.resolveSibling(target.getFileName() + FileName.PARTIAL).toFile().length();
  }

  private PartialFile(Path target, Path path, FileChannel channel) {
    this.target = target;
    this.path = path;
    this.channel = channel;
  }

  /**
   * Opens the partial file for a name, an old one if there is one.
   *
   * @throws FileSystemException if another receiver has it
   */
  static PartialFile open(Path directory, String name) throws IOException {
    Path target = directory.resolve(name);
    Path path = directory.resolve(name + FileName.PARTIAL);
    FileChannel channel = FileChannel.open(path, CREATE, READ, WRITE, NOFOLLOW_LINKS);
    try {
      makePrivate(path);
      if (channel.tryLock() == null) {
        throw new FileSystemException(path.toString(), null, "another transfer is writing it");
      }
      return new PartialFile(target, path, channel);
    } catch (OverlappingFileLockException e) {
      channel.close();
      throw new FileSystemException(path.toString(), null, "this process is writing it");
    } catch (IOException e) {
      channel.close();
      throw e;
    }
  }

  /** Until it is whole, its owner's business. */
  private static void makePrivate(Path path) throws IOException {
    PosixFileAttributeView view = view(path);
    if (view != null) {
      view.setPermissions(
          EnumSet.of(PosixFilePermission.OWNER_READ, PosixFilePermission.OWNER_WRITE));
    }
  }

  private static @Nullable PosixFileAttributeView view(Path path) {
    return Files.getFileAttributeView(path, PosixFileAttributeView.class, NOFOLLOW_LINKS);
  }

  long size() throws IOException {
    return channel.size();
  }

  byte[] hash(long bytes, MessageDigest digest, Sha256.Listener listener) throws IOException {
    return Sha256.ofPrefix(channel, bytes, digest, listener);
  }

  /** Keeps the first bytes and goes on writing after them. */
  void startAt(long position) throws IOException {
    channel.truncate(position);
    channel.position(position);
  }

  void write(ByteBuffer bytes) throws IOException {
    while (bytes.hasRemaining()) {
      channel.write(bytes);
    }
  }

  /**
   * Gives the whole and checked file its name.
   *
   * @param overwrite whether to replace a file of that name
   * @throws FileAlreadyExistsException if there is one and it is not to be replaced
   */
  void commit(Offer offer, boolean overwrite) throws IOException {
    PosixFileAttributeView view = view(path);
    if (view != null) {
      view.setPermissions(Permissions.granted(offer.mode()));
    }
    Files.setLastModifiedTime(path, FileTime.from(offer.modified()));
    channel.force(true);
    if (overwrite) {
      Files.move(path, target, ATOMIC_MOVE);
    } else {
      moveToFreeName();
    }
    syncDirectory();
  }

  /** A rename would replace a file that has appeared meanwhile; making a link does not. */
  private void moveToFreeName() throws IOException {
    try {
      Files.createLink(target, path);
      Files.delete(path);
    } catch (FileAlreadyExistsException e) {
      throw e;
    } catch (UnsupportedOperationException | FileSystemException e) {
      // A file system without links, such as FAT. What appears between look and move is replaced.
      if (Files.exists(target, NOFOLLOW_LINKS)) {
        throw new FileAlreadyExistsException(target.toString());
      }
      Files.move(path, target, ATOMIC_MOVE);
    }
  }

  /** The new name is on the disk only when its directory is. */
  private void syncDirectory() throws IOException {
    Path directory = target.toAbsolutePath().getParent();
    if (directory != null) {
      try (FileChannel entries = FileChannel.open(directory, READ)) {
        entries.force(true);
      }
    }
  }

  /** Removes it: its bytes are of no use. */
  void discard() throws IOException {
    Files.deleteIfExists(path);
  }

  /** Closes it; an empty one is removed, since there is nothing to resume. */
  @Override
  public void close() throws IOException {
    try (channel) {
      if (channel.size() == 0 && Files.exists(path, NOFOLLOW_LINKS)) {
        Files.delete(path);
      }
    }
  }
}
