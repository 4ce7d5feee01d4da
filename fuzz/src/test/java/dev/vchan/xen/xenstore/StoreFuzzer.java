// SPDX-License-Identifier: Apache-2.0
package dev.vchan.xen.xenstore;

import static java.nio.charset.StandardCharsets.ISO_8859_1;

import dev.vchan.Deadline;
import dev.vchan.DomainId;
import dev.vchan.fuzz.Input;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.time.Duration;
import java.util.Arrays;
import java.util.List;

/**
 * A daemon that says anything, in pieces of any size: to the classes that take messages apart,
 * whose results are compared with a second, simple reading of the same bytes; and over a socket to
 * a client in the middle of its calls.
 */
public final class StoreFuzzer {

  private static final int MOST_MESSAGES = 8;
  private static final int MOST_CALLS = 6;
  private static final StorePath PATH = new StorePath("/a/path");

  /** A hang, if the daemon has hung up long before. */
  private static final Duration LONG = Duration.ofSeconds(15);

  private final Input input;

  private StoreFuzzer(Input input) {
    this.input = input;
  }

  /**
   * Plays one input.
   *
   * @param bytes the input
   * @throws Exception if anything happens that may not
   */
  public static void fuzzerTestOneInput(byte[] bytes) throws Exception {
    StoreFuzzer round = new StoreFuzzer(new Input(bytes));
    switch (round.input.choice(4)) {
      case 0, 1 -> round.readMessages();
      case 2 -> round.listInParts();
      default -> round.callADaemon();
    }
  }

  private static void check(boolean holds, String what) {
    if (!holds) {
      throw new AssertionError("not as it must be: " + what);
    }
  }

  private void readMessages() {
    byte[] stream = messages(1);
    ByteBuffer expected = ByteBuffer.wrap(stream).order(ByteOrder.nativeOrder());
    ByteBuffer rest = ByteBuffer.wrap(stream);
    int limit = input.choice(2) == 0 ? Message.MAX_PAYLOAD : Listing.MAX_BYTES;
    MessageReader reader = new MessageReader(target -> piece(rest, target), limit);
    for (; ; ) {
      Message message;
      try {
        message = reader.next();
      } catch (IOException e) {
        check(isOver(expected, limit), "ended too early: " + e);
        return;
      }
      check(!isOver(expected, limit), "more than there is: " + message);
      check(message.type() == expected.getInt(), "type");
      check(message.requestId() == expected.getInt(), "request id");
      check(message.transactionId() == expected.getInt(), "transaction id");
      byte[] payload = new byte[expected.getInt()];
      expected.get(payload);
      check(Arrays.equals(message.payload(), payload), "payload");
      check(message.encode().equals(ByteBuffer.wrap(again(message))), "encoded again");
      understand(message);
    }
  }

  /** Whether no whole and legal message follows. */
  private static boolean isOver(ByteBuffer stream, int limit) {
    if (stream.remaining() < Message.HEADER_BYTES) {
      return true;
    }
    int type = stream.getInt(stream.position());
    long length = Integer.toUnsignedLong(stream.getInt(stream.position() + 12));
    boolean listing = type == MessageType.DIRECTORY.number;
    return length > (listing ? limit : Message.MAX_PAYLOAD)
        || length > stream.remaining() - Message.HEADER_BYTES;
  }

  private static byte[] again(Message message) {
    return header(message.type(), message.requestId(), message.transactionId(), message.payload());
  }

  private static byte[] header(int type, int request, int transaction, byte[] body) {
    return header(type, request, transaction, body.length, body);
  }

  private static byte[] header(int type, int request, int transaction, int length, byte[] body) {
    return ByteBuffer.allocate(Message.HEADER_BYTES + body.length)
        .order(ByteOrder.nativeOrder())
        .putInt(type)
        .putInt(request)
        .putInt(transaction)
        .putInt(length)
        .put(body)
        .array();
  }

  /** As a socket reads: at least a byte of what is left, and no more than there is room for. */
  private int piece(ByteBuffer rest, ByteBuffer target) {
    if (!rest.hasRemaining()) {
      return -1;
    }
    int size = input.more() ? 1 + input.u8() : rest.remaining();
    int bytes = Math.min(Math.min(size, target.remaining()), rest.remaining());
    target.put(rest.slice(rest.position(), bytes));
    rest.position(rest.position() + bytes);
    return bytes;
  }

  private static void understand(Message message) {
    try {
      List<String> strings = message.strings();
      check(Arrays.equals(Message.join(strings), message.payload()), "joined again");
      Permissions read = Permissions.fromWire(strings);
      check(Permissions.fromWire(read.toWire()).equals(read), "permissions read again");
    } catch (Message.Malformed e) {
      check(!message.text().isEmpty() || message.payload().length < 2, "malformed: " + e);
    }
  }

