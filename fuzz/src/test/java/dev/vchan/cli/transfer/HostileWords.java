// SPDX-License-Identifier: Apache-2.0
package dev.vchan.cli.transfer;

import static java.nio.charset.StandardCharsets.ISO_8859_1;
import static java.nio.charset.StandardCharsets.UTF_8;

import dev.vchan.fuzz.Input;
import java.io.ByteArrayOutputStream;
import java.nio.ByteBuffer;
import java.util.Arrays;
import java.util.List;

/** What a hostile side says, and has said: frames as they should be, nearly so, and not at all. */
final class HostileWords {

  private static final int MOST_STEPS = 24;
  private static final byte[] NOTHING = {};

  private static final List<String> NAMES =
      List.of(
          "file",
          "taken",
          "old",
          "link",
          "../outside",
          "../fresh",
          "a/b",
          "",
          ".",
          "..",
          ".hidden",
          "x\0y",
          "x\ny",
          "file.vchan-part",
          "x".repeat(244),
          "x".repeat(245),
          "\u202egpj.exe");

  private final Input input;
  private final boolean sender;
  private final List<byte[]> contents;
  private final Said said = new Said(new ByteArrayOutputStream());
  private final ByteArrayOutputStream data = new ByteArrayOutputStream();
  private int steps;

  private HostileWords(Input input, boolean sender, List<byte[]> contents) {
    this.input = input;
    this.sender = sender;
    this.contents = contents;
  }

  static HostileWords ofSender(Input input) {
    return new HostileWords(input, true, List.of());
  }

  /** Of one who knows what the files are that are sent. */
  static HostileWords ofReceiver(Input input, List<byte[]> contents) {
    return new HostileWords(input, false, contents);
  }

  Said said() {
    return said;
  }

  /** What is said next, until the other side has to say something first. */
  byte[] next() {
    ByteArrayOutputStream words = new ByteArrayOutputStream();
    if (steps == 0 && input.choice(8) > 0) {
      words.writeBytes(hello(sender ? 1 : 2));
    }
    boolean waits = false;
    for (; steps < MOST_STEPS && input.more() && !waits; steps++) {
      int step = input.choice(16);
      words.writeBytes(step < 2 ? nonsense() : sender ? ofSender(step) : ofReceiver(step));
      // Who says anything while a file is being sent is not heard out.
      waits = !sender && step > 1 && step < 7 && input.choice(4) > 0;
    }
    said.all.writeBytes(words.toByteArray());
    return words.toByteArray();
  }

  private byte[] nonsense() {
    return switch (input.choice(6)) {
      case 0 -> frame(FrameType.BUSY, NOTHING);
      case 1 -> frame(input.u8() % 14, input.some());
      case 2 -> ByteBuffer.allocate(5).putInt(input.i32()).put((byte) input.u8()).array();
      case 3 -> input.some();
      case 4 -> hello(input.u8());
      default -> frame(FrameType.FAIL, input.some());
    };
  }

  private static byte[] frame(FrameType type, byte[] body) {
    return frame(type.number, body);
  }

  private static byte[] frame(int type, byte[] body) {
    return ByteBuffer.allocate(5 + body.length)
        .putInt(body.length)
        .put((byte) type)
        .put(body)
        .array();
  }

  private static byte[] hello(int role) {
    return frame(FrameType.HELLO, ("vchan-file\0\2" + (char) role).getBytes(ISO_8859_1));
  }

  private byte[] ofSender(int step) {
    return switch (step) {
      case 2, 3, 4, 5, 6 -> wholeFile();
      case 7 -> frame(FrameType.OFFER, offer(name(), input.u8()));
      case 8 -> frame(FrameType.OFFER, anyOffer());
      case 9 -> start();
      case 10, 11 -> data(input.some());
      case 12 -> frame(FrameType.END, Sha256.create().digest(data.toByteArray()));
      case 13 -> frame(FrameType.END, input.choice(2) == 0 ? new byte[32] : input.some());
      default -> frame(FrameType.BYE, NOTHING);
    };
  }

