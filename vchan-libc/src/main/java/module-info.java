// SPDX-License-Identifier: Apache-2.0

/// What the C library and Linux do better than the JVM: long copies, and barriers. Needs
/// `--enable-native-access=dev.vchan.libc`.
module dev.vchan.libc {
  requires static org.jspecify;
  requires transitive dev.vchan;

  exports dev.vchan.libc;
}
