// SPDX-License-Identifier: Apache-2.0
package dev.vchan.xen.xenstore.fake;

import java.util.ArrayList;
import java.util.List;

/** A node of the fake store; never changed, only replaced. */
record FakeNode(byte[] value, List<String> permissions, List<String> children, long generation) {

  static final char READ = 'r';
  static final char WRITE = 'w';

  FakeNode {
    permissions = List.copyOf(permissions);
    children = List.copyOf(children);
  }

  FakeNode withValue(byte[] its) {
    return new FakeNode(its, permissions, children, generation);
  }

  FakeNode withPermissions(List<String> its) {
    return new FakeNode(value, its, children, generation);
  }

  FakeNode withGeneration(long its) {
    return new FakeNode(value, permissions, children, its);
  }

  FakeNode withChild(String name) {
    List<String> more = new ArrayList<>(children);
    more.add(name);
    return new FakeNode(value, permissions, more, generation);
  }

  FakeNode withoutChild(String name) {
    List<String> fewer = new ArrayList<>(children);
    fewer.remove(name);
    return new FakeNode(value, permissions, fewer, generation);
  }

  int owner() {
    return domain(permissions.getFirst());
  }

  /** Whether a domain may read or write: its first grant counts, else what all others get. */
  boolean allows(int domain, char what) {
    return allows(permissions, domain, what);
  }

  static boolean allows(List<String> permissions, int domain, char what) {
    String others = permissions.getFirst();
    if (domain == 0 || domain == domain(others)) {
      return true;
    }
    char letter = others.charAt(0);
    for (String grant : permissions.subList(1, permissions.size())) {
      if (domain(grant) == domain) {
        letter = grant.charAt(0);
        break;
      }
    }
    return letter == what || letter == 'b';
  }

  private static int domain(String permission) {
    return Integer.parseInt(permission.substring(1));
  }
}
