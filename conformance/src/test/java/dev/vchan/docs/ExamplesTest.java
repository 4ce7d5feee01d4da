// SPDX-License-Identifier: Apache-2.0
package dev.vchan.docs;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.io.StringWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import javax.tools.JavaCompiler;
import javax.tools.ToolProvider;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * The programs in the documents compile, run, and print what the document says: the block behind
 * the program is its output.
 */
class ExamplesTest {

  private static final Pattern PROGRAM =
      Pattern.compile("(?ms)^```java\\n(.*?void main.*?)^```\\n.*?^```text\\n(.*?)^```");

  private static final long WATCHDOG_SECONDS = 60;

  @TempDir Path folder;

  @ParameterizedTest
  @ValueSource(strings = {"README.md", "vchan/src/main/java/dev/vchan/package-info.java"})
  void theProgramPrintsWhatTheDocumentSays(String document) throws Exception {
    Matcher program = PROGRAM.matcher(withoutCommentMarks(Repository.read(document)));
    assertThat(program.find()).describedAs("%s holds a program and its output", document).isTrue();
    assertThat(run(program.group(1))).isEqualTo(program.group(2));
  }

  private static String withoutCommentMarks(String text) {
    return text.replaceAll("(?m)^///( |$)", "");
  }

  private String run(String program) throws IOException, InterruptedException {
    Path source = Files.writeString(folder.resolve("Example.java"), program);
    compile(source);
    Path output = folder.resolve("output");
    Process process =
        new ProcessBuilder(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "--illegal-native-access=deny",
                "-cp",
                folder + ":" + System.getProperty("java.class.path"),
                "Example")
            .redirectErrorStream(true)
            .redirectOutput(output.toFile())
            .start();
    try {
      assertThat(process.waitFor(WATCHDOG_SECONDS, TimeUnit.SECONDS))
          .describedAs("ended; so far: %s", Files.readString(output))
          .isTrue();
    } finally {
      process.destroyForcibly();
    }
    String printed = Files.readString(output);
    assertThat(process.exitValue()).describedAs(printed).isZero();
    return printed;
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
