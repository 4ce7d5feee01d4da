// SPDX-License-Identifier: Apache-2.0
package dev.vchan.libc;

import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;

import dev.vchan.SystemRefusedException;
import dev.vchan.spi.MemoryBarrier;
import java.lang.foreign.FunctionDescriptor;
import java.lang.invoke.MethodHandle;
import java.lang.invoke.MethodHandles;

/**
 * The system call {@code membarrier} of Linux 4.16 or later, in its form for several processes: it
 * reaches those that have registered for it, of any user. Constants are those of {@code
 * include/uapi/linux/membarrier.h}.
 *
 * <p>It takes a microsecond if no such process runs meanwhile. Else it interrupts their processors:
 * some microseconds, or tens on a virtual machine, and more where the host has taken such a
 * processor away. Linux lets one process at a time make one. A virtual thread keeps its carrier
 * meanwhile.
 */
public final class Membarrier implements MemoryBarrier {

  private static final int QUERY = 0;
  private static final int GLOBAL = 1;
  private static final int GLOBAL_EXPEDITED = 1 << 1;
  private static final int REGISTER_GLOBAL_EXPEDITED = 1 << 2;

  private static final String WHAT = "a memory barrier of all processes";

  /** The function, linked when it is needed. */
  private static final class Function {

    /** The C library has no function for this system call. */
    static final MethodHandle SYSCALL =
        LibC.variadic(
            "syscall",
            1,
            FunctionDescriptor.of(JAVA_LONG, JAVA_LONG, JAVA_INT, JAVA_INT, JAVA_INT));
  }

  private final long number;

  private Membarrier(long number) {
    this.number = number;
  }

  /**
   * Registers this process, until it ends. The first call may take some tens of milliseconds.
   *
   * @return the barrier; may be used by any number of backends
   * @throws SystemRefusedException if this JVM may not call native code, or the system has no such
   *     barrier
   */
  public static Membarrier register() throws SystemRefusedException {
    Membarrier barrier = new Membarrier(numberFor(System.getProperty("os.arch")));
    LibC.link(MethodHandles.lookup(), Function.class);
    if (barrier.call(REGISTER_GLOBAL_EXPEDITED) != 0) {
      long known = barrier.call(QUERY);
      throw new SystemRefusedException(
          WHAT,
          "membarrier does not register this process, and says that it knows " + known,
          "do without it, or use Linux 4.16 or later and let containers make this call");
    }
    return barrier;
  }

  /** Linux, {@code arch/x86/entry/syscalls/syscall_64.tbl} and {@code scripts/syscall.tbl}. */
  private static long numberFor(String architecture) throws SystemRefusedException {
    boolean linux = System.getProperty("os.name").equals("Linux");
    return switch (linux ? architecture : "another system") {
      case "amd64" -> 324;
      case "aarch64", "riscv64" -> 283;
      default ->
          throw new SystemRefusedException(
              WHAT,
              "it is not known on " + System.getProperty("os.name") + " on " + architecture,
              "do without it");
    };
  }

  @Override
  public void everywhere() throws SystemRefusedException {
    // The expedited one may lack memory for a moment. The other has no need of it, and is slow;
    // with
    // the kernel's option nohz_full it does not exist.
    if (call(GLOBAL_EXPEDITED) != 0 && call(GLOBAL) != 0) {
      throw new SystemRefusedException(
          WHAT, "membarrier fails after it has registered this process", "try again");
    }
  }

  private long call(int command) {
    try {
      return (long) Function.SYSCALL.invokeExact(number, command, 0, 0);
    } catch (RuntimeException | Error e) {
      throw e;
    } catch (Throwable e) {
      throw new AssertionError("a system call throws nothing", e);
    }
  }
}
