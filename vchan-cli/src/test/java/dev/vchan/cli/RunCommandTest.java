// SPDX-License-Identifier: Apache-2.0
package dev.vchan.cli;

import static org.assertj.core.api.Assertions.assertThat;

import dev.vchan.cli.Machine.Running;
import dev.vchan.cli.run.Compiler;
import dev.vchan.testkit.Needs;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** {@code vchan run}: the program as it is, and what is said when it cannot be run. */
class RunCommandTest {

  /** The library takes seconds to compile; one does for all who have no questions about that. */
  @TempDir private static Path common;

  @TempDir private Path folder;
  private Machine machine;
  private Path cache;

  @BeforeEach
  void begin() {
    machine = new Machine(folder);
    // Whoever runs the tests may have a library there already.
    machine.set("HOME", folder.resolve("home").toString());
    cacheIs(common.resolve("cache"));
  }

  private void ownCache() {
    cacheIs(folder.resolve("cache"));
  }

  private void cacheIs(Path directory) {
    cache = directory;
    machine.set("XDG_CACHE_HOME", cache.toString());
  }

  @AfterEach
  void nothingIsLeft() throws IOException {
    machine.close();
    if (Files.exists(cache)) {
      try (Stream<Path> kept = Files.list(cache.resolve("vchan"))) {
        assertThat(kept).allMatch(file -> file.toString().endsWith(".so"));
      }
    }
  }

  private static void needsCompiler() {
    Needs.PEERS.met(Compiler.find().isPresent() ? Optional.empty() : Optional.of("a C compiler"));
  }

