// SPDX-License-Identifier: Apache-2.0
package dev.vchan.xen.xenstore;

import static java.nio.charset.StandardCharsets.ISO_8859_1;

import java.io.ByteArrayOutputStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.List;

/**
 * One message, either way: {@code struct xsd_sockmsg} of io/xs_wire.h, and what follows it.
 * Immutable as long as nobody writes to the payload.
 */
final class Message {

  /** Type, request, transaction and length, 32 bits each, in the machine's byte order. */
  static final int HEADER_BYTES = 16;

  /** {@code XENSTORE_PAYLOAD_MAX}. */
  static final int MAX_PAYLOAD = 4096;

  /** A payload has not the form that the protocol gives it. */
  static final class Malformed extends Exception {

    private static final long serialVersionUID = 1;

    Malformed(String problem) {
      super(problem);
    }
  }

  private final int type;
  private final int requestId;
  private final int transactionId;
  private final byte[] payload;

  Message(int type, int requestId, int transactionId, byte[] payload) {
    this.type = type;
    this.requestId = requestId;
    this.transactionId = transactionId;
    this.payload = payload;
  }

  int type() {
    return type;
  }

  boolean is(MessageType expected) {
    return type == expected.number;
  }

  int requestId() {
    return requestId;
  }

  int transactionId() {
    return transactionId;
  }

  byte[] payload() {
    return payload;
  }

  /** All of it in one piece: the kernel's device and xenstored both take it best so. */
  ByteBuffer encode() {
    return ByteBuffer.allocate(HEADER_BYTES + payload.length)
        .order(ByteOrder.nativeOrder())
        .putInt(type)
        .putInt(requestId)
        .putInt(transactionId)
        .putInt(payload.length)
        .put(payload)
        .flip();
  }

  /** Text without its last NUL, if it has one. */
  String text() {
    int length = payload.length;
    if (length > 0 && payload[length - 1] == 0) {
      length--;
    }
    return new String(payload, 0, length, ISO_8859_1);
  }

  /** The payload as strings with a NUL behind each. */
  List<String> strings() throws Malformed {
    return split(payload);
  }

  /** Strings with a NUL behind each. */
  static byte[] join(List<String> strings) {
    ByteArrayOutputStream joined = new ByteArrayOutputStream();
    for (String string : strings) {
      joined.writeBytes(string.getBytes(ISO_8859_1));
      joined.write(0);
    }
    return joined.toByteArray();
  }

  /**
   * Takes apart strings with a NUL behind each.
   *
   * @throws Malformed if there is no NUL at the end
   */
  static List<String> split(byte[] joined) throws Malformed {
    List<String> strings = new ArrayList<>();
    int start = 0;
    for (int i = 0; i < joined.length; i++) {
      if (joined[i] == 0) {
        strings.add(new String(joined, start, i - start, ISO_8859_1));
        start = i + 1;
      }
    }
    if (start != joined.length) {
      throw new Malformed("no NUL at the end of " + joined.length + " bytes");
    }
    return strings;
  }

  @Override
  public String toString() {
    return MessageType.name(type)
        + " with request id "
        + Integer.toUnsignedString(requestId)
        + " and "
        + payload.length
        + " bytes";
  }
}
