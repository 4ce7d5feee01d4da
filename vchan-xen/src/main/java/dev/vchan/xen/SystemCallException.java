// SPDX-License-Identifier: Apache-2.0
package dev.vchan.xen;

import java.io.IOException;

/** A system call failed. Those who know what it was for make a sentence for people of it. */
final class SystemCallException extends IOException {

  static final int EPERM = 1;
  static final int ENOENT = 2;
  static final int ESRCH = 3;
  static final int EINTR = 4;
  static final int ENXIO = 6;
  static final int EAGAIN = 11;
  static final int ENOMEM = 12;
  static final int EACCES = 13;
  static final int ENODEV = 19;
  static final int EINVAL = 22;
  static final int EFBIG = 27;
  static final int ENOSPC = 28;
  static final int ENOTCONN = 107;

  private static final long serialVersionUID = 1;

  private final int errno;

  SystemCallException(String call, int errno) {
    super(call + ": " + describe(errno));
    this.errno = errno;
  }

  /** The number, as in Linux' errno.h for x86-64 and ARM64. */
  int errno() {
    return errno;
  }

  private static String describe(int errno) {
    return switch (errno) {
      case EPERM -> "EPERM, not permitted";
      case ENOENT -> "ENOENT, no such file or entry";
      case ESRCH -> "ESRCH, no such domain";
      case EINTR -> "EINTR, interrupted";
      case ENXIO -> "ENXIO, no such device";
      case 9 -> "EBADF, not a descriptor";
      case EAGAIN -> "EAGAIN, not now";
      case ENOMEM -> "ENOMEM, out of memory";
      case EACCES -> "EACCES, permission denied";
      case 14 -> "EFAULT, not an address";
      case 16 -> "EBUSY, in use";
      case ENODEV -> "ENODEV, no such device";
      case EINVAL -> "EINVAL, refused";
      case 23 -> "ENFILE, too many open files in the system";
      case 24 -> "EMFILE, too many open files";
      case 25 -> "ENOTTY, the device does not know this";
      case EFBIG -> "EFBIG, too many events at once";
      case ENOSPC -> "ENOSPC, none left";
      case ENOTCONN -> "ENOTCONN, not a port of ours";
      default -> "errno " + errno;
    };
  }
}
