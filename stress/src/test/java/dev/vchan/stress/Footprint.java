// SPDX-License-Identifier: Apache-2.0
package dev.vchan.stress;

import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.nio.file.Path;

/**
 * What this process holds that nobody else has left, and how much memory it takes. Files are not
 * counted: a vandal that was killed leaves some, until a process opens the directory.
 *
 * @param held after a collection
 * @param heap bytes in use after it
 */
record Footprint(Holdings held, long heap) {

  private static final long MORE_HEAP = 4 << 20;
  private static final long MORE_RESIDENT_KIB = 48 << 10;

  static Footprint of(Path root) throws IOException {
    Holdings held = Holdings.now(root);
    return new Footprint(held, ManagementFactory.getMemoryMXBean().getHeapMemoryUsage().getUsed());
  }

  /**
   * Whether nothing is held that was not held at {@code first}, and no more memory is taken but for
   * what the JVM does by itself.
   */
  boolean isThatOf(Footprint first) {
    return held.descriptors() <= first.held.descriptors()
        && held.pages() <= first.held.pages()
        && held.threads() <= first.held.threads()
        && heap - first.heap <= MORE_HEAP
        && held.residentKiB() - first.held.residentKiB() <= MORE_RESIDENT_KIB;
  }

  @Override
  public String toString() {
    return "%d descriptors, %d mappings, %d threads, %.1f MiB heap, %d MiB resident"
        .formatted(
            held.descriptors(),
            held.pages(),
            held.threads(),
            heap / 1024.0 / 1024.0,
            held.residentKiB() >> 10);
  }
}
