// SPDX-License-Identifier: Apache-2.0
package dev.vchan.interop;

import dev.vchan.testkit.Watchdog;
import java.io.IOException;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.Channel;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.nio.file.Path;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.Semaphore;

/**
 * Lets a client speak when its connection has come out at the service. For vchan-socket-proxy as a
 * server: its client says that it is there by an event, and the proxy looks at the ring only after
 * another one, so that it sleeps over what the client wrote before the first was taken.
 *
 * <p>Clients come to {@link #front()}, and {@link #back()} stands in for the service. Either end of
 * a connection closes it for both.
 */
final class Turnstile implements AutoCloseable {

  private final Path front;
  private final Path back;
  private final Queue<Channel> open = new ConcurrentLinkedQueue<>();
  private final Semaphore arrived = new Semaphore(0, true);

  /** Where the way begins that a client's connection takes. */
  interface Way {
    SocketChannel connect() throws IOException;
  }

  Turnstile(Path folder) {
    front = folder.resolve("turnstile");
    back = folder.resolve("behind");
  }

  Path front() {
    return front;
  }

  Path back() {
    return back;
  }

  /** Begins to stand in for the service, and to let clients through. */
  void open(Way way, Path service) throws IOException {
    serve(back, comer -> join(comer, leave(service)));
    serve(
        front,
        client -> {
          SocketChannel through = way.connect();
          arrived.acquireUninterruptibly();
          join(client, through);
        });
  }

  private SocketChannel leave(Path service) throws IOException {
    SocketChannel out = SocketChannel.open(UnixDomainSocketAddress.of(service));
    arrived.release();
    return out;
  }

  private interface Task<T> {
    void run(T with) throws IOException;
  }

  private void serve(Path place, Task<SocketChannel> task) throws IOException {
    ServerSocketChannel door = ServerSocketChannel.open(StandardProtocolFamily.UNIX);
    open.add(door);
    door.bind(UnixDomainSocketAddress.of(place));
    start(
        door,
        listening -> {
          while (true) {
            SocketChannel comer = listening.accept();
            open.add(comer);
            start(comer, task);
          }
        });
  }

  /** Whatever fails is closed: the programs at the ends are who must not see that. */
  private static <T extends Channel> void start(T channel, Task<T> task) {
    Thread.ofPlatform()
        .daemon()
        .start(
            () -> {
              try (channel) {
                task.run(channel);
              } catch (IOException e) {
                // Closed by the other direction, or by an end.
              }
            });
  }

  private static void join(SocketChannel one, SocketChannel other) throws IOException {
    try (other) {
      start(one, from -> pump(from, other));
      pump(other, one);
    }
  }

  private static void pump(SocketChannel from, SocketChannel to) throws IOException {
    try (from;
        to) {
      ByteBuffer buffer = ByteBuffer.allocate(1 << 16);
      while (from.read(buffer.clear()) >= 0) {
        buffer.flip();
        while (buffer.hasRemaining()) {
          to.write(buffer);
        }
      }
    }
  }

  private boolean isIdle() {
    return open.stream().noneMatch(each -> each instanceof SocketChannel && each.isOpen());
  }

  /**
   * Waits until what clients began has ended here as well: the proxy would come again if its
   * service ended first.
   */
  @Override
  public void close() throws IOException {
    try {
      Watchdog.until("idle", this::isIdle);
    } finally {
      for (Channel each : open) {
        each.close();
      }
    }
  }
}
