// SPDX-License-Identifier: Apache-2.0
package dev.vchan;

/**
 * What a channel has done so far. A snapshot that other threads' latest calls may not be part of.
 *
 * @param bytesRead bytes taken from the incoming ring, discarded ones included
 * @param bytesWritten bytes put into the outgoing ring
 * @param readCalls calls that took bytes
 * @param writeCalls calls that put bytes
 * @param eventsSent events sent to the peer since the handshake
 * @param eventsReceived events that arrived, spurious ones and own wake-ups included
 * @param sleeps times a call went to sleep until an event
 * @param endedByPeriod waits that no event ended but the look period, although what was waited for
 *     was there; with a correct peer this stays 0
 */
public record Counters(
    long bytesRead,
    long bytesWritten,
    long readCalls,
    long writeCalls,
    long eventsSent,
    long eventsReceived,
    long sleeps,
    long endedByPeriod) {}
