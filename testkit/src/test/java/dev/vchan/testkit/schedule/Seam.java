// SPDX-License-Identifier: Apache-2.0
package dev.vchan.testkit.schedule;

import java.lang.foreign.MemorySegment;
import java.lang.invoke.VarHandle;
import java.nio.ByteBuffer;
import org.jspecify.annotations.Nullable;

/**
 * What the rewritten endpoint calls in place of memory, time and other threads ({@link Rewriter}).
 * Each method has the name and the arguments of what it stands for, the object it is called on
 * first; loads and stores say how wide they are.
 *
 * <p>Loads of every mode are alike, and so are stores but volatile ones: that is what x86 makes of
 * them.
 */
public final class Seam {

  /** The one that runs in this JVM. */
  static final Scheduler SCHEDULER = new Scheduler();

  private static final StoreBuffer NONE = new StoreBuffer();

  private Seam() {}

  /**
   * The scheduler, for the parts of a situation that are loaded beside the endpoint.
   *
   * @return the one there is
   */
  public static Scheduler scheduler() {
    return SCHEDULER;
  }

  private static StoreBuffer own() {
    return SCHEDULER.isRunning() ? SCHEDULER.running().stores : NONE;
  }

  private static long load(MemorySegment page, long offset, int width) {
    int location = SCHEDULER.pages().location(page, offset, width, false);
    SCHEDULER.access(Pages.key(location), false);
    long value = SCHEDULER.pages().load(own(), location, width);
    SCHEDULER.note("load %d = %#x", offset, value);
    return value;
  }

  private static void store(int location, long value, int width) {
    StoreBuffer own = own();
    if (own == NONE) {
      for (int i = 0; i < width; i++) {
        SCHEDULER.pages().put(location + i, (byte) (value >>> (i * Byte.SIZE)));
      }
      return;
    }
    int key = Pages.key(location);
    SCHEDULER.store(key);
    own.add(location, key, value, width);
  }

  private static void store(MemorySegment page, long offset, long value, int width) {
    int location = SCHEDULER.pages().location(page, offset, width, true);
    SCHEDULER.note("store %d = %#x", offset, value);
    store(location, value, width);
  }

  /** Any load of an int. */
  public static int loadInt(VarHandle mode, MemorySegment page, long offset) {
    return (int) load(page, offset, Integer.BYTES);
  }

  /** Any load of a short. */
  public static short loadShort(VarHandle mode, MemorySegment page, long offset) {
    return (short) load(page, offset, Short.BYTES);
  }

  /** Any load of a byte. */
  public static byte loadByte(VarHandle mode, MemorySegment page, long offset) {
    return (byte) load(page, offset, Byte.BYTES);
  }

  /** Any store of an int that is not volatile. */
  public static void store(VarHandle mode, MemorySegment page, long offset, int value) {
    store(page, offset, value, Integer.BYTES);
  }

  /** Any store of a short that is not volatile. */
  public static void store(VarHandle mode, MemorySegment page, long offset, short value) {
    store(page, offset, value, Short.BYTES);
  }

  /** Any store of a byte that is not volatile. */
  public static void store(VarHandle mode, MemorySegment page, long offset, byte value) {
    store(page, offset, value, Byte.BYTES);
  }

  /** A store with a fence behind it. */
  public static void setVolatile(VarHandle mode, MemorySegment page, long offset, int value) {
    store(page, offset, value, Integer.BYTES);
    SCHEDULER.drainOwn();
  }

  /** An update that nobody comes between, with fences around it. */
  public static boolean compareAndSet(
      VarHandle mode, MemorySegment page, long offset, int expected, int value) {
    int location = SCHEDULER.pages().location(page, offset, Integer.BYTES, true);
    SCHEDULER.drainOwn();
    SCHEDULER.access(Pages.key(location), true);
    boolean done = (int) SCHEDULER.pages().load(NONE, location, Integer.BYTES) == expected;
    if (done) {
      store(page, offset, value, Integer.BYTES);
      own().drainAll(SCHEDULER.pages());
    } else {
      SCHEDULER.note("is too late to change %d", offset, 0);
    }
    return done;
  }

  /** Everything stored before is visible to all. */
  public static void fullFence() {
    SCHEDULER.drainOwn();
    SCHEDULER.note("fence", 0, 0);
  }

  /** As the system does for {@link dev.vchan.spi.MemoryBarrier}. */
  public static void everywhere() {
    SCHEDULER.drainEverybody();
    SCHEDULER.note("barrier of all processes", 0, 0);
  }

  /** Nothing on x86: stores keep their order. */
  public static void releaseFence() {}

  /** Copies bytes out of a ring or into it. */
  public static ByteBuffer put(
      ByteBuffer target, int index, ByteBuffer source, int offset, int length) {
    Pages pages = SCHEDULER.pages();
    if (Pages.isShared(source)) {
      int location = pages.location(source, offset, length, false);
      SCHEDULER.access(Pages.key(location), false);
      for (int i = 0; i < length; i++) {
        target.put(index + i, (byte) pages.load(own(), location + i, Byte.BYTES));
      }
      SCHEDULER.note("copy %d bytes out from %d", length, offset);
    } else {
      int location = pages.location(target, index, length, true);
      SCHEDULER.note("copy %d bytes in at %d", length, index);
      for (int i = 0; i < length; i++) {
        store(location + i, source.get(offset + i), Byte.BYTES);
      }
    }
    return target;
  }

  /** A byte of no meaning, into a ring. */
  public static ByteBuffer put(ByteBuffer target, int index, byte value) {
    int location = SCHEDULER.pages().location(target, index, Byte.BYTES, true);
    store(location, value, Byte.BYTES);
    return target;
  }

  /** The simulated clock. */
  public static long nanoTime() {
    return SCHEDULER.now();
  }

  /** Nothing: who spins is not simulated. */
  public static void onSpinWait() {}

  /** Nothing, as above. */
  public static void yield() {}

  /** Sleeps, unless somebody has unparked this thread before. */
  public static void parkNanos(Object blocker, long nanos) {
    Task me = SCHEDULER.running();
    if (!me.permit) {
      SCHEDULER.block(nanos);
    }
    me.permit = false;
  }

  /** Wakes a thread, now or when it next parks. */
  public static void unpark(Thread thread) {
    Task task = ((Task.Standin) thread).task;
    task.permit = true;
    if (task.waitsFor == null) {
      SCHEDULER.unblock(task);
    }
  }

  /** The simulated thread; the real one outside a run. */
  public static Thread currentThread() {
    return SCHEDULER.isRunning() ? SCHEDULER.running().thread : Thread.currentThread();
  }

  /** Starts a virtual thread. */
  public static Thread start(Thread.@Nullable Builder builder, Runnable body) {
    return SCHEDULER.start(body);
  }

  /** Before an access to a volatile field or an atomic object of a process. */
  public static void local(int thing, boolean store) {
    SCHEDULER.local(thing, store);
  }

  /** Before an access to a counter of events, which both processes change. */
  public static void counter() {
    SCHEDULER.global(0, true);
  }
}
