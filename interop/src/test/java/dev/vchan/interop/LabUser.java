// SPDX-License-Identifier: Apache-2.0
package dev.vchan.interop;

import static java.nio.charset.StandardCharsets.UTF_8;

import dev.vchan.RingSizes;
import dev.vchan.testkit.ends.Role;
import dev.vchan.xen.XenBackend;
import java.io.BufferedReader;
import java.io.BufferedWriter;
import java.io.IOException;
import java.io.InputStreamReader;
import java.lang.ProcessBuilder.Redirect;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.TimeUnit;

/**
 * A process in a domain of the lab whose user is not root, and that user's way to other programs.
 * It is told what to do line by line; to each it answers with lines and a last one that says so.
 */
final class LabUser implements AutoCloseable {

  /** The one user of the lab's domains besides root. */
  static final int UID = 1000;

  private static final String NAME = "user";
  private static final String LAST = ".";

  private final Process process;
  private final BufferedReader answers;
  private final BufferedWriter commands;

  private LabUser(Process process) {
    this.process = process;
    this.answers = process.inputReader();
    this.commands = process.outputWriter();
  }

  static LabUser start() throws IOException {
    return new LabUser(
        as("/jre/bin/java $(cat /etc/suite-words) " + LabUser.class.getName()).start());
  }

  private static ProcessBuilder as(String command) {
    return new ProcessBuilder("su", "-s", "/bin/sh", NAME, "-c", "exec " + command)
        .redirectError(Redirect.INHERIT);
  }

  /** What a program prints, whatever it ends with. */
  static String run(String command) throws IOException, InterruptedException {
    Process program = as(command).redirectInput(Redirect.PIPE).start();
    try {
      program.outputWriter().close();
      String output = new String(program.getInputStream().readAllBytes(), UTF_8);
      if (!program.waitFor(10, TimeUnit.SECONDS)) {
        throw new AssertionError(command + " does not end");
      }
      return output;
    } finally {
      program.destroyForcibly();
    }
  }

  /** Tells it what to do, and waits for its answer, which its own deadlines bound. */
  List<String> ask(String command) throws IOException {
    commands.write(command);
    commands.newLine();
    commands.flush();
    List<String> answer = new ArrayList<>();
    while (true) {
      String line = answers.readLine();
      if (line == null) {
        throw new AssertionError("the user's process ended instead of answering to " + command);
      }
      if (line.equals(LAST)) {
        return answer;
      }
      answer.add(line);
    }
  }

  @Override
  public void close() throws IOException {
    commands.close();
    process.destroy();
  }

  /**
   * Does what standard input says.
   *
   * <pre>
   * problems            what stands in the way of a backend, a line each
   * open                the same of the attempt to open one
   * server|client PORT  exchanges bytes with dom0; nothing, or what went wrong
   * </pre>
   */
  public static void main(String[] none) throws IOException {
    BufferedReader input = new BufferedReader(new InputStreamReader(System.in, UTF_8));
    for (String line = input.readLine(); line != null; line = input.readLine()) {
      obey(line.split(" ")).forEach(System.out::println);
      System.out.println(LAST);
    }
  }

  private static List<String> obey(String[] words) {
    try {
      switch (words[0]) {
        case "problems" -> {
          return XenBackend.problems(Hub.soon()).stream().map(LabUser::describe).toList();
        }
        case "open" -> XenBackend.open(Hub.soon()).close();
        default -> exchange(Role.valueOf(words[0].toUpperCase(Locale.ROOT)), words[1]);
      }
      return List.of();
    } catch (Exception | AssertionError e) {
      return List.of(describe(e));
    }
  }

  private static String describe(Throwable failure) {
    return failure.toString().lines().findFirst().orElse("?");
  }

  private static void exchange(Role own, String port) throws Exception {
    try (LabSite site = LabSite.open(new String[0])) {
      work(own).play(site, port);
    }
  }

  /** What both domains do. */
  static LabStep.Work work(Role own) {
    return LabStep.ours(own, new LabEnd.Terms(RingSizes.both(4096), UID, false));
  }
}
