// SPDX-License-Identifier: Apache-2.0
package dev.vchan.cli.transfer;

import static java.nio.file.LinkOption.NOFOLLOW_LINKS;

import dev.vchan.Vchan;
import dev.vchan.cli.transfer.TransferException.Fault;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.FileSystemException;
import java.nio.file.Files;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.time.Duration;
import java.util.Objects;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * The side that gets the files. Nothing the sender says is trusted: it decides which bytes come,
 * and nothing else. For one thread.
 */
public final class Receiver {

  /**
   * What the receiver allows.
   *
   * @param directory where files go
   * @param overwrite whether a file may replace one of the same name
   * @param hidden whether a name may begin with a dot
   * @param mostBytes how much all files together may have
   */
  public record Rules(Path directory, boolean overwrite, boolean hidden, long mostBytes) {}

  private final FrameChannel frames;
  private final Rules rules;
  private final Progress.Factory progress;
  private final Consumer<String> report;
  private long bytesLeft;
  private int refused;

  /**
   * Makes a receiver.
   *
   * @param channel connected to a sender
   * @param patience how long the other side may be silent, null for as long as it likes
   * @param rules what it may do
   * @param progress told how far each file has come
   * @param report told one line for each file
   */
  public Receiver(
      Vchan channel,
      @Nullable Duration patience,
      Rules rules,
      Progress.Factory progress,
      Consumer<String> report) {
    this.frames = new FrameChannel(channel, patience);
    this.rules = rules;
    this.progress = progress;
    this.report = report;
    this.bytesLeft = rules.mostBytes();
  }

  /**
   * Receives files until the sender has no more. What has come of an interrupted one is kept.
   *
   * @throws TransferException if the sender failed or broke the protocol, or a file was refused
   * @throws IOException if a file cannot be written, or the channel fails
   */
  public void receive() throws IOException {
    try {
      Hello.exchange(frames, Hello.Role.RECEIVER);
      while (nextFile()) {
        // One after the other.
      }
      frames.write(FrameType.BYE);
    } catch (TransferException e) {
      if (e.fault() == Fault.BROKEN_THERE) {
        frames.tellFailure(Objects.requireNonNullElse(e.getMessage(), "protocol"));
      }
      throw e;
    } catch (FileSystemException e) {
      frames.tellFailure("the file cannot be written there");
      throw e;
    }
    if (refused > 0) {
      throw TransferException.failedHere(refused + " refused");
    }
  }

  private boolean nextFile() throws IOException {
    FrameType type = frames.read();
    if (type == FrameType.BYE) {
      return false;
    }
    if (type != FrameType.OFFER) {
      throw TransferException.broken(type + " where OFFER or BYE was due");
    }
    Offer offer = Offer.decode(frames.body());
    String objection = objection(offer);
    if (objection.isEmpty()) {
      receive(offer);
    } else {
      refuse(offer, objection);
    }
    return true;
  }

  private void refuse(Offer offer, String objection) throws IOException {
    refused++;
    report.accept("refused " + FileName.printable(offer.name()) + ": " + objection);
    frames.write(FrameType.REFUSE, objection);
  }

  /** Why a file is not taken, or "". */
  private String objection(Offer offer) throws IOException {
    String wrong = FileName.objection(offer.name());
    if (!wrong.isEmpty()) {
      return wrong;
    }
    if (offer.name().startsWith(".") && !rules.hidden()) {
      return "its name begins with a dot (receive --hidden takes such files)";
    }
    if (offer.size() > bytesLeft) {
      return "more than --max-size allows";
    }
    Path target;
    try {
      target = rules.directory().resolve(offer.name());
    } catch (InvalidPathException e) {
      return "this system cannot have a file of that name";
    }
    if (Files.exists(target, NOFOLLOW_LINKS) && !rules.overwrite()) {
      return "there is a file of that name (receive --force replaces it)";
    }
    long missing = offer.size() - PartialFile.sizeOf(target);
    long space = Files.getFileStore(rules.directory()).getUsableSpace();
    return missing > space
        ? "no space: %s are missing, %s are free"
            .formatted(Figures.bytes(missing), Figures.bytes(space))
        : "";
  }

