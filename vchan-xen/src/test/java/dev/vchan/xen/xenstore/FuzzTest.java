// SPDX-License-Identifier: Apache-2.0
package dev.vchan.xen.xenstore;

import static org.assertj.core.api.Assertions.assertThat;

import dev.vchan.Deadline;
import dev.vchan.DomainId;
import dev.vchan.testkit.Case;
import dev.vchan.testkit.Figures;
import dev.vchan.testkit.Watchdog;
import dev.vchan.testkit.Watchdog.Task;
import dev.vchan.xen.xenstore.fake.Frame;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.time.Duration;
import java.util.Map;
import java.util.Random;
import java.util.TreeMap;
import org.junit.jupiter.api.Test;

/**
 * Random bytes for replies: every call ends in time, in a value or in a failure that has a type.
 */
@Case("T89")
class FuzzTest extends Leakless {

  private static final int ROUNDS = Figures.FULL ? 5_000 : 400;
  private static final int CALLS = 4;
  private static final StorePath PATH = new StorePath("/a/path");

  private final Map<String, Integer> outcomes = new TreeMap<>();

  @Test
  void everyCallEndsInAValueOrAFailureThatHasAType() throws Exception {
    long seed = new Random().nextLong();
    System.out.println("seed " + seed);
    Random random = new Random(seed);
    for (int round = 0; round < ROUNDS; round++) {
      try {
        play(new Random(random.nextLong()));
      } catch (Exception | AssertionError e) {
        throw new AssertionError("seed " + seed + ", round " + round, e);
      }
    }
    System.out.println(outcomes);
    assertThat(outcomes.keySet()).contains("value", "XenStoreLostException");
  }

  private void play(Random random) throws Exception {
    try (RawDaemon daemon = new RawDaemon();
        XenStore store = XenStore.open(daemon.socket(), soon())) {
      Task<Void> babbling = Watchdog.start("babbling", () -> babble(daemon, random));
      for (int i = 0; i < CALLS; i++) {
        outcomes.merge(outcome(store, i + random.nextInt(9)), 1, Integer::sum);
      }
      store.close();
      babbling.get();
    }
  }

  private static String outcome(XenStore store, int which) {
    Deadline deadline = Deadline.after(Duration.ofMillis(20));
    Nodes nodes = store.nodes(deadline);
    try {
      switch (which % 9) {
        case 0 -> nodes.read(PATH);
        case 1 -> nodes.list(PATH);
        case 2 -> nodes.permissions(PATH);
        case 3 -> nodes.write(PATH, "x");
        case 4 -> nodes.remove(PATH);
        case 5 -> nodes.setPermissions(PATH, Permissions.of(DomainId.DOM0));
        case 6 -> store.domainPath(DomainId.DOM0, deadline);
        case 7 -> store.watch(PATH, deadline).close();
        default -> store.transact(deadline, inside -> inside.read(PATH));
      }
      return "value";
    } catch (XenStoreException e) {
      return e.getClass().getSimpleName();
    } catch (IOException e) {
      throw new UncheckedIOException("untyped", e);
    }
  }

  /** Answers until the client has hung up. */
  private static Void babble(RawDaemon daemon, Random random) throws Exception {
    daemon.accept();
    for (; ; ) {
      Frame request;
      try {
        request = daemon.read();
        if (request == null) {
          return null;
        }
        daemon.send(nonsense(request, random));
      } catch (IOException e) {
        return null;
      }
      if (random.nextInt(20) == 0) {
        daemon.hangUp();
        return null;
      }
    }
  }

  private static byte[] nonsense(Frame request, Random random) {
    byte[] body = new byte[random.nextInt(random.nextInt(8) == 0 ? 4097 : 40)];
    random.nextBytes(body);
    for (int i = 0; i < body.length; i++) {
      if (random.nextInt(3) == 0) {
        body[i] = (byte) "0n|/a-".replace('|', '\0').charAt(random.nextInt(6));
      }
    }
    return switch (random.nextInt(7)) {
      case 0 -> body;
      case 1 -> request.reply(random.nextInt(30), body).encode();
      case 2 -> request.reply(Frame.ERROR, body).encode();
      case 3 -> Frame.of(Frame.WATCH_EVENT, random.nextInt(), random.nextInt(), body).encode();
      case 4 -> withRandomHeader(request.reply(request.type(), body).encode(), random);
      default -> request.reply(request.type(), body).encode();
    };
  }

  private static byte[] withRandomHeader(byte[] bytes, Random random) {
    int[] fields = {0, 1, 2, 4096, 4097, -1, random.nextInt()};
    ByteBuffer.wrap(bytes)
        .order(ByteOrder.LITTLE_ENDIAN)
        .putInt(4 * random.nextInt(4), fields[random.nextInt(fields.length)]);
    return bytes;
  }
}
