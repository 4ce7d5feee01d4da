// SPDX-License-Identifier: Apache-2.0
package dev.vchan.interop;

import dev.vchan.DomainId;
import dev.vchan.RendezvousPath;
import dev.vchan.RingSizes;
import dev.vchan.Vchan;
import dev.vchan.VchanListener;
import dev.vchan.VchanOptions;
import dev.vchan.interop.KernelCounts.Counts;
import dev.vchan.interop.Script.Scene;
import dev.vchan.testkit.ends.Role;
import java.io.IOException;

/**
 * A channel between a contestant in dom0 and libxenvchan in domU, and a third party's view of its
 * page. Both kernels count what it costs.
 *
 * @param contestant moves bytes as fast as it can
 * @param scene where a script can be played
 * @param end closed at the end
 * @param page the same, if it is mapped here
 */
record LabMeeting(Contestant contestant, Scene scene, AutoCloseable end, LabPage page)
    implements AutoCloseable {

  /** Where the two meet, and who serves. */
  record Place(LabSite site, LabServant servant, Role own, String port, RingSizes sizes) {

    RendezvousPath path() {
      return site.path(own, port);
    }

    /** For libxenvchan in either domain, whose peer is in the other one. */
    private String listen(DomainId other) {
      return "listen %s %s %d %d".formatted(other, path(), sizes.readBytes(), sizes.writeBytes());
    }

    private String connect(DomainId other) {
      return "connect %s %s 30000".formatted(other, path());
    }

    private DomainId here() {
      return site.backend().self();
    }

    private PageView look(LabPage page) throws IOException {
      if (own == Role.SERVER) {
        return servant.look(path().value());
      }
      page.map(path().value());
      return new PageView(page::header);
    }
  }

  /** Our endpoint as the contestant. */
  static LabMeeting ofOurs(Place place) throws Exception {
    LabPage page = new LabPage(place.site());
    Peer peer = place.servant().newPeer();
    VchanOptions options = VchanOptions.DEFAULTS.withSizes(place.sizes()).classic();
    PageView view;
    Vchan channel;
    if (place.own() == Role.SERVER) {
      try (VchanListener listener =
          VchanListener.open(
              place.site().backend(), place.site().other(), LabSite.name(place.port()), options)) {
        view = place.look(page);
        peer.ask(place.connect(place.here()));
        channel = listener.accept(Hub.soon());
      }
    } else {
      peer.ask(place.listen(place.here()));
      view = place.look(page);
      channel =
          Vchan.connect(
              place.site().backend(),
              place.site().other(),
              LabSite.name(place.port()),
              options,
              Hub.soon());
      peer.ask("accept");
    }
    return of(
        place,
        page,
        peer,
        Contestant.ours(channel),
        new Partner.Ours(channel),
        view,
        channel.outgoingCapacity(),
        channel.incomingCapacity(),
        channel);
  }

  /** libxenvchan as the contestant. */
  static LabMeeting ofLibxenvchan(Place place) throws Exception {
    CPeer own = place.site().startPeer();
    try {
      return ofLibxenvchan(place, own);
    } catch (Exception | AssertionError e) {
      own.kill();
      throw e;
    }
  }

  private static LabMeeting ofLibxenvchan(Place place, CPeer own) throws Exception {
    LabPage page = new LabPage(place.site());
    Peer peer = place.servant().newPeer();
    PageView view;
    long[] rings;
    if (place.own() == Role.SERVER) {
      rings = own.ask(place.listen(place.site().other()));
      view = place.look(page);
      peer.ask(place.connect(place.here()));
      own.ask("accept");
    } else {
      peer.ask(place.listen(place.here()));
      view = place.look(page);
      rings = own.ask(place.connect(place.site().other()));
      peer.ask("accept");
    }
    return of(
        place,
        page,
        peer,
        Contestant.libxenvchan(own),
        new Partner.Libxenvchan(own),
        view,
        (int) rings[1],
        (int) rings[0],
        own);
  }

  private static LabMeeting of(
      Place place,
      LabPage page,
      Peer peer,
      Contestant.Mover mover,
      Partner partner,
      PageView view,
      int there,
      int back,
      AutoCloseable end) {
    Cost.Counter counter =
        () -> {
          Counts own = KernelCounts.now();
          Counts peers = place.servant().counts();
          return new Cost(own.sent(), peers.sent(), own.unmasked() + peers.unmasked());
        };
    return new LabMeeting(
        new Contestant(mover, peer, counter),
        new Scene(peer, partner, place.own(), view, there, back, counter),
        end,
        page);
  }

  @Override
  public void close() throws Exception {
    try (page) {
      end.close();
    }
  }
}
