// SPDX-License-Identifier: Apache-2.0
package dev.vchan.xen.xenstore;

/**
 * A deadline expired. What was asked for has not been done if the message says that it was not
 * sent, and may have been done or be done later otherwise; what it would leave behind (a watch, a
 * transaction) is given back when its reply comes after all.
 */
public final class XenStoreTimeoutException extends XenStoreException {

  private static final long serialVersionUID = 1;

  XenStoreTimeoutException(String message) {
    super(message);
  }
}
