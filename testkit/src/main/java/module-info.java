// SPDX-License-Identifier: Apache-2.0

/// The tests that every transport must pass.
module dev.vchan.testkit {
  requires static org.jspecify;
  requires transitive dev.vchan;
  requires transitive org.junit.jupiter.api;
  requires transitive org.junit.jupiter.params;
  requires transitive org.assertj.core;
  requires transitive org.junit.platform.launcher;
  requires transitive java.instrument;
  requires java.compiler;
  requires jdk.attach;
  requires jdk.management;

  exports dev.vchan.testkit;
  exports dev.vchan.testkit.contract;
  exports dev.vchan.testkit.ends;
}
