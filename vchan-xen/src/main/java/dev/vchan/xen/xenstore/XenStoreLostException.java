// SPDX-License-Identifier: Apache-2.0
package dev.vchan.xen.xenstore;

import java.io.IOException;
import java.nio.file.Path;

/**
 * The connection is of no use any more: xenstored closed it, the system failed, or what came was
 * not a reply to what was asked. Watches and transactions on it are gone. Every later call on the
 * same {@link XenStore} fails so; what was under way may or may not have been done. Opening another
 * one makes a new connection.
 */
public final class XenStoreLostException extends XenStoreException {

  private static final long serialVersionUID = 1;

  XenStoreLostException(Path place, Throwable cause) {
    super(
        "the connection to XenStore at "
            + place
            + " is lost: "
            + (cause instanceof IOException ? cause.getMessage() : cause.toString())
            + "; open it again");
    initCause(cause);
  }
}
