// SPDX-License-Identifier: Apache-2.0

package dev.vchan.testkit;

/// An exported package must not be empty; goes when the first class comes.
final class Placeholder {
  private Placeholder() {}
}
