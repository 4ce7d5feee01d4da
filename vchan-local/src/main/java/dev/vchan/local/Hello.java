// SPDX-License-Identifier: Apache-2.0
package dev.vchan.local;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.Optional;

/**
 * The first bytes each way on an event socket (docs/local-transport.md, "The hello"),
 * little-endian:
 *
 * <pre>
 *    0  magic "vchanevt"      16  own port     u32
 *    8  version  u16          20  peer's port  u32
 *   10  status   u16          24  required features  u32
 *   12  own domain   u16      28  optional features  u32
 *   14  peer's domain  u16
 * </pre>
 *
 * @param status 0, or why the sender hangs up now
 * @param from domain of the sender
 * @param to domain the sender believes to talk to
 * @param fromPort port of the sender
 * @param toPort port the sender believes to talk to
 */
record Hello(int status, int from, int to, int fromPort, int toPort) {

  static final int LENGTH = 32;

  static final int OK = 0;
  static final int NOT_FOR_YOU = 1;
  static final int BUSY = 2;
  static final int UNKNOWN_VERSION = 3;

  private static final long MAGIC = 0x7476656e61686376L;
  private static final int VERSION = 1;

  byte[] encode() {
    return ByteBuffer.allocate(LENGTH)
        .order(ByteOrder.LITTLE_ENDIAN)
        .putLong(MAGIC)
        .putShort((short) VERSION)
        .putShort((short) status)
        .putShort((short) from)
        .putShort((short) to)
        .putInt(fromPort)
        .putInt(toPort)
        .array();
  }

  /**
   * Reads a hello. Optional features that are not known are ignored; there are none yet.
   *
   * @return empty if it is none, is of another version, or requires a feature that is not known
   */
  static Optional<Hello> decode(byte[] bytes) {
    ByteBuffer in = ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN);
    if (in.getLong() != MAGIC || in.getShort() != VERSION) {
      return Optional.empty();
    }
    int status = Short.toUnsignedInt(in.getShort());
    int from = Short.toUnsignedInt(in.getShort());
    int to = Short.toUnsignedInt(in.getShort());
    Hello hello = new Hello(status, from, to, in.getInt(), in.getInt());
    int required = in.getInt();
    return required == 0 ? Optional.of(hello) : Optional.empty();
  }

  /** Words for a status that is not {@link #OK}. */
  static String describe(int status) {
    return switch (status) {
      case NOT_FOR_YOU -> "it is not for us";
      case BUSY -> "somebody else is bound to it";
      case UNKNOWN_VERSION -> "it does not speak our version of the format";
      default -> "it refused, with status " + status;
    };
  }
}
