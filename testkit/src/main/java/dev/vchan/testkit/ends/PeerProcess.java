// SPDX-License-Identifier: Apache-2.0
package dev.vchan.testkit.ends;

import dev.vchan.Vchan;
import dev.vchan.spi.Backend;
import java.io.EOFException;
import java.io.IOException;
import java.io.NotSerializableException;
import java.io.ObjectInputStream;
import java.io.ObjectOutputStream;
import java.io.Serializable;
import java.lang.ProcessBuilder.Redirect;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.IntFunction;
import org.jspecify.annotations.Nullable;

/**
 * A domain in a process of its own: a Java virtual machine that does what it is told over its
 * standard input and tells the outcome over its standard output. It dies with this process, since
 * its input ends then, and at once when it is killed. May be used from any thread.
 */
public final class PeerProcess implements Place {

  private final Process process;
  private final ObjectOutputStream commands;
  private final Map<Integer, CompletableFuture<@Nullable Object>> pending =
      new ConcurrentHashMap<>();
  private final AtomicInteger lastCall = new AtomicInteger();
  private volatile boolean ended;

  private PeerProcess(Process process) throws IOException {
    this.process = process;
    this.commands = new ObjectOutputStream(process.getOutputStream());
    this.commands.flush();
    Thread.ofPlatform().daemon().name("peer " + process.pid()).start(this::listen);
  }

  /**
   * Starts a process with the class path of this one.
   *
   * @param workers on what threads calls are made there
   * @param opening makes the backend of the domain; travels to the process
   * @param virtualMachineOptions options for its {@code java} command
   * @return the process, with its backend open
   * @throws Exception if it cannot be started, or what {@code opening} threw
   */
  public static PeerProcess start(Workers workers, Opening opening, String... virtualMachineOptions)
      throws Exception {
    List<String> command = new ArrayList<>();
    command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
    // A short life: the plain collector, and few threads besides those of the test.
    command.addAll(List.of("-XX:+UseSerialGC", "-Xmx512m", "-Xshare:auto", "-ea"));
    command.add("--illegal-native-access=deny");
    command.addAll(List.of(virtualMachineOptions));
    command.add("-cp");
    String testClassPath = System.getProperty("surefire.test.class.path");
    command.add(testClassPath == null ? System.getProperty("java.class.path") : testClassPath);
    command.add(PeerMain.class.getName());
    Process process = new ProcessBuilder(command).redirectError(Redirect.INHERIT).start();
    PeerProcess peer = new PeerProcess(process);
    try {
      peer.<Boolean>ask(id -> new Command.OpenBackend(id, workers, opening)).get();
      return peer;
    } catch (Exception e) {
      peer.kill();
      throw e;
    }
  }

  @Override
  public <T extends @Nullable Object> Pending<T> start(Deed<Backend, T> deed) {
    return ask(id -> new Command.DoInDomain(id, deed));
  }

  @Override
  public Pending<End> open(Deed<Backend, Vchan> opening) {
    return this.<Integer>ask(id -> new Command.OpenEnd(id, opening))
        .map(number -> new RemoteEnd(this, number));
  }

  @Override
  public List<String> leftovers() throws Exception {
    if (ended) {
      return List.of();
    }
    return this.<List<String>>ask(Command.TellLeftovers::new).get();
  }

  /**
   * The process.
   *
   * @return its number
   */
  public long pid() {
    return process.pid();
  }

  /**
   * Whether the process has ended.
   *
   * @return true if nothing can be done in it any more
   */
  public boolean isLost() {
    return ended;
  }

  /**
   * Ends the process as {@code kill -9} does, and waits until it is gone.
   *
   * @throws InterruptedException if interrupted while it waits
   */
  public void kill() throws InterruptedException {
    process.destroyForcibly();
    awaitEnd();
  }

  /** Lets the process close what it has open and end by itself. */
  @Override
  public void close() throws Exception {
    if (!ended) {
      synchronized (commands) {
        commands.close();
      }
    }
    awaitEnd();
  }

  private void awaitEnd() throws InterruptedException {
    if (!process.waitFor(Pending.PATIENCE.toSeconds(), TimeUnit.SECONDS)) {
      process.destroyForcibly();
      throw new AssertionError("process " + pid() + " does not end");
    }
    ended = true;
  }

  /** What a call in the other process comes to; its type is the caller's promise. */
  @SuppressWarnings({"unchecked", "TypeParameterUnusedInFormals"})
  private <T extends @Nullable Object> Pending<T> ask(IntFunction<Command> made) {
    CompletableFuture<@Nullable Object> outcome = new CompletableFuture<>();
    int id = lastCall.incrementAndGet();
    pending.put(id, outcome);
    tell(made.apply(id));
    return (Pending<T>) new Pending<>(outcome, () -> tell(new Command.Interrupt(id)));
  }

  private void tell(Command command) {
    try {
      synchronized (commands) {
        commands.writeObject(command);
        // A reference to an object that was sent before would not show what changed in it since.
        commands.reset();
        commands.flush();
      }
    } catch (NotSerializableException e) {
      throw new IllegalArgumentException("captures what cannot travel: " + command, e);
    } catch (IOException e) {
      loseAll(e);
    }
  }

  private void listen() {
    try (ObjectInputStream answers = new ObjectInputStream(process.getInputStream())) {
      for (; ; ) {
        Answer answer = (Answer) answers.readObject();
        CompletableFuture<@Nullable Object> asked = pending.remove(answer.id());
        if (asked != null) {
          answer.complete(asked);
        }
      }
    } catch (IOException | ClassNotFoundException e) {
      ended = true;
      loseAll(e);
    }
  }

  /** The process is gone: so are the answers. */
  private void loseAll(Exception cause) {
    IOException gone = new EOFException("process " + pid() + " has ended");
    gone.initCause(cause);
    pending.values().forEach(asked -> asked.completeExceptionally(gone));
  }

  /** Makes the backend of a domain. */
  @FunctionalInterface
  public interface Opening extends Serializable {

    /**
     * Makes it.
     *
     * @return the backend
     * @throws Exception if it cannot
     */
    Backend open() throws Exception;
  }

  /** What the process is told. */
  sealed interface Command extends Serializable {

    int id();

    record OpenBackend(int id, Workers workers, Opening opening) implements Command {}

    record DoInDomain(int id, Deed<Backend, ?> deed) implements Command {}

    record OpenEnd(int id, Deed<Backend, Vchan> opening) implements Command {}

    record DoAtEnd(int id, int end, Deed<Vchan, ?> deed) implements Command {}

    record TellLeftovers(int id) implements Command {}

    record Forget(int id) implements Command {}

    record Interrupt(int id) implements Command {}
  }

  /** What the process tells. */
  record Answer(int id, @Nullable Object result, @Nullable Throwable failure)
      implements Serializable {

    private void complete(CompletableFuture<@Nullable Object> asked) {
      if (failure == null) {
        asked.complete(result);
      } else {
        asked.completeExceptionally(failure);
      }
    }
  }

  /** An end in the other process. */
  private record RemoteEnd(PeerProcess peer, int number) implements End {

    @Override
    public <T extends @Nullable Object> Pending<T> start(Deed<Vchan, T> deed) {
      return peer.ask(id -> new Command.DoAtEnd(id, number, deed));
    }

    @Override
    public void forget() {
      peer.tell(new Command.Forget(number));
    }

    @Override
    public boolean isLost() {
      return peer.ended;
    }

    @Override
    public void close() throws Exception {
      if (!peer.ended) {
        run(Vchan::close);
      }
    }
  }
}
