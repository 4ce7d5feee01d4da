// SPDX-License-Identifier: Apache-2.0
package dev.vchan.testkit.schedule;

import java.lang.classfile.ClassFile;
import java.lang.classfile.ClassModel;
import java.lang.classfile.ClassTransform;
import java.lang.classfile.CodeBuilder;
import java.lang.classfile.CodeElement;
import java.lang.classfile.CodeTransform;
import java.lang.classfile.Opcode;
import java.lang.classfile.instruction.FieldInstruction;
import java.lang.classfile.instruction.InvokeInstruction;
import java.lang.classfile.instruction.NewObjectInstruction;
import java.lang.constant.ClassDesc;
import java.lang.constant.ConstantDescs;
import java.lang.constant.MethodTypeDesc;
import java.lang.reflect.AccessFlag;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.function.Function;
import java.util.stream.Collectors;

/**
 * Rewrites the endpoint so that a scheduler decides who runs. Its code stays as it is but for
 * calls:
 *
 * <ul>
 *   <li>what {@code SharedAccess} does to shared memory and {@code Parking} to time goes to {@link
 *       Seam};
 *   <li>locks are {@link SimulatedLock}s, the current thread is a simulated one, threads are
 *       started as such;
 *   <li>before each access to a volatile field or an atomic object, {@link Seam} is told.
 * </ul>
 *
 * <p>Plain fields are left alone: each is used by one thread, or under a lock, or its value is a
 * figure that nothing depends on.
 */
final class Rewriter {

  private static final ClassDesc SEAM = Seam.class.describeConstable().orElseThrow();
  private static final ClassDesc LOCK = SimulatedLock.class.describeConstable().orElseThrow();
  private static final MethodTypeDesc TOLD =
      MethodTypeDesc.of(ConstantDescs.CD_void, ConstantDescs.CD_int, ConstantDescs.CD_boolean);

  private static final String SHARED_ACCESS = "dev/vchan/SharedAccess";
  private static final String PARKING = "dev/vchan/spi/Parking";
  private static final String COUNTER = "dev/vchan/spi/EventCounter";
  private static final String VAR_HANDLE = "java/lang/invoke/VarHandle";
  private static final String REENTRANT_LOCK = "java/util/concurrent/locks/ReentrantLock";
  private static final String ATOMIC = "java/util/concurrent/atomic/";

  private static final Set<String> TIME =
      Set.of("java/lang/System", "java/lang/Thread", "java/util/concurrent/locks/LockSupport");

  /** Names of fields, at the number by which the scheduler knows them. */
  private final List<String> things = new ArrayList<>();

  private final Map<String, Set<String>> volatileFields = new HashMap<>();
  private final Function<String, byte[]> classes;

  /** With a way to read classes, to learn which of their fields are volatile. */
  Rewriter(Function<String, byte[]> classes) {
    this.classes = classes;
  }

  byte[] rewrite(byte[] bytes) {
    ClassFile file = ClassFile.of();
    ClassModel model = file.parse(bytes);
    String name = model.thisClass().asInternalName();
    return file.transformClass(
        model,
        ClassTransform.transformingMethodBodies(CodeTransform.ofStateful(() -> new Body(name))));
  }

  private boolean isVolatile(FieldInstruction field) {
    String owner = field.owner().asInternalName();
    return owner.startsWith("dev/vchan/")
        && volatileFields
            .computeIfAbsent(owner, this::volatileFieldsOf)
            .contains(field.name().stringValue());
  }

  private Set<String> volatileFieldsOf(String owner) {
    return ClassFile.of().parse(classes.apply(owner.replace('/', '.'))).fields().stream()
        .filter(field -> field.flags().has(AccessFlag.VOLATILE))
        .map(field -> field.fieldName().stringValue())
        .collect(Collectors.toSet());
  }

  private int thing(String field) {
    if (!things.contains(field)) {
      things.add(field);
    }
    return things.indexOf(field);
  }

