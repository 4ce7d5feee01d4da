// SPDX-License-Identifier: Apache-2.0
package dev.vchan.bench.work;

import java.io.IOException;

/** The contestants in Java, by the names that {@link dev.vchan.bench.Rival} gives them. */
final class Contestants {

  private Contestants() {}

  static Contestant named(String name) throws IOException {
    return switch (name) {
      case "vchan" -> VchanContestant.local(VchanEnd::new);
      case "vchan-virtual" -> VchanContestant.virtualThreads();
      case "vchan-polling" -> VchanContestant.local(VchanEnd.Polling::new);
      case "vchan-zero-copy" -> VchanContestant.local(VchanEnd.ZeroCopy::new);
      case "vchan-batched" -> VchanContestant.local(VchanEnd.Batched::new);
      case "vchan-libc" -> VchanContestant.withLibc((channel, memcpy) -> new VchanEnd(channel));
      case "vchan-zero-copy-libc" -> VchanContestant.withLibc(VchanEnd.ZeroCopyByLibc::new);
      case "vchan-in-process" -> VchanContestant.inProcess();
      case "unix-java" -> new SocketContestant(false);
      case "unix-virtual" -> new SocketContestant(true);
      case "agrona" -> new AgronaContestant();
      case "aeron" -> new AeronContestant();
      case "event" -> new EventContestant();
      default -> throw new IllegalArgumentException("no such contestant: " + name);
    };
  }
}
