// SPDX-License-Identifier: Apache-2.0
package dev.vchan.cli.transfer;

import static java.nio.charset.StandardCharsets.UTF_8;

import dev.vchan.Deadline;
import dev.vchan.DomainId;
import dev.vchan.PortName;
import dev.vchan.RingSizes;
import dev.vchan.Vchan;
import dev.vchan.VchanException;
import dev.vchan.VchanListener;
import dev.vchan.VchanOptions;
import dev.vchan.WaitPolicy;
import dev.vchan.fuzz.Input;
import dev.vchan.fuzz.Scratch;
import dev.vchan.inprocess.InProcessHost;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.FileSystemException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;

/**
 * A hostile sender for our receiver, and a hostile receiver for our sender. What the other side
 * says lies in the ring before it is heard, and the rest comes when a file has been sent; nobody
 * waits, so that all happens in one thread.
 */
public final class TransferFuzzer {

  private static final DomainId CLIENT = new DomainId(1);
  private static final PortName PORT = new PortName("fuzz");
  private static final VchanOptions OPTIONS =
      VchanOptions.DEFAULTS
          .withSizes(RingSizes.both(1 << 15))
          .withWaitPolicy(WaitPolicy.sleepAtOnce());

  private final Input input;
  private final List<String> reports = new ArrayList<>();

  private TransferFuzzer(Input input) {
    this.input = input;
  }

  /**
   * Plays one input.
   *
   * @param bytes the input
   * @throws Exception if anything happens that may not
   */
  public static void fuzzerTestOneInput(byte[] bytes) throws Exception {
    new TransferFuzzer(new Input(bytes)).play();
  }

  static void check(boolean holds, String what) {
    if (!holds) {
      throw new AssertionError("not as it must be: " + what);
    }
  }

  private void play() throws Exception {
    InProcessHost host = new InProcessHost();
    try (Scratch scratch = new Scratch();
        VchanListener listener =
            VchanListener.open(host.domain(DomainId.DOM0), CLIENT, PORT, OPTIONS);
        Vchan theirs = Vchan.connect(host.domain(CLIENT), DomainId.DOM0, PORT, OPTIONS, atOnce());
        Vchan ours = listener.accept(atOnce())) {
      if (input.choice(2) == 0) {
        receive(ours, theirs, new Target(scratch.folder(), input));
      } else {
        send(ours, theirs, scratch.folder());
      }
    }
    check(host.leftovers().isEmpty(), "left behind: " + host.leftovers());
    for (String line : reports) {
      check(line.chars().noneMatch(Character::isISOControl), "shown to a terminal: " + line);
    }
  }

  private static Deadline atOnce() {
    return Deadline.after(Duration.ZERO);
  }

  private void receive(Vchan ours, Vchan theirs, Target target) throws Exception {
    HostileWords words = HostileWords.ofSender(input);
    say(theirs, words.next());
    if (input.choice(4) == 1) {
      theirs.close();
    }
    Receiver receiver =
        new Receiver(
            ours, Duration.ZERO, target.rules(), (_, _, _) -> new NoProgress(() -> {}), this::told);
    try {
      receiver.receive();
    } catch (TransferException | FileSystemException | VchanException e) {
      check(e.getMessage() != null, "a failure without words: " + e);
    }
    target.checkAfter(words.said());
  }

  private void send(Vchan ours, Vchan theirs, Path folder) throws Exception {
    byte[] first = "content".getBytes(UTF_8);
    byte[] second = new byte[input.u16() % 5000];
    List<Path> files = new ArrayList<>();
    files.add(Files.write(folder.resolve("first"), first));
    List<byte[]> contents = new ArrayList<>(List.of(first));
    if (input.choice(2) == 0) {
      files.add(Files.write(folder.resolve("second"), second));
      contents.add(second);
    }
    HostileWords words = HostileWords.ofReceiver(input, contents);
    say(theirs, words.next());
    if (input.choice(8) == 1) {
      theirs.close();
    }
    Sender sender =
        new Sender(
            ours,
            Duration.ZERO,
            (_, _, _) -> new NoProgress(() -> say(theirs, words.next())),
            this::told);
    boolean acknowledged = true;
    try {
      sender.send(files);
    } catch (TransferException | VchanException e) {
      check(e.getMessage() != null, "a failure without words: " + e);
      acknowledged = false;
    }
    for (byte[] content : contents) {
      boolean done = words.said().hasFrame(FrameType.DONE, Sha256.create().digest(content));
      check(done || !acknowledged, "a success that nobody has acknowledged");
    }
  }

  private void told(String line) {
    reports.add(line);
  }

  /** What does not fit, or comes when nobody listens any more, is not said. */
  private static void say(Vchan theirs, byte[] bytes) {
    try {
      if (theirs.isOpen()) {
        theirs.tryWrite(ByteBuffer.wrap(bytes));
      }
    } catch (IOException e) {
      check(e instanceof VchanException, "nobody to talk to: " + e);
    }
  }

  /**
   * Nothing to see.
   *
   * @param whenSent run when a file has been sent
   */
  private record NoProgress(Runnable whenSent) implements Progress {
    @Override
    public void advance(long bytes) {}

    @Override
    public void close() {
      whenSent.run();
    }
  }
}
