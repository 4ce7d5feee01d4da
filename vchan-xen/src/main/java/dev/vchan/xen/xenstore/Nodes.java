// SPDX-License-Identifier: Apache-2.0
package dev.vchan.xen.xenstore;

import static java.nio.charset.StandardCharsets.UTF_8;

import dev.vchan.Deadline;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * Reading and writing nodes, under one deadline; each change at once, or all of them with the
 * transaction this was made for.
 *
 * <p>May be used from any thread; calls of several threads are done one after the other. Every
 * method waits for xenstored, and throws, besides what it says itself,
 *
 * <ul>
 *   <li>{@link XenStoreRefusedException} if xenstored refuses, for want of permission above all
 *   <li>{@link XenStoreTimeoutException} if the deadline expires first
 *   <li>{@link XenStoreMalformedException} if the reply is not one
 *   <li>{@link XenStoreLostException} if the connection is lost
 *   <li>{@link java.nio.channels.ClosedByInterruptException} if the calling thread is interrupted;
 *       its status stays set, nothing is closed, and what was asked for may be done or not
 *   <li>{@link java.nio.channels.ClosedChannelException} if the {@link XenStore} is closed
 *   <li>{@link IllegalStateException} if the transaction is over
 * </ul>
 */
public final class Nodes {

  private static final int MAX_RESTARTS = 16;

  private final XenStore store;
  private final int transactionId;
  private final Deadline deadline;
  private volatile boolean over;

  Nodes(XenStore store, int transactionId, Deadline deadline) {
    this.store = store;
    this.transactionId = transactionId;
    this.deadline = deadline;
  }

  /** Nothing more in this transaction. */
  void end() {
    over = true;
  }

  /**
   * Reads a value as text in UTF-8.
   *
   * @param path the node
   * @return its value, perhaps empty; nothing if there is no such node
   * @throws IOException as the class says
   */
  public Optional<String> read(StorePath path) throws IOException {
    return readBytes(path).map(value -> new String(value, UTF_8));
  }

  /**
   * Reads a value.
   *
   * @param path the node
   * @return its value, at most 4,096 bytes; nothing if there is no such node
   * @throws IOException as the class says
   */
  public Optional<byte[]> readBytes(StorePath path) throws IOException {
    return present(request(MessageType.READ, path)).map(Message::payload);
  }

  /**
   * Writes a value as text in UTF-8. Makes the node, and those above it, if they are missing; a new
   * node has the permissions of the one above, but belongs to the own domain, unless that is dom0.
   *
   * @param path the node
   * @param value its new value
   * @throws IOException as the class says
   */
  public void write(StorePath path, String value) throws IOException {
    write(path, value.getBytes(UTF_8));
  }

  /**
   * Writes a value; see {@link #write(StorePath, String)}.
   *
   * @param path the node
   * @param value its new value; by default a node may have 2,048 bytes, and the request 4,096
   * @throws IOException as the class says
   */
  public void write(StorePath path, byte[] value) throws IOException {
    ByteArrayOutputStream payload = new ByteArrayOutputStream();
    payload.writeBytes(Message.join(List.of(path.value())));
    payload.writeBytes(value);
    call(new Request(MessageType.WRITE, transactionId, path.value(), payload.toByteArray()));
  }

  /**
   * Makes a node with an empty value, and those above it, unless it is there.
   *
   * @param path the node
   * @throws IOException as the class says
   */
  public void mkdir(StorePath path) throws IOException {
    call(request(MessageType.MKDIR, path));
  }

  /**
   * Removes a node and everything below it. That there is none is success.
   *
   * @param path the node
   * @throws IOException as the class says
   */
  public void remove(StorePath path) throws IOException {
    try {
      call(request(MessageType.RM, path));
    } catch (XenStoreRefusedException e) {
      // Xenstored takes a missing node for success, but not a missing parent; to us both are gone.
      if (e.errno() != Errno.ENOENT) {
        throw e;
      }
    }
  }

