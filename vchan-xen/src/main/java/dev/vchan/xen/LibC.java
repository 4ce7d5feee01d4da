// SPDX-License-Identifier: Apache-2.0
package dev.vchan.xen;

import static java.lang.foreign.ValueLayout.ADDRESS;
import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;

import dev.vchan.SystemRefusedException;
import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemoryLayout;
import java.lang.foreign.MemorySegment;
import java.lang.invoke.MethodHandle;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;

/**
 * The functions of the C library that the devices of Xen need; nothing else of this module calls
 * native code. Interrupted calls are repeated. Constants are those of Linux on x86-64 and ARM64.
 *
 * <p>A blocking call holds its carrier thread, so only platform threads may make one.
 */
@SuppressWarnings("restricted") // The one place that links.
final class LibC {

  static final short POLLIN = 1;

  private static final int O_RDWR = 2;
  private static final int O_NONBLOCK = 0x800;
  private static final int O_CLOEXEC = 0x8_0000;
  private static final int PROT_READ = 1;
  private static final int PROT_WRITE = 2;
  private static final int MAP_SHARED = 1;
  private static final int SC_PAGESIZE = 30;

  private LibC() {}

  /** The functions, linked when the first of them is needed. */
  private static final class Function {

    static final MemoryLayout CAPTURE = Linker.Option.captureStateLayout();
    static final VarHandle ERRNO =
        CAPTURE.varHandle(MemoryLayout.PathElement.groupElement("errno"));

    static final MethodHandle OPEN = link("open", 2, JAVA_INT, ADDRESS, JAVA_INT);
    static final MethodHandle CLOSE = link("close", -1, JAVA_INT, JAVA_INT);
    static final MethodHandle IOCTL = link("ioctl", 2, JAVA_INT, JAVA_INT, JAVA_LONG, ADDRESS);
    static final MethodHandle MMAP =
        link("mmap", -1, ADDRESS, ADDRESS, JAVA_LONG, JAVA_INT, JAVA_INT, JAVA_INT, JAVA_LONG);
    static final MethodHandle MUNMAP = link("munmap", -1, JAVA_INT, ADDRESS, JAVA_LONG);
    static final MethodHandle READ = link("read", -1, JAVA_LONG, JAVA_INT, ADDRESS, JAVA_LONG);
    static final MethodHandle WRITE = link("write", -1, JAVA_LONG, JAVA_INT, ADDRESS, JAVA_LONG);
    static final MethodHandle POLL = link("poll", -1, JAVA_INT, ADDRESS, JAVA_LONG, JAVA_INT);
    static final MethodHandle EVENTFD = link("eventfd", -1, JAVA_INT, JAVA_INT, JAVA_INT);
    static final MethodHandle SYSCONF = link("sysconf", -1, JAVA_LONG, JAVA_INT);

    /** Links a function whose arguments from {@code variadic} on are variadic; -1 if none is. */
    private static MethodHandle link(
        String name, int variadic, MemoryLayout result, MemoryLayout... arguments) {
      Linker linker = Linker.nativeLinker();
      Linker.Option errno = Linker.Option.captureCallState("errno");
      Linker.Option[] options =
          variadic < 0
              ? new Linker.Option[] {errno}
              : new Linker.Option[] {errno, Linker.Option.firstVariadicArg(variadic)};
      return linker.downcallHandle(
          linker.defaultLookup().findOrThrow(name),
          FunctionDescriptor.of(result, arguments),
          options);
    }
  }

  /**
   * Links, unless that has been done.
   *
   * @throws SystemRefusedException if this JVM may not call native code, or the functions are not
   *     there
   */
  static void link() throws SystemRefusedException {
    try {
      MethodHandles.lookup().ensureInitialized(Function.class);
    } catch (IllegalAccessException | LinkageError e) {
      Throwable cause = e.getCause() == null ? e : e.getCause();
      SystemRefusedException refused =
          new SystemRefusedException(
              "native access",
              String.valueOf(cause.getMessage()),
              "start Java with --enable-native-access=dev.vchan.xen (ALL-UNNAMED on the class"
                  + " path), on Linux");
      refused.initCause(e);
      throw refused;
    }
  }

  /** Opens a file to read and write, which no child process inherits. */
  static int open(String path, boolean blocking) throws SystemCallException {
    int flags = O_RDWR | O_CLOEXEC | (blocking ? 0 : O_NONBLOCK);
    return (int)
        call(
            "open",
            (arena, state) ->
                (int) Function.OPEN.invokeExact(state, arena.allocateFrom(path), flags));
  }

