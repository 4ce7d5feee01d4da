// SPDX-License-Identifier: Apache-2.0
package dev.vchan.bench.work;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.List;
import java.util.LongSummaryStatistics;
import java.util.concurrent.Future;

/** Work of many ends at once, with a virtual thread for each. */
final class ManyWork {

  private final Side side;
  private final Together threads = new Together(Thread.ofVirtual().factory());
  private List<Future<Long>> waiting = List.of();

  ManyWork(Side side) {
    this.side = side;
  }

  /** Messages there and back through each end, one after the other, until the time is over. */
  Answer echo(List<End> ends, int size, long millis) throws IOException, InterruptedException {
    long began = System.nanoTime();
    long until = began + millis * 1_000_000;
    LongSummaryStatistics trips =
        Together.join(
            threads.start(
                ends.size(),
                i ->
                    side == Side.A ? ask(ends.get(i), i, size, until) : answer(ends.get(i), size)));
    return new Answer()
        .with("nanos", System.nanoTime() - began)
        .with("trips", trips.getSum())
        .with("fewest", trips.getMin());
  }

  /** Each message carries the number of its end, so that none could take another's answer. */
  private static long ask(End end, int number, int size, long until) throws IOException {
    ByteBuffer message = ByteBuffer.allocateDirect(size).putInt(1, number);
    ByteBuffer answer = ByteBuffer.allocateDirect(size);
    long trips = 0;
    for (boolean last = false; !last; trips++) {
      last = System.nanoTime() - until > 0;
      end.send(message.put(0, (byte) (last ? 1 : 0)).rewind());
      StreamWork.receiveAll(end, answer.clear());
      if (answer.flip().mismatch(message.rewind()) >= 0) {
        throw new IOException("the answer at end " + number + " is not what was sent");
      }
    }
    return trips;
  }

  private static long answer(End end, int size) throws IOException {
    ByteBuffer message = ByteBuffer.allocateDirect(size);
    long trips = 0;
    for (boolean last = false; !last; trips++) {
      StreamWork.receiveAll(end, message.clear());
      last = message.get(0) != 0;
      end.send(message.flip());
    }
    return trips;
  }

  /** Lets a thread wait at each end; returns when all were started. */
  Answer await(List<End> ends) {
    ByteBuffer bytes = ByteBuffer.allocateDirect(ends.size());
    waiting = threads.start(ends.size(), i -> awaitByte(ends.get(i), bytes.slice(i, 1)));
    return new Answer();
  }

  /** Side B's threads send the byte back, which is what side A's wait for. */
  private long awaitByte(End end, ByteBuffer space) throws IOException {
    StreamWork.receiveAll(end, space);
    if (side == Side.B) {
      end.send(space.flip());
    }
    return 1;
  }

  /** Ends the waiting by a byte through each end. */
  Answer wake(List<End> ends) throws IOException, InterruptedException {
    if (side == Side.A) {
      ByteBuffer something = ByteBuffer.allocateDirect(1);
      for (End end : ends) {
        end.send(something.clear());
      }
    }
    LongSummaryStatistics woken = Together.join(waiting);
    waiting = List.of();
    return new Answer().with("woken", woken.getSum());
  }
}
