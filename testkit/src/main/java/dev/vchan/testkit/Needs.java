// SPDX-License-Identifier: Apache-2.0
package dev.vchan.testkit;

import java.util.List;
import java.util.Locale;
import java.util.Optional;
import org.junit.jupiter.api.Assumptions;

/**
 * What a test needs of the machine besides a JDK. Where it is missing the test is skipped, and says
 * how to install it; it fails instead if the environment variable {@code VCHAN_REQUIRE} names the
 * group.
 */
public enum Needs {
  /** A compiler, the libraries of Xen, programs that use them, and a service to forward. */
  PEERS("apt-get install gcc libc6-dev libxen-dev redis-server redis-tools && interop/fetch-proxy"),

  /** The C daemon of XenStore, and a compiler for what it needs to run without Xen. */
  XEN(
      "apt-get install gcc libc6-dev libxen-dev; export VCHAN_XENSTORED=$(interop/unpack"
          + " xen-utils-4.17)/usr/lib/xen-4.17/bin/xenstored");

  private final String remedy;

  Needs(String remedy) {
    this.remedy = remedy;
  }

  /**
   * Skips or fails the running test if something is missing.
   *
   * @param missing what, in a few words; empty if all is there
   * @throws AssertionError if it is missing and required
   */
  public void met(Optional<String> missing) {
    if (missing.isEmpty()) {
      return;
    }
    String message = "missing: " + missing.get() + "; install it with: " + remedy;
    if (isRequired()) {
      throw new AssertionError(message + " (VCHAN_REQUIRE says " + group() + ")");
    }
    Assumptions.abort(message);
  }

  private boolean isRequired() {
    String required = System.getenv("VCHAN_REQUIRE");
    return required != null && List.of(required.split(",")).contains(group());
  }

  private String group() {
    return name().toLowerCase(Locale.ROOT);
  }
}
