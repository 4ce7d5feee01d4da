// SPDX-License-Identifier: Apache-2.0
package dev.vchan.xen.xenstore;

import java.io.Closeable;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;

/**
 * A daemon for one client, which answers as it is told until it is told to hang up. Socket and
 * thread are there for the whole process, since a round is shorter than making them would take.
 */
final class ScriptedDaemon implements Closeable {

  private static final int LIMIT_SECONDS = 15;
  private static final ExecutorService THREAD =
      Executors.newSingleThreadExecutor(Thread.ofPlatform().daemon().name("daemon").factory());
  private static final Path PLACE;
  private static final ServerSocketChannel DOOR;

  static {
    try {
      Path folder = Files.createTempDirectory("xs");
      PLACE = folder.resolve("socket");
      DOOR = ServerSocketChannel.open(StandardProtocolFamily.UNIX);
      DOOR.bind(UnixDomainSocketAddress.of(PLACE));
      PLACE.toFile().deleteOnExit();
      folder.toFile().deleteOnExit();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private final Future<?> client;

  private ScriptedDaemon(Future<?> client) {
    this.client = client;
  }

  /**
   * What is said to a request.
   *
   * @param bytes what to say
   * @param last whether to say nothing more
   */
  record Answer(byte[] bytes, boolean last) {}

  /** Says something to each request. */
  interface Script {
    Answer answer(int type, int requestId);
  }

  /**
   * Begins to wait for a client.
   *
   * @param script what to say
   * @param patient whether to wait, instead of hanging up, for the client to do so
   */
  static ScriptedDaemon playing(Script script, boolean patient) {
    return new ScriptedDaemon(
        THREAD.submit(
            () -> {
              try (SocketChannel client = DOOR.accept()) {
                serve(client, script);
                client.shutdownOutput();
                while (patient && client.read(ByteBuffer.allocate(4096)) >= 0) {
                  // Whatever it still says.
                }
              } catch (IOException e) {
                // The client has gone in the middle of something.
                return;
              }
            }));
  }

  private static void serve(SocketChannel client, Script script) throws IOException {
    for (; ; ) {
      ByteBuffer header = ByteBuffer.allocate(Message.HEADER_BYTES).order(ByteOrder.nativeOrder());
      if (!fill(client, header)) {
        return;
      }
      header.flip();
      int type = header.getInt();
      int request = header.getInt();
      if (!fill(client, ByteBuffer.allocate(header.getInt(12)))) {
        return;
      }
      Answer answer = script.answer(type, request);
      client.write(ByteBuffer.wrap(answer.bytes));
      if (answer.last) {
        return;
      }
    }
  }

  private static boolean fill(SocketChannel client, ByteBuffer target) throws IOException {
    while (target.hasRemaining()) {
      if (client.read(target) < 0) {
        return false;
      }
    }
    return true;
  }

  Path place() {
    return PLACE;
  }

  /** Waits until the client is gone. */
  @Override
  public void close() throws IOException {
    try {
      client.get(LIMIT_SECONDS, TimeUnit.SECONDS);
    } catch (TimeoutException e) {
      throw new AssertionError("a leak: the client does not hang up", e);
    } catch (ExecutionException e) {
      throw new AssertionError("the daemon failed", e);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }
}
