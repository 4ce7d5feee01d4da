// SPDX-License-Identifier: Apache-2.0
package dev.vchan.cli.transfer;

import static dev.vchan.cli.transfer.TransferFuzzer.check;
import static java.nio.charset.StandardCharsets.UTF_8;
import static java.nio.file.LinkOption.NOFOLLOW_LINKS;

import dev.vchan.fuzz.Input;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Stream;

/** Where a receiver puts files, with something beside it that is none of the sender's business. */
final class Target {

  private static final String PARTIAL = ".vchan-part";
  private static final byte[] MINE = "mine".getBytes(UTF_8);

  private final Path folder;
  private final Path target;
  private final Path outside;
  private final Receiver.Rules rules;

  Target(Path folder, Input input) throws IOException {
    this.folder = folder;
    this.target = Files.createDirectory(folder.resolve("target"));
    this.outside = Files.write(folder.resolve("outside"), MINE);
    Files.write(target.resolve("taken"), MINE);
    Files.createSymbolicLink(target.resolve("link" + PARTIAL), outside);
    Files.write(target.resolve("old" + PARTIAL), MINE);
    boolean overwrite = input.choice(2) == 0;
    boolean hidden = input.choice(2) == 0;
    this.rules = new Receiver.Rules(target, overwrite, hidden, input.one(1 << 20, 100));
  }

  Receiver.Rules rules() {
    return rules;
  }

  /** What has a name was sent under it, whole and with its sum; nothing else was touched. */
  void checkAfter(HostileWords.Said said) throws IOException {
    check(names(folder).equals(Set.of("outside", "target")), "files outside: " + names(folder));
    check(isMine(outside), "a file outside was written");
    for (String name : names(target)) {
      Path file = target.resolve(name);
      if (name.endsWith(PARTIAL) || (name.equals("taken") && isMine(file))) {
        continue;
      }
      check(Files.isRegularFile(file, NOFOLLOW_LINKS), "no plain file: " + name);
      check(rules.overwrite() || !name.equals("taken"), "a file was replaced");
      check(rules.hidden() || !name.startsWith("."), "a hidden file: " + name);
      byte[] content = Files.readAllBytes(file);
      check(content.length <= rules.mostBytes(), "more than is allowed");
      check(
          said.hasFrame(FrameType.END, Sha256.create().digest(content)),
          "a part has the name of" + " the whole: " + name);
      check(said.hasOffer(content.length, name), "nobody offered that: " + name);
    }
  }

  private static boolean isMine(Path file) throws IOException {
    return ByteBuffer.wrap(Files.readAllBytes(file)).equals(ByteBuffer.wrap(MINE));
  }

  private static Set<String> names(Path folder) throws IOException {
    try (Stream<Path> files = Files.list(folder)) {
      Set<String> names = new TreeSet<>();
      files.forEach(file -> names.add(file.getFileName().toString()));
      return names;
    }
  }
}
