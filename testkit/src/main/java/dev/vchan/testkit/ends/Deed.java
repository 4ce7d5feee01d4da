// SPDX-License-Identifier: Apache-2.0
package dev.vchan.testkit.ends;

import java.io.Serializable;
import org.jspecify.annotations.Nullable;

/**
 * Something to be done at an end of a channel, or in a domain. It may have to travel to another
 * process, so a lambda captures nothing but numbers, strings, arrays and the like.
 *
 * @param <S> what it is done to
 * @param <T> what comes out; serializable
 */
@FunctionalInterface
public interface Deed<S, T extends @Nullable Object> extends Serializable {

  /**
   * Does it.
   *
   * @param subject what it is done to
   * @return what comes out
   * @throws Exception whatever goes wrong; the one who asked for the deed gets it
   */
  T on(S subject) throws Exception;

  /**
   * A deed without an outcome.
   *
   * @param <S> what it is done to
   */
  @FunctionalInterface
  interface Plain<S> extends Serializable {

    /**
     * Does it.
     *
     * @param subject what it is done to
     * @throws Exception whatever goes wrong; the one who asked for the deed gets it
     */
    void on(S subject) throws Exception;
  }
}
