// SPDX-License-Identifier: Apache-2.0

/// A transport between processes of one machine.
module dev.vchan.local {
  requires static org.jspecify;
  requires transitive dev.vchan;
  requires jdk.net;

  exports dev.vchan.local;
}
