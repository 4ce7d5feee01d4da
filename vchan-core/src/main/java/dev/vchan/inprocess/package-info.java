// SPDX-License-Identifier: Apache-2.0

/// A machine with any number of domains inside this JVM, for parts of one program that talk to each
/// other, and for tests.
///
/// [dev.vchan.inprocess.InProcessHost] hands out a [dev.vchan.spi.Backend] for each domain. It
/// behaves as Xen does and offers what a test wants besides: what was left behind
/// ([leftovers][dev.vchan.inprocess.InProcessHost#leftovers]), a limit of pages
/// ([limitPages][dev.vchan.inprocess.InProcessHost#limitPages]), a failure at any call
/// ([failAt][dev.vchan.inprocess.InProcessHost#failAt]), and two ways for a domain to end
/// ([kill][dev.vchan.inprocess.InProcessHost#kill],
/// [destroy][dev.vchan.inprocess.InProcessHost#destroy]).
@NullMarked
package dev.vchan.inprocess;

import org.jspecify.annotations.NullMarked;
