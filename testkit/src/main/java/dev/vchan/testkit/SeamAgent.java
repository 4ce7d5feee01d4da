// SPDX-License-Identifier: Apache-2.0
package dev.vchan.testkit;

import static java.lang.constant.ConstantDescs.CD_Object;
import static java.lang.constant.ConstantDescs.CD_String;
import static java.lang.constant.ConstantDescs.CD_long;
import static java.lang.constant.ConstantDescs.CD_void;

import com.sun.tools.attach.VirtualMachine;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.classfile.ClassBuilder;
import java.lang.classfile.ClassElement;
import java.lang.classfile.ClassFile;
import java.lang.classfile.CodeBuilder;
import java.lang.classfile.CodeElement;
import java.lang.classfile.CodeTransform;
import java.lang.classfile.MethodModel;
import java.lang.classfile.MethodTransform;
import java.lang.classfile.TypeKind;
import java.lang.classfile.instruction.ReturnInstruction;
import java.lang.constant.ClassDesc;
import java.lang.constant.MethodTypeDesc;
import java.lang.instrument.ClassFileTransformer;
import java.lang.instrument.Instrumentation;
import java.lang.reflect.AccessFlag;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.ProtectionDomain;
import java.util.List;
import java.util.jar.Attributes;
import java.util.jar.JarOutputStream;
import java.util.jar.Manifest;
import org.jspecify.annotations.Nullable;

/**
 * Puts calls of {@link SeamHooks} into the classes through which the endpoint touches shared memory
 * and time. Production code carries no hook: its methods are rewritten in the running JVM of the
 * tests, which attaches this agent to itself.
 */
public final class SeamAgent {

  /** The seam, by name: its first class is not visible from here. */
  private static final List<String> SEAM =
      List.of("dev.vchan.SharedAccess", "dev.vchan.spi.Parking");

  private static final ClassDesc HOOKS = SeamHooks.class.describeConstable().orElseThrow();
  private static final MethodTypeDesc HOOK =
      MethodTypeDesc.of(CD_void, CD_String, CD_Object, CD_long, CD_long);

  private SeamAgent() {}

  /** Rewrites the seam, which stays so until the JVM ends. */
  static void install() {
    try {
      Path jar = Files.createTempFile("seam-agent", ".jar");
      try {
        Manifest manifest = new Manifest();
        Attributes main = manifest.getMainAttributes();
        main.put(Attributes.Name.MANIFEST_VERSION, "1.0");
        main.putValue("Agent-Class", SeamAgent.class.getName());
        main.putValue("Can-Retransform-Classes", "true");
        new JarOutputStream(Files.newOutputStream(jar), manifest).close();
        attach(jar);
      } finally {
        Files.delete(jar);
      }
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private static void attach(Path jar) throws IOException {
    try {
      VirtualMachine self = VirtualMachine.attach(Long.toString(ProcessHandle.current().pid()));
      try {
        self.loadAgent(jar.toString());
      } finally {
        self.detach();
      }
    } catch (IOException e) {
      throw e;
    } catch (Exception e) {
      throw new IOException("cannot rewrite the seam: " + e, e);
    }
  }

  /**
   * Called by the JVM, on a thread of its own, when the agent is attached.
   *
   * @param options none
   * @param instrumentation the JVM's
   * @throws Exception if the seam is not where it is expected
   */
  public static void agentmain(@Nullable String options, Instrumentation instrumentation)
      throws Exception {
    instrumentation.addTransformer(new Rewriter(), true);
    for (String name : SEAM) {
      instrumentation.retransformClasses(Class.forName(name));
    }
  }

  private static final class Rewriter implements ClassFileTransformer {

    @Override
    public byte @Nullable [] transform(
        @Nullable ClassLoader loader,
        @Nullable String name,
        @Nullable Class<?> redefined,
        @Nullable ProtectionDomain domain,
        byte[] bytes) {
      if (name == null || !SEAM.contains(name.replace('/', '.'))) {
        return null;
      }
      ClassFile file = ClassFile.of();
      return file.transformClass(file.parse(bytes), Rewriter::rewrite);
    }

    private static void rewrite(ClassBuilder builder, ClassElement element) {
      if (element instanceof MethodModel method
          && method.flags().has(AccessFlag.STATIC)
          // Not written by anybody: a tool that counts what is run adds such a method.
          && !method.flags().has(AccessFlag.SYNTHETIC)
          && !method.methodName().equalsString("<clinit>")) {
        builder.transformMethod(method, MethodTransform.transformingCode(new Hooked(method)));
      } else {
        builder.with(element);
      }
    }
  }

  /**
   * One method: a call of {@code before} at its beginning, and of {@code after} at each return.
   *
   * <p>Of its parameters the hook is given the memory, the first number after it (the offset) and
   * the last one (the value, or the length); after the call the result takes the value's place.
   */
  private static final class Hooked implements CodeTransform {

    private final MethodModel method;

    Hooked(MethodModel method) {
      this.method = method;
    }

    @Override
    public void atStart(CodeBuilder code) {
      pushTargetAndOffset(code);
      int last = method.methodTypeSymbol().parameterCount() - 1;
      pushNumber(code, last > 0 ? last : -1);
      code.invokestatic(HOOKS, "before", HOOK);
    }

    @Override
    public void accept(CodeBuilder code, CodeElement element) {
      if (element instanceof ReturnInstruction returned) {
        TypeKind kind = returned.typeKind();
        if (kind == TypeKind.VOID) {
          pushTargetAndOffset(code);
          int last = method.methodTypeSymbol().parameterCount() - 1;
          pushNumber(code, last > 0 ? last : -1);
          code.invokestatic(HOOKS, "after", HOOK);
        } else {
          int result = code.allocateLocal(kind);
          code.storeLocal(kind, result);
          pushTargetAndOffset(code);
          code.loadLocal(kind, result).conversion(kind.asLoadable(), TypeKind.LONG);
          code.invokestatic(HOOKS, "after", HOOK);
          code.loadLocal(kind, result);
        }
      }
      code.with(element);
    }

    private void pushTargetAndOffset(CodeBuilder code) {
      String name = method.methodName().stringValue();
      code.ldc(name);
      // The ring comes second in the methods that copy into it.
      int target = name.equals("copyIn") || name.equals("bulkCopyIn") ? 2 : 0;
      MethodTypeDesc type = method.methodTypeSymbol();
      if (type.parameterCount() > target && !type.parameterType(target).isPrimitive()) {
        code.aload(code.parameterSlot(target));
      } else {
        code.aconst_null();
      }
      pushNumber(code, type.parameterCount() > target + 1 ? target + 1 : -1);
    }

    private void pushNumber(CodeBuilder code, int parameter) {
      if (parameter < 0) {
        code.lconst_0();
        return;
      }
      TypeKind kind = TypeKind.from(method.methodTypeSymbol().parameterType(parameter));
      code.loadLocal(kind, code.parameterSlot(parameter));
      code.conversion(kind.asLoadable(), TypeKind.LONG);
    }
  }
}
