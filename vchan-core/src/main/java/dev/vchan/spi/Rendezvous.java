// SPDX-License-Identifier: Apache-2.0
package dev.vchan.spi;

import dev.vchan.DomainId;
import dev.vchan.RendezvousPath;
import java.io.Closeable;
import java.io.IOException;
import java.util.Optional;

/** Where servers advertise and clients look: what XenStore does on Xen. */
public interface Rendezvous {

  /**
   * Takes a path for a server. Nothing is published yet.
   *
   * @param path where to advertise
   * @param client the only domain that may read what is published there
   * @return the right to publish there, until it is closed
   * @throws dev.vchan.SystemRefusedException if another live server holds the path, or a quota is
   *     reached
   * @throws IOException if the system fails otherwise
   */
  Registration register(RendezvousPath path, DomainId client) throws IOException;

  /**
   * Watches a path for a client.
   *
   * @param path where the server advertises, or will
   * @param server the domain that will have published there
   * @return a watch that counts changes from now on
   * @throws IOException if the system fails
   */
  Watch watch(RendezvousPath path, DomainId server) throws IOException;

  /** A server's hold on a path. Used by one thread at a time. */
  interface Registration extends Closeable {

    /**
     * Publishes, in place of what was published before. A client sees both values or neither.
     *
     * @param advertisement what to publish
     * @throws IOException if the system fails; nothing is published then
     */
    void publish(Advertisement advertisement) throws IOException;

    /**
     * Removes what is published, if anything is. Idempotent; "already gone" is success.
     *
     * @throws IOException if the system fails
     */
    void withdraw() throws IOException;

    /**
     * Withdraws, and gives the path up. Idempotent.
     *
     * @throws IOException if the system fails; the path is free all the same as far as this process
     *     can make it
     */
    @Override
    void close() throws IOException;
  }

  /** A client's eye on a path. May be used from any thread. */
  interface Watch extends Closeable {

    /**
     * What is published now, both values of one moment.
     *
     * @return the advertisement; empty if there is none yet, it may not be read, or it is malformed
     * @throws IOException if the rendezvous itself cannot be reached
     */
    Optional<Advertisement> look() throws IOException;

    /**
     * How many changes were noticed; some may be none.
     *
     * @return a counter that only grows
     */
    long changes();

    /**
     * Waits for a change newer than those the caller has seen; see {@link EventChannel#await}.
     *
     * @param seen what {@link #changes} returned before the caller looked
     * @param timeoutNanos longest wait in nanoseconds
     * @return whether {@code changes() != seen} now
     */
    boolean await(long seen, long timeoutNanos);

    /**
     * Stops watching and wakes waiters. Idempotent.
     *
     * @throws IOException if the system fails
     */
    @Override
    void close() throws IOException;
  }
}
