// SPDX-License-Identifier: Apache-2.0
package dev.vchan.cli;

import dev.vchan.PeerClosedException;
import dev.vchan.PeerDiedException;
import dev.vchan.ProtocolViolationException;
import dev.vchan.SystemRefusedException;
import dev.vchan.VchanException;
import dev.vchan.VchanTimeoutException;
import java.io.IOException;
import java.nio.channels.ClosedChannelException;
import java.nio.file.AccessDeniedException;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.FileSystemException;
import java.nio.file.NoSuchFileException;
import java.nio.file.NotDirectoryException;
import java.util.Objects;

/** Turns exceptions into one line for the user and an exit code. */
final class Failures {

  /** Set to anything, it shows the stack trace of every failure. */
  static final String TRACE_VARIABLE = "VCHAN_TRACE";

  private Failures() {}

  static int exitCode(Throwable failure) {
    return switch (failure) {
      case CommandFailure known -> known.exitCode();
      case VchanTimeoutException _ -> ExitCodes.TIMEOUT;
      case PeerClosedException _, PeerDiedException _, ProtocolViolationException _ ->
          ExitCodes.PEER;
      default -> ExitCodes.FAILED;
    };
  }

  /** One line; for a fault of our own also how to see where it is. */
  static String describe(Throwable failure) {
    return switch (failure) {
      case CommandFailure known -> message(known);
      case ProtocolViolationException broken ->
          "the other side broke the protocol: " + message(broken);
      case SystemRefusedException refused -> message(refused);
      case PeerClosedException _ -> "the other side closed before it had taken everything";
      case PeerDiedException _ -> "the other side died";
      case VchanException known -> message(known);
      case ClosedChannelException _ -> "the channel was closed";
      case NoSuchFileException missing -> "no such file: " + missing.getFile();
      case AccessDeniedException denied -> "permission denied: " + denied.getFile();
      case FileAlreadyExistsException there -> "already exists: " + there.getFile();
      case NotDirectoryException file -> "not a directory: " + file.getFile();
      case FileSystemException other ->
          other.getFile() + ": " + Objects.requireNonNullElse(other.getReason(), "failed");
      case IOException other -> message(other);
      case OutOfMemoryError _ -> "out of memory";
      default ->
          "internal error, please report it: %s (the stack trace: run again with %s=1)"
              .formatted(failure, TRACE_VARIABLE);
    };
  }

  private static String message(Throwable failure) {
    return Objects.requireNonNullElse(failure.getMessage(), failure.getClass().getSimpleName());
  }
}
