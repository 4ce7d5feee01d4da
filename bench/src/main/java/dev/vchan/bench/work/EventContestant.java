// SPDX-License-Identifier: Apache-2.0
package dev.vchan.bench.work;

import dev.vchan.DomainId;
import dev.vchan.local.LocalBackend;
import dev.vchan.spi.EventChannel;
import dev.vchan.spi.EventPort;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import org.jspecify.annotations.Nullable;

/**
 * Bare events of the local backend, without rings: a message of one byte is an event. An event has
 * no value, so both sides count, and take each {@value #TRIPS}th for the last message.
 */
final class EventContestant implements Contestant {

  /** Round trips of one measurement. */
  private static final int TRIPS = 2_000;

  private static final long QUIET_NANOS = 100_000_000L;

  private @Nullable LocalBackend backend;

  @Override
  public End open(Side side, Path meeting, int ring) throws IOException, InterruptedException {
    DomainId self = new DomainId(side == Side.A ? 1 : 2);
    DomainId peer = new DomainId(side == Side.A ? 2 : 1);
    LocalBackend opened = LocalBackend.open(self);
    backend = opened;
    Path file = Path.of(meeting + ".event");
    if (side == Side.A) {
      EventChannel events = opened.events().listen(peer);
      Path fresh = Path.of(file + ".new");
      Files.writeString(fresh, "" + events.port().value());
      Files.move(fresh, file, StandardCopyOption.ATOMIC_MOVE);
      EventEnd end = new EventEnd(events);
      end.receive(ByteBuffer.allocate(1));
      end.settle();
      return end;
    }
    int port = Patience.until(() -> Integer.parseInt(Files.readString(file)));
    Files.delete(file);
    EventEnd end = new EventEnd(opened.events().connect(peer, new EventPort(port)));
    end.settle();
    end.send(ByteBuffer.allocate(1));
    return end;
  }

  @Override
  public void close() throws IOException {
    if (backend != null) {
      backend.close();
    }
  }

  private static final class EventEnd extends End {

    private final EventChannel events;
    private long seen;
    private int count;

    EventEnd(EventChannel events) {
      this.events = events;
      this.seen = events.received();
    }

    /** An event may be there from the beginning; the line is quiet when it is taken. */
    void settle() {
      while (events.await(seen, QUIET_NANOS)) {
        seen = events.received();
      }
      count = 0;
    }

    @Override
    void send(ByteBuffer bytes) throws IOException {
      bytes.get();
      events.send();
    }

    @Override
    int receive(ByteBuffer target) throws IOException {
      if (!events.await(seen, Patience.LIMIT.toNanos())) {
        throw new IOException("no event came");
      }
      seen = events.received();
      count++;
      target.put((byte) (count % TRIPS == 0 ? 1 : 0));
      return 1;
    }

    @Override
    public void close() throws IOException {
      events.close();
    }
  }
}
