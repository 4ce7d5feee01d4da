// SPDX-License-Identifier: Apache-2.0
package dev.vchan.xen.xenstore;

/** The requests this client makes, and what can come in return; {@code io/xs_wire.h:12-46}. */
enum MessageType {
  DIRECTORY(1),
  READ(2),
  GET_PERMS(3),
  WATCH(4),
  UNWATCH(5),
  TRANSACTION_START(6),
  TRANSACTION_END(7),
  GET_DOMAIN_PATH(10),
  WRITE(11),
  MKDIR(12),
  RM(13),
  SET_PERMS(14),
  WATCH_EVENT(15),
  ERROR(16),
  IS_DOMAIN_INTRODUCED(17),
  DIRECTORY_PART(22);

  final int number;

  MessageType(int number) {
    this.number = number;
  }

  /** For people: the name, or the number if it has none here. */
  static String name(int number) {
    for (MessageType type : values()) {
      if (type.number == number) {
        return type.name();
      }
    }
    return "type " + Integer.toUnsignedString(number);
  }
}
