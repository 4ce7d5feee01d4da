// SPDX-License-Identifier: Apache-2.0
package dev.vchan.testkit;

import dev.vchan.DomainId;
import dev.vchan.spi.Backend;
import java.io.IOException;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;

/**
 * What the suites of a backend's contract have in common: a machine with a server, a client and a
 * stranger, and the proof that each test leaves nothing behind. A backend is done when a subclass
 * of each suite passes.
 */
public abstract class BackendContract {

  /** The domain that shares, listens and publishes. */
  protected static final DomainId SERVER = new DomainId(5);

  /** The domain that maps, connects and watches. */
  protected static final DomainId CLIENT = new DomainId(6);

  /** A domain that nothing is meant for. */
  protected static final DomainId STRANGER = new DomainId(7);

  /** Ends waits that are not meant to end that way. */
  protected static final long LONG_NANOS = 30_000_000_000L;

  /** What {@link #SERVER} sees of the machine. */
  protected Backend server;

  /** What {@link #CLIENT} sees of the machine. */
  protected Backend client;

  /** What {@link #STRANGER} sees of the machine. */
  protected Backend stranger;

  private LeakCheck leaks;
  private Machine machine;

  /** Made by the subclass. */
  @SuppressWarnings("NullAway.Init") // Set before each test.
  protected BackendContract() {}

  /**
   * Makes the machine of one test.
   *
   * @return a machine without anything in it
   * @throws IOException if the system fails
   */
  protected abstract Machine newMachine() throws IOException;

  /** What domains live on. */
  public interface Machine extends AutoCloseable {

    /**
     * A domain of this machine.
     *
     * @param id its number
     * @return what it sees; closed by the caller
     * @throws IOException if the system fails
     */
    Backend domain(DomainId id) throws IOException;

    /**
     * What was taken and not given back.
     *
     * @return a line for each
     * @throws IOException if the system fails
     */
    List<String> leftovers() throws IOException;

    /**
     * Ends the machine.
     *
     * @throws IOException if the system fails
     */
    @Override
    void close() throws IOException;
  }

  @BeforeEach
  final void start() throws IOException {
    leaks = new LeakCheck();
    machine = newMachine();
    server = machine.domain(SERVER);
    client = machine.domain(CLIENT);
    stranger = machine.domain(STRANGER);
  }

  @AfterEach
  final void nothingIsLeft() throws IOException {
    List<String> leftovers = machine.leftovers();
    server.close();
    client.close();
    stranger.close();
    machine.close();
    if (!leftovers.isEmpty()) {
      throw new AssertionError("left behind: " + leftovers);
    }
    leaks.assertNothingLeft();
  }
}
