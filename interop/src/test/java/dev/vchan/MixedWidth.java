// SPDX-License-Identifier: Apache-2.0
package dev.vchan;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.VarHandle;
import java.nio.channels.FileChannel;
import java.nio.channels.FileChannel.MapMode;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Arrays;

/**
 * The Java side of the word at offset 20, in a file that {@code mixed-width} has mapped as well: as
 * a client, sets the bits of srv_notify and takes those of cli_notify, with nothing but the core's
 * own page. Stands in the core's package for that.
 *
 * <p>A main of its own, so that the test can run it with a mutant in front of the class path.
 */
final class MixedWidth {

  private static final VarHandle INT = ValueLayout.JAVA_INT.varHandle();

  private static final long WORD = 20;
  private static final long STARTED = 64;
  private static final long STOP = 128;

  private static final int[] REQUESTS = {ControlPage.WRITE, ControlPage.READ};

  private MixedWidth() {}

  /**
   * Runs, and says how often each bit was set and taken here, what the word was in the end, and how
   * many updates that took.
   *
   * @param args the file; how many updates to make
   */
  public static void main(String[] args) throws Exception {
    long wanted = Long.parseLong(args[1]);
    try (Arena arena = Arena.ofShared()) {
      MemorySegment memory = map(Path.of(args[0]), arena);
      ControlPage page = ControlPage.ofClient(memory);
      while ((int) INT.getVolatile(memory, STARTED) == 0) {
        Thread.onSpinWait();
      }
      long[] set = new long[REQUESTS.length];
      long[] taken = new long[REQUESTS.length];
      while (Arrays.stream(set).sum() + Arrays.stream(taken).sum() < wanted) {
        for (int i = 0; i < REQUESTS.length; i++) {
          if ((word(memory) & (REQUESTS[i] << 24)) == 0) {
            // Only this side sets it, so it is still clear, and this sets it.
            page.ask(REQUESTS[i]);
            set[i]++;
          }
          if (page.takeRequest(REQUESTS[i])) {
            taken[i]++;
          }
        }
      }
      INT.setVolatile(memory, STOP, 1);
      System.out.printf("%d %d %d %d%n", set[0], set[1], taken[0], taken[1]);
    }
  }

  private static int word(MemorySegment memory) {
    return (int) INT.getVolatile(memory, WORD);
  }

  private static MemorySegment map(Path file, Arena arena) throws IOException {
    try (FileChannel channel =
        FileChannel.open(file, StandardOpenOption.READ, StandardOpenOption.WRITE)) {
      return channel.map(MapMode.READ_WRITE, 0, channel.size(), arena);
    }
  }
}
