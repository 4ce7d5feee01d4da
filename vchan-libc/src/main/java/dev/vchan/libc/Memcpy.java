// SPDX-License-Identifier: Apache-2.0
package dev.vchan.libc;

import static java.lang.foreign.ValueLayout.ADDRESS;
import static java.lang.foreign.ValueLayout.JAVA_LONG;

import dev.vchan.BulkCopy;
import dev.vchan.SystemRefusedException;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.MemorySegment;
import java.lang.invoke.MethodHandle;
import java.lang.invoke.MethodHandles;
import java.nio.ByteBuffer;
import java.util.Objects;

/**
 * {@code memcpy} of the C library. Where the processor is good at it, that copies by the
 * instruction for strings, which does not wait for lines that another processor has, as stores of
 * vectors do: between processors that are far apart it is several times as fast as the JVM's own
 * copy ({@code docs/performance.md}).
 *
 * <p>The JVM cannot step over a fault in native code. If the file under the ring is truncated while
 * it is copied into, the process ends, where a channel without this fails with a {@link
 * dev.vchan.ProtocolViolationException}. So on the local backend this is for processes that trust
 * all others of their user. A domain of Xen's cannot take back pages in this way. What lies in
 * mapped files, which somebody could truncate as well, is copied by the JVM.
 *
 * <p>A shared arena cannot be closed while its memory is copied from: {@link
 * java.lang.foreign.Arena#close} then throws. The garbage collector waits for a copy, of at most 64
 * KiB. Whether a copy leaves a few hundred bytes of garbage is up to the compiler: it makes none
 * where all that calls this fits into what it compiles at once, as in the benchmark.
 */
public final class Memcpy implements BulkCopy {

  /** The function, linked when it is needed. */
  private static final class Function {

    // Critical: a copy is short, never blocks, and may be of an array on the heap.
    static final MethodHandle MEMCPY =
        LibC.critical("memcpy", FunctionDescriptor.ofVoid(ADDRESS, ADDRESS, JAVA_LONG));
  }

  private Memcpy() {}

  /**
   * Links the function.
   *
   * @return what copies with it; may be used by any number of channels
   * @throws SystemRefusedException if this JVM may not call native code
   */
  public static Memcpy link() throws SystemRefusedException {
    LibC.link(MethodHandles.lookup(), Function.class);
    return new Memcpy();
  }

  /**
   * {@inheritDoc}
   *
   * @throws IllegalArgumentException if {@code ring} is read-only
   * @throws IndexOutOfBoundsException if {@code source} or {@code ring} has no such bytes
   */
  @Override
  public void copy(ByteBuffer source, int position, MemorySegment ring, long offset, int bytes) {
    if (ring.isReadOnly()) {
      throw new IllegalArgumentException("a read-only ring cannot be copied into");
    }
    Objects.checkFromIndexSize(position, bytes, source.limit());
    // Apart, so that the compiler knows what each segment is, and makes none.
    if (source.isDirect()) {
      MemorySegment rest = MemorySegment.ofBuffer(source);
      if (!rest.isMapped()) {
        long first = (long) position - source.position();
        memcpy(ring.asSlice(offset, bytes), rest.asSlice(first, bytes));
        return;
      }
    } else if (source.hasArray()) {
      MemorySegment array = MemorySegment.ofArray(source.array());
      long first = (long) source.arrayOffset() + position;
      memcpy(ring.asSlice(offset, bytes), array.asSlice(first, bytes));
      return;
    }
    // A file, whose faults the JVM survives; or an array that is shown to nobody.
    ring.asSlice(offset, bytes).asByteBuffer().put(0, source, position, bytes);
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
