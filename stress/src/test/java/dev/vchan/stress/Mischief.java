// SPDX-License-Identifier: Apache-2.0
package dev.vchan.stress;

import dev.vchan.testkit.InterfacePage;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.Arrays;
import java.util.Random;
import java.util.concurrent.locks.LockSupport;
import java.util.function.BooleanSupplier;

/** What a vandal does to a channel, over and over as fast as it can, until it is over. */
enum Mischief {
  /** Any value anywhere in the page's fields, the grants and the rings. */
  SCRIBBLE {
    @Override
    void step(RawEnd end, Random random) {
      switch (random.nextInt(4)) {
        case 0 -> end.page().store8(random.nextInt(InterfacePage.GRANTS), random.nextInt());
        case 1 -> end.page().store32(4 * random.nextInt(16), random.nextInt());
        case 2 -> junk(end.ringFromVictim(), random);
        default -> junk(end.ringIntoVictim(), random);
      }
    }
  },

  /** Indices that a correct peer could have, but which say what is not so, and junk behind them. */
  INDICES {
    @Override
    void step(RawEnd end, Random random) {
      InterfacePage page = end.page();
      int ahead = random.nextInt((int) end.ringIntoVictim().byteSize() + 1);
      page.store32(end.ownProducer(), page.load32(end.victimConsumer()) + ahead);
      int behind = random.nextInt((int) end.ringFromVictim().byteSize() + 1);
      page.store32(end.ownConsumer(), page.load32(end.victimProducer()) - behind);
      junk(end.ringIntoVictim(), random);
    }
  },

  /** Both notify bytes, so that whoever wants to change a bit of the word has to try again. */
  WORD {
    @Override
    void step(RawEnd end, Random random) {
      int value = random.nextInt();
      for (int i = 0; i < 64; i++) {
        end.page().store8(InterfacePage.CLI_NOTIFY, value + i);
        end.page().store8(InterfacePage.SRV_NOTIFY, value - i);
      }
    }
  },

  /** Who is there: the victim is not, the vandal is not, it is again. */
  LIVE {
    @Override
    void step(RawEnd end, Random random) {
      end.page().store8(end.victimLive(), random.nextInt(3));
      if (random.nextInt(1000) == 0) {
        end.page().store8(end.ownLive(), random.nextInt(4));
      }
    }
  },

  /** Events, and nothing else. */
  FLOOD {
    @Override
    void step(RawEnd end, Random random) throws IOException {
      end.socket().write(EVENTS.duplicate());
    }
  },

  /** Frames of every kind and length, torn anywhere; most are unknown, to be skipped. */
  FRAMES {
    @Override
    void step(RawEnd end, Random random) throws IOException {
      byte[] frame = new byte[2 + random.nextInt(256)];
      random.nextBytes(frame);
      frame[0] = (byte) (0x12 + random.nextInt(0xEE));
      frame[1] = (byte) (frame.length - 2);
      for (ByteBuffer out = ByteBuffer.wrap(frame); out.hasRemaining(); ) {
        int cut = Math.min(out.position() + 1 + random.nextInt(frame.length), frame.length);
        end.socket().write(out.limit(cut));
        out.limit(frame.length);
      }
    }
  },

  /** What to clear when the vandal dies, without end, each time something else. */
  NOTICES {
    @Override
    void step(RawEnd end, Random random) throws IOException {
      ByteBuffer out = ByteBuffer.allocate(1000 * NOTICE).order(ByteOrder.LITTLE_ENDIAN);
      while (out.hasRemaining()) {
        out.putShort((short) 0x0810).putShort((short) 0);
        out.putShort((short) random.nextInt(4096)).putInt(random.nextInt());
      }
      for (out.flip(); out.hasRemaining(); ) {
        end.socket().write(out);
      }
    }
  },

  /** The file of the page or of a ring is truncated under whoever has mapped it, here or there. */
  CUT {
    @Override
    void play(RawEnd end, Random random, BooleanSupplier over) throws IOException {
      for (int i = random.nextInt(100_000); i > 0 && !over.getAsBoolean(); i--) {
        INDICES.step(end, random);
      }
      // The last access of this end, which would not survive one more.
      end.files().get(random.nextInt(end.files().size())).truncate(random.nextInt(2) * 100L);
      SILENCE.play(end, random, over);
    }

    @Override
    void step(RawEnd end, Random random) {}
  },

  /** Half a frame, and then nothing at all. */
  SILENCE {
    @Override
    void step(RawEnd end, Random random) throws IOException {
      end.socket().write(ByteBuffer.wrap(new byte[] {0x12, 100, 0, 0, 0}));
      LockSupport.parkNanos(1_000_000);
    }
  };

  private static final int NOTICE = 10;
  private static final int STEPS = 256;
  private static final ByteBuffer EVENTS = events(1 << 16);

  private static ByteBuffer events(int count) {
    byte[] events = new byte[count];
    Arrays.fill(events, RawEnd.EVENT);
    return ByteBuffer.allocateDirect(count).put(events).flip();
  }

  private static void junk(MemorySegment ring, Random random) {
    ring.set(ValueLayout.JAVA_BYTE, random.nextLong(ring.byteSize()), (byte) random.nextInt());
  }

  /** Once more. */
  abstract void step(RawEnd end, Random random) throws IOException;

  /** Again and again, with an event now and then, so that the victim looks. */
  void play(RawEnd end, Random random, BooleanSupplier over) throws IOException {
    for (int i = 1; !over.getAsBoolean(); i++) {
      step(end, random);
      if (i % STEPS == 0 && ordinal() < FLOOD.ordinal()) {
        end.socket().write(ByteBuffer.wrap(new byte[] {RawEnd.EVENT}));
      }
    }
  }
}
