// SPDX-License-Identifier: Apache-2.0
package dev.vchan.stress;

import static java.nio.charset.StandardCharsets.US_ASCII;
import static java.nio.file.StandardCopyOption.ATOMIC_MOVE;
import static java.nio.file.StandardOpenOption.CREATE_NEW;
import static java.nio.file.StandardOpenOption.READ;
import static java.nio.file.StandardOpenOption.WRITE;

import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.Map;

/**
 * The directory in which processes meet, by its document (docs/local-transport.md) and without a
 * line of the module that implements it.
 *
 * @param root the directory
 * @param self the own domain
 * @param victim the domain under attack
 * @param locks the file of locks, open as long as anything is held
 */
record RawPlace(Path root, int self, int victim, FileChannel locks) {

  private static final long GRANT = 1L << 56;
  private static final long PORT = 2L << 56;
  private static final long PATH = 3L << 56;
  private static final int GRANTS_PER_FILE = 256;

  static RawPlace open(Path root, int self, int victim) throws IOException {
    return new RawPlace(root, self, victim, FileChannel.open(root.resolve("locks"), READ, WRITE));
  }

  private static String path(int server, int client, String port) {
    return "/local/domain/%d/data/vchan/%d/%s".formatted(server, client, port);
  }

  private Path node(String path) {
    return root.resolve("store" + path);
  }

  /** The file of the page that has this reference, among those that domain {@code owner} shares. */
  Path pages(int owner, int reference) {
    int first = reference - Math.floorMod(reference, GRANTS_PER_FILE);
    int client = owner == self ? victim : self;
    return root.resolve("gnt/%d/%d.%d".formatted(owner, first, client));
  }

  Path socket(int owner, int port) {
    return root.resolve("evtchn/%d/%d".formatted(owner, port));
  }

  /** What the victim advertises, by the names of its leaves; empty if nothing is there. */
  Map<String, String> advertised(String port) throws IOException {
    Map<String, String> leaves = new HashMap<>();
    Path keys = node(path(victim, self, port)).resolve(".keys");
    if (Files.exists(keys)) {
      for (String line : Files.readAllLines(keys, US_ASCII)) {
        leaves.put(line.substring(0, line.indexOf('=')), line.substring(line.indexOf('=') + 1));
      }
    }
    return leaves;
  }

  /** Says whatever {@code leaves} says, at the path where the victim looks for it. */
  void advertise(String port, String leaves) throws IOException {
    Path node = Files.createDirectories(node(path(self, victim, port)));
    Path next = node.resolve(".keys.new");
    Files.deleteIfExists(next);
    Files.writeString(
        next, ".server=%d\n.client=%d\n".formatted(self, victim) + leaves, CREATE_NEW);
    Files.move(next, node.resolve(".keys"), ATOMIC_MOVE);
  }

  void withdraw(String port) throws IOException {
    Files.deleteIfExists(node(path(self, victim, port)).resolve(".keys"));
  }

  FileLock lockPages(int reference) throws IOException {
    return lock(GRANT | (long) self << 32 | reference);
  }

  FileLock lockPort(int port) throws IOException {
    return lock(PORT | (long) self << 32 | port);
  }

  FileLock lockPath(String port) throws IOException {
    long hash = 0xcbf29ce484222325L;
    for (byte next : path(self, victim, port).getBytes(US_ASCII)) {
      hash = (hash ^ next) * 0x100000001b3L;
    }
    return lock(PATH | hash & (1L << 56) - 1);
  }

  private FileLock lock(long position) throws IOException {
    FileLock lock = locks.tryLock(position, 1, false);
    if (lock == null) {
      throw new IOException("byte " + position + " is taken");
    }
    return lock;
  }
}
