// SPDX-License-Identifier: Apache-2.0
package dev.vchan.cli;

import dev.vchan.testkit.Watchdog;
import dev.vchan.testkit.Watchdog.Task;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.util.ArrayList;
import java.util.List;

/** A server, in this process, that gives each connection a thread. */
final class Service implements AutoCloseable {

  private static final int BUFFER_BYTES = 1 << 16;

  private final ServerSocketChannel socket;
  private final Task<Void> accepting;
  private final List<Task<Void>> serving = new ArrayList<>();
  private volatile Behaviour behaviour;
  private volatile int accepted;

  /** What is done with each connection, which is closed afterwards. */
  interface Behaviour {
    void serve(SocketChannel client) throws Exception;
  }

  Service(ServerSocketChannel socket, Behaviour behaviour) {
    this.socket = socket;
    this.behaviour = behaviour;
    this.accepting = Watchdog.start("accept", this::accept);
  }

  /** Sends back what comes, and at its end the number of bytes. */
  static void echo(SocketChannel client) throws IOException {
    ByteBuffer buffer = ByteBuffer.allocateDirect(BUFFER_BYTES);
    long bytes = 0;
    while (client.read(buffer.clear()) >= 0) {
      bytes += buffer.flip().remaining();
      writeAll(client, buffer);
    }
    writeAll(client, ByteBuffer.allocate(Long.BYTES).putLong(bytes).flip());
  }

  static void writeAll(SocketChannel socket, ByteBuffer bytes) throws IOException {
    while (bytes.hasRemaining()) {
      socket.write(bytes);
    }
  }

  private Void accept() throws IOException {
    while (true) {
      SocketChannel client;
      try {
        client = socket.accept();
      } catch (IOException e) {
        if (!socket.isOpen()) {
          return null;
        }
        throw e;
      }
      synchronized (serving) {
        accepted = accepted + 1;
        serving.add(
            Watchdog.start(
                "serve",
                () -> {
                  try (client) {
                    behaviour.serve(client);
                  }
                  return null;
                }));
      }
    }
  }

  /** What is done from the next connection on. */
  void behave(Behaviour next) {
    behaviour = next;
  }

  /** The socket as an operand. */
  String operand() throws IOException {
    return Kind.operand(socket.getLocalAddress());
  }

  /** Waits until so many connections have come in all. */
  void awaitConnections(int number) {
    Watchdog.until("reached by " + number, () -> accepted >= number);
  }

  /** Waits until all connections so far have been served; what failed is thrown. */
  void finish() throws Exception {
    List<Task<Void>> all;
    synchronized (serving) {
      all = List.copyOf(serving);
      serving.clear();
    }
    for (Task<Void> each : all) {
      each.get();
    }
  }

  @Override
  public void close() throws Exception {
    socket.close();
    accepting.get();
    finish();
  }
}
