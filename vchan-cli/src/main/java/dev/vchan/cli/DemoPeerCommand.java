// SPDX-License-Identifier: Apache-2.0
package dev.vchan.cli;

import dev.vchan.DomainId;
import dev.vchan.Vchan;
import dev.vchan.cli.demo.Load;
import java.io.IOException;
import java.net.UnixDomainSocketAddress;
import java.nio.channels.SocketChannel;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Objects;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.ParentCommand;

/** The second process of the demo: serves both channels until the first one closes them. */
@Command(name = "demo-peer", hidden = true, description = "The other process of 'vchan demo'.")
final class DemoPeerCommand implements Callable<Integer> {

  private static final Duration PATIENCE = Duration.ofSeconds(30);

  @ParentCommand private @Nullable VchanCommand common;

  @Parameters(index = "0", paramLabel = "DOMID", converter = Converters.Domain.class)
  private @Nullable DomainId domain;

  @Parameters(index = "1", paramLabel = "PORT")
  private String port = "";

  @Parameters(index = "2", paramLabel = "SOCKET")
  private String socketPath = "";

  @Override
  public Integer call() throws IOException {
    Address address = new Address(Objects.requireNonNull(domain), port);
    try (Meeting meeting = Meeting.open(Objects.requireNonNull(common), address, PATIENCE);
        Vchan vchan = meeting.connect();
        SocketChannel socket =
            SocketChannel.open(UnixDomainSocketAddress.of(Path.of(socketPath)))) {
      Thread other = Thread.ofPlatform().start(() -> serve(socket));
      new Load(vchan).serve();
      other.join();
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
    return ExitCodes.DONE;
  }

  private static void serve(SocketChannel socket) {
    try {
      new Load(socket).serve();
    } catch (IOException e) {
      // The first process sees the socket close, and says so.
      return;
    }
  }
}
