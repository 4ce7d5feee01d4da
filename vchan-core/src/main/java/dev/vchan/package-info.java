// SPDX-License-Identifier: Apache-2.0

/// A vchan: a bidirectional byte channel between two domains, over shared memory.
///
/// The *server* gives memory, the *client* maps it; from then on both ends are alike. There is one
/// ring of bytes for each direction. Whoever writes moves the ring's producer index, whoever reads
/// moves its consumer index, and an event channel wakes the side that sleeps.
///
/// ```
///   server                                                        client
///
///   read  <------------- left ring   consumer ... producer <------- write
///   write -------------> right ring  producer ... consumer -------> read
///
///   asks, answers <=============== event channel ===============> asks, answers
/// ```
///
/// | type | what it is |
/// |---|---|
/// | [dev.vchan.Vchan] | one end of a channel: a byte channel with deadlines, packets and streams |
/// | [dev.vchan.VchanListener] | a server that accepts one client after another |
/// | [dev.vchan.DomainId], [dev.vchan.PortName] | who the peer is, and the name both agree on |
/// | [dev.vchan.RendezvousPath] | where the two meet, if not at the conventional place |
/// | [dev.vchan.VchanOptions] | ring sizes, waiting, half-close, timeouts |
/// | [dev.vchan.RingSizes] | the least a server wants of its two rings |
/// | [dev.vchan.WaitPolicy] | what a call does before it sleeps |
/// | [dev.vchan.Deadline] | when a call gives up |
/// | [dev.vchan.VchanState], [dev.vchan.Counters] | where a channel stands, and what it has done |
/// | [dev.vchan.VchanException] | why a call failed: closed, died, violation, timeout, refused |
/// | [dev.vchan.spi.Backend] | the place: memory, events and rendezvous |
///
/// A server that answers each request and a client that ends its request by half-close, in one
/// process:
///
/// ```java
/// import dev.vchan.*;
/// import dev.vchan.inprocess.InProcessHost;
///
/// static final PortName SHOUT = new PortName("shout");
/// static final DomainId SERVER = new DomainId(0), CLIENT = new DomainId(1);
///
/// void main() throws Exception {
///   var host = new InProcessHost();
///   var listener =
///       VchanListener.open(host.domain(SERVER), CLIENT, SHOUT, VchanOptions.DEFAULTS);
///   var serving = Thread.startVirtualThread(() -> serve(listener));
///
///   var soon = Deadline.after(Duration.ofSeconds(30));
///   var backend = host.domain(CLIENT);
///   try (var channel = Vchan.connect(backend, SERVER, SHOUT, VchanOptions.DEFAULTS, soon)) {
///     channel.write(ByteBuffer.wrap("is anybody there?".getBytes()), soon);
///     channel.shutdownOutput();
///     IO.println(new String(channel.inputStream().readAllBytes()));
///   }
///   serving.join();
///   IO.println("left behind: " + host.leftovers());
/// }
///
/// void serve(VchanListener listener) {
///   try (listener; var channel = listener.accept()) {
///     var request = new String(channel.inputStream().readAllBytes());
///     channel.outputStream().write(request.toUpperCase().getBytes());
///   } catch (IOException e) {
///     throw new UncheckedIOException(e);
///   }
/// }
/// ```
///
/// prints
///
/// ```text
/// IS ANYBODY THERE?
/// left behind: []
/// ```
///
/// The protocol itself is described, with its sources, in `docs/protocol.md` of the repository.
@NullMarked
package dev.vchan;

import org.jspecify.annotations.NullMarked;
