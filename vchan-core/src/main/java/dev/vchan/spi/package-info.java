// SPDX-License-Identifier: Apache-2.0

/// What a transport implements: memory that two domains share, events between them, and a place
/// where they meet.
///
/// | interface | on Xen | answers |
/// |---|---|---|
/// | [dev.vchan.spi.Memory] | gntalloc, gntdev | pages of ours for a peer, pages of a peer's for us |
/// | [dev.vchan.spi.Events] | evtchn | a port a peer may bind to, an end bound to a peer's port |
/// | [dev.vchan.spi.Rendezvous] | XenStore | two numbers under a path, and a watch on it |
/// | [dev.vchan.spi.Backend] | one domain's view | the three together |
///
/// A backend behaves as Xen does, in what it promises and in what it does not: an event to an
/// unbound port is dropped, a fresh bind is pending at once, a closed port leaves its peer unbound
/// without an event, and a page whose owner dies has one byte cleared before an event is sent. So
/// nothing in the endpoint needs to know which backend it has.
///
/// Events are counted and broadcast ([dev.vchan.spi.EventCounter]). Whoever waits samples the
/// counter, looks, and then waits for *newer than the sample*: no event gets lost between the look
/// and the wait, and none is taken away from another thread. Time and parking go through
/// [dev.vchan.spi.Parking], so that a test can decide who runs when.
@NullMarked
package dev.vchan.spi;

import org.jspecify.annotations.NullMarked;
