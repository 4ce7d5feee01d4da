// SPDX-License-Identifier: Apache-2.0
package dev.vchan.local;

import static java.nio.file.LinkOption.NOFOLLOW_LINKS;

import dev.vchan.DomainId;
import dev.vchan.RendezvousPath;
import java.io.Closeable;
import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.channels.OverlappingFileLockException;
import java.nio.charset.StandardCharsets;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.BasicFileAttributes;
import java.util.HashMap;
import java.util.Map;
import java.util.Optional;

/**
 * What live processes hold in a directory: each thing has a byte of its own in one file, and
 * whoever holds the thing has a record lock on that byte. The kernel drops the locks of a process
 * that dies, whatever its pid was and in whichever container, so what has a name in the directory
 * but no lock is a leftover.
 *
 * <p>A process loses all its record locks in a file as soon as it closes any descriptor of it.
 * Therefore all backends of a JVM share one channel, and nobody else ever opens this file.
 *
 * <p>May be used from any thread.
 */
final class LockFile implements Closeable {

  private static final int KIND_SHIFT = 56;
  private static final int DOMAIN_SHIFT = 32;
  private static final long PROBE = 0;
  private static final long GRANT = 1L << KIND_SHIFT;
  private static final long PORT = 2L << KIND_SHIFT;
  private static final long PATH = 3L << KIND_SHIFT;

  private static final long FNV_OFFSET = 0xcbf29ce484222325L;
  private static final long FNV_PRIME = 0x100000001b3L;

  /** Guarded by itself. By identity of the file: one directory may have several names. */
  private static final Map<Object, LockFile> OPEN = new HashMap<>();

  private final Object key;
  private final Path file;
  private final FileChannel channel;
  private int users;

  private LockFile(Object key, Path file, FileChannel channel) {
    this.key = key;
    this.file = file;
    this.channel = channel;
  }

  /** The lock file of a directory; to be closed once for each call. */
  static LockFile open(RootDirectory root) throws IOException {
    Path file = root.locks();
    try {
      root.createFile(file);
    } catch (FileAlreadyExistsException e) {
      // As it is whenever somebody was here before.
    }
    synchronized (OPEN) {
      Object key = identity(file);
      LockFile shared = OPEN.get(key);
      if (shared == null) {
        FileChannel channel =
            FileChannel.open(
                file, StandardOpenOption.READ, StandardOpenOption.WRITE, NOFOLLOW_LINKS);
        shared = new LockFile(key, file, channel);
        OPEN.put(key, shared);
      }
      shared.users++;
      try {
        shared.tryLock(PROBE).ifPresent(Held::release);
      } catch (IOException e) {
        shared.close();
        throw e;
      }
      return shared;
    }
  }

  private static Object identity(Path file) throws IOException {
    BasicFileAttributes found =
        Files.readAttributes(file, BasicFileAttributes.class, NOFOLLOW_LINKS);
    if (!found.isRegularFile()) {
      throw Refusal.of(file, new IOException("is not a regular file"), "remove it");
    }
    Object key = found.fileKey();
    return key == null ? file.toRealPath() : key;
  }

  /** The byte of pages that {@code owner} shares, by the reference of the first. */
  static long grant(DomainId owner, int first) {
    return GRANT | (long) owner.value() << DOMAIN_SHIFT | Integer.toUnsignedLong(first);
  }

  /** The byte of a port that {@code owner} listens on, or has listened on until it was bound. */
  static long port(DomainId owner, int port) {
    return PORT | (long) owner.value() << DOMAIN_SHIFT | Integer.toUnsignedLong(port);
  }

  /** The byte of a path of the store, from a hash (FNV-1a) so wide that no two will ever meet. */
  static long path(RendezvousPath path) {
    long hash = FNV_OFFSET;
    for (byte b : path.value().getBytes(StandardCharsets.US_ASCII)) {
      hash = (hash ^ (b & 0xff)) * FNV_PRIME;
    }
    return PATH | (hash & ((1L << KIND_SHIFT) - 1));
  }

  /**
   * Takes a byte, if nobody holds it. Never waits, and unlike reading or writing it does not close
   * the channel if the calling thread is interrupted.
   *
   * @return empty if somebody holds it, in this process or another
   */
  Optional<Held> tryLock(long position) throws IOException {
    try {
      FileLock lock = channel.tryLock(position, 1, false);
      return lock == null ? Optional.empty() : Optional.of(new Held(lock));
    } catch (OverlappingFileLockException e) {
      return Optional.empty();
    } catch (IOException e) {
      throw Refusal.of(
          file, e, "choose a VCHAN_DIR on a file system that supports fcntl record locks");
    }
  }

  @Override
  public void close() throws IOException {
    synchronized (OPEN) {
      users--;
      if (users == 0) {
        OPEN.remove(key, this);
        channel.close();
      }
    }
  }

  /** A byte this process holds. */
  static final class Held {

    private final FileLock lock;

    private Held(FileLock lock) {
      this.lock = lock;
    }

    /** Lets it go. Idempotent; cannot fail in a way that matters, since the lock is gone then. */
    void release() {
      try {
        lock.release();
      } catch (IOException e) {
        return;
      }
    }
  }
}
