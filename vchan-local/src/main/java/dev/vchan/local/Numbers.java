// SPDX-License-Identifier: Apache-2.0
package dev.vchan.local;

import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.atomic.AtomicInteger;

/**
 * Numbers for grants and ports. They begin anywhere and go up, so that a number that a stale
 * advertisement names is not in use again, by this process or by another of the same domain. They
 * stay below 2^31 because C peers read them with {@code atoi}.
 */
final class Numbers {

  /**
   * References that belong to one file: as many as it has pages at most. Each file's first
   * reference is a multiple, so that ranges cannot overlap and any reference tells the name of its
   * file.
   */
  static final int GRANTS_PER_FILE = 256;

  private static final int LIMIT = Integer.MAX_VALUE;

  private final AtomicInteger files = new AtomicInteger(ThreadLocalRandom.current().nextInt());
  private final AtomicInteger ports = new AtomicInteger(ThreadLocalRandom.current().nextInt());

  /** The first reference of a file. */
  int nextFile() {
    return Math.floorMod(files.getAndIncrement(), LIMIT / GRANTS_PER_FILE - 1) * GRANTS_PER_FILE
        + GRANTS_PER_FILE;
  }

  /** A port. */
  int nextPort() {
    return Math.floorMod(ports.getAndIncrement(), LIMIT) + 1;
  }
}
