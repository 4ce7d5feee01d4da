// SPDX-License-Identifier: Apache-2.0
package dev.vchan.local;

import dev.vchan.SystemRefusedException;
import java.io.IOException;
import java.nio.file.AccessDeniedException;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.FileSystemException;
import java.nio.file.NoSuchFileException;
import java.util.Objects;

/** Says what the system did not give, in words that name the thing and the way out. */
final class Refusal {

  private Refusal() {}

  /**
   * Wraps what the system said.
   *
   * @param resource what was asked for: as a rule, a path
   * @param cause what the system said
   * @param remedy what the user can do
   */
  static SystemRefusedException of(Object resource, Exception cause, String remedy) {
    if (cause instanceof SystemRefusedException known) {
      return known;
    }
    SystemRefusedException refused =
        new SystemRefusedException(resource.toString(), describe(cause), remedy);
    refused.initCause(cause);
    return refused;
  }

  /** The JDK's file exceptions often have nothing but a path for a message. */
  static String describe(Exception cause) {
    return switch (cause) {
      case NoSuchFileException e -> "no such file or directory " + e.getFile();
      case AccessDeniedException e -> "permission denied for " + e.getFile();
      case FileAlreadyExistsException e -> "something is already there: " + e.getFile();
      case FileSystemException e when e.getReason() != null -> e.getReason();
      case IOException e -> Objects.requireNonNullElse(e.getMessage(), e.toString());
      default -> cause.toString();
    };
  }
}