  private void receive(Offer offer) throws IOException {
    PartialFile opened;
    try {
      opened = PartialFile.open(rules.directory(), offer.name());
    } catch (FileSystemException e) {
      refuse(offer, Objects.requireNonNullElse(e.getReason(), "it cannot be created"));
      return;
    } catch (IOException e) {
      // A link in its place, for one.
      refuse(offer, "it cannot be created: " + e.getMessage());
      return;
    }
    try (PartialFile file = opened) {
      receive(offer, file);
    } catch (TransferException e) {
      throw e.fault() == Fault.FAILED_HERE ? e : e.of(offer.name(), "");
    }
  }

  private void receive(Offer offer, PartialFile file) throws IOException {
    MessageDigest digest = Sha256.create();
    long start = start(offer, file, digest);
    long began = System.nanoTime();
    try {
      receiveData(offer, file, start, digest);
    } catch (IOException | RuntimeException e) {
      long kept = file.size();
      if (kept > 0) {
        report.accept(
            "%s: kept the first %s; sending it again resumes there"
                .formatted(offer.name(), Figures.bytes(kept)));
      }
      throw e;
    }
    byte[] sum = digest.digest();
    if (!ByteBuffer.wrap(sum).equals(frames.expect(FrameType.END))) {
      // No telling which byte is wrong: none of them can be kept.
      file.discard();
      String reason = offer.name() + ": the SHA-256 of what arrived differs from what was sent";
      frames.tellFailure(reason);
      throw TransferException.failedHere(reason);
    }
    frames.doBusily(() -> file.commit(offer, rules.overwrite()));
    bytesLeft -= offer.size();
    frames.write(FrameType.DONE, ByteBuffer.wrap(sum));
    report.accept(Figures.summary("received", offer.name(), offer.size(), start, began, sum));
  }

  /** Offers what there is already, and agrees on where to start. */
  private long start(Offer offer, PartialFile file, MessageDigest digest) throws IOException {
    long have = file.size() <= offer.size() ? file.size() : 0;
    frames.write(
        FrameType.ACCEPT,
        ByteBuffer.allocate(FrameType.ACCEPT.limit)
            .putLong(have)
            .put(hash(offer, file, have, digest))
            .flip());
    ByteBuffer body =
        frames.expect(
            FrameType.START,
            () -> report.accept(offer.name() + ": the other side is comparing what is here"));
    if (body.remaining() != Long.BYTES) {
      throw TransferException.broken("START of " + body.remaining() + " bytes");
    }
    long start = body.getLong();
    if (start != have && start != 0) {
      throw TransferException.broken("a start at %d, we have %d".formatted(start, have));
    }
    if (start == 0) {
      digest.reset();
    }
    file.startAt(start);
    return start;
  }

  private byte[] hash(Offer offer, PartialFile file, long bytes, MessageDigest digest)
      throws IOException {
    try (Comparing work = new Comparing(frames, progress, report, offer.name(), bytes)) {
      return file.hash(bytes, digest, work);
    }
  }

  private void receiveData(Offer offer, PartialFile file, long start, MessageDigest digest)
      throws IOException {
    try (Progress bar = progress.begin(offer.name(), offer.size(), start)) {
      for (long left = offer.size() - start; left > 0; ) {
        ByteBuffer data = frames.expect(FrameType.DATA);
        int bytes = data.remaining();
        if (bytes == 0 || bytes > left) {
          throw TransferException.broken("DATA of %d bytes, %d are due".formatted(bytes, left));
        }
        digest.update(data.duplicate());
        write(file, data);
        left -= bytes;
        bar.advance(bytes);
      }
    }
  }

  private void write(PartialFile file, ByteBuffer data) throws TransferException {
    try {
      file.write(data);
    } catch (IOException e) {
      String reason = "cannot write the file: " + e.getMessage();
      frames.tellFailure(reason);
      throw TransferException.failedHere(reason);
    }
  }
}
