// SPDX-License-Identifier: Apache-2.0

/// Vchans between Xen domains, and a client of XenStore.
module dev.vchan.xen {
  requires static org.jspecify;
  requires transitive dev.vchan;

  exports dev.vchan.xen;
  exports dev.vchan.xen.xenstore;
}
