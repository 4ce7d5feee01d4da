// SPDX-License-Identifier: Apache-2.0
package dev.vchan.testkit.contract;

import static org.assertj.core.api.Assertions.assertThat;

import dev.vchan.Deadline;
import dev.vchan.DomainId;
import dev.vchan.PortName;
import dev.vchan.Vchan;
import dev.vchan.VchanListener;
import dev.vchan.VchanState;
import dev.vchan.spi.Backend;
import dev.vchan.testkit.Case;
import dev.vchan.testkit.Patterns;
import dev.vchan.testkit.ends.Deed;
import dev.vchan.testkit.ends.End;
import dev.vchan.testkit.ends.Pending;
import dev.vchan.testkit.ends.Place;
import dev.vchan.testkit.ends.Role;
import dev.vchan.testkit.ends.Setup;
import dev.vchan.testkit.ends.Stage;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.Test;

/** Clients that come first, one after another, many at once, or again. */
public abstract class ClientsContract extends ChannelContract {

  private static final Duration LONG = Duration.ofSeconds(60);

  /** For subclasses. */
  protected ClientsContract() {}

  private Place servers() {
    return variant.own() == Role.SERVER ? stage.own() : stage.peer();
  }

  private Place clients() {
    return variant.own() == Role.SERVER ? stage.peer() : stage.own();
  }

  /** The other of the two domains on the stage. */
  private static DomainId other(Backend backend) {
    return backend.self().equals(Stage.OWN) ? Stage.PEER : Stage.OWN;
  }

  private static VchanListener listener(Backend backend, String port, Setup setup)
      throws IOException {
    return VchanListener.open(backend, other(backend), new PortName(port), setup.options());
  }

  private static Vchan client(Backend backend, String port, Setup setup) throws IOException {
    return Vchan.connect(
        backend, other(backend), new PortName(port), setup.options(), Deadline.after(LONG));
  }

  @Case("T05")
  @Case("T44")
  @Test
  void aClientThatComesFirstWaitsForItsServer() throws Exception {
    String port = stage.newPort();
    Setup setup = Setup.rings(1024);
    Pending<End> connecting = stage.join(clients(), port, setup);
    // Two round trips to the clients' place: by then the first has most likely begun to wait.
    clients().start(Backend::name).get();
    clients().start(Backend::name).get();
    assertThat(connecting.isDone()).isFalse();
    Pending<End> listening = stage.listen(servers(), port, setup);
    connecting.get().write(bytes(10));
    assertThat(listening.get().read(10)).isEqualTo(bytes(10));
  }

  @Case("T44")
  @Test
  void readersAndWritersMayComeBeforeTheirPeer() throws Exception {
    for (boolean serverReads : new boolean[] {true, false}) {
      String port = stage.newPort();
      Setup setup = Setup.rings(1024);
      Deed<Backend, byte[]> serving =
          backend -> {
            try (VchanListener listener = listener(backend, port, setup);
                Vchan end = listener.accept(Deadline.after(LONG))) {
              return exchange(end, serverReads);
            }
          };
      Deed<Backend, byte[]> visiting =
          backend -> {
            try (Vchan end = client(backend, port, setup)) {
              return exchange(end, !serverReads);
            }
          };
      Pending<byte[]> client = clients().start(visiting);
      Pending<byte[]> server = servers().start(serving);
      assertThat(serverReads ? server.get() : client.get()).isEqualTo(bytes(100));
      assertThat(serverReads ? client.get() : server.get()).isEmpty();
    }
  }

  private static byte[] exchange(Vchan end, boolean reads) throws IOException {
    if (reads) {
      return end.inputStream().readAllBytes();
    }
    end.outputStream().write(bytes(100));
    end.outputStream().close();
    return new byte[0];
  }

