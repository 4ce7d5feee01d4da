// SPDX-License-Identifier: Apache-2.0
package dev.vchan.cli;

import java.io.FileDescriptor;
import java.io.FileInputStream;
import java.io.FileOutputStream;
import java.io.IOException;
import java.nio.channels.WritableByteChannel;

/**
 * Standard input and output without the buffers of {@link System}.
 *
 * @param inputIsTerminal whether a person types the input
 */
record StandardStreams(FileInputStream input, WritableByteChannel output, boolean inputIsTerminal) {

  private static final String EMPTY = "/dev/null";

  /** Opens them. A background job gets an empty input: reading the terminal would stop it. */
  static StandardStreams open() throws IOException {
    boolean terminal = Terminal.is(Terminal.STANDARD_INPUT);
    FileInputStream input =
        terminal && Terminal.inBackground()
            ? new FileInputStream(EMPTY)
            : new FileInputStream(FileDescriptor.in);
    return new StandardStreams(
        input, new FileOutputStream(FileDescriptor.out).getChannel(), terminal);
  }
}
