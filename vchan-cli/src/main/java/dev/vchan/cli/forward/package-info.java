// SPDX-License-Identifier: Apache-2.0

/// Sockets joined with channels, many clients at once: what `vchan forward` does.
@NullMarked
package dev.vchan.cli.forward;

import org.jspecify.annotations.NullMarked;