  /**
   * Names the children of a node, however many there are. If they do not fit in one reply they are
   * asked for in parts, from the beginning again if they change meanwhile.
   *
   * @param path the node
   * @return the last elements of their paths; nothing if there is no such node
   * @throws IOException as the class says; {@link Errno#E2BIG} if there are too many for one reply
   *     and xenstored cannot tell parts, {@link Errno#EAGAIN} if they do not stop changing
   */
  public Optional<List<String>> list(StorePath path) throws IOException {
    Request request = request(MessageType.DIRECTORY, path);
    try {
      Optional<Message> reply = present(request);
      return reply.isEmpty() ? Optional.empty() : Optional.of(Listing.names(reply.get().payload()));
    } catch (XenStoreRefusedException e) {
      if (e.errno() != Errno.E2BIG) {
        throw e;
      }
      return listInParts(path, e);
    } catch (Message.Malformed e) {
      throw new XenStoreMalformedException(request, e);
    }
  }

  private Optional<List<String>> listInParts(StorePath path, XenStoreRefusedException tooLarge)
      throws IOException {
    Listing listing = new Listing();
    Request request = request(MessageType.DIRECTORY_PART, path);
    try {
      while (!listing.isComplete()) {
        String offset = Integer.toString(listing.offset());
        request = request(MessageType.DIRECTORY_PART, path, offset);
        Optional<Message> part = present(request);
        if (part.isEmpty()) {
          return Optional.empty();
        }
        listing.add(part.get().payload());
        if (listing.restarts() > MAX_RESTARTS) {
          throw Refusals.of(request, Errno.EAGAIN.name());
        }
      }
      return Optional.of(listing.names());
    } catch (XenStoreRefusedException e) {
      // Xenstored does not know the request, so that the first answer is the one that counts.
      throw e.errno() == Errno.ENOSYS ? tooLarge : e;
    } catch (Message.Malformed e) {
      throw new XenStoreMalformedException(request, e);
    }
  }

  /**
   * Tells who may use a node.
   *
   * @param path the node
   * @return its permissions; nothing if there is no such node
   * @throws IOException as the class says
   */
  public Optional<Permissions> permissions(StorePath path) throws IOException {
    Request request = request(MessageType.GET_PERMS, path);
    Optional<Message> reply = present(request);
    if (reply.isEmpty()) {
      return Optional.empty();
    }
    try {
      return Optional.of(Permissions.fromWire(reply.get().strings()));
    } catch (Message.Malformed e) {
      throw new XenStoreMalformedException(request, e);
    }
  }

  /**
   * Says who may use a node. Only its owner and dom0 may, and only dom0 may give it away.
   *
   * @param path the node, which must be there
   * @param permissions its new permissions; by default a node may have five entries, the owner's
   *     among them
   * @throws IOException as the class says; {@link Errno#ENOENT} if there is no such node
   */
  public void setPermissions(StorePath path, Permissions permissions) throws IOException {
    call(request(MessageType.SET_PERMS, path, permissions.toWire().toArray(String[]::new)));
  }

  private Request request(MessageType type, StorePath path, String... more) {
    List<String> strings = new ArrayList<>(List.of(path.value()));
    strings.addAll(List.of(more));
    return new Request(type, transactionId, path.value(), Message.join(strings));
  }

  /** The reply; nothing if xenstored says that there is no such thing. */
  private Optional<Message> present(Request request) throws IOException {
    try {
      return Optional.of(call(request));
    } catch (XenStoreRefusedException e) {
      if (e.errno() == Errno.ENOENT) {
        // Or no such transaction: that its end will tell.
        return Optional.empty();
      }
      throw e;
    }
  }

  private Message call(Request request) throws IOException {
    if (over) {
      throw new IllegalStateException("the transaction is over; use the nodes it was given in it");
    }
    return store.call(request, deadline);
  }
}
