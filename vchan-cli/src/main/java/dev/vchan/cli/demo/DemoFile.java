// SPDX-License-Identifier: Apache-2.0
package dev.vchan.cli.demo;

import dev.vchan.cli.transfer.Figures;
import dev.vchan.cli.transfer.Sha256;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Arrays;
import java.util.Comparator;
import java.util.HexFormat;
import java.util.List;
import java.util.SplittableRandom;
import java.util.stream.Stream;

/** The file that travels in the demo. */
public final class DemoFile {

  private static final int CHUNK_BYTES = 1 << 20;

  private final Path path;
  private final long size;
  private final String origin;
  private byte[] sum = {};

  private DemoFile(Path path, long size, String origin) {
    this.path = path;
    this.size = size;
    this.origin = origin;
  }

  /**
   * Takes a file that exists; it is only read.
   *
   * @param path an existing file
   * @return the file
   * @throws IOException if it cannot be read
   */
  public static DemoFile of(Path path) throws IOException {
    return new DemoFile(path, Files.size(path), path.toString());
  }

  /**
   * Makes a file of random bytes.
   *
   * @param directory where
   * @param size bytes
   * @return the file
   * @throws IOException if it cannot be written
   */
  public static DemoFile make(Path directory, long size) throws IOException {
    Path path = directory.resolve("random");
    SplittableRandom random = new SplittableRandom();
    byte[] chunk = new byte[CHUNK_BYTES];
    try (FileChannel file =
        FileChannel.open(path, StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE)) {
      for (long left = size; left > 0; left -= chunk.length) {
        random.nextBytes(chunk);
        file.write(ByteBuffer.wrap(chunk, 0, (int) Math.min(left, chunk.length)));
      }
    }
    return new DemoFile(path, size, "random bytes");
  }

  /**
   * Where it is.
   *
   * @return its path
   */
  public Path path() {
    return path;
  }

  /**
   * Prints what it is.
   *
   * @param out where to
   */
  public void describe(PrintStream out) {
    out.printf("  %-22s %s, %s%n", "file", origin, Figures.bytes(size));
  }

  /**
   * Measures and prints what a transfer has to do besides moving bytes from process to process.
   *
   * @param out where to
   * @param directory where to write a copy
   * @throws IOException if that fails
   */
  public void measureAlone(PrintStream out, Path directory) throws IOException {
    long began = System.nanoTime();
    sum = Sha256.of(path);
    line(out, "SHA-256 alone", System.nanoTime() - began);
    began = System.nanoTime();
    Path copy = directory.resolve("copy");
    Files.copy(path, copy);
    try (FileChannel file = FileChannel.open(copy, StandardOpenOption.WRITE)) {
      file.force(true);
    }
    line(out, "disk alone", System.nanoTime() - began);
    Files.delete(copy);
  }

  /**
   * Prints how long the transfer took.
   *
   * @param out where to
   * @param nanos from the start of both processes to their end
   */
  public void sent(PrintStream out, long nanos) {
    line(out, "sent, two JVM starts", nanos);
  }

  private void line(PrintStream out, String what, long nanos) {
    out.printf("  %-22s %14s %14s%n", what, Figures.seconds(nanos), Figures.rate(size, nanos));
  }

  /**
   * Hashes what arrived, and prints both sums.
   *
   * @param out where to
   * @param arrived the file that was received
   * @return whether the sums are equal
   * @throws IOException if it cannot be read
   */
  public boolean compare(PrintStream out, Path arrived) throws IOException {
    byte[] there = Sha256.of(arrived);
    boolean equal = Arrays.equals(sum, there) && Files.size(arrived) == size;
    out.printf("  %-22s %s%n", "SHA-256 of the source", HexFormat.of().formatHex(sum));
    out.printf("  %-22s %s%n", "of what arrived", HexFormat.of().formatHex(there));
    out.printf("  %s%n", equal ? "equal" : "DIFFERENT: the file was damaged on its way");
    return equal;
  }

  /**
   * Removes a directory and what is in it.
   *
   * @param directory which; need not exist
   * @throws IOException if something stays
   */
  public static void deleteAll(Path directory) throws IOException {
    if (!Files.exists(directory)) {
      return;
    }
    List<Path> all;
    try (Stream<Path> walk = Files.walk(directory)) {
      all = walk.sorted(Comparator.reverseOrder()).toList();
    }
    for (Path path : all) {
      Files.deleteIfExists(path);
    }
  }
}
