// SPDX-License-Identifier: Apache-2.0
package dev.vchan.cli;

import static org.assertj.core.api.Assertions.assertThat;

import dev.vchan.PageSnapshot;
import dev.vchan.cli.Machine.Running;
import dev.vchan.local.LiveChannel;
import dev.vchan.local.LiveChannels;
import dev.vchan.testkit.Mutant;
import dev.vchan.testkit.Watchdog;
import java.io.IOException;
import java.io.Writer;
import java.lang.ProcessBuilder.Redirect;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.function.Predicate;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * {@code vchan stat}, {@code ls} and {@code top} beside channels that hang, each in its way, and
 * beside the same channels before they did.
 */
class StatCommandTest {

  private static final Path ZEROS = Path.of("/dev/zero");

  @TempDir private Path folder;
  private Machine machine;

  private Machine machine() {
    if (machine == null) {
      machine = new Machine(folder);
    }
    return machine;
  }

  /** Whatever was killed in a test has left something. */
  @AfterEach
  void nothingIsLeft() throws Exception {
    machine().sweep();
    machine().close();
  }

  private String stat(String... more) throws Exception {
    Running stat =
        machine().start(Stream.concat(Stream.of("stat"), Stream.of(more)).toArray(String[]::new));
    stat.succeeds();
    assertThat(stat.messages()).doesNotContain("vchan: ");
    return Files.readString(stat.output());
  }

  /** Waits until the page of the only channel is as it will stay. */
  private void until(Predicate<PageSnapshot> state) throws Exception {
    LiveChannels channels = LiveChannels.in(machine().meeting());
    Watchdog.until(
        "as it will stay",
        () -> look(channels).stream().anyMatch(one -> one.snapshot().filter(state).isPresent()));
  }

  private static List<LiveChannel> look(LiveChannels channels) {
    try {
      return channels.look();
    } catch (IOException e) {
      throw new AssertionError(e);
    }
  }

  private Running server() throws Exception {
    return server(Redirect.DISCARD);
  }

  private Running server(Redirect output) throws Exception {
    Redirect nothing = Redirect.from(Path.of("/dev/null").toFile());
    Running server = machine().start(nothing, output, folder, "listen", "-v", "t");
    server.says("listening");
    return server;
  }

  /** A client that has as much to write as is read. */
  private Running endlessClient() throws Exception {
    Running client = machine().startReading(ZEROS, "connect", "-v", "t");
    client.says("connected");
    return client;
  }

  private Running client() throws Exception {
    Running client = machine().start(Redirect.PIPE, "connect", "-v", "t");
    client.says("connected");
    return client;
  }

  private static void type(Running client, String text) throws IOException {
    Writer input = client.process().outputWriter();
    input.append(text).flush();
  }

  private static void kill(Running... processes) throws Exception {
    for (Running each : processes) {
      each.signal("KILL");
      each.exitCode();
    }
  }

  @Test
  void aReaderThatDoesNotReadIsNamed() throws Exception {
    Running server = server();
    Running client = client();
    server.says("connected");
    assertThat(stat()).contains("t   idle").doesNotContain("!!");
    server.signal("STOP");
    type(client, "hello");
    until(page -> page.toServer().distance() == 5);
    long pid = server.process().pid();
    assertThat(stat())
        .contains("t   reader idle")
        .contains("!! the server's process %d (java) is not reading: 5 bytes".formatted(pid))
        .contains("process is stopped, and goes on with kill -CONT " + pid)
        .contains("to server  [#...................] 5 of 65536 bytes");
    server.signal("CONT");
    client.process().outputWriter().close();
    client.succeeds();
    server.succeeds();
  }

  @Test
  void aWriterThatIsBlockedIsNamedWithWhomItWaitsFor() throws Exception {
    Running server = server();
    Running flowing = endlessClient();
    until(page -> page.toServer().producer() != 0);
    assertThat(stat()).contains("t   flowing").doesNotContain("!!");
    kill(flowing);
    server.exitCode();

    // It cannot get rid of what it reads, since nobody reads its standard output.
    Running blocked = server(Redirect.PIPE);
    Running client = endlessClient();
    until(page -> page.toServer().distance() == 65536 && page.client().asksForSpace());
    assertThat(stat())
        .contains("t   writer blocked")
        .contains("!! the client's process %d (java) is blocked".formatted(client.process().pid()))
        .contains(
            "and the server's process %d (java) has read nothing for at least"
                .formatted(blocked.process().pid()))
        .contains("here, waits for space for at least")
        .contains("to server  [####################] 65536 of 65536 bytes, 0 KiB/s written");
    kill(client, blocked);
  }

  @Test
  void anEventThatWasLostIsNamed() throws Exception {
    assertThat(typeUntil("an event was lost", 3)).doesNotContain("an event was lost");
    Path changed = Files.createDirectory(folder.resolve("changed"));
    Mutant.REQUEST_OVERLOOKED.compileTo(changed);
    machine().putFirst(changed);
    assertThat(typeUntil("an event was lost", 10))
        .contains("t   lost event")
        .contains("(java) has asked to be told of bytes, and 1 bytes of it are there, untouched");
  }

