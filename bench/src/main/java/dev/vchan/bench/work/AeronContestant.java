// SPDX-License-Identifier: Apache-2.0
package dev.vchan.bench.work;

import io.aeron.Aeron;
import io.aeron.ExclusivePublication;
import io.aeron.Publication;
import io.aeron.Subscription;
import io.aeron.driver.MediaDriver;
import io.aeron.driver.ThreadingMode;
import io.aeron.logbuffer.ControlledFragmentHandler;
import io.aeron.logbuffer.Header;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import org.agrona.BufferUtil;
import org.agrona.CloseHelper;
import org.agrona.DirectBuffer;
import org.agrona.concurrent.BackoffIdleStrategy;
import org.agrona.concurrent.UnsafeBuffer;
import org.jspecify.annotations.Nullable;

/**
 * Aeron between processes. The media driver is in the process of side A, with one thread of its own
 * that backs off when it is idle. Terms have 16 MiB whatever the ring: a small one makes the writer
 * wait for the driver. The two sides spin.
 */
final class AeronContestant implements Contestant {

  private static final String CHANNEL = "aeron:ipc?term-length=16m";
  private static final int FORTH = 1;
  private static final int BACK = 2;

  @Override
  public End open(Side side, Path meeting, int ring) throws IOException, InterruptedException {
    String directory = meeting + ".aeron";
    MediaDriver driver = side == Side.A ? launch(directory) : null;
    Aeron aeron = Aeron.connect(new Aeron.Context().aeronDirectoryName(directory));
    ExclusivePublication out =
        aeron.addExclusivePublication(CHANNEL, side == Side.A ? FORTH : BACK);
    Subscription in = aeron.addSubscription(CHANNEL, side == Side.A ? BACK : FORTH);
    Patience.until(
        () -> {
          if (!out.isConnected() || !in.isConnected()) {
            throw new IOException("the two sides do not meet in " + directory);
          }
          return true;
        });
    return new AeronEnd(driver, aeron, out, in);
  }

  private static MediaDriver launch(String directory) {
    return MediaDriver.launch(
        new MediaDriver.Context()
            .aeronDirectoryName(directory)
            .threadingMode(ThreadingMode.SHARED)
            .sharedIdleStrategy(new BackoffIdleStrategy())
            .dirDeleteOnStart(true)
            .dirDeleteOnShutdown(true));
  }

  private static final class AeronEnd extends End implements ControlledFragmentHandler {

    private static final int FRAGMENTS = 64;

    private final @Nullable MediaDriver driver;
    private final Aeron aeron;
    private final ExclusivePublication out;
    private final Subscription in;
    private final int largest;
    private final UnsafeBuffer source = new UnsafeBuffer(0, 0);
    private ByteBuffer target = ByteBuffer.allocate(0);

    AeronEnd(@Nullable MediaDriver driver, Aeron aeron, ExclusivePublication out, Subscription in) {
      this.driver = driver;
      this.aeron = aeron;
      this.out = out;
      this.in = in;
      this.largest = out.maxMessageLength();
    }

    @Override
    void send(ByteBuffer bytes) throws IOException {
      // Wrapping makes garbage; which bytes the buffer holds is no matter.
      if (bytes.capacity() != source.capacity()
          || BufferUtil.address(bytes) != source.addressOffset()) {
        source.wrap(bytes);
      }
      int end = bytes.limit();
      for (int i = bytes.position(); i < end; ) {
        int some = Math.min(end - i, largest);
        long result;
        while ((result = out.offer(source, i, some)) < 0) {
          if (result == Publication.CLOSED || result == Publication.NOT_CONNECTED) {
            throw new IOException("the publication is closed or not connected: " + result);
          }
          Thread.onSpinWait();
        }
        i += some;
      }
      bytes.position(end);
    }

    @Override
    int receive(ByteBuffer bytes) throws IOException {
      int before = bytes.position();
      target = bytes;
      while (in.controlledPoll(this, FRAGMENTS) == 0 && bytes.position() == before) {
        Thread.onSpinWait();
      }
      return bytes.position() - before;
    }

    @Override
    public Action onFragment(DirectBuffer buffer, int offset, int length, Header header) {
      if (length > target.remaining()) {
        return Action.ABORT;
      }
      buffer.getBytes(offset, target, target.position(), length);
      target.position(target.position() + length);
      return Action.CONTINUE;
    }

    @Override
    public void close() {
      aeron.close();
      CloseHelper.close(driver);
    }
  }
}
