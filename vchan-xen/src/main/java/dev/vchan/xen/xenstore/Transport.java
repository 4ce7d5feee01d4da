// SPDX-License-Identifier: Apache-2.0
package dev.vchan.xen.xenstore;

import java.io.Closeable;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;

/**
 * A way to xenstored. One thread opens and then writes, one thread reads, and any thread closes,
 * which ends what the other two are doing.
 */
sealed interface Transport extends Closeable permits SocketTransport, DeviceTransport {

  /**
   * The way that begins at a file; not open yet.
   *
   * @throws IOException if there is no such file
   */
  static Transport at(Path place) throws IOException {
    // The kernel's device looks like any other file that is neither plain nor a directory; what is
    // neither that nor a socket is refused when it is opened.
    int format = (Integer) Files.getAttribute(place, "unix:mode") & 0xF000;
    return format == 0xC000 ? new SocketTransport(place) : new DeviceTransport(place);
  }

  /** Opens it; may block. */
  void open() throws IOException;

  /** Largest payload of a request. */
  int maxPayload();

  /** Largest payload of a reply that names the children of a node; all others have at most 4096. */
  int maxListing();

  /** Whether a reply always has the id of its request. */
  boolean keepsRequestIds();

  /**
   * Writes one whole message; may block.
   *
   * @throws RefusedMessage if only this message was not taken
   * @throws IOException if the way is of no use any more
   */
  void write(ByteBuffer message) throws IOException;

  /** Reads some bytes, at least one; may block. Returns -1 at the end. */
  int read(ByteBuffer target) throws IOException;

  /** The message was not taken; the next one may be. */
  final class RefusedMessage extends IOException {

    private static final long serialVersionUID = 1;

    RefusedMessage(String problem, Throwable cause) {
      super(problem, cause);
    }
  }
}
