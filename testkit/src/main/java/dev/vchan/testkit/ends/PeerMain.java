// SPDX-License-Identifier: Apache-2.0
package dev.vchan.testkit.ends;

import dev.vchan.Vchan;
import dev.vchan.spi.Backend;
import dev.vchan.testkit.ends.PeerProcess.Answer;
import dev.vchan.testkit.ends.PeerProcess.Command;
import java.io.EOFException;
import java.io.IOException;
import java.io.NotSerializableException;
import java.io.ObjectInputStream;
import java.io.ObjectOutputStream;
import java.io.PrintStream;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.Callable;
import java.util.concurrent.ConcurrentHashMap;
import org.jspecify.annotations.Nullable;

/**
 * What runs in a {@link PeerProcess}: does each command on a thread of its own, until its input
 * ends.
 */
final class PeerMain {

  private final ObjectOutputStream answers;
  private final Map<Integer, Pending<?>> calls = new ConcurrentHashMap<>();
  private final Set<Integer> unanswered = ConcurrentHashMap.newKeySet();
  private final Map<Integer, Vchan> ends = new ConcurrentHashMap<>();
  private Workers workers = Workers.PLATFORM;
  private @Nullable Backend backend;

  private PeerMain(PrintStream output) throws IOException {
    answers = new ObjectOutputStream(output);
    answers.flush();
  }

  public static void main(String[] arguments) throws Exception {
    PeerMain main = new PeerMain(System.out);
    // Whatever somebody prints must not get between the answers.
    System.setOut(System.err);
    try (ObjectInputStream commands = new ObjectInputStream(System.in)) {
      for (; ; ) {
        main.obey((Command) commands.readObject());
      }
    } catch (EOFException e) {
      main.end();
    }
    // Calls that are still blocked are not waited for.
    System.exit(0);
  }

  private void obey(Command command) {
    switch (command) {
      case Command.OpenBackend open -> {
        workers = open.workers();
        answer(
            command,
            () -> {
              backend = open.opening().open();
              return true;
            });
      }
      case Command.DoInDomain todo -> startCall(command, () -> todo.deed().on(domain()));
      case Command.OpenEnd open ->
          startCall(
              command,
              () -> {
                ends.put(open.id(), open.opening().on(domain()));
                return open.id();
              });
      case Command.DoAtEnd todo -> startCall(command, () -> todo.deed().on(end(todo.end())));
      case Command.Forget forget -> ends.remove(forget.id());
      case Command.TellLeftovers tell -> answer(tell, this::leftovers);
      case Command.Interrupt interrupt -> {
        Pending<?> call = calls.get(interrupt.id());
        if (call != null) {
          call.interrupt();
        }
      }
    }
  }

  private void startCall(Command command, Callable<?> call) {
    unanswered.add(command.id());
    calls.values().removeIf(Pending::isDone);
    calls.put(
        command.id(),
        workers.start(
            () -> {
              answer(command, call);
              return true;
            }));
  }

  private void answer(Command command, Callable<? extends @Nullable Object> call) {
    Answer answer;
    try {
      answer = new Answer(command.id(), call.call(), null);
    } catch (Throwable e) {
      answer = new Answer(command.id(), null, e);
    }
    // Before the answer: whoever has all his answers finds no call running.
    unanswered.remove(command.id());
    try {
      send(answer);
    } catch (NotSerializableException e) {
      sendOrEnd(new Answer(command.id(), null, new AssertionError("cannot be told: " + answer, e)));
    } catch (IOException e) {
      System.exit(1);
    }
  }

  private void sendOrEnd(Answer answer) {
    try {
      send(answer);
    } catch (IOException e) {
      System.exit(1);
    }
  }

  private void send(Answer answer) throws IOException {
    synchronized (answers) {
      answers.writeObject(answer);
      answers.reset();
      answers.flush();
    }
  }

  private Backend domain() {
    if (backend == null) {
      throw new IllegalStateException("no backend is open");
    }
    return backend;
  }

  private Vchan end(int number) {
    Vchan end = ends.get(number);
    if (end == null) {
      throw new IllegalStateException("no end has the number " + number);
    }
    return end;
  }

  private List<String> leftovers() {
    List<String> found = new ArrayList<>();
    ends.values().stream().filter(Vchan::isOpen).forEach(end -> found.add("open: " + end));
    unanswered.forEach(id -> found.add("call " + id + " still runs"));
    ends.values().removeIf(end -> !end.isOpen());
    return found;
  }

  private void end() throws IOException {
    for (Vchan end : ends.values()) {
      end.close();
    }
    if (backend != null) {
      backend.close();
    }
  }
}
