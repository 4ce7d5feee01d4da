// SPDX-License-Identifier: Apache-2.0
package dev.vchan.testkit;

import dev.vchan.Deadline;
import dev.vchan.DomainId;
import dev.vchan.PortName;
import dev.vchan.Vchan;
import dev.vchan.VchanListener;
import dev.vchan.VchanOptions;
import dev.vchan.inprocess.InProcessHost;
import dev.vchan.spi.Backend;
import java.io.IOException;
import java.time.Duration;

/**
 * Both ends of one channel.
 *
 * @param server the end that shared the pages
 * @param client the end that mapped them
 */
public record Ends(Vchan server, Vchan client) implements AutoCloseable {

  /** The domain of the server in process. */
  public static final DomainId SERVER = DomainId.DOM0;

  /** The domain of the client in process. */
  public static final DomainId CLIENT = new DomainId(1);

  /** The port the two meet at. */
  public static final PortName PORT = new PortName("ends");

  /** Options with which nobody looks without an event, so that a lost one is seen. */
  public static final VchanOptions UNAIDED =
      VchanOptions.DEFAULTS.withLookPeriod(Duration.ofSeconds(Long.MAX_VALUE));

  /** Where a test would otherwise hang. */
  private static final Duration PATIENCE = Duration.ofSeconds(30);

  /**
   * Connects two domains of one machine.
   *
   * @param host the machine
   * @param options for both
   * @return both ends
   * @throws IOException if they cannot connect
   */
  public static Ends open(InProcessHost host, VchanOptions options) throws IOException {
    return open(host.domain(SERVER), host.domain(CLIENT), options, options);
  }

  /**
   * Connects a client to a server, on the calling thread.
   *
   * @param server backend of the server
   * @param client backend of the client
   * @param serverOptions options of the server
   * @param clientOptions options of the client
   * @return both ends
   * @throws IOException if they cannot connect
   */
  public static Ends open(
      Backend server, Backend client, VchanOptions serverOptions, VchanOptions clientOptions)
      throws IOException {
    try (VchanListener listener = VchanListener.open(server, client.self(), PORT, serverOptions)) {
      Vchan connected = Vchan.connect(client, server.self(), PORT, clientOptions, soon());
      try {
        return new Ends(listener.accept(soon()), connected);
      } catch (IOException | RuntimeException | Error e) {
        connected.close();
        throw e;
      }
    }
  }

  /**
   * A deadline that is not meant to expire: long enough for a slow machine, short enough to end a
   * hanging test with a trace of where it hung.
   *
   * @return half a minute from now
   */
  public static Deadline soon() {
    return Deadline.after(PATIENCE);
  }

  /** Closes both ends, the client's first. */
  @Override
  public void close() throws IOException {
    try (server) {
      client.close();
    }
  }
}