  @Test
  void theProgramHasTheDirectoryTheDomainAndTheLibrary() throws Exception {
    needsCompiler();
    Running run =
        machine.start(
            "run",
            "--domid",
            "7",
            "--",
            "sh",
            "-c",
            "echo $VCHAN_DOMID $VCHAN_DIR $LD_PRELOAD; cat");
    run.succeeds();
    assertThat(run.output())
        .content()
        .matches("7 " + machine.meeting() + " " + cache + "/vchan/libvchan-xenshim-[0-9a-f]+.so\n");
    assertThat(run.messages()).isEmpty();
    assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(cache.resolve("vchan"))))
        .isEqualTo("rwx------");
  }

  @Test
  void whatFollowsTheProgramIsItsOwn() throws Exception {
    needsCompiler();
    Running run = machine.start("run", "sh", "-c", "echo $0 $1; exit 7", "--help", "-V");
    assertThat(run.exitCode()).isEqualTo(7);
    assertThat(run.output()).hasContent("--help -V");
  }

  @Test
  void theLibraryIsCompiledOnceAndByHoweverManyAtOnce() throws Exception {
    needsCompiler();
    ownCache();
    List<Running> all =
        List.of(
            machine.start("run", "true"),
            machine.start("run", "true"),
            machine.start("run", "true"));
    for (Running one : all) {
      one.succeeds();
    }
    assertThat(libraries()).hasSize(1);
    var made = Files.getLastModifiedTime(libraries().getFirst());
    machine.start("run", "true").succeeds();
    assertThat(Files.getLastModifiedTime(libraries().getFirst())).isEqualTo(made);
  }

  private List<Path> libraries() throws IOException {
    try (Stream<Path> files = Files.list(cache.resolve("vchan"))) {
      return files.toList();
    }
  }

  @Test
  void aDirectoryThatOthersCouldWriteToIsNotUsed() throws Exception {
    needsCompiler();
    ownCache();
    Path open = Files.createDirectories(cache.resolve("vchan"));
    Files.setPosixFilePermissions(open, PosixFilePermissions.fromString("rwxrwxrwx"));
    Running run = machine.start("run", "sh", "-c", "echo $LD_PRELOAD");
    run.succeeds();
    assertThat(run.output()).content().contains("/home/.cache/vchan/");
    assertThat(libraries()).isEmpty();
  }

  @Test
  void aLibraryOfTheUsersOwnComesFirst() throws Exception {
    needsCompiler();
    machine.set("LD_PRELOAD", "/nowhere/own.so");
    Running run = machine.start("run", "sh", "-c", "echo $LD_PRELOAD");
    run.succeeds();
    assertThat(run.output()).content().startsWith("/nowhere/own.so:" + cache);
  }

  @Test
  void aSignalThatEndsTheProgramIsTheExitCode() throws Exception {
    needsCompiler();
    assertThat(machine.start("run", "sh", "-c", "kill -TERM $$").exitCode()).isEqualTo(143);
  }

  @Test
  void aSignalIsPassedOnAndTheProgramIsWaitedFor() throws Exception {
    needsCompiler();
    Running run =
        machine.start(
            "run",
            "sh",
            "-c",
            "trap 'echo ended; exit 0' TERM; echo ready >&2; while :; do sleep 0.1; done");
    run.says("ready");
    run.signal("TERM");
    assertThat(run.exitCode()).isEqualTo(143);
    assertThat(run.output()).hasContent("ended");
  }

  @Test
  void aProgramDoesNotOutliveUs() throws Exception {
    needsCompiler();
    Running run = machine.start("run", "sh", "-c", "echo $$ >&2; sleep 1000 & wait");
    run.says("\n");
    ProcessHandle program = ProcessHandle.of(Long.parseLong(run.messages().strip())).orElseThrow();
    run.signal("KILL");
    assertThat(run.exitCode()).isEqualTo(137);
    program.onExit().get(30, TimeUnit.SECONDS);
  }

  @Test
  void whatIsNotThereIsSaidWithTheCodesOfShells() throws Exception {
    Running none = machine.start("run", "no-such-program-anywhere");
    assertThat(none.exitCode()).isEqualTo(127);
    assertThat(none.messages()).contains("no-such-program-anywhere").hasLineCount(1);
    Path text = Files.writeString(folder.resolve("text"), "");
    Running denied = machine.start("run", text.toString());
    assertThat(denied.exitCode()).isEqualTo(126);
    assertThat(denied.messages()).contains("not executable").hasLineCount(1);
  }

  @Test
  void withoutACompilerItSaysWhichPackageHasOne() throws Exception {
    ownCache();
    Path tools = Files.createDirectory(folder.resolve("tools"));
    Files.createSymbolicLink(tools.resolve("true"), Path.of("/bin/true"));
    machine.set("PATH", tools.toString());
    machine.set("CC", "");
    // The machine's own "env" is found by the path of this process.
    Running run = machine.start("run", "true");
    assertThat(run.exitCode()).isEqualTo(ExitCodes.FAILED);
    assertThat(run.messages()).contains("C compiler", "apt-get install gcc").hasLineCount(1);
  }

  @Test
  void aProgramWhoseLibraryIsMissingIsToldThePackage() throws Exception {
    needsCompiler();
    Path library = folder.resolve("libxenvchan.so.4.99");
    compile("", "-shared", "-fPIC", "-Wl,-soname,libxenvchan.so.4.99", "-o", library.toString());
    Path program = folder.resolve("program");
    compile(
        "int main(void) { return 0; }",
        "-Wl,--no-as-needed",
        library.toString(),
        "-o",
        program.toString());
    Files.delete(library);
    Running run = machine.start("run", program.toString());
    assertThat(run.exitCode()).isEqualTo(ExitCodes.FAILED);
    assertThat(run.messages())
        .contains("libxenvchan.so.4.99", "apt-get install libxenmisc4.99")
        .hasLineCount(1);
  }

  /** Says what it hears; the server listens, the client speaks first. */
  private static final String PROGRAM =
      """
      #include <libxenvchan.h>
      #include <stdio.h>
      #include <stdlib.h>
      #include <string.h>
      #include <unistd.h>

      int main(int count, char **words) {
          char text[16] = "from the client";
          int peer = atoi(words[2]);
          int server = strcmp(words[1], "server") == 0;
          struct libxenvchan *channel = NULL;
          for (int i = 0; channel == NULL && i < 3000; i++) {
              channel = server ? libxenvchan_server_init(NULL, peer, words[3], 4096, 4096)
                               : libxenvchan_client_init(NULL, peer, words[3]);
              usleep(channel == NULL ? 10000 : 0);
          }
          if (count != 4 || channel == NULL) {
              return 1;
          }
          channel->blocking = 1;
          if (server) {
              libxenvchan_recv(channel, text, sizeof text);
              printf("%s, ", text);
              strcpy(text, "from the server");
          }
          libxenvchan_send(channel, text, sizeof text);
          if (!server) {
              libxenvchan_recv(channel, text, sizeof text);
          }
          printf("%s\\n", text);
          while (server && libxenvchan_is_open(channel)) {
              libxenvchan_wait(channel);
          }
          libxenvchan_close(channel);
          return 0;
      }
      """;

  @Test
  void programsForXenTalkToEachOtherAsTheyAre() throws Exception {
    needsCompiler();
    Needs.PEERS.met(
        Files.exists(Path.of("/usr/include/libxenvchan.h"))
            ? Optional.empty()
            : Optional.of("the headers of libxenvchan"));
    Path program = folder.resolve("program");
    compile(PROGRAM, "-lxenvchan", "-o", program.toString());
    String path = "/local/domain/1/data/vchan/2/t";
    Running server = machine.start("run", "--domid", "1", program.toString(), "server", "2", path);
    Running client = machine.start("run", "--domid", "2", program.toString(), "client", "1", path);
    client.succeeds();
    server.succeeds();
    assertThat(server.output()).hasContent("from the client, from the server");
    assertThat(client.output()).hasContent("from the server");
  }

  private void compile(String text, String... arguments) throws Exception {
    Path source = Files.writeString(folder.resolve("source.c"), text);
    List<String> line =
        Stream.concat(Stream.of("cc", source.toString()), Stream.of(arguments)).toList();
    assertThat(new ProcessBuilder(line).inheritIO().start().waitFor()).isZero();
  }
}
