// SPDX-License-Identifier: Apache-2.0

/// The vchan command.
@NullMarked
package dev.vchan.cli;

import org.jspecify.annotations.NullMarked;
