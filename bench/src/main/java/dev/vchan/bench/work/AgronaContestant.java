// SPDX-License-Identifier: Apache-2.0
package dev.vchan.bench.work;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.MappedByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import org.agrona.BufferUtil;
import org.agrona.MutableDirectBuffer;
import org.agrona.concurrent.ControlledMessageHandler;
import org.agrona.concurrent.UnsafeBuffer;
import org.agrona.concurrent.ringbuffer.OneToOneRingBuffer;
import org.agrona.concurrent.ringbuffer.RingBufferDescriptor;

/**
 * Agrona's ring for one writer and one reader, one each way, in a mapped file. It cannot sleep:
 * both sides spin.
 */
final class AgronaContestant implements Contestant {

  @Override
  public End open(Side side, Path meeting, int ring) throws IOException, InterruptedException {
    Path file = Path.of(meeting + ".rings");
    int size = ring + RingBufferDescriptor.TRAILER_LENGTH;
    if (side == Side.A) {
      Path fresh = Path.of(file + ".new");
      Files.write(fresh, new byte[2 * size]);
      Files.move(fresh, file, StandardCopyOption.ATOMIC_MOVE);
    }
    MappedByteBuffer mapped = Patience.until(() -> map(file));
    OneToOneRingBuffer forth = new OneToOneRingBuffer(new UnsafeBuffer(mapped, 0, size));
    OneToOneRingBuffer back = new OneToOneRingBuffer(new UnsafeBuffer(mapped, size, size));
    return side == Side.A ? new RingEnd(forth, back, file) : new RingEnd(back, forth, file);
  }

  private static MappedByteBuffer map(Path file) throws IOException {
    try (FileChannel channel =
        FileChannel.open(file, StandardOpenOption.READ, StandardOpenOption.WRITE)) {
      return channel.map(FileChannel.MapMode.READ_WRITE, 0, channel.size());
    }
  }

  private static final class RingEnd extends End implements ControlledMessageHandler {

    private static final int MESSAGE = 1;

    /** So that what comes fits into any buffer a stream is read with. */
    private static final int LARGEST = StreamWork.READ_BYTES;

    private final OneToOneRingBuffer out;
    private final OneToOneRingBuffer in;
    private final Path file;
    private final int largest;
    private final UnsafeBuffer source = new UnsafeBuffer(0, 0);
    private ByteBuffer target = ByteBuffer.allocate(0);

    RingEnd(OneToOneRingBuffer out, OneToOneRingBuffer in, Path file) {
      this.out = out;
      this.in = in;
      this.file = file;
      this.largest = Math.min(out.maxMsgLength(), LARGEST);
    }

    @Override
    void send(ByteBuffer bytes) {
      // Wrapping makes garbage; which bytes the buffer holds is no matter.
      if (bytes.capacity() != source.capacity()
          || BufferUtil.address(bytes) != source.addressOffset()) {
        source.wrap(bytes);
      }
      int end = bytes.limit();
      for (int i = bytes.position(); i < end; ) {
        int some = Math.min(end - i, largest);
        while (!out.write(MESSAGE, source, i, some)) {
          Thread.onSpinWait();
        }
        i += some;
      }
      bytes.position(end);
    }

    @Override
    int receive(ByteBuffer bytes) {
      int before = bytes.position();
      target = bytes;
      while (in.controlledRead(this) == 0 && bytes.position() == before) {
        Thread.onSpinWait();
      }
      return bytes.position() - before;
    }

    @Override
    public Action onMessage(int type, MutableDirectBuffer buffer, int index, int length) {
      if (length > target.remaining()) {
        return Action.ABORT;
      }
      buffer.getBytes(index, target, target.position(), length);
      target.position(target.position() + length);
      return Action.CONTINUE;
    }

    @Override
    public void close() throws IOException {
      Files.deleteIfExists(file);
    }
  }
}
