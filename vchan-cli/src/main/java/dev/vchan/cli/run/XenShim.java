// SPDX-License-Identifier: Apache-2.0
package dev.vchan.cli.run;

import static java.nio.file.LinkOption.NOFOLLOW_LINKS;

import dev.vchan.SystemRefusedException;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.stream.Stream;

/**
 * The library that stands in for Xen's, to be loaded into programs that were written for those. Its
 * C sources are among our resources; they are compiled at first use and kept.
 */
public final class XenShim {

  /** By which the loader is told of it. */
  public static final String PRELOAD = "LD_PRELOAD";

  private static final String FOLDER = "xenshim/";
  private static final String LIBRARY = "libvchan-xenshim";

  private static final List<String> OPTIONS =
      List.of(
          "-std=c11",
          "-D_DEFAULT_SOURCE",
          "-O2",
          "-fPIC",
          "-shared",
          "-fvisibility=hidden",
          "-pthread");

  /** Of the hash: enough that no two builds will ever meet. */
  private static final int KEY_BYTES = 12;

  private XenShim() {}

  /**
   * The library, compiled if that was not done before.
   *
   * @return the file
   * @throws SystemRefusedException if there is no compiler, it fails, or there is no place to keep
   *     what it makes
   * @throws IOException if the system fails otherwise
   */
  public static Path library() throws IOException {
    if (!System.getProperty("os.name", "").equals("Linux")) {
      throw new SystemRefusedException(
          "vchan run",
          "what stands in for Xen's libraries is made for Linux, this is "
              + System.getProperty("os.name"),
          "run it in a virtual machine or container with Linux");
    }
    Compiler compiler =
        Compiler.find()
            .orElseThrow(
                () ->
                    new SystemRefusedException(
                        "C compiler",
                        "none found; a small library is compiled when it is first used",
                        "get one: " + Compiler.REMEDY));
    SortedMap<String, byte[]> sources = sources();
    String name = LIBRARY + "-" + key(sources, compiler) + ".so";
    List<Path> candidates = CacheDirectory.candidates();
    for (Path directory : candidates) {
      Path library = directory.resolve(name);
      if (isGood(library)) {
        return library;
      }
    }
    return compile(sources, compiler, candidates, name);
  }

  private static boolean isGood(Path library) throws IOException {
    return Files.isRegularFile(library, NOFOLLOW_LINKS) && CacheDirectory.isOurs(library);
  }

  /** Some directories are on file systems from which nothing may be loaded. */
  private static Path compile(
      SortedMap<String, byte[]> sources, Compiler compiler, List<Path> directories, String name)
      throws IOException {
    String complaint = "";
    for (Path directory : directories) {
      Path library = directory.resolve(name);
      compile(sources, compiler, library);
      Tool.Outcome outcome =
          Tool.run(Map.of(PRELOAD, library.toString()), List.of("/bin/sh", "-c", ":"));
      if (outcome.exitCode() == 0 && outcome.said().isEmpty()) {
        return library;
      }
      complaint = outcome.said().strip();
      Files.deleteIfExists(library);
    }
    throw new SystemRefusedException(
        directories.toString(),
        "programs cannot load a library from there: " + complaint,
        "name a directory on a file system without 'noexec' in XDG_CACHE_HOME");
  }

  /** Compiles beside the place and moves it there at once: others may be doing the same. */
  private static void compile(SortedMap<String, byte[]> sources, Compiler compiler, Path library)
      throws IOException {
    Path work = Files.createTempDirectory(library.resolveSibling(""), "build-");
    try {
      Path made = work.resolve("made.so");
      List<String> line = new ArrayList<>(OPTIONS);
      line.add("-o");
      line.add(made.toString());
      for (Map.Entry<String, byte[]> source : sources.entrySet()) {
        Path file = Files.write(work.resolve(source.getKey()), source.getValue());
        if (source.getKey().endsWith(".c")) {
          line.add(file.toString());
        }
      }
      compiler.compile(line);
      Files.move(made, library, StandardCopyOption.ATOMIC_MOVE);
    } finally {
      deleteFolder(work);
    }
  }

  private static void deleteFolder(Path folder) throws IOException {
    try (Stream<Path> files = Files.list(folder)) {
      for (Path file : (Iterable<Path>) files::iterator) {
        Files.delete(file);
      }
    }
    Files.delete(folder);
  }

  private static SortedMap<String, byte[]> sources() throws IOException {
    SortedMap<String, byte[]> sources = new TreeMap<>();
    for (String name : new String(read("sources"), StandardCharsets.UTF_8).lines().toList()) {
      sources.put(name, read(name));
    }
    return sources;
  }

  private static byte[] read(String name) throws IOException {
    try (InputStream in = XenShim.class.getResourceAsStream(FOLDER + name)) {
      if (in == null) {
        throw new IOException("this build lacks the resource " + FOLDER + name);
      }
      return in.readAllBytes();
    }
  }

  /** Whatever changes the result, changes the name. */
  private static String key(SortedMap<String, byte[]> sources, Compiler compiler)
      throws IOException {
    try {
      MessageDigest digest = MessageDigest.getInstance("SHA-256");
      update(digest, System.getProperty("os.arch", ""));
      update(digest, compiler.command() + compiler.version() + OPTIONS);
      sources.forEach(
          (name, text) -> {
            update(digest, name + " " + text.length);
            digest.update(text);
          });
      return HexFormat.of().formatHex(digest.digest(), 0, KEY_BYTES);
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException(e);
    }
  }

  private static void update(MessageDigest digest, String text) {
    digest.update((text + "\n").getBytes(StandardCharsets.UTF_8));
  }
}
