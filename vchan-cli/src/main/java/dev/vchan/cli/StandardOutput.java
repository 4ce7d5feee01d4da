// SPDX-License-Identifier: Apache-2.0
package dev.vchan.cli;

import java.io.BufferedOutputStream;
import java.io.FileDescriptor;
import java.io.FileOutputStream;
import java.io.FilterOutputStream;
import java.io.IOException;
import java.io.PrintStream;
import org.jspecify.annotations.Nullable;

/**
 * What {@link System#out} writes into, for help, completion and the demo. A print stream keeps to
 * itself what went wrong; this remembers it, so that a text that is cut short is no success.
 */
final class StandardOutput extends FilterOutputStream {

  private static final int BUFFER_BYTES = 8 << 10;

  private @Nullable IOException failure;

  private StandardOutput() {
    super(new FileOutputStream(FileDescriptor.out));
  }

  /** Puts one of these into {@link System#out}. */
  static StandardOutput install() {
    StandardOutput output = new StandardOutput();
    System.setOut(
        new PrintStream(
            new BufferedOutputStream(output, BUFFER_BYTES), true, System.out.charset()));
    return output;
  }

  @Override
  public void write(byte[] bytes, int offset, int length) throws IOException {
    try {
      out.write(bytes, offset, length);
    } catch (IOException e) {
      failure = e;
      throw e;
    }
  }

  @Override
  public void write(int value) throws IOException {
    write(new byte[] {(byte) value}, 0, 1);
  }

  /**
   * Reports what could not be written.
   *
   * @throws CommandFailure if there is something
   */
  void check() throws CommandFailure {
    System.out.flush();
    if (failure != null) {
      throw failure(failure);
    }
  }

  /** Why standard output takes no more, and how a command ends that has seen it. */
  static CommandFailure failure(IOException cause) {
    boolean readerLeft = "Broken pipe".equals(cause.getMessage());
    return new CommandFailure(
        readerLeft ? ExitCodes.PIPE : ExitCodes.FAILED,
        "cannot write standard output: " + cause.getMessage());
  }
}
