// SPDX-License-Identifier: Apache-2.0
package dev.vchan.local;

import static java.nio.file.LinkOption.NOFOLLOW_LINKS;

import dev.vchan.DomainId;
import dev.vchan.RendezvousPath;
import dev.vchan.SystemRefusedException;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.DirectoryIteratorException;
import java.nio.file.DirectoryStream;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.FileSystemException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.attribute.FileAttribute;
import java.nio.file.attribute.PosixFilePermission;
import java.nio.file.attribute.PosixFilePermissions;
import java.nio.file.attribute.UserPrincipal;
import java.util.List;
import java.util.Optional;
import java.util.Set;

/**
 * The directory in which the processes of one user meet: what must hold for it, and what is where
 * in it (docs/local-transport.md, "The directory").
 */
final class RootDirectory {

  /** One less than fits into {@code sun_path} with its NUL, so that no platform cuts a name. */
  private static final int MAX_SOCKET_PATH = 106;

  private static final String LONGEST_SOCKET = "/evtchn/32751/2147483647";
  private static final int OWNER_ONLY = 0700;

  /** Of a mode: the nine permissions, and above them set-user-id, set-group-id and sticky. */
  private static final int ALL_BITS = 07777;

  private static final String LOCKS = "locks";
  private static final List<String> PARTS = List.of("gnt", "evtchn", "store");

  private static final FileAttribute<Set<PosixFilePermission>> DIRECTORY_MODE =
      PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rwx------"));
  private static final FileAttribute<Set<PosixFilePermission>> FILE_MODE =
      PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rw-------"));

  /** How often a directory is made again that others remove because it is empty. */
  private static final int TRIES = 100;

  private final Path root;
  private final UserPrincipal owner;

  private RootDirectory(Path root, UserPrincipal owner) {
    this.root = root;
    this.owner = owner;
  }

  /** The root for whoever names none: memory if there is any, so that pages need no disk. */
  static Path byDefault() {
    String named = System.getenv("VCHAN_DIR");
    if (named != null && !named.isEmpty()) {
      return Path.of(named);
    }
    Path memory = Path.of("/dev/shm");
    Path parent =
        Files.isDirectory(memory) && Files.isWritable(memory)
            ? memory
            : Path.of(System.getProperty("java.io.tmpdir", "/tmp"));
    return parent.resolve("vchan-" + ownUid());
  }

  /** User id of this process, which Java tells only as the owner of something. */
  private static int ownUid() {
    try {
      Path self = Path.of("/proc/self");
      if (Files.exists(self)) {
        return (Integer) Files.getAttribute(self, "unix:uid");
      }
      Path fresh = Files.createTempFile("vchan-", ".uid");
      try {
        return (Integer) Files.getAttribute(fresh, "unix:uid");
      } finally {
        Files.delete(fresh);
      }
    } catch (IOException | UnsupportedOperationException | IllegalArgumentException e) {
      throw new IllegalStateException(
          "cannot tell the user id of this process, so name the directory in VCHAN_DIR", e);
    }
  }

  /**
   * Makes the directory if need be, and checks that nobody else can reach into it.
   *
   * @throws SystemRefusedException if it is not ours, not private, not a directory, in use for
   *     something else, cannot be written to, its parent is missing, or its name is too long
   */
  static RootDirectory open(Path given) throws IOException {
    Path root = given.toAbsolutePath();
    checkLength(root);
    try {
      // Not those above it: they are a typing error.
      Files.createDirectory(root, DIRECTORY_MODE);
    } catch (FileAlreadyExistsException e) {
      // Whether it is one that will do, the check below says.
    } catch (IOException | UnsupportedOperationException e) {
      Path parent = root.getParent();
      if (parent != null && !Files.exists(parent)) {
        throw new SystemRefusedException(
            root.toString(),
            parent + " does not exist",
            "make it, if VCHAN_DIR names what you mean");
      }
      throw Refusal.of(root, e, "choose a directory of your own in VCHAN_DIR");
    }
    check(root);
    RootDirectory opened = new RootDirectory(root, Files.getOwner(root, NOFOLLOW_LINKS));
    for (String part : PARTS) {
      opened.createDirectories(root.resolve(part));
    }
    return opened;
  }

  /**
   * The directory as it is, for whoever only looks.
   *
   * @return empty if there is none
   * @throws SystemRefusedException as {@link #open}
   */
  static Optional<RootDirectory> existing(Path given) throws IOException {
    Path root = given.toAbsolutePath();
    if (!Files.exists(root, NOFOLLOW_LINKS)) {
      return Optional.empty();
    }
    check(root);
    return Optional.of(new RootDirectory(root, Files.getOwner(root, NOFOLLOW_LINKS)));
  }

  private static void checkLength(Path root) throws SystemRefusedException {
    int length = (root + LONGEST_SOCKET).getBytes(StandardCharsets.UTF_8).length;
    if (length > MAX_SOCKET_PATH) {
      throw new SystemRefusedException(
          root.toString(),
          "too long for a directory of sockets: with their names "
              + length
              + " bytes, at most "
              + MAX_SOCKET_PATH,
          "name a shorter directory in VCHAN_DIR, or a short symbolic link to its parent");
    }
  }

