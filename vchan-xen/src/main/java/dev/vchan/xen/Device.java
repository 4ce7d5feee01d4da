// SPDX-License-Identifier: Apache-2.0
package dev.vchan.xen;

import dev.vchan.SystemRefusedException;
import java.io.Closeable;
import java.io.IOException;
import java.util.concurrent.locks.ReadWriteLock;
import java.util.concurrent.locks.ReentrantReadWriteLock;

/**
 * An open device of Xen's. May be used from any thread; none uses the descriptor after it is
 * closed, when its number may be another file's.
 */
final class Device implements Closeable {

  private final String path;
  private final int descriptor;
  private final ReadWriteLock lock = new ReentrantReadWriteLock();

  /** Guarded by the lock. */
  private boolean closed;

  private Device(String path, int descriptor) {
    this.path = path;
    this.descriptor = descriptor;
  }

  /** What is done with the descriptor. */
  @FunctionalInterface
  interface Use<T> {
    T with(int descriptor) throws IOException;
  }

  /**
   * Opens a device.
   *
   * @param path where it is
   * @param module the kernel module that makes it
   * @param blocking whether reads wait
   * @throws SystemRefusedException if it cannot be opened; says what to do
   */
  static Device open(String path, String module, boolean blocking) throws SystemRefusedException {
    LibC.link();
    try {
      return new Device(path, LibC.open(path, blocking));
    } catch (SystemCallException e) {
      SystemRefusedException refused =
          new SystemRefusedException(path, String.valueOf(e.getMessage()), remedy(e, path, module));
      refused.initCause(e);
      throw refused;
    }
  }

  private static String remedy(SystemCallException cause, String path, String module) {
    return switch (cause.errno()) {
      case SystemCallException.ENOENT -> "in a Xen domain, load its module: modprobe " + module;
      case SystemCallException.EACCES ->
          "run as root, or let this user read and write " + path + ", with a udev rule or chown";
      case SystemCallException.ENODEV, SystemCallException.ENXIO ->
          "this machine is no Xen domain, or its kernel lacks the driver";
      default -> "the kernel's log may say more";
    };
  }

  String path() {
    return path;
  }

  /**
   * Does something with the descriptor, which stays open meanwhile.
   *
   * @throws IOException if the device is closed, or what the use threw
   */
  <T> T use(Use<T> use) throws IOException {
    lock.readLock().lock();
    try {
      if (closed) {
        throw new IOException("the backend is closed, and with it " + path);
      }
      return use.with(descriptor);
    } finally {
      lock.readLock().unlock();
    }
  }

  /** For a thread that ends before this is closed. */
  int descriptor() {
    return descriptor;
  }

  boolean isClosed() {
    lock.readLock().lock();
    try {
      return closed;
    } finally {
      lock.readLock().unlock();
    }
  }

  /** Waits for uses under way. Idempotent. */
  @Override
  public void close() throws IOException {
    lock.writeLock().lock();
    try {
      if (!closed) {
        closed = true;
        LibC.close(descriptor);
      }
    } finally {
      lock.writeLock().unlock();
    }
  }
}
