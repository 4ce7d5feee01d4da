// SPDX-License-Identifier: Apache-2.0
package dev.vchan.xen.xenstore;

import java.io.IOException;

/**
 * Why XenStore could not do what it was asked to, one subclass for each kind of reason a caller
 * treats differently. That a node is absent is no failure where it is to be expected, nor is the
 * use of a {@link XenStore} after its close one of these (that is {@link
 * java.nio.channels.ClosedChannelException} and its subclasses).
 */
public abstract sealed class XenStoreException extends IOException
    permits XenStoreLostException,
        XenStoreMalformedException,
        XenStoreRefusedException,
        XenStoreTimeoutException {

  private static final long serialVersionUID = 1;

  XenStoreException(String message) {
    super(message);
  }
}
