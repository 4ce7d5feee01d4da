// SPDX-License-Identifier: Apache-2.0
package dev.vchan.cli.transfer;

import dev.vchan.Vchan;
import dev.vchan.cli.transfer.TransferException.Fault;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.BasicFileAttributes;
import java.nio.file.attribute.PosixFilePermission;
import java.security.MessageDigest;
import java.time.Duration;
import java.util.Arrays;
import java.util.List;
import java.util.Objects;
import java.util.Set;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/** The side that has the files. For one thread. */
public final class Sender {

  private final FrameChannel frames;
  private final Progress.Factory progress;
  private final Consumer<String> report;
  private long sent;
  private final ByteBuffer buffer = ByteBuffer.allocate(FrameType.DATA.limit);

  /**
   * Makes a sender.
   *
   * @param channel connected to a receiver
   * @param patience how long the other side may be silent, null for as long as it likes
   * @param progress told how far each file has come
   * @param report told one line for each file
   */
  public Sender(
      Vchan channel,
      @Nullable Duration patience,
      Progress.Factory progress,
      Consumer<String> report) {
    this.frames = new FrameChannel(channel, patience);
    this.progress = progress;
    this.report = report;
  }

  /**
   * Sends files, one after the other. Returns when the receiver has acknowledged each of them.
   *
   * @param files regular files
   * @throws TransferException if the other side refused one, or failed; or a file changed while it
   *     was sent
   * @throws IOException if a file cannot be read, or the channel fails
   */
  public void send(List<Path> files) throws IOException {
    int refused = 0;
    try {
      Hello.exchange(frames, Hello.Role.SENDER);
      for (Path file : files) {
        refused += send(file) ? 0 : 1;
      }
      frames.write(FrameType.BYE);
      frames.expect(FrameType.BYE);
    } catch (TransferException e) {
      if (e.fault() == Fault.BROKEN_THERE) {
        frames.tellFailure(Objects.requireNonNullElse(e.getMessage(), "protocol"));
      }
      throw e;
    }
    if (refused > 0) {
      throw new TransferException(
          Fault.FAILED_THERE, refused + " of " + files.size() + " refused by the other side");
    }
  }

  private boolean send(Path file) throws IOException {
    Offer offer = describe(file);
    sent = 0;
    try (FileChannel source = FileChannel.open(file)) {
      return send(file, offer, source);
    } catch (TransferException e) {
      throw e.fault() == Fault.FAILED_HERE ? e : e.of(shown(offer), howFar(offer));
    }
  }

  private static String shown(Offer offer) {
    return FileName.printable(offer.name());
  }

  private Runnable told(Offer offer, String work) {
    return () -> report.accept("%s: the other side is %s".formatted(shown(offer), work));
  }

  private String howFar(Offer offer) {
    return sent == 0
        ? ""
        : "; %s of %s had been sent, send it again to resume"
            .formatted(Figures.bytes(sent), Figures.bytes(offer.size()));
  }

  private boolean send(Path file, Offer offer, FileChannel source) throws IOException {
    frames.write(FrameType.OFFER, offer.encode());
    if (frames.read(told(offer, "comparing what it has already")) == FrameType.REFUSE) {
      report.accept(shown(offer) + ": refused: " + frames.bodyText());
      return false;
    }
    MessageDigest digest = Sha256.create();
    long start = start(offer, source, digest);
    long began = System.nanoTime();
    sendData(offer, source, start, digest);
    if (!offer.equals(describe(file))) {
      throw failure(shown(offer) + " changed while it was sent");
    }
    byte[] sum = digest.digest();
    frames.write(FrameType.END, ByteBuffer.wrap(sum));
    if (!ByteBuffer.wrap(sum)
        .equals(frames.expect(FrameType.DONE, told(offer, "writing it to its disk")))) {
      throw TransferException.broken("it acknowledged another SHA-256");
    }
    report.accept(Figures.summary("sent", shown(offer), offer.size(), start, began, sum));
    return true;
  }

  /** Agrees on where to start: at the end of what the receiver has, if that is ours. */
  private long start(Offer offer, FileChannel source, MessageDigest digest) throws IOException {
    ByteBuffer accept = frames.body();
    if (accept.remaining() != FrameType.ACCEPT.limit) {
      throw TransferException.broken("ACCEPT of " + accept.remaining() + " bytes");
    }
    long start = accept.getLong();
    byte[] there = new byte[Sha256.BYTES];
    accept.get(there);
    if (start < 0 || start > offer.size()) {
      throw TransferException.broken(
          "it has %d bytes of a file of %d".formatted(start, offer.size()));
    }
    if (start > 0 && !Arrays.equals(there, hash(offer, source, start, digest))) {
      report.accept(shown(offer) + ": what the other side has is another file's; from the start");
      digest.reset();
      start = 0;
    }
    frames.write(FrameType.START, ByteBuffer.allocate(8).putLong(start).flip());
    return start;
  }

  private byte[] hash(Offer offer, FileChannel source, long bytes, MessageDigest digest)
      throws IOException {
    try (Comparing work = new Comparing(frames, progress, report, shown(offer), bytes)) {
      return Sha256.ofPrefix(source, bytes, digest, work);
    }
  }

  private void sendData(Offer offer, FileChannel source, long start, MessageDigest digest)
      throws IOException {
    try (Progress bar = progress.begin(shown(offer), offer.size(), start)) {
      long position = start;
      sent = start;
      while (position < offer.size()) {
        buffer.clear().limit((int) Math.min(buffer.capacity(), offer.size() - position));
        int bytes = source.read(buffer, position);
        if (bytes < 0) {
          throw failure(shown(offer) + " was truncated while it was sent");
        }
        digest.update(buffer.array(), 0, bytes);
        frames.write(FrameType.DATA, buffer.flip());
        position += bytes;
        sent = position;
        bar.advance(bytes);
        if (frames.hasNews()) {
          throw TransferException.broken(frames.readAny() + " in the middle of a file");
        }
      }
    }
  }

  private Offer describe(Path file) throws IOException {
    BasicFileAttributes attributes = Files.readAttributes(file, BasicFileAttributes.class);
    return new Offer(
        String.valueOf(file.getFileName()),
        attributes.size(),
        mode(file),
        attributes.lastModifiedTime().toInstant());
  }

  private static int mode(Path file) throws IOException {
    try {
      Set<PosixFilePermission> permissions = Files.getPosixFilePermissions(file);
      return Permissions.bits(permissions);
    } catch (UnsupportedOperationException e) {
      return Permissions.USUAL;
    }
  }

  private TransferException failure(String reason) {
    frames.tellFailure(reason);
    return TransferException.failedHere(reason);
  }
}
