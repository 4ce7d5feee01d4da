// SPDX-License-Identifier: Apache-2.0
package dev.vchan.cli;

import dev.vchan.Deadline;
import dev.vchan.RendezvousPath;
import dev.vchan.Vchan;
import dev.vchan.VchanListener;
import dev.vchan.VchanOptions;
import dev.vchan.VchanTimeoutException;
import dev.vchan.cli.forward.SocketEntrance;
import dev.vchan.local.LocalBackend;
import dev.vchan.spi.Backend;
import java.io.IOException;
import java.time.Duration;
import java.util.function.BooleanSupplier;
import org.jspecify.annotations.Nullable;

/** Brings the two sides together, and says where the one that waits is waiting. */
final class Meeting implements AutoCloseable {

  /** How long a client looks for its server before it says that it waits. */
  private static final Duration SILENCE = Duration.ofMillis(300);

  private final VchanCommand common;
  private final Console console;
  private final Backend backend;
  private final Address address;
  private final @Nullable Duration patience;
  private volatile BooleanSupplier cutShort = () -> false;

  private Meeting(
      VchanCommand common, Backend backend, Address address, @Nullable Duration patience) {
    this.common = common;
    this.console = common.console();
    this.backend = backend;
    this.address = address;
    this.patience = patience;
  }

  /**
   * Opens the backend.
   *
   * @param patience how long to wait for the other side, null for as long as it takes
   */
  static Meeting open(VchanCommand common, Address address, @Nullable Duration patience)
      throws IOException {
    Meeting meeting = new Meeting(common, common.openBackend(), address, patience);
    Interruption.onInterrupt(
        () -> {
          meeting.close();
          return !meeting.cutShort.getAsBoolean();
        });
    return meeting;
  }

  Vchan connect() throws IOException {
    RendezvousPath path = path(true);
    VchanOptions options = common.connectOptions();
    Deadline end = deadline();
    Duration first = patience == null || patience.compareTo(SILENCE) > 0 ? SILENCE : patience;
    Vchan channel;
    try {
      channel = connect(path, options, Deadline.after(first));
    } catch (VchanTimeoutException e) {
      if (end.remainingNanos() == 0) {
        throw notThere(e);
      }
      console.say("waiting for " + path + " of domain " + address.peer());
      channel = connectLater(path, options, end);
    }
    console.detail("connected to domain " + address.peer() + " at " + path);
    return channel;
  }

  private Vchan connectLater(RendezvousPath path, VchanOptions options, Deadline end)
      throws IOException {
    try {
      return connect(path, options, end);
    } catch (VchanTimeoutException e) {
      throw notThere(e);
    }
  }

  /** Both sides may be right, and look in different directories. */
  private CommandFailure notThere(VchanTimeoutException cause) {
    String where = backend instanceof LocalBackend local ? " (in " + local.root() + ")" : "";
    return new CommandFailure(ExitCodes.TIMEOUT, cause.getMessage() + where);
  }

  /** Makes what connects without a word, for one client after another. */
  SocketEntrance.Connector connector() {
    RendezvousPath path = path(true);
    VchanOptions options = common.connectOptions();
    return deadline -> connectLater(path, options, deadline);
  }

  private Vchan connect(RendezvousPath path, VchanOptions options, Deadline deadline)
      throws IOException {
    return Vchan.connect(backend, address.peer(), path, options, deadline);
  }

  VchanListener listen() throws IOException {
    VchanListener listener = listenQuietly();
    console.say("listening at " + listener.path() + " for domain " + address.peer());
    return listener;
  }

  VchanListener listenQuietly() throws IOException {
    return VchanListener.open(backend, address.peer(), path(false), common.listenOptions(backend));
  }

  Vchan accept(VchanListener listener) throws IOException {
    Vchan channel = listener.accept(deadline());
    console.detail("domain " + channel.peer() + " has connected");
    return channel;
  }

  /** The next client of this name finds nobody from the moment one has been accepted. */
  Vchan acceptOne() throws IOException {
    try (VchanListener listener = listen()) {
      return accept(listener);
    }
  }

  private Deadline deadline() {
    return patience == null ? Deadline.NEVER : Deadline.after(patience);
  }

  /** Where the two meet. */
  RendezvousPath path(boolean asClient) {
    try {
      return asClient
          ? address.path(address.peer(), backend.self())
          : address.path(backend.self(), address.peer());
    } catch (IllegalArgumentException e) {
      throw common.usage(e);
    }
  }

  /**
   * Makes {@link #close}, on Ctrl-C as well as at a failure, leave channels alone that are in the
   * middle of a stream: their peers then learn that this side died.
   *
   * @param inTheMiddle whether there are such channels
   */
  void protect(BooleanSupplier inTheMiddle) {
    cutShort = inTheMiddle;
  }

  /** Closes whatever is open, in good order. */
  @Override
  public void close() throws IOException {
    if (!cutShort.getAsBoolean()) {
      backend.close();
    }
  }
}