  /** One method. */
  private final class Body implements CodeTransform {

    private final String owner;

    /** The field whose atomic object was loaded last: the one the next atomic call is about. */
    private String atomic;

    Body(String owner) {
      this.owner = owner;
      this.atomic = owner;
    }

    @Override
    public void accept(CodeBuilder code, CodeElement element) {
      switch (element) {
        case FieldInstruction field -> field(code, field);
        case InvokeInstruction call -> call(code, call);
        case NewObjectInstruction made
            when made.className().asInternalName().equals(REENTRANT_LOCK) ->
            code.new_(LOCK);
        default -> code.with(element);
      }
    }

    private void field(CodeBuilder code, FieldInstruction field) {
      String name = field.owner().asInternalName() + "." + field.name().stringValue();
      if (field.type().stringValue().startsWith("L" + ATOMIC)) {
        atomic = name;
      }
      if (isVolatile(field)) {
        boolean store = field.opcode() == Opcode.PUTFIELD || field.opcode() == Opcode.PUTSTATIC;
        tell(code, name, store);
      }
      code.with(field);
    }

    private void tell(CodeBuilder code, String field, boolean store) {
      if (owner.startsWith(COUNTER)) {
        code.invokestatic(SEAM, "counter", ConstantDescs.MTD_void);
      } else {
        code.loadConstant(thing(field)).loadConstant(store ? 1 : 0);
        code.invokestatic(SEAM, "local", TOLD);
      }
    }

    private void call(CodeBuilder code, InvokeInstruction call) {
      String target = call.owner().asInternalName();
      String method = call.name().stringValue();
      if (owner.equals(SHARED_ACCESS) && isMemory(target, method)) {
        replace(code, call, target.equals(VAR_HANDLE) ? plain(call) : method);
      } else if (owner.equals(PARKING)
          && TIME.contains(target)
          && !method.equals("currentThread")
          && !method.equals("isInterrupted")) {
        replace(code, call, method);
      } else if (target.equals("java/lang/Thread") && method.equals("currentThread")) {
        replace(code, call, method);
      } else if (target.startsWith("java/lang/Thread$Builder") && method.equals("start")) {
        code.invokestatic(
            SEAM,
            "start",
            MethodTypeDesc.ofDescriptor(
                "(Ljava/lang/Thread$Builder;Ljava/lang/Runnable;)Ljava/lang/Thread;"));
      } else if (target.equals(REENTRANT_LOCK) && method.equals("<init>")) {
        code.invokespecial(LOCK, method, call.typeSymbol());
      } else {
        if (target.startsWith(ATOMIC) && !method.equals("<init>")) {
          tell(code, atomic, !method.equals("get"));
        } else if (target.equals(VAR_HANDLE)) {
          tell(code, owner, true);
        }
        code.with(call);
      }
    }

    private static boolean isMemory(String target, String method) {
      return target.equals(VAR_HANDLE)
          || target.equals("java/nio/ByteBuffer") && method.equals("put")
          || target.equals("java/lang/foreign/MemorySegment") && method.equals("copy");
    }

    /** Loads are called by their width; stores that are no fences are alike. */
    private static String plain(InvokeInstruction call) {
      String method = call.name().stringValue();
      if (method.startsWith("get")) {
        String type = call.typeSymbol().returnType().displayName();
        return "load" + type.substring(0, 1).toUpperCase(Locale.ROOT) + type.substring(1);
      }
      return method.startsWith("set") && !method.equals("setVolatile") ? "store" : method;
    }

    private static void replace(CodeBuilder code, InvokeInstruction call, String method) {
      MethodTypeDesc type = call.typeSymbol();
      if (call.opcode() != Opcode.INVOKESTATIC) {
        type = type.insertParameterTypes(0, call.owner().asSymbol());
      }
      code.invokestatic(SEAM, method, type);
    }
  }
}
