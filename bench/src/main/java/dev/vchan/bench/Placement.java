// SPDX-License-Identifier: Apache-2.0
package dev.vchan.bench;

/** Where the two sides run. */
enum Placement {
  /** Side A on the first processor, side B on the second. */
  PINNED("pinned", "a processor for each side"),
  /** Wherever the system puts them. */
  FREE("free", "where the system likes"),
  /** Both on the first processor. */
  SHARED("shared", "one processor for both sides"),
  /** Wherever the system puts them, while each processor has other work too. */
  LOADED("loaded", "every processor busy with other work");

  private final String word;
  private final String label;

  Placement(String word, String label) {
    this.word = word;
    this.label = label;
  }

  String word() {
    return word;
  }

  String label() {
    return label;
  }

  /** Where the sides are, whatever else there is. */
  Placement ofSides() {
    return this == LOADED ? FREE : this;
  }

  /** Whether each side can have a processor for itself. */
  boolean hasOneForEach() {
    return this == PINNED || this == FREE;
  }

  static Placement of(String word) {
    for (Placement one : values()) {
      if (one.word.equals(word)) {
        return one;
      }
    }
    throw new IllegalArgumentException("no such placement: " + word);
  }
}
