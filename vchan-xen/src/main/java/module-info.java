// SPDX-License-Identifier: Apache-2.0

/// What vchans between Xen domains need: so far, a client of XenStore and advertisements in it.
module dev.vchan.xen {
  requires static org.jspecify;
  requires transitive dev.vchan;

  exports dev.vchan.xen.xenstore;
}
