// SPDX-License-Identifier: Apache-2.0
package dev.vchan.interop;

import java.io.IOException;
import java.util.Arrays;

/**
 * An end of a vchan that libxenvchan made, wherever it runs. It is told what to do line by line,
 * and answers each line with one. Used by one thread at a time.
 */
interface Peer {

  /** Tells it something, and does not wait for its answer. */
  void tell(String command) throws IOException;

  /** The answer to what it was told. */
  String answer() throws IOException, InterruptedException;

  /** What it was told last. */
  String last();

  /** The numbers of an answer that must be a good one. */
  default long[] answered() throws IOException, InterruptedException {
    String answer = answer();
    if (!answer.startsWith("ok")) {
      throw new AssertionError("the answer to '" + last() + "' is '" + answer + "'");
    }
    return Arrays.stream(answer.split(" ")).skip(1).mapToLong(Long::parseLong).toArray();
  }

  /** Tells it something, and waits until it is done. */
  default long[] ask(String command) throws IOException, InterruptedException {
    tell(command);
    return answered();
  }
}