  /** Closes a descriptor, which is gone even if this throws. */
  static void close(int descriptor) throws SystemCallException {
    once("close", (arena, state) -> (int) Function.CLOSE.invokeExact(state, descriptor));
  }

  /** Does what {@code request} says with the structure at {@code argument}; never negative. */
  static int ioctl(int descriptor, int request, MemorySegment argument) throws SystemCallException {
    return (int)
        call(
            "ioctl",
            (arena, state) ->
                (int)
                    Function.IOCTL.invokeExact(
                        state, descriptor, Integer.toUnsignedLong(request), argument));
  }

  /** Maps pages of a device, shared, until the arena is closed. */
  static MemorySegment map(int descriptor, long offset, long bytes, boolean writable, Arena owner)
      throws SystemCallException {
    int protection = writable ? PROT_READ | PROT_WRITE : PROT_READ;
    long address =
        call(
            "mmap",
            (arena, state) ->
                ((MemorySegment)
                        Function.MMAP.invokeExact(
                            state,
                            MemorySegment.NULL,
                            bytes,
                            protection,
                            MAP_SHARED,
                            descriptor,
                            offset))
                    .address());
    MemorySegment pages =
        MemorySegment.ofAddress(address)
            .reinterpret(bytes, owner, gone -> unmap(gone.address(), bytes));
    return writable ? pages : pages.asReadOnly();
  }

  private static void unmap(long address, long bytes) {
    try {
      MemorySegment start = MemorySegment.ofAddress(address);
      once("munmap", (arena, state) -> (int) Function.MUNMAP.invokeExact(state, start, bytes));
    } catch (SystemCallException e) {
      throw new IllegalStateException("pages that were mapped are not", e);
    }
  }

  /** Reads what fits; how many bytes it was. */
  static long read(int descriptor, MemorySegment target) throws SystemCallException {
    return call(
        "read",
        (arena, state) ->
            (long) Function.READ.invokeExact(state, descriptor, target, target.byteSize()));
  }

  /** Writes; how many bytes were taken. */
  static long write(int descriptor, MemorySegment source) throws SystemCallException {
    return call(
        "write",
        (arena, state) ->
            (long) Function.WRITE.invokeExact(state, descriptor, source, source.byteSize()));
  }

  /**
   * Waits until one of two descriptors can be read, or the time is over; what happened to each.
   *
   * @param millis -1 for no limit
   */
  static short[] poll(int first, int second, int millis) throws SystemCallException {
    try (Arena own = Arena.ofConfined()) {
      // struct pollfd: a descriptor, what is wanted, what happened.
      MemorySegment wanted = own.allocateFrom(JAVA_INT, first, POLLIN, second, POLLIN);
      call("poll", (arena, state) -> (int) Function.POLL.invokeExact(state, wanted, 2L, millis));
      return new short[] {happened(wanted, 4), happened(wanted, 12)};
    }
  }

  private static short happened(MemorySegment polled, long offset) {
    return (short) (polled.get(JAVA_INT, offset) >>> Short.SIZE);
  }

  /** Makes a counter that can be polled. */
  static int eventfd() throws SystemCallException {
    int flags = O_CLOEXEC | O_NONBLOCK;
    return (int)
        call("eventfd", (arena, state) -> (int) Function.EVENTFD.invokeExact(state, 0, flags));
  }

  /** Bytes in a page of the kernel's. */
  static long pageSize() throws SystemCallException {
    return call(
        "sysconf", (arena, state) -> (long) Function.SYSCONF.invokeExact(state, SC_PAGESIZE));
  }

  /** A call, which finds room for its arguments in an arena and leaves errno in the state. */
  private interface Call {
    long make(Arena arena, MemorySegment state) throws Throwable;
  }

  private static long call(String name, Call call) throws SystemCallException {
    for (; ; ) {
      try {
        return once(name, call);
      } catch (SystemCallException e) {
        if (e.errno() != SystemCallException.EINTR) {
          throw e;
        }
      }
    }
  }

  private static long once(String name, Call call) throws SystemCallException {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment state = arena.allocate(Function.CAPTURE);
      long result = call.make(arena, state);
      if (result == -1) {
        throw new SystemCallException(name, (int) Function.ERRNO.get(state, 0L));
      }
      return result;
    } catch (SystemCallException | RuntimeException | Error e) {
      throw e;
    } catch (Throwable e) {
      throw new IllegalStateException(e);
    }
  }
}
