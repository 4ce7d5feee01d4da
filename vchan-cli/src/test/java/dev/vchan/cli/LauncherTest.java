// SPDX-License-Identifier: Apache-2.0
package dev.vchan.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.InstanceOfAssertFactories.STRING;

import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.channels.ServerSocketChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The launcher, in a copy of the source tree's shape, with a Maven and a JDK of paper. */
class LauncherTest {

  @TempDir private Path folder;
  private Path root;
  private Path builds;

  @BeforeEach
  void copyLauncher() throws IOException {
    Path sources = Path.of("").toAbsolutePath().getParent();
    root = folder.resolve("a clone");
    builds = folder.resolve("builds");
    Files.createDirectories(root.resolve("build"));
    Files.createDirectories(root.resolve("vchan-cli/src/main"));
    Files.copy(sources.resolve("vchan"), root.resolve("vchan"));
    Files.copy(sources.resolve("build/find-jdk"), root.resolve("build/find-jdk"));
    Files.writeString(root.resolve("pom.xml"), "");
    script(
        "bin/mvn",
        """
        echo build >> '%s'
        echo '[INFO] --- maven-compiler-plugin:1:compile (default-compile) @ vchan-core ---'
        echo '[ERROR] what went wrong'
        for module in vchan-cli bench; do
          mkdir -p $module/target/libraries
          touch $module/target/libraries/$module.jar $module/target/libraries/other.jar
        done
        exit ${MAVEN_EXIT:-0}
        """
            .formatted(builds));
    script("jdk/bin/java", "for word; do echo \"$word\"; done\n");
    script("jdk/bin/javac", "");
    Files.writeString(folder.resolve("jdk/release"), "JAVA_VERSION=\"25.0.3\"\n");
  }

  private void script(String name, String text) throws IOException {
    Path file = folder.resolve(name);
    Files.createDirectories(file.getParent());
    Files.writeString(file, "#!/bin/sh\n" + text);
    Files.setPosixFilePermissions(file, PosixFilePermissions.fromString("rwxr-xr-x"));
  }

  private record Result(int exit, List<String> output, List<String> error) {}

  private Process start(Path command, int number, Map<String, String> more, String... arguments)
      throws IOException {
    List<String> line = new ArrayList<>(List.of(command.toString()));
    line.addAll(List.of(arguments));
    return start(line, number, more);
  }

  private Process start(List<String> line, int number, Map<String, String> more)
      throws IOException {
    ProcessBuilder builder =
        new ProcessBuilder(line)
            .directory(folder.toFile())
            .redirectOutput(folder.resolve("output-" + number).toFile())
            .redirectError(folder.resolve("error-" + number).toFile());
    builder
        .environment()
        .merge("PATH", folder.resolve("bin").toString(), (old, ours) -> ours + ":" + old);
    builder.environment().put("VCHAN_JDK_SEARCH", folder.resolve("jdk").toString());
    builder.environment().putAll(more);
    return builder.start();
  }

  private Result finish(Process process, int number) throws Exception {
    assertThat(process.waitFor(60, TimeUnit.SECONDS)).isTrue();
    return new Result(
        process.exitValue(),
        Files.readAllLines(folder.resolve("output-" + number)),
        Files.readAllLines(folder.resolve("error-" + number)));
  }

  private Result run(Map<String, String> more, String... arguments) throws Exception {
    return finish(start(root.resolve("vchan"), 0, more, arguments), 0);
  }

  private long builds() throws IOException {
    return Files.exists(builds) ? Files.readAllLines(builds).size() : 0;
  }