  private static void check(Path root) throws IOException {
    if (!Files.isDirectory(root, NOFOLLOW_LINKS)) {
      throw new SystemRefusedException(
          root.toString(),
          Files.isSymbolicLink(root) ? "is a symbolic link" : "is not a directory",
          "remove it, or name another directory in VCHAN_DIR");
    }
    int uid = (Integer) Files.getAttribute(root, "unix:uid", NOFOLLOW_LINKS);
    int mode = (Integer) Files.getAttribute(root, "unix:mode", NOFOLLOW_LINKS) & ALL_BITS;
    int own = ownUid();
    if (uid != own) {
      throw new SystemRefusedException(
          root.toString(),
          "belongs to user " + uid + ", this process runs as user " + own,
          "name a directory of your own in VCHAN_DIR");
    }
    boolean forUs = holdsNothingElse(root);
    if ((mode & 0777) != OWNER_ONLY) {
      // A directory that others need, such as /tmp, must not be taken away from them.
      throw new SystemRefusedException(
          root.toString(),
          "has mode %04o, must be 0700".formatted(mode),
          forUs && mode <= 0777
              ? "chmod 700 " + root + ", after a look at what others may have put there"
              : "name a directory of your own in VCHAN_DIR");
    }
    if (!forUs) {
      throw new SystemRefusedException(
          root.toString(),
          "holds other things than vchans",
          "name an empty directory, or one that does not exist yet, in VCHAN_DIR");
    }
  }

  /** Whether it is one of ours, or empty, or just being made by another process. */
  private static boolean holdsNothingElse(Path root) throws IOException {
    if (Files.exists(root.resolve(LOCKS), NOFOLLOW_LINKS)) {
      return true;
    }
    try (DirectoryStream<Path> entries = Files.newDirectoryStream(root)) {
      for (Path entry : entries) {
        String name = String.valueOf(entry.getFileName());
        if (!name.equals(LOCKS) && !PARTS.contains(name)) {
          return false;
        }
      }
      return true;
    } catch (IOException | DirectoryIteratorException e) {
      throw Refusal.of(root, e, "choose a directory of your own in VCHAN_DIR");
    }
  }

  Path path() {
    return root;
  }

  /** Whoever may connect to our sockets, as the system names him. */
  UserPrincipal owner() {
    return owner;
  }

  /** The file whose bytes stand for what live processes hold. */
  Path locks() {
    return root.resolve(LOCKS);
  }

  /** The pages that {@code owner} has granted to {@code client}, from reference {@code first}. */
  Path pages(DomainId owner, int first, DomainId client) {
    return grants(owner).resolve(Integer.toUnsignedString(first) + "." + client);
  }

  /** Everything that {@code owner} has granted. */
  Path grants(DomainId owner) {
    return grants().resolve(owner.toString());
  }

  /** A directory for each domain that has granted anything. */
  Path grants() {
    return root.resolve("gnt");
  }

  /** Where an unbound port is listened on. */
  Path socket(DomainId owner, int port) {
    return root.resolve("evtchn").resolve(owner.toString()).resolve(Integer.toUnsignedString(port));
  }

  /** The directory that stands for a node of the store. */
  Path node(RendezvousPath path) {
    return store().resolve(path.value().substring(1));
  }

  Path store() {
    return root.resolve("store");
  }

  /** Makes a directory below the root, with those above it, if they are missing. */
  void createDirectories(Path directory) throws IOException {
    for (int tries = 0; ; tries++) {
      try {
        Files.createDirectories(directory, DIRECTORY_MODE);
        return;
      } catch (IOException e) {
        // Whoever closes removes directories that are empty, as one on the way was a moment ago.
        boolean removed =
            e instanceof NoSuchFileException || e instanceof FileAlreadyExistsException;
        if (!removed || tries == TRIES) {
          throw Refusal.of(directory, e, "make " + root + " writable, or choose another VCHAN_DIR");
        }
      }
    }
  }

  /** Makes an empty file that was not there, with the directories above it if need be. */
  void createFile(Path file) throws IOException {
    for (int tries = 0; ; tries++) {
      try {
        Files.createFile(file, FILE_MODE);
        return;
      } catch (FileAlreadyExistsException e) {
        throw e;
      } catch (IOException e) {
        // The directory is not there yet, or was removed in between. Anything else is told by who
        // makes it, or by the second try.
        if (tries == TRIES || (tries > 0 && !(e instanceof NoSuchFileException))) {
          throw e;
        }
      }
      createDirectories(file.resolveSibling(""));
    }
  }

  /** Removes the directories from here up to the store that nothing is in any more. */
  void prune(Path directory) {
    Path current = directory;
    while (current != null && current.startsWith(store()) && !current.equals(store())) {
      try {
        Files.delete(current);
      } catch (FileSystemException e) {
        // Others use it, or have removed it already.
        return;
      } catch (IOException e) {
        return;
      }
      current = current.getParent();
    }
  }
}
