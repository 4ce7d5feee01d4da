// SPDX-License-Identifier: Apache-2.0
package dev.vchan.local.contract;

import dev.vchan.DomainId;
import dev.vchan.local.LocalBackend;
import dev.vchan.testkit.LeakCheck;
import dev.vchan.testkit.contract.ChannelContract.Variant;
import dev.vchan.testkit.ends.DirectPlace;
import dev.vchan.testkit.ends.PeerProcess;
import dev.vchan.testkit.ends.Place;
import dev.vchan.testkit.ends.Role;
import dev.vchan.testkit.ends.Stage;
import dev.vchan.testkit.ends.Workers;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.StandardProtocolFamily;
import java.nio.channels.SocketChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;

/**
 * Stages on which the own domain is in this process and the peer's in another. A peer process is
 * kept from test to test, as long as it lives: each test proves that nothing is left in it.
 */
final class TwoProcesses {

  private static final Path ROOT = newRoot();
  private static final Map<Workers, PeerProcess> PEERS = new HashMap<>();

  private TwoProcesses() {}

  private static Path newRoot() {
    try {
      Path memory = Path.of("/dev/shm");
      Path parent =
          Files.isWritable(memory)
              ? Files.createTempDirectory(memory, "vt")
              : Files.createTempDirectory("vt");
      // What the JVM opens once and keeps is not to be taken for a leak.
      SocketChannel.open(StandardProtocolFamily.UNIX).close();
      Runtime.getRuntime().addShutdownHook(new Thread(() -> tidyUp(parent)));
      return parent.resolve("root");
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** The peers first: they need the directory. */
  private static void tidyUp(Path directory) {
    try {
      for (PeerProcess peer : PEERS.values()) {
        peer.kill();
      }
      try (Stream<Path> files = Files.walk(directory)) {
        for (Path file : (Iterable<Path>) files.sorted(Comparator.reverseOrder())::iterator) {
          Files.delete(file);
        }
      }
    } catch (IOException | InterruptedException e) {
      System.err.println("cannot remove " + directory + ": " + e);
    }
  }

  static List<Variant> variants() {
    return Arrays.stream(Role.values())
        .map(own -> new Variant(own, Workers.PLATFORM, true))
        .toList();
  }

  static Stage newStage(Workers workers) throws Exception {
    Place peer = peer(workers);
    LeakCheck leaks = new LeakCheck();
    LocalBackend own = LocalBackend.open(ROOT, Stage.OWN);
    return new Stage(
        new DirectPlace(own, workers, TwoProcesses::leftovers),
        peer,
        own,
        leaks::assertNothingLeft);
  }

  private static Place peer(Workers workers) throws Exception {
    PeerProcess peer = PEERS.get(workers);
    if (peer == null || peer.isLost()) {
      String root = ROOT.toString();
      int domain = Stage.PEER.value();
      peer =
          PeerProcess.start(workers, () -> LocalBackend.open(Path.of(root), new DomainId(domain)));
      PEERS.put(workers, peer);
    }
    return peer;
  }

  /** What both domains have left in the directory: pages, event channels, advertisements. */
  private static List<String> leftovers() {
    List<String> found = new ArrayList<>();
    try (Stream<Path> files = Files.walk(ROOT)) {
      files
          .filter(file -> !Files.isDirectory(file))
          .map(file -> ROOT.relativize(file).toString())
          .filter(name -> name.contains("/"))
          .forEach(name -> found.add("file " + name));
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    return found;
  }
}
