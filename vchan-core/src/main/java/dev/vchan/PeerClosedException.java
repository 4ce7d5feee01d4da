// SPDX-License-Identifier: Apache-2.0
package dev.vchan;

/** The peer has closed its side, so that what was asked for can never be completed. */
public final class PeerClosedException extends VchanException {

  private static final long serialVersionUID = 1;

  PeerClosedException(String message, long bytesTransferred) {
    super(message, bytesTransferred);
  }
}