  @Test
  void buildsOnceAndThenOnlyWhenASourceIsNewer() throws Exception {
    Result first = run(Map.of(), "listen", "two words");
    assertThat(first.exit()).isZero();
    assertThat(first.output()).endsWith("dev.vchan.cli/dev.vchan.cli.Main", "listen", "two words");
    assertThat(first.error()).hasSize(1).first().asString().contains("building");
    assertThat(run(Map.of()).error()).isEmpty();
    assertThat(builds()).isEqualTo(1);
    Path source = Files.writeString(root.resolve("vchan-cli/src/main/New.java"), "");
    assertThat(run(Map.of()).exit()).isZero();
    assertThat(builds()).isEqualTo(2);
    Files.delete(source);
    assertThat(run(Map.of()).exit()).isZero();
    assertThat(builds()).isEqualTo(3);
  }

  @Test
  void startedTwiceAtOnceItBuildsOnce() throws Exception {
    Process one = start(root.resolve("vchan"), 1, Map.of(), "a");
    Process two = start(root.resolve("vchan"), 2, Map.of(), "b");
    assertThat(finish(one, 1).output()).endsWith("a");
    assertThat(finish(two, 2).output()).endsWith("b");
    assertThat(builds()).isEqualTo(1);
  }

  @Test
  void worksThroughLinks() throws Exception {
    Files.createSymbolicLink(root.resolve("again"), Path.of("vchan"));
    Path link = Files.createSymbolicLink(folder.resolve("link"), root.resolve("again"));
    assertThat(finish(start(link, 1, Map.of(), "a"), 1).output()).endsWith("a");
  }

  @Test
  void theDemoShowsTheSteps() throws Exception {
    Result demo = run(Map.of(), "demo");
    assertThat(demo.error()).hasSize(2).last().isEqualTo("vchan: building: vchan-core");
    assertThat(demo.output()).last().isEqualTo("demo");
  }

  @Test
  void theBenchmarkIsBuiltAndStartedFromItsOwnModule() throws Exception {
    Files.createDirectories(root.resolve("bench/src/main"));
    Result bench = run(Map.of(), "bench", "--quick");
    assertThat(bench.output())
        .contains(root.toRealPath().resolve("bench/target/dist") + "/*")
        .endsWith("dev.vchan.bench.Main", "--quick");
    assertThat(run(Map.of(), "bench").error()).isEmpty();
    assertThat(builds()).isEqualTo(1);
    assertThat(run(Map.of(), "listen", "x").output()).contains("dev.vchan.cli/dev.vchan.cli.Main");
    assertThat(builds()).isEqualTo(2);
    Files.writeString(root.resolve("bench/src/main/New.java"), "");
    assertThat(run(Map.of(), "listen", "x").error()).isEmpty();
    assertThat(run(Map.of(), "bench").exit()).isZero();
    assertThat(builds()).isEqualTo(3);
  }

  /** What Java would have written for the launcher. */
  private void planIs(String text) throws IOException {
    script(
        "jdk/bin/java",
        """
        for word; do case $word in -Dvchan.plan=*) cat >"${word#*=}" <<'END' ;; esac; done
        %s
        END
        exit ${JAVA_EXIT:-0}
        """
            .formatted(text));
  }

  @Test
  void becomesTheProgramThatIsToBeRun() throws Exception {
    planIs("drop=4\nexport GREETING='a word'");
    String program = "echo \"$GREETING $1 $$\"; kill -TERM $$";
    Process run =
        start(
            root.resolve("vchan"),
            0,
            Map.of(),
            "--domid",
            "1",
            "run",
            "--",
            "sh",
            "-c",
            program,
            "sh",
            "two words");
    Result ended = finish(run, 0);
    assertThat(ended.output()).containsExactly("a word two words " + run.pid());
    assertThat(ended.exit()).isEqualTo(128 + 15);
  }

  @Test
  void runsNothingIfThePreparationFailsOrIsHelp() throws Exception {
    planIs("drop=1\nexport GREETING='a word'");
    Result failed = run(Map.of("JAVA_EXIT", "7"), "run", "echo", "never");
    assertThat(failed.exit()).isEqualTo(7);
    assertThat(failed.output()).isEmpty();
    script("jdk/bin/java", "echo help\n");
    Result help = run(Map.of(), "run", "--help");
    assertThat(help.exit()).isZero();
    assertThat(help.output()).containsExactly("help");
  }

