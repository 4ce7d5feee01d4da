// SPDX-License-Identifier: Apache-2.0
package dev.vchan.cli.live;

import dev.vchan.PageSnapshot;
import dev.vchan.local.LiveChannel;
import dev.vchan.local.LiveProcess;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.TimeUnit;

/** Channels, written for machines: an object of JSON for each, in one line (docs/command.md). */
public final class Report {

  private static final double NANOS = TimeUnit.SECONDS.toNanos(1);

  private Report() {}

  /**
   * All that is known of a channel.
   *
   * @param seen the channel
   * @return a line
   */
  public static String json(Observation seen) {
    LiveChannel channel = seen.channel();
    Map<String, Object> object = new LinkedHashMap<>();
    object.put("path", channel.path().value());
    object.put("page", Integer.toUnsignedLong(channel.page().value()));
    object.put("advertised", channel.advertised());
    object.put("observedSeconds", seen.nanos() / NANOS);
    List<Diagnosis> diagnoses = Diagnosis.of(seen);
    object.put("cause", diagnoses.getFirst().cause().label());
    object.put("diagnoses", diagnoses.stream().map(Report::diagnosis).toList());
    Optional<PageSnapshot> page = channel.snapshot();
    if (page.isPresent()) {
      object.put("server", side(Party.server(seen, page.get())));
      object.put("client", side(Party.client(seen, page.get())));
      object.put("toClient", lane(seen.toClient(), seen.nanos()));
      object.put("toServer", lane(seen.toServer(), seen.nanos()));
    }
    return Json.write(object);
  }

  private static Map<String, Object> diagnosis(Diagnosis diagnosis) {
    Map<String, Object> object = new LinkedHashMap<>();
    object.put("cause", diagnosis.cause().label());
    object.put("sentence", diagnosis.sentence());
    return object;
  }

  private static Map<String, Object> side(Party party) {
    Map<String, Object> object = new LinkedHashMap<>();
    object.put("domain", party.domain().value());
    party.process().ifPresent(process -> object.put("process", process(process)));
    object.put("live", party.side().live());
    List<String> asks = new ArrayList<>();
    if (party.side().asksForBytes()) {
      asks.add("bytes");
    }
    if (party.side().asksForSpace()) {
      asks.add("space");
    }
    object.put("asks", asks);
    object.put("ended", party.side().ended());
    object.put("halfClose", party.side().knowsHalfClose());
    return object;
  }

  private static Map<String, Object> process(LiveProcess process) {
    Map<String, Object> object = new LinkedHashMap<>();
    object.put("pid", process.pid());
    object.put("name", process.name());
    object.put("stopped", process.isStopped());
    return object;
  }

  private static Map<String, Object> lane(Lane lane, long nanos) {
    Map<String, Object> object = new LinkedHashMap<>();
    object.put("capacity", lane.ring().capacity());
    object.put("filled", lane.filled());
    object.put("producer", Integer.toUnsignedLong(lane.ring().producer()));
    object.put("consumer", Integer.toUnsignedLong(lane.ring().consumer()));
    object.put("writtenPerSecond", perSecond(lane.produced(), nanos));
    object.put("readPerSecond", perSecond(lane.consumed(), nanos));
    object.put("quietSeconds", lane.quietNanos() / NANOS);
    object.put("readerAskedSeconds", lane.readerAskedNanos() / NANOS);
    object.put("writerAskedSeconds", lane.writerAskedNanos() / NANOS);
    return object;
  }

  private static long perSecond(long bytes, long nanos) {
    return Math.round(bytes * NANOS / Math.max(1, nanos));
  }
}
