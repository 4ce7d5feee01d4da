// SPDX-License-Identifier: Apache-2.0
package dev.vchan.docs;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.io.StringWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import javax.tools.JavaCompiler;
import javax.tools.ToolProvider;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * The programs in the documents compile, run, and print what the document says, and so do the
 * commands: the block behind them is their output.
 */
class ExamplesTest {

  private static final Pattern PROGRAM =
      Pattern.compile("(?ms)^```java\\n(.*?void main.*?)^```\\n.*?^```text\\n(.*?)^```");

  private static final Pattern SESSION =
      Pattern.compile("(?ms)^```sh\\n(.*?)^```\\n.*?^```text\\n(.*?)^```");

  private static final long WATCHDOG_SECONDS = 60;
  private static final String JAVA =
      Path.of(System.getProperty("java.home"), "bin", "java").toString();

  @TempDir Path folder;

  @ParameterizedTest
  @ValueSource(
      strings = {
        "README.md",
        "vchan-core/src/main/java/dev/vchan/package-info.java",
        "vchan-local/src/main/java/dev/vchan/local/package-info.java"
      })
  void theProgramPrintsWhatTheDocumentSays(String document) throws Exception {
    Matcher program = PROGRAM.matcher(withoutCommentMarks(Repository.read(document)));
    assertThat(program.find()).describedAs("%s holds a program and its output", document).isTrue();
    assertThat(run(program.group(1))).isEqualTo(program.group(2));
  }

  private static String withoutCommentMarks(String text) {
    return text.replaceAll("(?m)^///( |$)", "");
  }

  @Test
  void theCommandsPrintWhatTheDocumentSays() throws Exception {
    Matcher session = SESSION.matcher(Repository.read("README.md"));
    assertThat(session.find()).describedAs("README.md holds commands and their output").isTrue();
    Path command = folder.resolve("vchan");
    Files.writeString(
        command,
        """
        #!/bin/sh
        exec %s -XX:+UseSerialGC -XX:TieredStopAtLevel=1 -cp '%s' dev.vchan.cli.Main "$@"
        """
            .formatted(JAVA, System.getProperty("java.class.path")));
    Files.setPosixFilePermissions(command, PosixFilePermissions.fromString("rwx------"));
    ProcessBuilder shell = new ProcessBuilder("sh", "-eu", "-c", session.group(1));
    shell.environment().remove("VCHAN_DOMID");
    shell.environment().put("VCHAN_DIR", folder.resolve("meet").toString());
    shell.environment().merge("PATH", folder.toString(), (path, ours) -> ours + ":" + path);
    assertThat(outputOf(shell)).isEqualTo(session.group(2));
  }

  private String run(String program) throws IOException, InterruptedException {
    compile(Files.writeString(folder.resolve("Example.java"), program));
    String classes = folder + ":" + System.getProperty("java.class.path");
    ProcessBuilder java =
        new ProcessBuilder(JAVA, "--illegal-native-access=deny", "-cp", classes, "Example");
    java.environment().put("VCHAN_DIR", folder.resolve("meet").toString());
    return outputOf(java);
  }

  /** What a process prints on standard output; what it says besides is shown if it fails. */
  private String outputOf(ProcessBuilder command) throws IOException, InterruptedException {
    Path output = folder.resolve("output");
    Path rest = folder.resolve("rest");
    Process process =
        command
            .directory(Files.createDirectory(folder.resolve("here")).toFile())
            .redirectError(rest.toFile())
            .redirectOutput(output.toFile())
            .start();
    try {
      assertThat(process.waitFor(WATCHDOG_SECONDS, TimeUnit.SECONDS))
          .describedAs("ended; so far: %s %s", Files.readString(output), Files.readString(rest))
          .isTrue();
    } finally {
      process.descendants().forEach(ProcessHandle::destroyForcibly);
      process.destroyForcibly();
    }
    assertThat(process.exitValue()).describedAs(Files.readString(rest)).isZero();
    return Files.readString(output);
  }

  private void compile(Path source) {
    JavaCompiler compiler = ToolProvider.getSystemJavaCompiler();
    StringWriter messages = new StringWriter();
    boolean compiled =
        compiler
            .getTask(
                messages,
                null,
                null,
                List.of("-d", folder.toString(), "-cp", System.getProperty("java.class.path")),
                null,
                compiler
                    .getStandardFileManager(null, null, null)
                    .getJavaFileObjects(source.toFile()))
            .call();
    assertThat(compiled).describedAs(messages.toString()).isTrue();
  }
}
