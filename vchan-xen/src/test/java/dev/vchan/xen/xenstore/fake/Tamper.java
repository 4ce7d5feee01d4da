// SPDX-License-Identifier: Apache-2.0
package dev.vchan.xen.xenstore.fake;

import java.io.IOException;
import java.io.OutputStream;

/** What becomes of the bytes that the fake daemon would send; it may do anything. */
@FunctionalInterface
public interface Tamper {

  /** Sends what it is given. */
  Tamper HONEST = (frame, out) -> out.write(frame.encode());

  void send(Frame frame, OutputStream out) throws IOException;
}
