// SPDX-License-Identifier: Apache-2.0
package dev.vchan.xen.xenstore;

import dev.vchan.SystemRefusedException;
import java.io.IOException;
import java.nio.file.AccessDeniedException;
import java.nio.file.FileSystemException;
import java.nio.file.NoSuchFileException;
import java.util.List;
import java.util.Objects;

/**
 * What was refused, in words that name the thing and the way out. The numbers are the defaults for
 * unprivileged domains of both daemons ({@code xenstored/domain.c}, {@code oxenstored.conf}).
 */
final class Refusals {

  private static final String NODES =
      "the domain's quota of nodes (1000 by default) or of bytes in a node (2048) is reached:"
          + " remove nodes, write less, or raise xenstored's --entry-nb or --entry-size"
          + " (oxenstored.conf: quota-maxentity, quota-maxsize)";

  private static final String WATCHES =
      "the domain's quota of watches (128 by default) is reached: close watches, or raise"
          + " xenstored's --watch-nb (oxenstored.conf: quota-maxwatch)";

  /** Linux does not know oxenstored's EQUOTA, and makes EINVAL of it. */
  private static final String WATCHES_OR_PATH =
      "either xenstored does not take the path, or it is oxenstored and " + WATCHES;

  private static final String TRANSACTIONS =
      "the domain's quota of open transactions (10 by default) is reached: let others end theirs,"
          + " or raise xenstored's --transaction (oxenstored.conf: quota-transaction)";

  private static final String ENTRIES =
      "a node may have 5 permissions by default: grant to fewer domains, or raise xenstored's"
          + " --perm-nb";

  private static final String PERMISSION =
      "the node's owner or dom0 can grant it, with xenstore-chmod";

  private static final String LOG = "xenstored's log may say more";

  private Refusals() {}

  /** What xenstored replied to a request. */
  static XenStoreRefusedException of(Request request, String name) {
    Errno errno = Errno.named(name).orElse(Errno.EINVAL);
    return of(request, errno, errno.name().equals(name) ? name : "EINVAL, " + quoted(name));
  }

  /** What the kernel said when it did not pass a request on. */
  static XenStoreRefusedException ofKernel(Request request, Transport.RefusedMessage cause) {
    String text = String.valueOf(cause.getMessage());
    Errno errno = Errno.described(text).orElse(Errno.EINVAL);
    boolean unclear = request.type == MessageType.WATCH && errno == Errno.EINVAL;
    XenStoreRefusedException refused =
        new XenStoreRefusedException(
            request.type.name(),
            request.subject,
            errno,
            errno + " from the kernel, " + text,
            unclear ? WATCHES_OR_PATH : remedy(request.type, errno));
    refused.initCause(cause);
    return refused;
  }

  /** A request that no daemon would take, and that is not sent therefore. */
  static XenStoreRefusedException tooLarge(Request request, int limit) {
    return of(
        request,
        Errno.E2BIG,
        "E2BIG, a request of " + request.payload.length + " bytes, at most " + limit);
  }

  /** A transaction that others got in the way of, over and over. */
  static XenStoreRefusedException ofConflict(int attempts) {
    return new XenStoreRefusedException(
        MessageType.TRANSACTION_END.name(),
        "transaction",
        Errno.EAGAIN,
        "EAGAIN, others changed what it used, " + attempts + " times in a row",
        "try again later, or use fewer nodes in it");
  }

  private static XenStoreRefusedException of(Request request, Errno errno, String problem) {
    return new XenStoreRefusedException(
        request.type.name(), request.subject, errno, problem, remedy(request.type, errno));
  }

  private static String remedy(MessageType type, Errno errno) {
    return switch (errno) {
      case EACCES -> PERMISSION;
      case EPERM -> "only dom0 may give a node to another domain";
      case ENOENT -> "there is no such node, or its transaction is over";
      case ESRCH -> "its transaction is over";
      case ENOMEM -> "the domain uses too much of xenstored's memory, or the host has too little";
      case ENOSPC, EQUOTA -> quota(type);
      case E2BIG -> type == MessageType.WATCH ? WATCHES : size(type);
      case EAGAIN, EBUSY -> "try again";
      case EINVAL -> "xenstored does not take the path or the value: " + LOG;
      case ENOSYS -> "xenstored does not know this request: a newer one does";
      case EEXIST, EISDIR, EIO, ENOTEMPTY, EROFS, EISCONN -> LOG;
    };
  }

  private static String quota(MessageType type) {
    return switch (type) {
      case TRANSACTION_START -> TRANSACTIONS;
      case WATCH -> WATCHES;
      case SET_PERMS -> ENTRIES;
      default -> NODES;
    };
  }

  private static String size(MessageType type) {
    return type == MessageType.DIRECTORY || type == MessageType.DIRECTORY_PART
        ? "the node has more children than fit in a reply, and xenstored cannot tell them in parts"
        : "write less in one node";
  }

  /** What the JDK's exceptions say, without their habit of saying the file's name alone. */
  static String describe(IOException cause) {
    return switch (cause) {
      case NoSuchFileException e -> "no such file";
      case AccessDeniedException e -> "permission denied";
      case FileSystemException e when e.getReason() != null -> e.getReason();
      default -> Objects.requireNonNullElse(cause.getMessage(), cause.toString());
    };
  }

  static boolean isDenial(IOException cause) {
    return cause instanceof AccessDeniedException
        || String.valueOf(cause.getMessage()).contains("Permission denied");
  }

  /** No place could be used. */
  static SystemRefusedException ofPlaces(List<String> problems, boolean denied) {
    String remedy =
        denied
            ? "run as root, or give this user the device /dev/xen/xenbus to read and write; whoever"
                + " has it speaks for the whole domain"
            : "in a Xen domain, load the kernel module xenfs or start xenstored; elsewhere there is"
                + " no XenStore; XENSTORED_PATH names a socket or device in another place";
    return new SystemRefusedException("XenStore", String.join(", ", problems), remedy);
  }

  /** A few characters of what a daemon said, which may be anything. */
  private static String quoted(String text) {
    String shown = text.replaceAll("[^\\x20-\\x7e]", "?");
    return '"' + (shown.length() > 40 ? shown.substring(0, 40) + "..." : shown) + '"';
  }
}
