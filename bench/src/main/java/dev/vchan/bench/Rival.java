// SPDX-License-Identifier: Apache-2.0
package dev.vchan.bench;

import java.util.Arrays;

/** Who is compared: ours in its ways, the peers, and the limit. */
enum Rival {
  VCHAN("vchan", "vchan", Program.JAVA, Shape.PAIR),
  VIRTUAL("vchan-virtual", "vchan, virtual threads", Program.JAVA, Shape.PAIR),
  POLLING("vchan-polling", "vchan, polled", Program.JAVA, Shape.PAIR),
  ZERO_COPY("vchan-zero-copy", "vchan, zero copy", Program.JAVA, Shape.PAIR),
  BATCHED("vchan-batched", "vchan, 16 writes in one", Program.JAVA, Shape.PAIR),
  VCHAN_LIBC("vchan-libc", "vchan with libc", Program.JAVA, Shape.PAIR),
  ZERO_COPY_LIBC("vchan-zero-copy-libc", "vchan with libc, zero copy", Program.JAVA, Shape.PAIR),
  IN_PROCESS("vchan-in-process", "vchan in one process", Program.JAVA, Shape.INSIDE),
  LIBXENVCHAN("libxenvchan", "libxenvchan", Program.XEN, Shape.PAIR),
  LIBXENVCHAN_POLLED("libxenvchan-polled", "libxenvchan, polled", Program.XEN, Shape.PAIR),
  UNIX_C("unix-c", "Unix socket, C", Program.SYSTEM, Shape.PAIR),
  UNIX_JAVA("unix-java", "Unix socket, Java", Program.JAVA, Shape.PAIR),
  UNIX_VIRTUAL("unix-virtual", "Unix socket, virtual threads", Program.JAVA, Shape.PAIR),
  PIPE("pipe", "pipe, C", Program.SYSTEM, Shape.PAIR),
  TCP("tcp", "TCP loopback, C", Program.SYSTEM, Shape.PAIR),
  AGRONA("agrona", "Agrona ring, spins", Program.JAVA, Shape.PAIR),
  AERON("aeron", "Aeron IPC, spins", Program.JAVA, Shape.PAIR),
  MEMCPY("memcpy", "memcpy, one thread", Program.SYSTEM, Shape.ALONE),
  EVENT("event", "event of vchan's local backend", Program.JAVA, Shape.PAIR);

  /** What its processes run. */
  enum Program {
    /** The worker in Java. */
    JAVA,
    /** The worker in C with what every system has. */
    SYSTEM,
    /** The worker in C with libxenvchan. */
    XEN
  }

  /** How many processes it has. */
  enum Shape {
    /** One for each side. */
    PAIR,
    /** One for both sides. */
    INSIDE,
    /** One, that has no other side. */
    ALONE
  }

  private final String word;
  private final String label;
  private final Program program;
  private final Shape shape;

  Rival(String word, String label, Program program, Shape shape) {
    this.word = word;
    this.label = label;
    this.program = program;
    this.shape = shape;
  }

  /** As in options and files. */
  String word() {
    return word;
  }

  /** For people. */
  String label() {
    return label;
  }

  Program program() {
    return program;
  }

  Shape shape() {
    return shape;
  }

  /** Whether it can be given this work at all. */
  boolean does(Work work) {
    return switch (work) {
      case STREAM -> this != EVENT && this != UNIX_VIRTUAL && this != ZERO_COPY_LIBC;
      case TOUCH -> isZeroCopy() || this == VCHAN_LIBC || isChannel();
      case TRIP ->
          this == UNIX_VIRTUAL
              || (does(Work.STREAM) && this != MEMCPY && !isZeroCopy() && this != BATCHED);
      case CONNECT -> isChannel();
      case IDLE -> isChannel() && this != PIPE && this != TCP;
      case RUSH -> this == VCHAN || this == UNIX_JAVA;
      case WAITING, ECHO -> this == VIRTUAL || this == UNIX_VIRTUAL;
      case EVENT -> this == EVENT;
    };
  }

  private boolean isZeroCopy() {
    return this == ZERO_COPY || this == ZERO_COPY_LIBC;
  }

  /** Whether it is opened and closed, and has an end of its stream. */
  private boolean isChannel() {
    return switch (this) {
      case VCHAN, LIBXENVCHAN, UNIX_C, UNIX_JAVA, PIPE, TCP -> true;
      default -> false;
    };
  }

  /** Whether it is one of ours. */
  boolean isOurs() {
    return word.startsWith("vchan");
  }

  /** Whether it competes with ours: another way between two processes. */
  boolean isPeer() {
    return !isOurs() && this != MEMCPY && this != EVENT;
  }

  static Rival of(String word) {
    return Arrays.stream(values())
        .filter(one -> one.word.equals(word))
        .findFirst()
        .orElseThrow(() -> new IllegalArgumentException("no such contestant: " + word));
  }
}
