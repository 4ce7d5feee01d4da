// SPDX-License-Identifier: Apache-2.0

/// How servers and clients in two Xen domains find each other.
@NullMarked
package dev.vchan.xen;

import org.jspecify.annotations.NullMarked;