  /** Types a byte at a time to a server that waits, until a text is said, or often enough. */
  private String typeUntil(String text, int tries) throws Exception {
    Running server = server();
    Running client = client();
    server.says("connected");
    String said = "";
    for (int i = 0; i < tries && !said.contains(text); i++) {
      // A server that was not told finds the byte by itself after ten seconds.
      until(page -> page.toServer().distance() == 0);
      type(client, "x");
      said = stat("--interval", "0.5");
    }
    kill(client, server);
    return said;
  }

  @Test
  void aDeadProcessIsNamedWithWhoStillHoldsTheChannel() throws Exception {
    Running server = server(Redirect.PIPE);
    Running client = endlessClient();
    until(page -> page.toServer().distance() == 65536 && page.client().asksForSpace());
    assertThat(stat()).doesNotContain("dead peer");
    kill(client);
    until(page -> page.client().live() == PageSnapshot.Side.GONE);
    assertThat(stat())
        .contains("t   dead peer")
        .contains("!! the client's process has died: its live byte was cleared without a close")
        .contains(
            "process %d (java) still holds the channel, with 64.0 KiB unread"
                .formatted(server.process().pid()));
    kill(server);
  }

  @Test
  void aDeathThatTheSurvivorHasNotNoticedIsNamedToo() throws Exception {
    Running server = server();
    Running client = client();
    server.says("connected");
    server.signal("STOP");
    assertThat(stat()).doesNotContain("dead peer");
    kill(client);
    assertThat(stat())
        .contains("t   dead peer")
        .contains("!! the client's process is gone: the page says that it is here")
        .contains("kill -CONT " + server.process().pid());
    kill(server);
  }

  @Test
  void indicesThatAnotherProcessHasOverwrittenAreNamed() throws Exception {
    Running server = server();
    Running client = client();
    server.says("connected");
    server.signal("STOP");
    assertThat(stat()).doesNotContain("corrupt");
    Path page;
    try (Stream<Path> files = Files.list(machine().meeting().resolve("gnt/0"))) {
      page = files.filter(file -> file.toString().endsWith(".t")).findFirst().orElseThrow();
    }
    // The producer index of the ring to the server.
    Process vandal =
        new ProcessBuilder("dd", "of=" + page, "bs=4", "seek=1", "conv=notrunc").start();
    vandal.outputWriter().append("\177\177\177\177").close();
    assertThat(vandal.waitFor()).isZero();
    assertThat(stat())
        .contains("t   corrupt index")
        .contains("!! the indices of the ring to the server are corrupt: producer 2139062143")
        .contains("to server  [????????????????????]");
    kill(server, client);
  }

  @Test
  void channelsAreListedFromTheirAdvertisementOn() throws Exception {
    Running nothing = machine().start("ls");
    nothing.succeeds();
    assertThat(nothing.output()).isEmptyFile();
    assertThat(nothing.messages()).contains("no channel in " + machine().meeting());
    Running missing = machine().start("stat", "t");
    assertThat(missing.exitCode()).isEqualTo(ExitCodes.FAILED);
    assertThat(missing.messages()).contains("no channel t in");

    Running server = server();
    Running waiting = machine().start("ls", "t");
    waiting.succeeds();
    assertThat(waiting.output())
        .content()
        .containsPattern("t +waiting for client 0/%d +0 ".formatted(server.process().pid()));
    Running client = client();
    server.says("connected");
    Running other = machine().start("ls", "other");
    assertThat(other.exitCode()).isEqualTo(ExitCodes.FAILED);
    Running connected = machine().start("ls", "--json", "/local/domain/0/data/vchan/0/t");
    connected.succeeds();
    assertThat(connected.output())
        .content()
        .hasLineCount(1)
        .contains("\"advertised\":false", "\"cause\":\"idle\"")
        .contains(
            "\"client\":{\"domain\":0,\"process\":{\"pid\":%d,".formatted(client.process().pid()));
    client.process().outputWriter().close();
    client.succeeds();
    server.succeeds();
  }

  @Test
  void topShowsAsManyPicturesAsItIsTold() throws Exception {
    Running server = server();
    Running top = machine().start("top", "-n", "3", "--interval", "0.3");
    top.succeeds();
    assertThat(top.output()).content().hasLineCount(6).doesNotContain("\033");
    Running negative = machine().start("top", "-n", "-1");
    assertThat(negative.exitCode()).isEqualTo(ExitCodes.USAGE);
    assertThat(negative.messages()).contains("-n -1 is negative");
    Running json = machine().start("top", "--json", "--interval", "0.3");
    Watchdog.until("two pictures", () -> lines(json.output()) > 2);
    json.signal("INT");
    assertThat(json.exitCode()).isEqualTo(ExitCodes.INTERRUPTED);
    assertThat(json.messages()).isEmpty();
    assertThat(json.output()).content().endsWith("}\n");
    kill(server);
  }

  private static long lines(Path file) {
    try {
      return Files.readString(file).lines().count();
    } catch (IOException e) {
      throw new AssertionError(e);
    }
  }

  @Test
  void channelsOfXenAreSaidToBeOutOfSight() throws Exception {
    Running stat = machine().start("stat", "--backend", "xen");
    assertThat(stat.exitCode()).isEqualTo(ExitCodes.FAILED);
    assertThat(stat.messages()).contains("only the two sides").hasLineCount(1);
    assertThat(stat.output()).isEmptyFile();
  }
}
