// SPDX-License-Identifier: Apache-2.0
package dev.vchan.xen;

import static java.lang.foreign.ValueLayout.JAVA_INT;

import java.io.Closeable;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.HashMap;
import java.util.Map;

/**
 * What /dev/xen/evtchn does with events, behind a terminal's other end: a port that has an event
 * can be read once, and not again before it was written to enable it.
 */
final class FakeEvtchn implements Closeable {

  // <asm-generic/ioctls.h>: the number of a terminal, unlocking it, and its settings.
  private static final int TIOCGPTN = 0x8004_5430;
  private static final int TIOCSPTLCK = 0x4004_5431;
  private static final int TCGETS = 0x5401;
  private static final int TCSETS = 0x5402;

  // struct termios: what is done to input and output, and to lines. Bytes are passed on as they
  // are.
  private static final int TERMIOS_BYTES = 64;
  private static final int INPUT_FLAGS = 0;
  private static final int OUTPUT_FLAGS = 4;
  private static final int LINE_FLAGS = 12;

  private enum State {
    ENABLED,
    DISABLED,
    PENDING
  }

  private final int ours;
  private final int device;
  private final Thread kernel;
  private final Map<Integer, State> ports = new HashMap<>();

  FakeEvtchn() throws IOException {
    ours = LibC.open("/dev/ptmx", true);
    try (Arena arena = Arena.ofConfined()) {
      LibC.ioctl(ours, TIOCSPTLCK, arena.allocateFrom(JAVA_INT, 0));
      MemorySegment number = arena.allocate(JAVA_INT);
      LibC.ioctl(ours, TIOCGPTN, number);
      device = LibC.open("/dev/pts/" + number.get(JAVA_INT, 0), false);
      MemorySegment settings = arena.allocate(TERMIOS_BYTES, Integer.BYTES);
      LibC.ioctl(device, TCGETS, settings);
      settings.set(JAVA_INT, INPUT_FLAGS, 0);
      settings.set(JAVA_INT, OUTPUT_FLAGS, 0);
      settings.set(JAVA_INT, LINE_FLAGS, 0);
      LibC.ioctl(device, TCSETS, settings);
    }
    kernel = Thread.ofPlatform().daemon().name("fake-evtchn").start(this::run);
  }

  /** What is opened by who uses the device. */
  int descriptor() {
    return device;
  }

  /** The peer sends an event. */
  synchronized void send(int port) throws IOException {
    if (ports.getOrDefault(port, State.ENABLED) == State.ENABLED) {
      ports.put(port, State.DISABLED);
      deliver(port);
    } else {
      ports.put(port, State.PENDING);
    }
  }

  private void deliver(int port) throws IOException {
    try (Arena arena = Arena.ofConfined()) {
      LibC.write(ours, arena.allocateFrom(JAVA_INT, port));
    }
  }

  /** Ports that are enabled again. */
  private void run() {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment written = arena.allocate(JAVA_INT, 1024);
      for (; ; ) {
        long bytes = LibC.read(ours, written);
        for (long place = 0; place < bytes; place += Integer.BYTES) {
          enable(written.get(JAVA_INT, place));
        }
      }
    } catch (IOException e) {
      // The other end is closed.
      return;
    }
  }

  private synchronized void enable(int port) throws IOException {
    if (ports.put(port, State.ENABLED) == State.PENDING) {
      ports.put(port, State.DISABLED);
      deliver(port);
    }
  }

  @Override
  public void close() throws IOException {
    LibC.close(device);
    try {
      kernel.join();
    } catch (InterruptedException e) {
      throw new AssertionError(e);
    }
    LibC.close(ours);
  }
}
