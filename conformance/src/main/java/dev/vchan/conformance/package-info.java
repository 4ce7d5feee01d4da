// SPDX-License-Identifier: Apache-2.0

/// Whether every case of the catalogues has a test that ran and passed.
@NullMarked
package dev.vchan.conformance;

import org.jspecify.annotations.NullMarked;
