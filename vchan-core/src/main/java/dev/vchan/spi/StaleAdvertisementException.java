// SPDX-License-Identifier: Apache-2.0
package dev.vchan.spi;

import java.io.IOException;

/**
 * What an advertisement names is not there, no longer there, or taken at the moment. A client that
 * meets it goes back to waiting for a better advertisement.
 */
public final class StaleAdvertisementException extends IOException {

  private static final long serialVersionUID = 1;

  /**
   * Makes the exception.
   *
   * @param message what was looked for and what was found instead
   */
  public StaleAdvertisementException(String message) {
    super(message);
  }
}
