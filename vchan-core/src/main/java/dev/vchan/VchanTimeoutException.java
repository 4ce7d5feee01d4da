// SPDX-License-Identifier: Apache-2.0
package dev.vchan;

/** A deadline expired. The channel is as usable as before. */
public final class VchanTimeoutException extends VchanException {

  private static final long serialVersionUID = 1;

  VchanTimeoutException(String message, long bytesTransferred) {
    super(message, bytesTransferred);
  }
}
