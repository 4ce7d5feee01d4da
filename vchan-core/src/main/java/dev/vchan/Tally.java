// SPDX-License-Identifier: Apache-2.0
package dev.vchan;

/**
 * What one direction has done. Plain fields, counted by whoever has the direction's turn, so that
 * counting costs an addition; another thread that reads them sees each a moment late.
 */
final class Tally {
  long bytes;
  long calls;
  long eventsSent;
  long sleeps;
  long endedByPeriod;
}