  @Test
  void aPortMayBeCalledRun() throws Exception {
    Result listen = run(Map.of(), "listen", "run");
    assertThat(listen.output()).endsWith("dev.vchan.cli/dev.vchan.cli.Main", "listen", "run");
    assertThat(listen.output()).noneMatch(word -> word.startsWith("-Dvchan.plan"));
  }

  @Test
  void aFailedBuildIsShownAndTriedAgain() throws Exception {
    Result failed = run(Map.of("MAVEN_EXIT", "1"));
    assertThat(failed.exit()).isEqualTo(1);
    assertThat(failed.output()).isEmpty();
    assertThat(failed.error())
        .contains("[ERROR] what went wrong")
        .last()
        .asString()
        .contains("log");
    assertThat(run(Map.of()).exit()).isZero();
  }

  @Test
  void withoutAJdkItSaysSoInOneLine() throws Exception {
    Result none = run(Map.of("VCHAN_JDK_SEARCH", ""));
    assertThat(none.exit()).isEqualTo(1);
    assertThat(none.error()).hasSize(1).first().asString().contains("JDK 25", "https://");
    assertThat(none.output()).isEmpty();
  }

  @Test
  void withoutMavenItSaysSoInOneLine() throws Exception {
    // A machine with everything but Maven.
    Path tools = Files.createDirectory(folder.resolve("tools"));
    for (String tool : List.of("readlink", "dirname", "find", "head", "grep", "mkdir")) {
      script("tools/" + tool, "PATH=/usr/bin:/bin\n" + tool + " \"$@\"\n");
    }
    Result none = run(Map.of("PATH", tools.toString()));
    assertThat(none.exit()).isEqualTo(1);
    assertThat(none.error()).hasSize(1).first().asString().contains("Maven", "apt install maven");
    assertThat(Files.exists(builds)).isFalse();
  }

  @Test
  void aSocketThatForwardIsToldBecomesItsStandardInput() throws Exception {
    script(
        "jdk/bin/java",
        """
        readlink /proc/self/fd/0
        test -e /proc/self/fd/3 && echo open
        for word; do echo "$word"; done
        """);
    try (ServerSocketChannel server = ServerSocketChannel.open()) {
      server.bind(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0));
      int port = ((InetSocketAddress) server.getLocalAddress()).getPort();
      String connected = "exec 3<>/dev/tcp/127.0.0.1/" + port + "; exec \"$0\" \"$@\"";
      for (String operand : List.of("3", "fd:3")) {
        Process told = bash(connected, "forward", operand);
        assertThat(finish(told, 5).output()).element(0, STRING).startsWith("socket:");
        assertThat(finish(told, 5).output()).contains("-Dvchan.inherited=3").doesNotContain("open");
      }
      // Not a socket, and not for it: the name of a port may be a number.
      Process file = bash("exec 3</dev/null; exec \"$0\" \"$@\"", "forward", "3");
      assertThat(finish(file, 5).output()).contains("-Dvchan.inherited=0", "open");
      Process other = bash(connected, "connect", "3");
      assertThat(finish(other, 5).output()).contains("-Dvchan.inherited=0", "open");
    }
  }

  private Process bash(String line, String... arguments) throws IOException {
    List<String> command =
        new ArrayList<>(List.of("bash", "-c", line, root.resolve("vchan").toString()));
    command.addAll(List.of(arguments));
    return start(command, 5, Map.of());
  }

  @Test
  void aClosedOutputIsNotWrittenInto() throws Exception {
    Process shell =
        new ProcessBuilder("sh", "-c", "'" + root.resolve("vchan") + "' listen >&-")
            .redirectError(folder.resolve("error").toFile())
            .start();
    assertThat(shell.waitFor(60, TimeUnit.SECONDS)).isTrue();
    assertThat(shell.exitValue()).isEqualTo(1);
    assertThat(folder.resolve("error")).hasContent("vchan: standard output is closed");
  }
}
