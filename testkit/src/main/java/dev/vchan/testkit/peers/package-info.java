// SPDX-License-Identifier: Apache-2.0

/// Peers that are not ours: they work on the raw pages, by offsets from the C header.
@NullMarked
package dev.vchan.testkit.peers;

import org.jspecify.annotations.NullMarked;
