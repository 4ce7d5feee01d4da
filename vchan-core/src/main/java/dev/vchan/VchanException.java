// SPDX-License-Identifier: Apache-2.0
package dev.vchan;

import java.io.IOException;

/**
 * Why a vchan call could not do what it was asked to, one subclass for each kind of reason a caller
 * treats differently. End of stream is not among them (it is -1), nor is the use of a channel
 * closed by its own side (that is {@link java.nio.channels.ClosedChannelException} and its
 * subclasses, as for any channel).
 */
public abstract sealed class VchanException extends IOException
    permits PeerClosedException,
        PeerDiedException,
        ProtocolViolationException,
        SystemRefusedException,
        VchanTimeoutException {

  private static final long serialVersionUID = 1;

  private final long bytesTransferred;

  VchanException(String message, long bytesTransferred) {
    super(message);
    this.bytesTransferred = bytesTransferred;
  }

  /**
   * How far the call came before it failed.
   *
   * @return for a write, bytes of this call that are in the ring and that the peer can read; for a
   *     receive, bytes that are left in the ring and can be had by a read; 0 otherwise
   */
  public long bytesTransferred() {
    return bytesTransferred;
  }
}
