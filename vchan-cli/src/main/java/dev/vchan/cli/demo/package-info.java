// SPDX-License-Identifier: Apache-2.0

/// What {@code vchan demo} measures and shows.
@NullMarked
package dev.vchan.cli.demo;

import org.jspecify.annotations.NullMarked;
