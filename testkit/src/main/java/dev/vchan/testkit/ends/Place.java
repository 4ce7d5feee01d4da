// SPDX-License-Identifier: Apache-2.0
package dev.vchan.testkit.ends;

import dev.vchan.Vchan;
import dev.vchan.spi.Backend;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** A domain in which ends of channels live: in this process or in another. */
public interface Place {

  /**
   * Starts to do something in this domain, on a thread of its own.
   *
   * @param deed what to do with the domain's backend
   * @param <T> what comes out
   * @return how it goes
   */
  <T extends @Nullable Object> Pending<T> start(Deed<Backend, T> deed);

  /**
   * Starts to make an end of a channel in this domain, on a thread of its own.
   *
   * @param opening how; blocks until the channel is connected
   * @return the end, once it is connected
   */
  Pending<End> open(Deed<Backend, Vchan> opening);

  /**
   * What this domain has taken and not given back.
   *
   * @return a line for each; empty if all is clean
   * @throws Exception if it cannot be told
   */
  List<String> leftovers() throws Exception;

  /**
   * Closes every end that is open, and the backend if it belongs to this place.
   *
   * @throws Exception if something cannot be closed
   */
  void close() throws Exception;
}
