// SPDX-License-Identifier: Apache-2.0
package dev.vchan.cli.forward;

import dev.vchan.cli.forward.SocketName.Descriptor;
import java.io.IOException;
import java.nio.channels.Channel;
import org.jspecify.annotations.Nullable;

/**
 * The socket this process was started with. The JDK takes over descriptor 0 and no other; the
 * launcher puts another one there, and says which it was.
 */
final class Inherited {

  /** Set by the launcher to the number that the descriptor had. */
  private static final String PROPERTY = "vchan.inherited";

  private Inherited() {}

  /**
   * The socket of a descriptor, null if it is something else.
   *
   * @throws IOException if it is one that cannot be had
   */
  static @Nullable Channel channel(Descriptor descriptor) throws IOException {
    int number = descriptor.number();
    if (number != 0 && number != Integer.getInteger(PROPERTY, 0)) {
      throw new IOException(
          "it is not a socket, or not one that can be taken over: 0, and with the launcher 3 to 9,"
              + " can");
    }
    return System.inheritedChannel();
  }
}
