// SPDX-License-Identifier: Apache-2.0
package dev.vchan;

/**
 * The peer's process or domain died without closing its side. Everything it had published has been
 * delivered before a read throws this; whether it had more to say cannot be known. On Xen the death
 * of a process that does not understand half-close looks like a close, unless its domain is gone.
 */
public final class PeerDiedException extends VchanException {

  private static final long serialVersionUID = 1;

  PeerDiedException(String message, long bytesTransferred) {
    super(message, bytesTransferred);
  }
}
