// SPDX-License-Identifier: Apache-2.0

/// What {@code vchan doctor} looks at.
@NullMarked
package dev.vchan.cli.doctor;

import org.jspecify.annotations.NullMarked;