  private void listInParts() {
    Listing listing = new Listing();
    try {
      for (int i = 0; i < MOST_MESSAGES && !listing.isComplete(); i++) {
        listing.add(body());
      }
      for (String name : listing.names()) {
        check(new StorePath("/" + name).value().length() > 1, "a name that is none: " + name);
      }
    } catch (Message.Malformed e) {
      check(listing.offset() <= 2 * Listing.MAX_BYTES, "more names than are believed");
    }
  }

  /** Several messages in a row, most of them as they should be. */
  private byte[] messages(int request) {
    ByteArrayOutputStream stream = new ByteArrayOutputStream();
    int count = 1 + input.choice(MOST_MESSAGES);
    for (int i = 0; i < count && input.more(); i++) {
      stream.writeBytes(message(request));
    }
    return stream.toByteArray();
  }

  private byte[] message(int request) {
    MessageType named = MessageType.values()[input.choice(MessageType.values().length)];
    int type = input.choice(8) == 0 ? input.i32() : named.number;
    byte[] body = body();
    int length =
        switch (input.choice(16)) {
          case 0 -> input.i32();
          case 1 -> body.length + 1;
          default -> body.length;
        };
    int id = input.one(request, request, 0, request + 1, -1);
    return header(type, id, input.choice(3), length, body);
  }

  /** What a daemon might say, put together of words. */
  private byte[] body() {
    ByteArrayOutputStream body = new ByteArrayOutputStream();
    int count = input.choice(6);
    for (int i = 0; i < count; i++) {
      body.writeBytes(word());
    }
    return body.toByteArray();
  }

  private byte[] word() {
    return switch (input.choice(12)) {
      case 0 -> new byte[1];
      case 1 -> "OK\0".getBytes(ISO_8859_1);
      case 2 -> "1\0".getBytes(ISO_8859_1);
      case 3 -> "name\0".getBytes(ISO_8859_1);
      case 4 -> "n0\0r1\0".getBytes(ISO_8859_1);
      case 5 -> "/a/path\0vchan-1\0".getBytes(ISO_8859_1);
      case 6 -> errno();
      case 7 -> new byte[16 * input.u8()];
      case 8 -> Long.toString(input.i64()).getBytes(ISO_8859_1);
      default -> input.some();
    };
  }

  private byte[] errno() {
    return (Errno.values()[input.choice(Errno.values().length)] + "\0").getBytes(ISO_8859_1);
  }

  private void callADaemon() throws Exception {
    try (ScriptedDaemon daemon = ScriptedDaemon.playing(this::answer, input.choice(2) == 0)) {
      try (XenStore store = XenStore.open(daemon.place(), Deadline.after(LONG))) {
        int calls = 1 + input.choice(MOST_CALLS);
        for (int i = 0; i < calls; i++) {
          call(store, input.choice(10));
        }
      } catch (XenStoreLostException e) {
        // The daemon hung up before it was asked anything.
        check(e.getMessage() != null, "a loss without words");
      }
    }
  }

  private static void call(XenStore store, int which) throws IOException {
    Deadline deadline = Deadline.after(LONG);
    Nodes nodes = store.nodes(deadline);
    try {
      switch (which) {
        case 0 -> nodes.read(PATH);
        case 1 -> nodes.list(PATH);
        case 2 -> nodes.permissions(PATH);
        case 3 -> nodes.write(PATH, "x");
        case 4 -> nodes.remove(PATH);
        case 5 -> nodes.setPermissions(PATH, Permissions.of(DomainId.DOM0));
        case 6 -> store.domainPath(DomainId.DOM0, deadline);
        case 7 -> store.watch(PATH, deadline).close();
        case 8 -> store.isIntroduced(DomainId.DOM0, deadline);
        default -> store.transact(deadline, inside -> inside.read(PATH));
      }
    } catch (XenStoreTimeoutException e) {
      throw new AssertionError("a hang: the daemon has answered, or hung up", e);
    } catch (XenStoreException e) {
      check(e.getMessage() != null, "a failure without words");
    }
  }

  /** What the daemon says to one request; it hangs up after what is no whole reply. */
  private ScriptedDaemon.Answer answer(int type, int request) {
    // Together with the calls this is used by two threads, but never by both at a time: one waits.
    synchronized (input) {
      int id = input.choice(8) == 0 ? input.i32() : request;
      byte[] reply = header(type, id, 0, body());
      return switch (input.choice(8)) {
        case 0 -> new ScriptedDaemon.Answer(messages(request), true);
        case 1 -> new ScriptedDaemon.Answer(input.some(), true);
        case 2 -> new ScriptedDaemon.Answer(header(MessageType.ERROR.number, id, 0, body()), false);
        case 3 -> new ScriptedDaemon.Answer(join(event(), reply), false);
        default -> new ScriptedDaemon.Answer(reply, false);
      };
    }
  }

  private byte[] event() {
    return header(MessageType.WATCH_EVENT.number, 0, 0, body());
  }

  private static byte[] join(byte[] first, byte[] second) {
    byte[] both = Arrays.copyOf(first, first.length + second.length);
    System.arraycopy(second, 0, both, first.length, second.length);
    return both;
  }
}
