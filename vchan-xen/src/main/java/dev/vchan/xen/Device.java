// SPDX-License-Identifier: Apache-2.0
package dev.vchan.xen;

import dev.vchan.SystemRefusedException;
import java.io.Closeable;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;
import java.util.concurrent.locks.ReadWriteLock;
import java.util.concurrent.locks.ReentrantReadWriteLock;

/**
 * An open device of Xen's. May be used from any thread; none uses the descriptor after it is
 * closed, when its number may be another file's.
 */
final class Device implements Closeable {

  /** Has a directory for each, named after its node, whether that node is there or not. */
  private static final Path DRIVERS = Path.of("/sys/class/misc");

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
      throw refusal(e, path, module, DRIVERS);
    }
  }

  /**
   * What to say of a device that cannot be opened.
   *
   * @param drivers where the kernel tells what loaded drivers make
   */
  static SystemRefusedException refusal(
      SystemCallException cause, String path, String module, Path drivers) {
    Optional<String> numbers = numbers(path, drivers);
    String remedy =
        switch (cause.errno()) {
          case SystemCallException.ENOENT, SystemCallException.ENODEV, SystemCallException.ENXIO ->
              numbers.map(known -> remake(path, known)).orElseGet(() -> load(module));
          case SystemCallException.EACCES, SystemCallException.EPERM -> permit(path);
          default -> "the kernel's log may say more";
        };
    SystemRefusedException refused =
        new SystemRefusedException(path, String.valueOf(cause.getMessage()), remedy);
    refused.initCause(cause);
    return refused;
  }

  /** The numbers that a node of the device has, if its driver is loaded. */
  private static Optional<String> numbers(String path, Path drivers) {
    String name = path.substring("/dev/".length()).replace('/', '!');
    try {
      String said = Files.readString(drivers.resolve(name).resolve("dev"));
      return Optional.of(said.strip().replace(':', ' '));
    } catch (IOException e) {
      return Optional.empty();
    }
  }

  private static String remake(String path, String numbers) {
    return "its driver is loaded: make the node again, or give it to this container: rm -f %s; mknod -m 600 %s c %s"
        .formatted(path, path, numbers);
  }

  private static String load(String module) {
    return "no driver is loaded; in a Xen domain, load it: modprobe " + module;
  }

  private static String permit(String path) {
    return "run as root, or let this user read and write " + path + ", with a udev rule or chown";
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
