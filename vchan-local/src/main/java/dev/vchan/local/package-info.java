// SPDX-License-Identifier: Apache-2.0

/// Between processes of one machine and one user, without Xen: [dev.vchan.local.LocalBackend].
///
/// The processes meet in a directory, by default the same for all of one user's. Each says which
/// domain it is. This program starts itself a second time as the client:
///
/// ```java
/// import dev.vchan.*;
/// import dev.vchan.local.LocalBackend;
///
/// static final PortName GREETINGS = new PortName("greetings");
/// static final DomainId SERVER = new DomainId(0), CLIENT = new DomainId(1);
///
/// void main(String[] arguments) throws Exception {
///   if (arguments.length == 0) {
///     serve();
///   } else {
///     greet();
///   }
/// }
///
/// void serve() throws Exception {
///   try (var backend = LocalBackend.open(SERVER);
///       var listener = VchanListener.open(backend, CLIENT, GREETINGS, VchanOptions.DEFAULTS)) {
///     var command = new ArrayList<>(List.of(ProcessHandle.current().info().command().get()));
///     command.addAll(List.of("-cp", System.getProperty("java.class.path")));
///     command.addAll(List.of(System.getProperty("sun.java.command"), "as the client"));
///     new ProcessBuilder(command).inheritIO().start();
///     try (var channel = listener.accept(Deadline.after(Duration.ofSeconds(30)))) {
///       IO.println(new String(channel.inputStream().readAllBytes()));
///     }
///   }
/// }
///
/// void greet() throws Exception {
///   var soon = Deadline.after(Duration.ofSeconds(30));
///   try (var backend = LocalBackend.open(CLIENT);
///       var channel = Vchan.connect(backend, SERVER, GREETINGS, VchanOptions.DEFAULTS, soon);
///       var out = channel.outputStream()) {
///     out.write("hello from another process".getBytes());
///   }
/// }
/// ```
///
/// prints
///
/// ```text
/// hello from another process
/// ```
///
/// The format of the directory and of what goes over its sockets is described in
/// `docs/local-transport.md` of the repository, to write a peer from in another language.
@NullMarked
package dev.vchan.local;

import org.jspecify.annotations.NullMarked;
