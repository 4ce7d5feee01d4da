// SPDX-License-Identifier: Apache-2.0
package dev.vchan.xen.xenstore;

import static java.nio.charset.StandardCharsets.ISO_8859_1;

import java.io.ByteArrayOutputStream;
import java.util.List;

/**
 * The children of a node, put together of the parts that xenstored tells: each has the generation
 * of the node, then names from an offset in bytes on, and an empty name at the end of them all.
 */
final class Listing {

  /** What no host has; a daemon that says more is not believed. */
  static final int MAX_BYTES = 1 << 20;

  private final ByteArrayOutputStream names = new ByteArrayOutputStream();
  private String generation = "";
  private int restarts;
  private boolean complete;

  /** From where on the next part is wanted, in bytes. */
  int offset() {
    return names.size();
  }

  boolean isComplete() {
    return complete;
  }

  /** How often the node changed between two parts. */
  int restarts() {
    return restarts;
  }

  /** Adds a part, or forgets the others if it is of another generation. */
  void add(byte[] part) throws Message.Malformed {
    int end = 0;
    while (end < part.length && part[end] != 0) {
      end++;
    }
    int first = end + 1;
    if (first >= part.length || part[part.length - 1] != 0) {
      throw new Message.Malformed("a part of " + part.length + " bytes without names");
    }
    String its = new String(part, 0, end, ISO_8859_1);
    if (names.size() > 0 && !its.equals(generation)) {
      names.reset();
      restarts++;
      return;
    }
    generation = its;
    int last = part.length - 1;
    complete = first == last || part[last - 1] == 0;
    names.write(part, first, (complete ? last : part.length) - first);
    if (names.size() > MAX_BYTES) {
      throw new Message.Malformed("more than " + MAX_BYTES + " bytes of names");
    }
  }

  List<String> names() throws Message.Malformed {
    return names(names.toByteArray());
  }

  /** Takes names apart that are in one piece. */
  static List<String> names(byte[] joined) throws Message.Malformed {
    List<String> names = Message.split(joined);
    for (String name : names) {
      if (!StorePath.isName(name)) {
        throw new Message.Malformed("not the name of a node: \"" + name + '"');
      }
    }
    return names;
  }
}
