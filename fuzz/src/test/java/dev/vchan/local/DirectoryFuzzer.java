// SPDX-License-Identifier: Apache-2.0
package dev.vchan.local;

import static java.nio.charset.StandardCharsets.ISO_8859_1;
import static java.nio.charset.StandardCharsets.UTF_8;
import static java.nio.file.StandardOpenOption.CREATE_NEW;

import dev.vchan.Deadline;
import dev.vchan.DomainId;
import dev.vchan.PortName;
import dev.vchan.RendezvousPath;
import dev.vchan.SystemRefusedException;
import dev.vchan.Vchan;
import dev.vchan.VchanException;
import dev.vchan.VchanOptions;
import dev.vchan.fuzz.Input;
import dev.vchan.fuzz.Scratch;
import dev.vchan.spi.Advertisement;
import dev.vchan.spi.EventPort;
import dev.vchan.spi.GrantRef;
import dev.vchan.spi.Memory.Access;
import dev.vchan.spi.Memory.Mapping;
import dev.vchan.spi.Rendezvous.Registration;
import dev.vchan.spi.Rendezvous.Watch;
import dev.vchan.spi.StaleAdvertisementException;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.lang.foreign.ValueLayout;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.ServerSocketChannel;
import java.nio.file.FileSystemException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicReference;
import java.util.stream.Stream;

/**
 * A directory in which anything may lie, and sockets on which anything is said. Whoever opens it,
 * looks for a server there, serves, or is called, goes on or fails in a way that has a type, and
 * touches nothing outside.
 */
public final class DirectoryFuzzer {

  private static final DomainId SELF = new DomainId(1);
  private static final DomainId OTHER = DomainId.DOM0;
  private static final PortName PORT = new PortName("fuzz");
  private static final RendezvousPath SERVED_THERE = RendezvousPath.of(OTHER, SELF, PORT);
  private static final RendezvousPath SERVED_HERE = RendezvousPath.of(SELF, OTHER, PORT);
  private static final byte[] MINE = "mine".getBytes(UTF_8);
  private static final int MOST_ENTRIES = 12;
  private static final int MOST_CALLS = 8;

  /** What a thread of the backend has died of. */
  private static final AtomicReference<Throwable> MISTAKE = new AtomicReference<>();

  static {
    Thread.setDefaultUncaughtExceptionHandler(
        (_, mistake) -> {
          mistake.printStackTrace();
          MISTAKE.set(mistake);
        });
    try {
      // The JDK opens a socket for itself when the first one is closed.
      ServerSocketChannel.open(StandardProtocolFamily.UNIX).close();
    } catch (IOException e) {
      throw new ExceptionInInitializerError(e);
    }
  }

  private final Input input;
  private final Path folder;
  private final Path root;
  private final Path outside;

  private DirectoryFuzzer(Input input, Path folder) throws IOException {
    this.input = input;
    this.folder = folder;
    this.root = folder.resolve("r");
    this.outside = Files.write(folder.resolve("outside"), MINE);
  }

  /**
   * Plays one input.
   *
   * @param bytes the input
   * @throws Exception if anything happens that may not
   */
  public static void fuzzerTestOneInput(byte[] bytes) throws Exception {
    List<String> before = sockets();
    try (Scratch scratch = new Scratch()) {
      new DirectoryFuzzer(new Input(bytes), scratch.folder()).play();
    }
    Throwable mistake = MISTAKE.getAndSet(null);
    if (mistake != null) {
      throw new AssertionError("a thread of ours met what it may not meet", mistake);
    }
    List<String> left = sockets();
    left.removeAll(before);
    check(left.isEmpty(), "left open: " + left);
  }

  /** Whether a thread of the backend has died in this round. */
  static boolean mistakeWasMade() {
    return MISTAKE.get() != null;
  }

  static void check(boolean holds, String what) {
    if (!holds) {
      throw new AssertionError("not as it must be: " + what);
    }
  }

  /** The descriptors that a backend could leave open. */
  private static List<String> sockets() throws IOException {
    List<String> open = new ArrayList<>();
    try (Stream<Path> descriptors = Files.list(Path.of("/proc/self/fd"))) {
      for (Path descriptor : (Iterable<Path>) descriptors::iterator) {
        try {
          String name = Files.readSymbolicLink(descriptor).toString();
          if (name.startsWith("socket:") || name.contains("vchan-fuzz")) {
            open.add(name);
          }
        } catch (FileSystemException e) {
          // The descriptor of this listing, which is gone.
          continue;
        }
      }
    }
    return open;
  }

  private void play() throws Exception {
    if (input.choice(16) > 0) {
      Files.createDirectory(
          root,
          PosixFilePermissions.asFileAttribute(
              PosixFilePermissions.fromString(input.choice(16) > 0 ? "rwx------" : "rwxr-xr-x")));
      fill();
    }
    try (LocalBackend backend = LocalBackend.open(root, SELF)) {
      int calls = 1 + input.choice(MOST_CALLS);
      for (int i = 0; i < calls; i++) {
        call(backend);
      }
    } catch (SystemRefusedException e) {
      check(e.getMessage() != null, "a refusal without words");
    }
    try (Stream<Path> beside = Files.list(folder)) {
      check(beside.allMatch(file -> file.equals(root) || file.equals(outside)), "files outside");
    }
    byte[] there = Files.readAllBytes(outside);
    check(ByteBuffer.wrap(there).equals(ByteBuffer.wrap(MINE)), "a file outside was written");
  }

