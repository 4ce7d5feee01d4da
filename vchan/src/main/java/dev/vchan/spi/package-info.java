// SPDX-License-Identifier: Apache-2.0

/// What a transport implements.
@NullMarked
package dev.vchan.spi;

import org.jspecify.annotations.NullMarked;