  private byte[] wholeFile() {
    byte[] name = name();
    byte[] content = input.some();
    byte[] sum = Sha256.create().digest(content);
    sum[0] += (byte) (input.choice(4) == 0 ? input.u8() : 0);
    return join(
        frame(FrameType.OFFER, offer(name, content.length)),
        frame(FrameType.START, number(0)),
        content.length > 0 ? frame(FrameType.DATA, content) : NOTHING,
        frame(FrameType.END, sum));
  }

  private byte[] name() {
    return input.choice(4) > 0
        ? NAMES.get(input.choice(NAMES.size())).getBytes(UTF_8)
        : input.some();
  }

  private static byte[] offer(byte[] name, long size) {
    return ByteBuffer.allocate(22 + name.length)
        .putLong(size)
        .putLong(0)
        .putInt(0)
        .putShort((short) 0644)
        .put(name)
        .array();
  }

  private byte[] anyOffer() {
    return ByteBuffer.wrap(offer(name(), input.i64()))
        .putLong(8, input.i64())
        .putInt(16, input.i32())
        .putShort(20, (short) input.u16())
        .array();
  }

  private byte[] start() {
    data.reset();
    long position = input.choice(4) == 0 ? input.i64() : 4L * input.choice(2);
    if (position == 4) {
      // What is there of the old file.
      data.writeBytes("mine".getBytes(UTF_8));
    }
    return frame(FrameType.START, number(position));
  }

  private static byte[] number(long value) {
    return ByteBuffer.allocate(8).putLong(value).array();
  }

  private byte[] data(byte[] bytes) {
    data.writeBytes(bytes);
    return frame(FrameType.DATA, bytes);
  }

  private byte[] ofReceiver(int step) {
    return switch (step) {
      case 2, 3, 4, 5, 6 -> accept();
      case 7 -> frame(FrameType.REFUSE, input.some());
      case 8, 9 -> done();
      case 10, 11, 12 -> join(done(), frame(FrameType.BYE, NOTHING));
      default -> frame(FrameType.BYE, NOTHING);
    };
  }

  private byte[] done() {
    return frame(FrameType.DONE, input.choice(3) == 1 ? new byte[32] : sum(Integer.MAX_VALUE));
  }

  private static byte[] join(byte[]... frames) {
    ByteArrayOutputStream joined = new ByteArrayOutputStream();
    for (byte[] frame : frames) {
      joined.writeBytes(frame);
    }
    return joined.toByteArray();
  }

  private byte[] accept() {
    long have = input.choice(4) == 0 ? input.i64() : input.choice(8);
    byte[] sum = have >= 0 && have <= 8 ? sum((int) have) : new byte[32];
    return frame(FrameType.ACCEPT, ByteBuffer.allocate(40).putLong(have).put(sum).array());
  }

  /** The sum of the beginning of one of the files. */
  private byte[] sum(int bytes) {
    byte[] content = contents.get(input.choice(contents.size()));
    return Sha256.create().digest(Arrays.copyOf(content, Math.min(bytes, content.length)));
  }

  /**
   * All that was said.
   *
   * @param all the bytes
   */
  record Said(ByteArrayOutputStream all) {

    boolean hasFrame(FrameType type, byte[] body) {
      return text().contains(new String(frame(type, body), ISO_8859_1));
    }

    /** Whether such a file was offered; when it was last modified, and its mode, do not matter. */
    boolean hasOffer(long size, String name) {
      byte[] body = offer(name.getBytes(UTF_8), size);
      String whole = new String(frame(FrameType.OFFER, body), ISO_8859_1);
      String text = text();
      String begin = whole.substring(0, 5 + 8);
      String end = whole.substring(5 + 22);
      for (int at = text.indexOf(begin); at >= 0; at = text.indexOf(begin, at + 1)) {
        if (text.startsWith(end, at + 5 + 22)) {
          return true;
        }
      }
      return false;
    }

    private String text() {
      return new String(all.toByteArray(), ISO_8859_1);
    }
  }
}
