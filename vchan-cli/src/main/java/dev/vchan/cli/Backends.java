// SPDX-License-Identifier: Apache-2.0
package dev.vchan.cli;

import dev.vchan.Deadline;
import dev.vchan.DomainId;
import dev.vchan.cli.doctor.XenCheck;
import dev.vchan.local.LocalBackend;
import dev.vchan.spi.Backend;
import dev.vchan.xen.XenBackend;
import java.io.IOException;
import java.time.Duration;
import java.util.Iterator;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/** Which backend a command uses, and who says so. Its elements are their names, for completion. */
final class Backends implements Iterable<String> {

  private static final String VARIABLE = "VCHAN_BACKEND";

  private static final String LOCAL = "local";
  private static final String XEN = "xen";

  /** XenStore answers in less than a millisecond, or something is wrong; but see its backend. */
  private static final Duration PATIENCE = Duration.ofSeconds(20);

  @Override
  public Iterator<String> iterator() {
    return List.of(LOCAL, XEN).iterator();
  }

  /**
   * A backend that the user has named.
   *
   * @param name its name, not checked
   * @param source the option or the variable
   */
  private record Named(String name, String source) {

    IllegalArgumentException unknown() {
      return new IllegalArgumentException(source + " " + name + ": must be xen or local");
    }
  }

  private static @Nullable Named named(@Nullable String option) {
    if (option != null) {
      return new Named(option, "--backend");
    }
    String variable = System.getenv(VARIABLE);
    return variable == null || variable.isEmpty() ? null : new Named(variable, "$" + VARIABLE);
  }

  /**
   * Opens the backend that is named, else Xen's if it can be used here, else the local one.
   *
   * @param option what the user has named by option, if anything
   * @param self the domain that the user says this is, if any
   * @param console where it is said that the local one is opened although this is a domain of Xen
   * @throws IllegalArgumentException if there is no backend of that name, or Xen says that this is
   *     another domain
   */
  static Backend open(@Nullable String option, @Nullable DomainId self, Console console)
      throws IOException {
    Named named = named(option);
    if (named == null) {
      return isXenUsable(XenCheck.isOnXen(), console)
          ? openXen(self, "; or choose --backend local")
          : openLocal(self);
    }
    return switch (named.name()) {
      case LOCAL -> openLocal(self);
      case XEN -> openXen(self, "");
      default -> throw named.unknown();
    };
  }

  /** Whoever expects Xen here must not wait in silence for a peer that is looked for elsewhere. */
  static boolean isXenUsable(boolean onXen, Console console) {
    if (!onXen) {
      return false;
    }
    Optional<IOException> cause = XenBackend.unavailabilityCause();
    cause.ifPresent(
        missing ->
            console.say(
                "only processes of this machine are reached, since Xen cannot be used: "
                    + missing.getMessage()
                    + " (--backend local says nothing)"));
    return cause.isEmpty();
  }

  /**
   * Opens the local backend, for what makes sense only there.
   *
   * @param otherwise what to say if another one is named
   * @throws IllegalArgumentException if there is no backend of the name
   */
  static LocalBackend openOnlyLocal(
      @Nullable String option, @Nullable DomainId self, String otherwise) throws IOException {
    Named named = named(option);
    if (named != null) {
      checkLocal(named, otherwise);
    }
    return openLocal(self);
  }

  /**
   * Checks that the local backend is the one that {@link #open} would open, without opening any.
   *
   * @param otherwise what to say if it is another one
   * @throws IllegalArgumentException if there is no backend of the name
   */
  static void checkLocal(@Nullable String option, Console console, String otherwise)
      throws CommandFailure {
    Named named = named(option);
    if (named != null) {
      checkLocal(named, otherwise);
    } else if (isXenUsable(XenCheck.isOnXen(), console)) {
      throw new CommandFailure(ExitCodes.FAILED, otherwise);
    }
  }

  private static void checkLocal(Named named, String otherwise) throws CommandFailure {
    switch (named.name()) {
      case LOCAL -> {}
      case XEN -> throw new CommandFailure(ExitCodes.FAILED, otherwise);
      default -> throw named.unknown();
    }
  }

  private static LocalBackend openLocal(@Nullable DomainId self) throws IOException {
    return LocalBackend.open(
        LocalBackend.defaultRoot(), self == null ? LocalBackend.defaultDomain() : self);
  }

  /** Only Xen knows which domain this is; who names another one has something else in mind. */
  private static Backend openXen(@Nullable DomainId self, String remedy) throws IOException {
    XenBackend xen = XenBackend.open(Deadline.after(PATIENCE));
    if (self == null || self.equals(xen.self())) {
      return xen;
    }
    try (xen) {
      throw new IllegalArgumentException(
          "own domain " + self + ": Xen says that this is domain " + xen.self() + remedy);
    }
  }
}
