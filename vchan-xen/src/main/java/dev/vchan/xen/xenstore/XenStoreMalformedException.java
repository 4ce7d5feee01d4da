// SPDX-License-Identifier: Apache-2.0
package dev.vchan.xen.xenstore;

/** A reply came that has not the form the protocol gives it. The connection goes on. */
public final class XenStoreMalformedException extends XenStoreException {

  private static final long serialVersionUID = 1;

  XenStoreMalformedException(Request request, Message.Malformed cause) {
    super("xenstored's reply to " + request + " is malformed: " + cause.getMessage());
    initCause(cause);
  }
}
