// SPDX-License-Identifier: Apache-2.0

/// Programs that were written for Xen's libraries, on a machine without Xen.
@NullMarked
package dev.vchan.cli.run;

import org.jspecify.annotations.NullMarked;
