// SPDX-License-Identifier: Apache-2.0
package dev.vchan.xen.xenstore;

import java.util.Optional;

/**
 * What xenstored says instead of doing what it was asked: the names in {@code xsd_errors} of
 * io/xs_wire.h, {@link #EQUOTA}, which oxenstored sends though that table lacks it, and {@link
 * #ESRCH}, with which older kernels refuse a transaction they do not know.
 */
public enum Errno {
  /** What was sent is not a request, or the path is not one. */
  EINVAL("Invalid argument"),
  /** The domain has no permission. */
  EACCES("Permission denied"),
  /** There is such a thing already. */
  EEXIST("File exists"),
  /** Is a directory. */
  EISDIR("Is a directory"),
  /** There is no such node, or no such transaction. */
  ENOENT("No such file or directory"),
  /** xenstored is out of memory, or the domain's quota of it is. */
  ENOMEM("Cannot allocate memory"),
  /** A quota of the domain is reached. */
  ENOSPC("No space left on device"),
  /** xenstored failed. */
  EIO("Input/output error"),
  /** The node has children. */
  ENOTEMPTY("Directory not empty"),
  /** xenstored does not know the request. */
  ENOSYS("Function not implemented"),
  /** The store cannot be written to. */
  EROFS("Read-only file system"),
  /** A transaction was started within a transaction. */
  EBUSY("Device or resource busy"),
  /** Others changed what the transaction used. */
  EAGAIN("Resource temporarily unavailable"),
  /** The domain is connected already. */
  EISCONN("Transport endpoint is already connected"),
  /** A message or a node is too large, or there are too many watches. */
  E2BIG("Argument list too long"),
  /** Only the owner may. */
  EPERM("Operation not permitted"),
  /** A quota of the domain is reached (oxenstored). */
  EQUOTA("Disk quota exceeded"),
  /** There is no such transaction (older kernels). */
  ESRCH("No such process");

  /** What the C library calls it; the JDK passes on nothing else when a write fails. */
  private final String text;

  Errno(String text) {
    this.text = text;
  }

  /** The one with this name. */
  static Optional<Errno> named(String name) {
    for (Errno errno : values()) {
      if (errno.name().equals(name)) {
        return Optional.of(errno);
      }
    }
    return Optional.empty();
  }

  /** The one with this description, in the language of the C library's default. */
  static Optional<Errno> described(String text) {
    for (Errno errno : values()) {
      if (errno.text.equals(text)) {
        return Optional.of(errno);
      }
    }
    return Optional.empty();
  }
}
