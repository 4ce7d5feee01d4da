// SPDX-License-Identifier: Apache-2.0
package dev.vchan.xen;

import java.io.Closeable;
import java.io.IOException;

/** Closing several things, of which some may fail. */
final class Closing {

  private Closing() {}

  /**
   * Closes all of them, in this order.
   *
   * @throws IOException the first failure, with the others attached
   */
  static void all(Iterable<? extends Closeable> parts) throws IOException {
    IOException failure = null;
    for (Closeable part : parts) {
      try {
        part.close();
      } catch (IOException e) {
        if (failure == null) {
          failure = e;
        } else {
          failure.addSuppressed(e);
        }
      }
    }
    if (failure != null) {
      throw failure;
    }
  }
}
