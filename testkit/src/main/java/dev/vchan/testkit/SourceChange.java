// SPDX-License-Identifier: Apache-2.0
package dev.vchan.testkit;

import java.io.IOException;
import java.io.StringWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import javax.tools.JavaCompiler;
import javax.tools.StandardJavaFileManager;
import javax.tools.ToolProvider;

/**
 * A production source with a snippet replaced, to see whether a test notices. The production code
 * has no hook for it: its source is read, changed and compiled into a folder.
 *
 * @param file the source, from the folder of the build
 * @param snippet what must be in it exactly once
 * @param replacement what is there instead
 */
public record SourceChange(String file, String snippet, String replacement) {

  /**
   * Makes the changed classes.
   *
   * @param changes one or more, also of several files
   * @param folder where to put the classes
   * @throws IllegalStateException if a source does not contain its snippet exactly once, or what
   *     comes out does not compile: whoever made the change has to follow the source then
   * @throws IOException if a file cannot be read or written
   */
  public static void compile(List<SourceChange> changes, Path folder) throws IOException {
    Map<String, String> texts = new LinkedHashMap<>();
    for (SourceChange change : changes) {
      String text = texts.get(change.file);
      if (text == null) {
        text = Files.readString(root().resolve(change.file));
      }
      texts.put(change.file, change.applyTo(text));
    }
    // The name of a file must be that of its class.
    Path sources = Files.createDirectories(folder.resolve("changed-source"));
    List<Path> files = new ArrayList<>();
    for (Map.Entry<String, String> changed : texts.entrySet()) {
      Path name = Path.of(changed.getKey()).getFileName();
      files.add(Files.writeString(sources.resolve(name), changed.getValue()));
    }
    compileFiles(files, folder);
  }

  private String applyTo(String text) {
    int place = text.indexOf(snippet);
    if (place < 0 || text.indexOf(snippet, place + 1) >= 0) {
      throw new IllegalStateException(file + " must contain this exactly once:\n" + snippet);
    }
    return text.replace(snippet, replacement);
  }

  private static void compileFiles(List<Path> sources, Path folder) throws IOException {
    JavaCompiler compiler = ToolProvider.getSystemJavaCompiler();
    if (compiler == null) {
      throw new IllegalStateException("no compiler: the tests need a JDK, not only a JRE");
    }
    List<String> options = new ArrayList<>(List.of("-d", folder.toString(), "-proc:none"));
    options.addAll(List.of("-cp", System.getProperty("java.class.path", "")));
    StringWriter output = new StringWriter();
    try (StandardJavaFileManager files = compiler.getStandardFileManager(null, null, null)) {
      var units = files.getJavaFileObjectsFromPaths(sources);
      if (!compiler.getTask(output, files, null, options, null, units).call()) {
        throw new IllegalStateException(sources + " does not compile:\n" + output);
      }
    }
  }

  /** The folder of the build, in or under which every test runs. */
  private static Path root() {
    Path start = Path.of("").toAbsolutePath();
    for (Path folder = start; folder != null; folder = folder.getParent()) {
      if (Files.isDirectory(folder.resolve(".mvn"))) {
        return folder;
      }
    }
    throw new IllegalStateException("no folder above " + start + " contains .mvn");
  }
}
