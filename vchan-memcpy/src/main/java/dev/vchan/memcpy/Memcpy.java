// SPDX-License-Identifier: Apache-2.0
package dev.vchan.memcpy;

import static java.lang.foreign.ValueLayout.ADDRESS;
import static java.lang.foreign.ValueLayout.JAVA_LONG;

import dev.vchan.BulkCopy;
import dev.vchan.SystemRefusedException;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemorySegment;
import java.lang.invoke.MethodHandle;
import java.lang.invoke.MethodHandles;
import java.nio.ByteBuffer;

/**
 * {@code memcpy} of the C library. It copies by the processor's instruction for strings where that
 * is fast. Such a copy does not wait for lines that another processor has, as stores of vectors do:
 * between processors that are far apart it was three times as fast as the JVM's own ({@code
 * docs/performance.md}).
 *
 * <p>The JVM cannot step over a fault in native code. If the file under the pages is truncated
 * while they are copied into, the process ends, where a channel without this fails with a {@link
 * dev.vchan.ProtocolViolationException}. So on the local backend this is for processes that trust
 * all others of their user. A domain of Xen's cannot take back pages in this way.
 *
 * <p>The garbage collector waits for a copy, of at most 64 KiB. Whether a copy leaves a few hundred
 * bytes of garbage is up to the compiler: it makes none where all that calls this fits into what it
 * compiles at once, as in the benchmark.
 */
@SuppressWarnings("restricted") // The one place of this module that links.
public final class Memcpy implements BulkCopy {

  /** The function, linked when it is needed. */
  private static final class Function {

    // Critical: a copy is short, never blocks, and may be of an array on the heap.
    static final MethodHandle MEMCPY =
        Linker.nativeLinker()
            .downcallHandle(
                Linker.nativeLinker().defaultLookup().findOrThrow("memcpy"),
                FunctionDescriptor.ofVoid(ADDRESS, ADDRESS, JAVA_LONG),
                Linker.Option.critical(true));
  }

  private Memcpy() {}

  /**
   * Links the function.
   *
   * @return what copies with it; may be used by any number of channels
   * @throws SystemRefusedException if this JVM may not call native code
   */
  public static Memcpy link() throws SystemRefusedException {
    try {
      MethodHandles.lookup().ensureInitialized(Function.class);
      return new Memcpy();
    } catch (IllegalAccessException | LinkageError e) {
      Throwable cause = e.getCause() == null ? e : e.getCause();
      SystemRefusedException refused =
          new SystemRefusedException(
              "native access",
              String.valueOf(cause.getMessage()),
              "start Java with --enable-native-access=dev.vchan.memcpy (ALL-UNNAMED on the class"
                  + " path)");
      refused.initCause(e);
      throw refused;
    }
  }

  @Override
  public void copy(ByteBuffer source, int position, MemorySegment ring, long offset, int bytes) {
    // Apart, so that the compiler knows what each segment is, and makes none.
    if (source.isDirect()) {
      long first = (long) position - source.position();
      memcpy(ring.asSlice(offset, bytes), MemorySegment.ofBuffer(source).asSlice(first, bytes));
    } else if (source.hasArray()) {
      long first = (long) source.arrayOffset() + position;
      MemorySegment array = MemorySegment.ofArray(source.array());
      memcpy(ring.asSlice(offset, bytes), array.asSlice(first, bytes));
    } else {
      // An array that may not be written to: it is not shown to anybody.
      ring.asSlice(offset, bytes).asByteBuffer().put(0, source, position, bytes);
    }
  }

  private static void memcpy(MemorySegment target, MemorySegment source) {
    try {
      Function.MEMCPY.invokeExact(target, source, source.byteSize());
    } catch (RuntimeException | Error e) {
      throw e;
    } catch (Throwable e) {
      throw new AssertionError("memcpy throws nothing", e);
    }
  }
}
