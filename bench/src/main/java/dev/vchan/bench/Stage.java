// SPDX-License-Identifier: Apache-2.0
package dev.vchan.bench;

import dev.vchan.bench.work.Side;
import dev.vchan.bench.work.Worker;
import java.io.IOException;
import java.nio.file.FileVisitResult;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.SimpleFileVisitor;
import java.nio.file.attribute.BasicFileAttributes;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** The processes of all contestants, and the folder in which they meet. */
final class Stage implements AutoCloseable {

  /** The same for every contestant in Java: what they need to warm up is the same too. */
  private static final List<String> JVM =
      List.of(
          "-XX:+UseSerialGC",
          "-Xms128m",
          "-Xmx128m",
          // What a process has besides does not depend on how much of the heap was touched.
          "-XX:+AlwaysPreTouch",
          // A collection else leaves up to 5 % of garbage where it is, megabytes.
          "-XX:MarkSweepDeadRatio=0",
          "-XX:NativeMemoryTracking=summary",
          "-XX:MaxDirectMemorySize=256m",
          "-XX:-UsePerfData",
          "--enable-native-access=ALL-UNNAMED",
          "--sun-misc-unsafe-memory-access=allow",
          "--add-opens=java.base/jdk.internal.misc=ALL-UNNAMED");

  /** Opening more than these takes longer than an answer may. */
  private static final int MOST_OPENED = 1_000;

  private final Programs programs;
  private final Path folder;

  /** For a run that is interrupted. */
  private final Thread remover = new Thread(this::removeFolder);

  private final Map<Rival, Pair> pairs = new EnumMap<>(Rival.class);
  private int meetings;

  /** Makes the folder, in memory where that can be had. */
  Stage(Programs programs) throws IOException {
    this.programs = programs;
    Path memory = Path.of("/dev/shm");
    Path parent = Files.isWritable(memory) ? memory : Path.of(System.getProperty("java.io.tmpdir"));
    this.folder = Files.createTempDirectory(parent, "vchan-bench-");
    Files.createDirectory(
        folder.resolve("vchan"),
        PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rwx------")));
    Runtime.getRuntime().addShutdownHook(remover);
  }

  /** The beginning of names of files that nobody else has. */
  Path meeting() {
    return folder.resolve("m" + meetings++);
  }

  /** Opens channels beside those that are open already. */
  void open(Pair pair, int ring, int count) throws IOException, InterruptedException {
    for (int left = count; left > 0; left -= MOST_OPENED) {
      pair.tell("open " + meeting() + " " + ring + " " + Math.min(left, MOST_OPENED));
    }
  }

  /** Where whatever belongs to this run may be. */
  Path folder() {
    return folder;
  }

  /** The processes of a contestant, started when they are first needed. */
  Pair pair(Rival rival) throws IOException {
    Pair pair = pairs.get(rival);
    if (pair == null) {
      List<WorkerProcess> processes = new ArrayList<>();
      switch (rival.shape()) {
        case PAIR -> {
          processes.add(start(rival, Side.A, Side.A.word()));
          processes.add(start(rival, Side.B, Side.B.word()));
        }
        case INSIDE -> processes.add(start(rival, Side.A, "both"));
        case ALONE -> processes.add(start(rival, Side.A, Side.A.word()));
      }
      pair = new Pair(rival, processes);
      pairs.put(rival, pair);
    }
    return pair;
  }

  /** After a failure: the next measurement starts new processes. */
  void end(Rival rival) {
    Pair pair = pairs.remove(rival);
    if (pair != null) {
      pair.kill();
    }
  }

  private WorkerProcess start(Rival rival, Side side, String sides) throws IOException {
    List<String> command = new ArrayList<>();
    switch (rival.program()) {
      case JAVA -> {
        command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
        command.addAll(JVM);
        command.addAll(
            List.of("-cp", System.getProperty("java.class.path"), Worker.class.getName()));
      }
      case SYSTEM -> command.add(programs.path("contest-system").toString());
      case XEN -> command.add(programs.path("contest-vchan").toString());
    }
    command.addAll(List.of(rival.word(), sides));
    ProcessBuilder builder = new ProcessBuilder(command);
    environment(builder.environment(), side == Side.A ? 1 : 2);
    if (rival.program() == Rival.Program.XEN) {
      builder.environment().put("LD_PRELOAD", preloaded());
    }
    return new WorkerProcess(builder);
  }

  private String preloaded() {
    return programs.path("libvchan-probe.so") + ":" + programs.path("libvchan-xenshim.so");
  }

  /** Where processes that speak the local transport meet, and who one of them is. */
  void environment(Map<String, String> environment, int domain) {
    environment.put("VCHAN_DIR", folder.resolve("vchan").toString());
    environment.put("VCHAN_DOMID", "" + domain);
  }

  @Override
  public void close() {
    pairs.values().forEach(Pair::close);
    removeFolder();
    Runtime.getRuntime().removeShutdownHook(remover);
  }

  private void removeFolder() {
    try {
      Files.walkFileTree(folder, new Remover());
    } catch (IOException e) {
      // A process that is just ending may still make or remove something there.
      System.err.println("vchan bench: " + folder + " is left: " + e);
    }
  }

  private static final class Remover extends SimpleFileVisitor<Path> {

    @Override
    public FileVisitResult visitFile(Path file, BasicFileAttributes attributes) throws IOException {
      Files.deleteIfExists(file);
      return FileVisitResult.CONTINUE;
    }

    @Override
    public FileVisitResult visitFileFailed(Path file, IOException failure) {
      return FileVisitResult.CONTINUE;
    }

    @Override
    public FileVisitResult postVisitDirectory(Path directory, @Nullable IOException failure)
        throws IOException {
      Files.deleteIfExists(directory);
      return FileVisitResult.CONTINUE;
    }
  }
}
