// SPDX-License-Identifier: Apache-2.0
package dev.vchan.interop;

import dev.vchan.Vchan;
import dev.vchan.testkit.Patterns;
import dev.vchan.testkit.ends.Pending;
import dev.vchan.testkit.ends.Workers;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.concurrent.Callable;

/**
 * Whoever meets the peer in a script: our endpoint, or libxenvchan in its place. What goes wrong
 * shows in the answers, which are compared.
 */
interface Partner {

  /** Writes what there is space for; answers with the number. */
  long tryWrite(int bytes) throws Exception;

  /** Reads what is there; answers with the number. */
  long tryRead(int bytes) throws Exception;

  /** Starts to write all, waiting as often as need be. */
  Callable<Long> startWrite(int bytes) throws Exception;

  /** Starts to read that many bytes, which will come in one piece, waiting for them. */
  Callable<Long> startRead(int bytes) throws Exception;

  /** Our endpoint, with the bytes that a peer writes and expects that was told of no streams. */
  final class Ours implements Partner {

    private static final int MOST_BYTES = 1 << 20;

    private final Vchan channel;
    private final ByteBuffer out = new Patterns(0).next(MOST_BYTES);
    private final Patterns in = new Patterns(0);

    Ours(Vchan channel) {
      this.channel = channel;
    }

    private ByteBuffer next(int bytes) {
      return out.slice(out.position(), bytes);
    }

    private long written(int bytes) {
      out.position(out.position() + bytes);
      return bytes;
    }

    private long checked(ByteBuffer target) {
      int bytes = target.flip().remaining();
      in.check(target);
      return bytes;
    }

    @Override
    public long tryWrite(int bytes) throws IOException {
      return written(channel.tryWrite(next(bytes)));
    }

    @Override
    public long tryRead(int bytes) throws IOException {
      ByteBuffer target = ByteBuffer.allocate(bytes);
      int got = channel.tryRead(target);
      return got < 0 ? got : checked(target);
    }

    @Override
    public Callable<Long> startWrite(int bytes) {
      ByteBuffer source = next(bytes);
      Pending<Integer> call = Workers.PLATFORM.start(() -> channel.write(source, Hub.soon()));
      return () -> written(call.get());
    }

    @Override
    public Callable<Long> startRead(int bytes) {
      ByteBuffer target = ByteBuffer.allocate(bytes);
      Pending<Integer> call = Workers.PLATFORM.start(() -> channel.read(target, Hub.soon()));
      return () -> {
        call.get();
        return checked(target);
      };
    }
  }

  /** An end of libxenvchan. */
  record Libxenvchan(Peer peer) implements Partner {

    @Override
    public long tryWrite(int bytes) throws Exception {
      return peer.ask("try-write " + bytes)[0];
    }

    @Override
    public long tryRead(int bytes) throws Exception {
      return peer.ask("try-read " + bytes)[0];
    }

    @Override
    public Callable<Long> startWrite(int bytes) throws Exception {
      peer.tell("write %d =%d".formatted(bytes, bytes));
      return () -> peer.answered()[0];
    }

    @Override
    public Callable<Long> startRead(int bytes) throws Exception {
      peer.tell("read %d =%d".formatted(bytes, bytes));
      return () -> peer.answered()[0];
    }
  }
}
