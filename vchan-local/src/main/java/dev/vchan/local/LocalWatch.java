// SPDX-License-Identifier: Apache-2.0
package dev.vchan.local;

import dev.vchan.DomainId;
import dev.vchan.spi.Advertisement;
import dev.vchan.spi.EventCounter;
import dev.vchan.spi.Parking;
import dev.vchan.spi.Rendezvous;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Optional;
import java.util.concurrent.TimeUnit;

/**
 * A client's eye on a node. A change is noticed by looking: whenever the caller does, whenever the
 * system says that something moved in the directory, and every now and then while somebody waits.
 *
 * <p>The system is asked to say so only once somebody waits. Most clients find their server there
 * and never do.
 */
final class LocalWatch implements Rendezvous.Watch {

  /** Pause between looks where the system tells what happens; it may not on every file system. */
  private static final long TOLD_NANOS = TimeUnit.SECONDS.toNanos(2);

  /** Pause between looks where it does not: no inotify instance to be had. */
  private static final long UNTOLD_NANOS = TimeUnit.MILLISECONDS.toNanos(50);

  private final LocalRendezvous rendezvous;
  private final Path node;
  private final Path file;
  private final DomainId server;
  private final DomainId self;
  private final EventCounter changes = new EventCounter();

  /** What was there at the last look. Guarded by this object, as is all below. */
  private byte[] last;

  private boolean asked;
  private boolean told;
  private boolean closed;

  LocalWatch(LocalRendezvous rendezvous, Path node, DomainId server, DomainId self)
      throws IOException {
    this.rendezvous = rendezvous;
    this.node = node;
    this.file = node.resolve(Keys.FILE);
    this.server = server;
    this.self = self;
    this.last = Keys.read(file);
  }

  @Override
  public Optional<Advertisement> look() throws IOException {
    return Keys.parse(observe()).flatMap(keys -> keys.advertisement(server, self));
  }

  /** Looks, and counts a change if there is one. */
  private synchronized byte[] observe() throws IOException {
    byte[] now = Keys.read(file);
    if (!Arrays.equals(now, last)) {
      last = now;
      changes.signal();
    }
    return now;
  }

  /** Something moved in the directory, or the directory itself is gone. */
  void stir(boolean gone) {
    synchronized (this) {
      told &= !gone;
    }
    try {
      observe();
    } catch (IOException e) {
      // Whoever waits shall look, and will meet it.
      changes.signal();
      return;
    }
    if (gone) {
      // So that whoever waits asks to be told of the next directory.
      changes.signal();
    }
  }

  /** Looks too: what comes and goes between this sample and a wait would not be noticed else. */
  @Override
  public long changes() {
    try {
      observe();
    } catch (IOException e) {
      // The caller's own look will meet it.
      changes.signal();
    }
    return changes.count();
  }

  @Override
  public boolean await(long seen, long timeoutNanos) {
    long start = Parking.nanoTime();
    for (; ; ) {
      long left = timeoutNanos - (Parking.nanoTime() - start);
      if (changes.count() != seen || left <= 0 || Thread.currentThread().isInterrupted()) {
        return changes.count() != seen;
      }
      long pause = beTold() ? TOLD_NANOS : UNTOLD_NANOS;
      try {
        // After the system was asked to tell: a change before that is seen here.
        observe();
      } catch (IOException e) {
        return changes.count() != seen;
      }
      changes.await(seen, Math.min(left, pause));
    }
  }

  private synchronized boolean beTold() {
    if (!told && !closed) {
      asked = true;
      told = rendezvous.eyes().open(node, this);
    }
    return told || closed;
  }

  @Override
  public void close() {
    boolean hasAsked;
    synchronized (this) {
      if (closed) {
        return;
      }
      closed = true;
      hasAsked = asked;
    }
    if (hasAsked) {
      rendezvous.eyes().close(this);
      rendezvous.root().prune(node);
    }
    rendezvous.closed(this);
    changes.signal();
  }
}