  @Case("T82")
  @Test
  void clientsComeOneAfterAnother() throws Exception {
    String port = stage.newPort();
    Setup setup = Setup.rings(1024);
    int count = 20;
    Pending<Integer> serving =
        servers()
            .start(
                backend -> {
                  int served = 0;
                  try (VchanListener listener = listener(backend, port, setup)) {
                    for (; served < count; served++) {
                      try (Vchan end = listener.accept(Deadline.after(LONG))) {
                        end.outputStream().write(end.inputStream().read());
                        end.drain(Deadline.after(LONG));
                        // A page of its own: nothing of the client before is left in it.
                        assertThat(end.counters().bytesRead()).isEqualTo(1);
                      }
                    }
                  }
                  return served;
                });
    clients()
        .start(
            backend -> {
              for (int i = 0; i < count; i++) {
                try (Vchan end = client(backend, port, setup)) {
                  end.outputStream().write(i);
                  assertThat(end.inputStream().read()).isEqualTo(i);
                }
              }
              return true;
            })
        .get();
    assertThat(serving.get()).isEqualTo(count);
  }

  @Test
  void eightClientsAreServedAtOnce() throws Exception {
    String port = stage.newPort();
    Setup setup = Setup.rings(4096);
    int count = 8;
    int bytes = 300_000;
    Pending<Boolean> serving = servers().start(backend -> serveAll(backend, port, setup, count));
    List<Pending<Boolean>> visiting = new ArrayList<>();
    for (int i = 0; i < count; i++) {
      long seed = i;
      visiting.add(clients().start(backend -> visit(backend, port, setup, seed, bytes)));
    }
    for (Pending<Boolean> each : visiting) {
      assertThat(each.get()).isTrue();
    }
    assertThat(serving.get()).isTrue();
  }

  /** Accepts them all before it answers anybody, then echoes to each on a thread of its own. */
  private static boolean serveAll(Backend backend, String port, Setup setup, int count)
      throws Exception {
    List<Vchan> accepted = new ArrayList<>();
    try (VchanListener listener = listener(backend, port, setup)) {
      while (accepted.size() < count) {
        accepted.add(listener.accept(Deadline.after(LONG)));
      }
    }
    List<Thread> echoing = new ArrayList<>();
    for (Vchan end : accepted) {
      assertThat(end.state()).isEqualTo(VchanState.CONNECTED);
      echoing.add(Thread.ofPlatform().start(() -> echo(end)));
    }
    for (Thread each : echoing) {
      each.join();
    }
    return true;
  }

  private static void echo(Vchan end) {
    try (end) {
      end.inputStream().transferTo(end.outputStream());
      end.drain(Deadline.after(LONG));
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private static boolean visit(Backend backend, String port, Setup setup, long seed, int bytes)
      throws Exception {
    try (Vchan end = client(backend, port, setup)) {
      Thread writer =
          Thread.ofPlatform()
              .start(
                  () -> {
                    try {
                      end.write(new Patterns(seed).next(bytes));
                      end.shutdownOutput();
                    } catch (IOException e) {
                      throw new UncheckedIOException(e);
                    }
                  });
      byte[] echoed = end.inputStream().readAllBytes();
      writer.join();
      assertThat(echoed).hasSize(bytes);
      new Patterns(seed).check(ByteBuffer.wrap(echoed));
    }
    return true;
  }

  @Case("T81")
  @Test
  void aPersistentServersStreamsGoOnWithTheNextClient() throws Exception {
    String port = stage.newPort();
    Setup setup = Setup.rings(4096).asPersistent().asleep();
    Pending<End> listening = stage.listen(servers(), port, setup);
    End first = stage.join(clients(), port, setup).get();
    End server = listening.get();
    first.write(bytes(1000));
    server.write(bytes(900));
    assertThat(first.read(300)).hasSize(300);
    first.close();
    assertThat(server.state()).isEqualTo(VchanState.CONNECTED);

    // What the first client left unread is the second one's, who starts where the page stands.
    End second = stage.join(clients(), port, setup).get();
    byte[] rest = Arrays.copyOfRange(bytes(900), 300, 900);
    assertThat(second.read(2000)).isEqualTo(rest);
    second.write(bytes(500));
    assertThat(server.receive(1000)).isEqualTo(bytes(1000));
    assertThat(server.receive(500)).isEqualTo(bytes(500));
    Pending<byte[]> reading = server.startAndAwaitSleep(end -> StreamContract.read(end, 10));
    second.close();
    End third = stage.join(clients(), port, setup).get();
    third.write(bytes(10));
    assertThat(reading.get()).isEqualTo(bytes(10));
  }
}
