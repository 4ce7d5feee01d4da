// SPDX-License-Identifier: Apache-2.0
package dev.vchan.xen.xenstore.fake;

import static java.nio.charset.StandardCharsets.ISO_8859_1;

import java.io.DataInputStream;
import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.List;

/**
 * A message as Xen's header describes it, written a second time so that the client's mistakes do
 * not cancel out.
 */
public record Frame(int type, int id, int transaction, List<Byte> body) {

  public static final int DIRECTORY = 1;
  public static final int READ = 2;
  public static final int GET_PERMS = 3;
  public static final int WATCH = 4;
  public static final int UNWATCH = 5;
  public static final int TRANSACTION_START = 6;
  public static final int TRANSACTION_END = 7;
  public static final int GET_DOMAIN_PATH = 10;
  public static final int IS_DOMAIN_INTRODUCED = 17;
  public static final int WRITE = 11;
  public static final int MKDIR = 12;
  public static final int RM = 13;
  public static final int SET_PERMS = 14;
  public static final int WATCH_EVENT = 15;
  public static final int ERROR = 16;
  public static final int DIRECTORY_PART = 22;

  /** One with these bytes. */
  public static Frame of(int type, int id, int transaction, byte[] body) {
    List<Byte> list = new ArrayList<>();
    for (byte each : body) {
      list.add(each);
    }
    return new Frame(type, id, transaction, list);
  }

  /** One with this text, in which a bar stands for a NUL as in xenstore.txt. */
  public static Frame of(int type, int id, int transaction, String body) {
    return of(type, id, transaction, body.replace('|', '\0').getBytes(ISO_8859_1));
  }

  /** The same as an answer to this. */
  public Frame reply(int replyType, String text) {
    return of(replyType, id, transaction, text);
  }

  /** The same as an answer to this. */
  public Frame reply(int replyType, byte[] bytes) {
    return of(replyType, id, transaction, bytes);
  }

  public byte[] bytes() {
    byte[] bytes = new byte[body.size()];
    for (int i = 0; i < bytes.length; i++) {
      bytes[i] = body.get(i);
    }
    return bytes;
  }

  /** The body's strings; the last may lack its NUL. */
  public List<String> strings() {
    List<String> strings = new ArrayList<>(List.of(text().split("\0", -1)));
    if (strings.getLast().isEmpty()) {
      strings.removeLast();
    }
    return strings;
  }

  public String text() {
    return new String(bytes(), ISO_8859_1);
  }

  public byte[] encode() {
    return ByteBuffer.allocate(16 + body.size())
        .order(ByteOrder.LITTLE_ENDIAN)
        .putInt(type)
        .putInt(id)
        .putInt(transaction)
        .putInt(body.size())
        .put(bytes())
        .array();
  }

  /** The next one, or null at the end of the stream. */
  public static Frame read(InputStream in) throws IOException {
    byte[] header = in.readNBytes(16);
    if (header.length == 0) {
      return null;
    }
    if (header.length < 16) {
      throw new EOFException("half a header");
    }
    ByteBuffer fields = ByteBuffer.wrap(header).order(ByteOrder.LITTLE_ENDIAN);
    int type = fields.getInt();
    int id = fields.getInt();
    int transaction = fields.getInt();
    int length = fields.getInt();
    if (length < 0 || length > 4096) {
      throw new IOException("a request of " + length + " bytes");
    }
    byte[] body = new byte[length];
    new DataInputStream(in).readFully(body);
    return of(type, id, transaction, body);
  }

  @Override
  public String toString() {
    return type + "#" + id + "@" + transaction + " " + text().replace('\0', '|');
  }
}
