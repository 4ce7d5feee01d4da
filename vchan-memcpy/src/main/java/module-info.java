// SPDX-License-Identifier: Apache-2.0

/// Copies long writes by the C library. Needs `--enable-native-access=dev.vchan.memcpy`.
module dev.vchan.memcpy {
  requires static org.jspecify;
  requires transitive dev.vchan;

  exports dev.vchan.memcpy;
}