  private void fill() throws IOException {
    int entries = input.choice(MOST_ENTRIES);
    for (int i = 0; i < entries; i++) {
      Path place = root.resolve(place());
      try {
        Files.createDirectories(place.getParent());
        put(place);
      } catch (IOException e) {
        // Something else is in the way, or the name is none.
        continue;
      }
    }
  }

  private String place() {
    return switch (input.choice(8)) {
      case 0 -> "locks";
      case 1 -> "store" + SERVED_THERE + "/" + input.one(".keys", ".keys.new", "x");
      case 2 -> "store" + SERVED_HERE + "/" + input.one(".keys", ".keys.new", "x");
      case 3 -> "gnt/" + number() + "/" + number() + "." + number();
      case 4 -> "gnt/" + number() + "/" + number() + "." + number() + taken();
      case 5, 6 -> "evtchn/" + number() + "/" + number();
      default -> input.one("store", "gnt", "evtchn", "x", "store/.keys", "store/a b/.keys");
    };
  }

  /** What stands behind the name of a control page that has its client. */
  private String taken() {
    return input.one(SERVED_HERE.value(), SERVED_THERE.value(), "/", "/a//b", "").replace('/', '.');
  }

  private String number() {
    return input.one("0", "1", "256", "7", "32752", "40000", "4294967295", "4294967296", "-1", "x");
  }

  private void put(Path place) throws IOException {
    switch (input.choice(8)) {
      case 0 -> Files.createDirectory(place);
      case 1 -> Files.createSymbolicLink(place, outside);
      case 2 -> Files.createSymbolicLink(place, folder.resolve("fresh"));
      case 3 -> {
        // Bound and closed: a leftover.
        try (ServerSocketChannel socket = ServerSocketChannel.open(StandardProtocolFamily.UNIX)) {
          socket.bind(UnixDomainSocketAddress.of(place));
        }
      }
      case 4 -> Files.write(place, new byte[256 * input.u8()], CREATE_NEW);
      default -> Files.write(place, keys(), CREATE_NEW);
    }
  }

  private byte[] keys() {
    ByteArrayOutputStream keys = new ByteArrayOutputStream();
    int lines = input.choice(8);
    for (int i = 0; i < lines; i++) {
      String name =
          input.one(".server", ".client", "ring-ref", "event-channel", ".pid", "=", "other");
      keys.writeBytes((name + input.one("=", "=", "=", "")).getBytes(ISO_8859_1));
      keys.writeBytes(input.choice(4) > 0 ? number().getBytes(ISO_8859_1) : input.some());
      keys.writeBytes(input.one("\n", "\n", "\0\n", "").getBytes(ISO_8859_1));
    }
    return keys.toByteArray();
  }

  /** A call, which may fail as its contract says. */
  private void call(LocalBackend backend) throws Exception {
    try {
      switch (input.choice(10)) {
        case 0 -> look(backend);
        case 1 -> serve(backend);
        case 2 -> map(backend);
        case 3 -> backend.events().connect(OTHER, new EventPort(input.choice(300))).close();
        case 4 -> Vchan.connect(backend, OTHER, PORT, VchanOptions.DEFAULTS, atOnce()).close();
        case 5 -> Vchan.listen(backend, OTHER, PORT, VchanOptions.DEFAULTS, atOnce()).close();
        case 6, 7 -> new HostileSocket(input, root).answer(backend, OTHER);
        default -> new HostileSocket(input, root).call(backend, OTHER);
      }
    } catch (VchanException | StaleAdvertisementException e) {
      check(e.getMessage() != null, "a failure without words");
    }
  }

  private static Deadline atOnce() {
    return Deadline.after(Duration.ZERO);
  }

  private static void look(LocalBackend backend) throws IOException {
    try (Watch watch = backend.rendezvous().watch(SERVED_THERE, OTHER)) {
      Optional<Advertisement> found = watch.look();
      check(watch.look().equals(found), "nobody has changed it");
    }
  }

  private static void serve(LocalBackend backend) throws IOException {
    Advertisement advertisement = new Advertisement(new GrantRef(256), new EventPort(7));
    try (Registration registration = backend.rendezvous().register(SERVED_HERE, OTHER)) {
      registration.publish(advertisement);
      byte[] written = Keys.read(backend.root().resolve("store" + SERVED_HERE + "/.keys"));
      check(
          Keys.parse(written).flatMap(keys -> keys.advertisement(SELF, OTHER)).isPresent(),
          "what was published can be read");
    }
  }

  private void map(LocalBackend backend) throws IOException {
    int first = input.one(256, 256, 0, 7, -1);
    int pages = 1 + input.choice(3);
    List<GrantRef> grants = new ArrayList<>();
    for (int i = 0; i < pages; i++) {
      grants.add(new GrantRef(first + i));
    }
    try (Mapping mapped = backend.memory().map(OTHER, grants, Access.READ_ONLY, Optional.empty())) {
      check(mapped.segment().byteSize() == pages * 4096L, "size");
      // The last byte is there: a mapping that is longer than its file would fault.
      mapped.segment().get(ValueLayout.JAVA_BYTE, pages * 4096L - 1);
    }
  }
}
