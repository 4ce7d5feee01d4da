// SPDX-License-Identifier: Apache-2.0

/// A transport between processes of one machine.
@NullMarked
package dev.vchan.local;

import org.jspecify.annotations.NullMarked;
