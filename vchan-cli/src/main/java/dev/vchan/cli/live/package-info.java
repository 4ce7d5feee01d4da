// SPDX-License-Identifier: Apache-2.0

/// Channels of other processes, looked at: what is in them, and why nothing moves.
@NullMarked
package dev.vchan.cli.live;

import org.jspecify.annotations.NullMarked;
