// SPDX-License-Identifier: Apache-2.0
package dev.vchan.cli.transfer;

/** What a frame says. The numbers are on the wire. */
enum FrameType {
  HELLO(1, 16),
  OFFER(2, 1024),
  ACCEPT(3, 40),
  REFUSE(4, 512),
  START(5, 8),
  DATA(6, 1 << 18),
  END(7, 32),
  DONE(8, 32),
  FAIL(9, 512),
  BYE(10, 0),
  BUSY(11, 0);

  final int number;

  /** Most bytes a body of this type can have. */
  final int limit;

  FrameType(int number, int limit) {
    this.number = number;
    this.limit = limit;
  }

  /** The type with this number; what the peer says can be any number. */
  static FrameType of(int number) throws TransferException {
    for (FrameType type : values()) {
      if (type.number == number) {
        return type;
      }
    }
    throw TransferException.broken("frame of unknown type " + number);
  }
}
