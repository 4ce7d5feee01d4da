// SPDX-License-Identifier: Apache-2.0
package dev.vchan.libc;

import dev.vchan.SystemRefusedException;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.invoke.MethodHandle;
import java.lang.invoke.MethodHandles;

/** Links functions of the C library. */
final class LibC {

  private LibC() {}

  /** A function that is short and never blocks, and may be given arrays of the heap. */
  static MethodHandle critical(String name, FunctionDescriptor type) {
    return function(name, type, Linker.Option.critical(true));
  }

  /** A function whose arguments from {@code first} on are variadic. */
  static MethodHandle variadic(String name, int first, FunctionDescriptor type) {
    return function(name, type, Linker.Option.firstVariadicArg(first));
  }

  @SuppressWarnings("restricted") // The one place of this module that links.
  private static MethodHandle function(String name, FunctionDescriptor type, Linker.Option option) {
    Linker linker = Linker.nativeLinker();
    return linker.downcallHandle(linker.defaultLookup().findOrThrow(name), type, option);
  }

  /**
   * Lets a class link what it calls, unless that has been done.
   *
   * @param user a class whose functions are constants
   * @throws SystemRefusedException if this JVM may not call native code
   */
  static void link(MethodHandles.Lookup lookup, Class<?> user) throws SystemRefusedException {
    try {
      lookup.ensureInitialized(user);
    } catch (IllegalAccessException | LinkageError e) {
      Throwable cause = e.getCause() == null ? e : e.getCause();
      SystemRefusedException refused =
          new SystemRefusedException(
              "native access",
              String.valueOf(cause.getMessage()),
              "start Java with --enable-native-access=dev.vchan.libc (ALL-UNNAMED on the class"
                  + " path)");
      refused.initCause(e);
      throw refused;
    }
  }
}
