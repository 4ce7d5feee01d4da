// SPDX-License-Identifier: Apache-2.0

/// A client of XenStore, Xen's small tree of keys and values that all domains of a host share.
///
/// | type | what it is |
/// |---|---|
/// | [dev.vchan.xen.xenstore.XenStore] | a hold on the connection that this JVM has |
/// | [dev.vchan.xen.xenstore.Nodes] | reading and writing nodes, at once or in a transaction |
/// | [dev.vchan.xen.xenstore.StoreWatch] | a counter of the changes below a path |
/// | [dev.vchan.xen.xenstore.StorePath], [dev.vchan.xen.xenstore.Permissions] | where a node is, who may use it |
/// | [dev.vchan.xen.xenstore.XenStoreException] | why a call failed: refused, timed out, lost, not understood |
///
/// ```java
/// var soon = Deadline.after(Duration.ofSeconds(5));
/// try (var store = XenStore.open(soon)) {
///   var name = store.nodes(soon).read(new StorePath("/local/domain/0/name"));
///   IO.println(name.orElse("a domain without a name"));
/// }
/// ```
///
/// The protocol is the one of Xen's `docs/misc/xenstore.txt` and `io/xs_wire.h`. No native code is
/// used: the daemon's socket and the kernel's device are both read and written as files are.
@NullMarked
package dev.vchan.xen.xenstore;

import org.jspecify.annotations.NullMarked;
