// SPDX-License-Identifier: Apache-2.0

/// Vchans between Xen domains: pages, events and a place to meet. See [XenBackend].
@NullMarked
package dev.vchan.xen;

import org.jspecify.annotations.NullMarked;
