// SPDX-License-Identifier: Apache-2.0
package dev.vchan.cli.live;

import dev.vchan.PageSnapshot.Ring;

/**
 * One direction of a channel, over the time it was observed. Times are what the observer has seen,
 * so that what they are about may have lasted longer.
 *
 * @param ring the indices as they were last
 * @param corrupt whether the indices cannot be those of a ring, beyond doubt
 * @param ended whether the writer has announced its last byte
 * @param produced bytes written since the last report
 * @param consumed bytes read since the last report
 * @param quietNanos how long the indices have been as they are
 * @param readerAsks whether the reader has asked to be told of bytes
 * @param readerAskedNanos how long it has, without a look at which it had not
 * @param writerAsks whether the writer has asked to be told of space
 * @param writerAskedNanos how long it has
 */
record Lane(
    Ring ring,
    boolean corrupt,
    boolean ended,
    long produced,
    long consumed,
    long quietNanos,
    boolean readerAsks,
    long readerAskedNanos,
    boolean writerAsks,
    long writerAskedNanos) {

  /** Bytes that were written and not read. */
  long filled() {
    return ring.distance();
  }

  /** Bytes that could be written. */
  long space() {
    return ring.capacity() - filled();
  }

  boolean moved() {
    return produced > 0 || consumed > 0;
  }

  /** For how long the reader has asked while nothing moved. */
  long readerWaitNanos() {
    return Math.min(quietNanos, readerAskedNanos);
  }

  /** For how long the writer has asked while nothing moved. */
  long writerWaitNanos() {
    return Math.min(quietNanos, writerAskedNanos);
  }
}
