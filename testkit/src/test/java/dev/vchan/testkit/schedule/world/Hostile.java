// SPDX-License-Identifier: Apache-2.0
package dev.vchan.testkit.schedule.world;

import dev.vchan.Deadline;
import dev.vchan.RendezvousPath;
import dev.vchan.TinyChannels;
import dev.vchan.Vchan;
import dev.vchan.spi.Advertisement;
import dev.vchan.spi.Backend;
import dev.vchan.spi.EventChannel;
import dev.vchan.spi.Memory.Share;
import dev.vchan.spi.Rendezvous.Registration;
import dev.vchan.testkit.schedule.Seam;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.time.Duration;
import java.util.Optional;

/**
 * A server that is no endpoint, but a thread that changes words of the page while the client works.
 */
abstract class Hostile extends Play {

  private static final int LEFT_CONSUMER = 0;
  private static final int LEFT_PRODUCER = 4;
  private static final int RIGHT_CONSUMER = 8;
  private static final int RIGHT_PRODUCER = 12;
  private static final int LEFT_ORDER = 16;
  private static final int RIGHT_ORDER = 18;
  private static final int RIGHT_RING = 2048;
  private static final int MORE_THAN_THE_RING = 6000;

  EventChannel events;
  private MemorySegment page;
  private boolean connected;

  @Override
  final void play() throws IOException {
    Backend left = machine.domain(Machine.SERVER);
    Backend right = machine.domain(Machine.CLIENT);
    RendezvousPath path = new RendezvousPath("/hostile");
    connected = false;
    events = left.events().listen(right.self());
    Share share = left.memory().share(right.self(), 1, Optional.empty());
    page = share.segment();
    TinyChannels.initialise(page, INDEX, OPTIONS);
    Registration registration = left.rendezvous().register(path, right.self());
    registration.publish(new Advertisement(share.grants().getFirst(), events.port()));
    scheduler.spawn(
        Machine.SERVER,
        "hostile",
        () -> {
          try {
            attack();
            share.close();
            events.close();
            registration.close();
          } catch (IOException e) {
            scheduler.fail("the hostile peer failed: " + e);
          }
        });
    client.uses(server);
    client.use(
        "client",
        () -> {
          try {
            Deadline deadline = Deadline.after(Duration.ofMillis(250));
            client.open(Vchan.connect(right, left.self(), path, OPTIONS, deadline));
            respond();
          } catch (IOException e) {
            client.justify(e);
          }
        });
  }

  /** What the hostile thread does. */
  abstract void attack() throws IOException;

  /** What the client does, with calls that fail if more is there than can be. */
  private void respond() {
    connected = true;
    scheduler.wake(this);
    if (client.read(1, true) && client.read(MORE_THAN_THE_RING, false)) {
      client.lookForSpace();
      client.write(2);
    }
  }

  final void awaitClient() {
    while (!connected) {
      scheduler.await(this);
    }
  }

  final void set(int offset, int value) {
    Seam.store(null, page, offset, value);
    Seam.fullFence();
  }

  final void setOrder(int offset, int value) {
    Seam.store(null, page, offset, (short) value);
    Seam.fullFence();
  }

  /** Two bytes for the client, as a peer does it that keeps to the protocol. */
  final void write() throws IOException {
    Seam.store(null, page, RIGHT_RING + (INDEX & 0x7FF), (byte) 1);
    Seam.store(null, page, RIGHT_RING + (INDEX + 1 & 0x7FF), (byte) 2);
    set(RIGHT_PRODUCER, INDEX + 2);
    events.send();
  }

  /**
   * Writes what is the client's alone: its indices. That concerns only who reads them, and the
   * client does not.
   */
  static final class OwnIndices extends Hostile {

    @Override
    void attack() throws IOException {
      awaitClient();
      write();
      set(RIGHT_CONSUMER, INDEX + 100);
      set(LEFT_PRODUCER, INDEX - 7);
      events.send();
    }
  }

  /** Moves its own indices to where they cannot be, and back. */
  static final class OwnIndicesImpossible extends Hostile {

    @Override
    void attack() throws IOException {
      client.againstAHostilePeer();
      awaitClient();
      write();
      set(RIGHT_PRODUCER, INDEX + 5000);
      set(RIGHT_PRODUCER, INDEX + 2);
      set(LEFT_CONSUMER, INDEX + 7000);
      set(LEFT_CONSUMER, INDEX);
      events.send();
    }
  }

  /** Changes the orders of the rings while the client connects. */
  static final class Orders extends Hostile {

    @Override
    void attack() throws IOException {
      client.againstAHostilePeer();
      write();
      setOrder(LEFT_ORDER, 20);
      setOrder(RIGHT_ORDER, 20);
      setOrder(LEFT_ORDER, 10);
      setOrder(RIGHT_ORDER, 11);
    }
  }
}
