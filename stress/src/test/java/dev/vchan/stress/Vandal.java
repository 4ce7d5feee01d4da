// SPDX-License-Identifier: Apache-2.0
package dev.vchan.stress;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.nio.ByteBuffer;
import java.nio.channels.SocketChannel;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;

/**
 * A process that comes to the channels of another one, as client and as server, and vandalises them
 * at full speed until it is killed. It uses nothing of the modules under attack.
 *
 * <p>Told {@code all}, the name of a {@link Mischief}, or {@code rest} on standard input; names
 * what it does on standard output.
 */
final class Vandal {

  static final int DOMAIN = 2;
  static final String VICTIM_SERVES = "attacked-server";
  static final String VICTIM_CONNECTS = "attacked-client";

  /** As many as stand in a doorway, and some that queue outside. */
  private static final int GUESTS = 12;

  private static final int MOST_GUESTS = 4 * GUESTS;

  private static final long PAUSE_NANOS = 1_000_000;

  private final RawPlace place;

  /** Guests who stay as long as this process lives. */
  private final List<SocketChannel> stubborn = new ArrayList<>();

  private volatile String wanted = "rest";

  private Vandal(RawPlace place) {
    this.place = place;
  }

  /** One kind of visit to the victim. */
  private interface Visit {
    void pay(Random random) throws IOException;
  }

  /**
   * Runs.
   *
   * @param args directory of the victim, or a directory of its own and the word {@code elsewhere};
   *     seed
   */
  public static void main(String[] args) throws Exception {
    Vandal vandal = new Vandal(RawPlace.open(Path.of(args[0]), DOMAIN, 0));
    long seed = Long.parseLong(args[1]);
    vandal.warmUp(new Random());
    boolean elsewhere = args.length > 2;
    Visit asClient = elsewhere ? vandal::nowhere : vandal::visit;
    Visit asServer = elsewhere ? vandal::nowhere : vandal::serve;
    Thread.ofPlatform().daemon().start(() -> vandal.go(asClient, new Random(seed)));
    Thread.ofPlatform().daemon().start(() -> vandal.go(asServer, new Random(~seed)));
    try (BufferedReader orders = new BufferedReader(new InputStreamReader(System.in))) {
      for (String order = orders.readLine(); order != null; order = orders.readLine()) {
        vandal.wanted = order;
      }
    } finally {
      // Whoever started this is gone.
      Runtime.getRuntime().halt(1);
    }
  }

  /** A visit nowhere, so that the first real one begins with what it is about. */
  private void warmUp(Random random) throws IOException {
    try (RawEnd end = RawEnd.alone(place.root())) {
      end.socket().configureBlocking(false);
      for (Mischief mischief : Mischief.values()) {
        if (mischief != Mischief.CUT) {
          mischief.step(end, random);
        }
      }
    }
  }

  private void go(Visit visit, Random random) {
    for (; ; ) {
      try {
        if (wanted.equals("rest")) {
          LockSupport.parkNanos(PAUSE_NANOS);
        } else {
          visit.pay(random);
        }
      } catch (IOException | RuntimeException e) {
        // Turned away, hung up on, or too late: the victim is alive and knows what to do.
        LockSupport.parkNanos(PAUSE_NANOS);
      }
    }
  }

  private void visit(Random random) throws IOException {
    Map<String, String> advertised = place.advertised(VICTIM_SERVES);
    if (!advertised.containsKey("event-channel")) {
      LockSupport.parkNanos(PAUSE_NANOS);
    } else if (wanted.equals("all") && random.nextInt(10) == 0) {
      say("DOOR");
      crowd(advertised, random);
    } else {
      boolean enters = !wanted.equals("all") || random.nextInt(20) > 0;
      try (RawEnd end = RawEnd.client(place, advertised, enters)) {
        play(end, random);
      }
    }
  }

  private void serve(Random random) throws IOException {
    if (wanted.equals("all") && random.nextInt(10) == 0) {
      say("KEYS");
      lie(random);
    }
    try (RawEnd end = RawEnd.server(place, VICTIM_CONNECTS, random)) {
      play(end, random);
    }
  }

  private void nowhere(Random random) throws IOException {
    try (RawEnd end = RawEnd.alone(place.root())) {
      play(end, random);
    }
  }

  private void play(RawEnd end, Random random) throws IOException {
    String now = wanted;
    if (now.equals("rest")) {
      return;
    }
    boolean any = now.equals("all");
    Mischief[] all = Mischief.values();
    Mischief mischief = any ? all[random.nextInt(all.length)] : Mischief.valueOf(now);
    say(mischief.name());
    // From a moment to a second; what is wanted alone goes on until the victim has had enough.
    long millis = any ? 1L << random.nextInt(11) : Integer.MAX_VALUE;
    long until = System.nanoTime() + TimeUnit.MILLISECONDS.toNanos(millis);
    end.socket().configureBlocking(false);
    mischief.play(end, random, () -> System.nanoTime() - until > 0 || wanted != now);
    if (random.nextBoolean()) {
      // A goodbye, or what means nothing here.
      end.socket().write(ByteBuffer.wrap(new byte[] {(byte) (2 * random.nextInt(2))}));
    }
  }

  /** Guests who say nothing, half of something, or nonsense, and go, or stay until they must. */
  private void crowd(Map<String, String> advertised, Random random) throws IOException {
    if (stubborn.size() < MOST_GUESTS && random.nextBoolean()) {
      for (int i = 0; i < GUESTS; i++) {
        stubborn.add(guest(advertised, random));
      }
      return;
    }
    for (int i = 0; i < GUESTS; i++) {
      guest(advertised, random).close();
    }
  }

  private SocketChannel guest(Map<String, String> advertised, Random random) throws IOException {
    SocketChannel guest = RawEnd.dial(place, advertised);
    byte[] words = new byte[random.nextInt(40)];
    random.nextBytes(words);
    guest.write(ByteBuffer.wrap(words));
    return guest;
  }

  /** Advertisements that mean nothing, or nothing here, one after another. */
  private void lie(Random random) throws IOException {
    for (int i = 0; i < 1000; i++) {
      String ref = random.nextBoolean() ? "" + random.nextInt() : "\0" + random.nextLong();
      String port = random.nextBoolean() ? "" + random.nextInt() : "7".repeat(random.nextInt(5000));
      place.advertise(VICTIM_CONNECTS, "ring-ref=" + ref + "\nevent-channel=" + port + "\n");
    }
    place.withdraw(VICTIM_CONNECTS);
  }

  private static void say(String what) {
    System.out.println(what);
  }
}
