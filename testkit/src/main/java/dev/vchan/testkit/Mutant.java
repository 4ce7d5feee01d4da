// SPDX-License-Identifier: Apache-2.0
package dev.vchan.testkit;

import java.io.IOException;
import java.nio.file.Path;
import java.util.List;

/**
 * A production class with one guarding line taken out, to show that a harness which counts no
 * losses would have counted some. The changed class is in a folder that a child JVM has in front of
 * its class path.
 */
public enum Mutant {
  /** The tail of a peer that published and went between two looks of the reader is lost. */
  NO_FINAL_LOOK(
      "without the final look",
      "vchan-core/src/main/java/dev/vchan/Direction.java",
      """
              found = look();
              MemoryFaults.surface();
              ended = true;
      """,
      """
              MemoryFaults.surface();
              ended = true;
      """),

  /** Everything that a peer left unread in the ring when it went is lost. */
  GONE_IS_THE_END(
      "with a look at the peer before the ring",
      "vchan-core/src/main/java/dev/vchan/Direction.java",
      """
          int found = deadline == Deadline.POLL ? look() : lookUnhurriedly();
          if (found >= need) {
            return found;
          }
      """,
      """
          int found = 0;
          if (over()) {
            ended = true;
            return found;
          }
          found = look();
          if (found >= need) {
            return found;
          }
      """),

  /** A peer that asks between the publication and the look for its request is never answered. */
  NO_FENCE_AFTER_PUBLISHING(
      "without the fence after publishing",
      "vchan-core/src/main/java/dev/vchan/ControlPage.java",
      """
          SharedAccess.fullFence();
          return take(request);
      """,
      """
          return take(request);
      """),

  /** A peer that has asked is never told; it waits for what is there. */
  REQUEST_OVERLOOKED(
      "without an answer to a request",
      "vchan-core/src/main/java/dev/vchan/ControlPage.java",
      """
          return (word & bit) != 0 && (change(bit, 0) & bit) != 0;
      """,
      """
          return word == 0 && bit == 0;
      """),

  /** What the peer published before it could see the request is slept over. */
  NO_SECOND_LOOK(
      "without the second look",
      "vchan-core/src/main/java/dev/vchan/Direction.java",
      """
            found = look();
            if (found < need && over()) {
      """,
      """
            if (found < need && over()) {
      """),

  /** The writer overwrites what the reader is about to copy. */
  RELEASED_BEFORE_COPIED(
      "with the space given back before its bytes are copied",
      "vchan-core/src/main/java/dev/vchan/Incoming.java",
      """
              ring.copyTo(0, target, some);
              ring.release(some);
      """,
      """
              ring.release(some);
              ring.copyTo(-some, target, some);
      """),

  /** What the peer changed in the word between the load and the store is undone. */
  UPDATE_NOT_ATOMIC(
      "with a load and a store in place of the atomic update",
      "vchan-core/src/main/java/dev/vchan/SharedAccess.java",
      """
          return INT.compareAndSet(page, offset, expected, value);
      """,
      """
          INT.setVolatile(page, offset, value);
          return true;
      """),

  /** A peer makes its reader believe that there is more than the ring holds. */
  INDEX_UNCHECKED(
      "without the check of the producer index",
      "vchan-core/src/main/java/dev/vchan/RingReader.java",
      """
          if (Integer.compareUnsigned(ready, capacity) > 0) {
      """,
      """
          if (ready == Integer.MIN_VALUE) {
      """),

  /** What was checked is not what is used, if the peer is quick. */
  INDEX_READ_TWICE(
      "with a second look at the index that was checked",
      "vchan-core/src/main/java/dev/vchan/RingReader.java",
      """
          producer = seen;
      """,
      """
          producer = page.incomingProducer();
      """),

  /** A name that somebody has put into the directory keeps everybody from opening it. */
  RESERVED_DOMAIN_READ(
      "without the check of a leftover's domain",
      "vchan-local/src/main/java/dev/vchan/local/Leftovers.java",
      """
          if (!isNumber(owner) || !isNumber(number) || Long.parseLong(owner) >= DomainId.FIRST_RESERVED) {
      """,
      """
          if (!isNumber(owner) || !isNumber(number)) {
      """),

  /** A peer's last will clears a byte behind the page that it names. */
  NOTICE_UNBOUNDED(
      "without the bound of a notice's offset",
      "vchan-local/src/main/java/dev/vchan/local/PageRegion.java",
      """
              && notice.offset() < Memory.PAGE_SIZE
      """,
      ""),

  /** A daemon announces a message of a negative length. */
  LENGTH_SIGNED(
      "with a signed comparison of a message's length",
      "vchan-xen/src/main/java/dev/vchan/xen/xenstore/MessageReader.java",
      """
          if (Integer.compareUnsigned(length, limit) > 0) {
      """,
      """
          if (length > limit) {
      """),

  /** A daemon tells a part of a listing that has no end. */
  LISTING_WITHOUT_NUL(
      "without the check that a part of a listing has names",
      "vchan-xen/src/main/java/dev/vchan/xen/xenstore/Listing.java",
      """
          if (first >= part.length || part[part.length - 1] != 0) {
      """,
      """
          if (part.length > 0 && part[part.length - 1] != 0) {
      """),

  /** A sender chooses the directory. */
  NAME_WITH_SLASH(
      "with slashes in names",
      "vchan-cli/src/main/java/dev/vchan/cli/transfer/FileName.java",
      """
          if (name.indexOf('/') >= 0) {
      """,
      """
          if (name.isBlank()) {
      """),

  /** A file gets its name although its bytes are not those that were sent. */
  SUM_UNCHECKED(
      "without the comparison of sums",
      "vchan-cli/src/main/java/dev/vchan/cli/transfer/Receiver.java",
      """
          if (!ByteBuffer.wrap(sum).equals(frames.expect(FrameType.END))) {
      """,
      """
          if (frames.expect(FrameType.END).remaining() > sum.length) {
      """),

  /** A sender takes any acknowledgement for one of its file. */
  ACKNOWLEDGED_ANYHOW(
      "without a look at what is acknowledged",
      "vchan-cli/src/main/java/dev/vchan/cli/transfer/Sender.java",
      """
          if (!ByteBuffer.wrap(sum)
              .equals(frames.expect(FrameType.DONE, told(offer, "writing it to its disk")))) {
      """,
      """
          if (!frames.expect(FrameType.DONE, told(offer, "writing it to its disk")).isReadOnly()
              && sum.length == 0) {
      """),

  /** Nobody clears the live byte of a process that was killed; its peer waits for ever. */
  DEATH_UNNOTICED(
      "without the clearing of a dead peer's live byte",
      "vchan-local/src/main/java/dev/vchan/local/LocalPort.java",
      """
          if (!inGoodOrder) {
            events.memory().execute(peer, from.notices());
          }
      """,
      ""),

  /** Who says half a hello has the thread that looks at all sockets to itself. */
  HELLO_AWAITED(
      "with a wait for the rest of a hello",
      "vchan-local/src/main/java/dev/vchan/local/Connection.java",
      """
            read(dispatcher.input());
      """,
      """
            do {
              read(dispatcher.input());
            } while (inHello && !isClosed());
      """),

  /** A peer can have us remember as much as it likes. */
  NOTICES_UNLIMITED(
      "without the limit of notices",
      "vchan-local/src/main/java/dev/vchan/local/Connection.java",
      "notices.size() < MAX_NOTICES",
      "true"),

  /** Each channel leaves its pages behind. */
  PAGES_STAY_MAPPED(
      "without the unmapping of pages",
      "vchan-local/src/main/java/dev/vchan/local/PageRegion.java",
      """
          Unmapping.close(arena);
      """,
      """
          arena.scope();
      """),

  /** Whoever sleeps in a call of a channel that another thread closes sleeps on, and so do both. */
  CLOSE_WAKES_NOBODY(
      "without the waking of own callers",
      "vchan-core/src/main/java/dev/vchan/Link.java",
      """
              events.wake();
              release();
      """,
      """
              release();
      """),

  /** One of very many files is left in the directory. */
  ONE_FILE_KEPT(
      "with one file not removed",
      "vchan-local/src/main/java/dev/vchan/local/OwnPages.java",
      """
        @Override
        synchronized void giveUp() throws IOException {
          try {
            Files.deleteIfExists(file);
      """,
      """
        private static boolean kept;

        @Override
        synchronized void giveUp() throws IOException {
          try {
            if (kept || !Files.exists(file)) {
              Files.deleteIfExists(file);
            } else {
              kept = true;
            }
      """),

  /** One of very many sockets stays open. */
  ONE_SOCKET_KEPT(
      "with one socket not closed",
      "vchan-local/src/main/java/dev/vchan/local/Connection.java",
      """
        synchronized void close() {
          if (closed) {
            return;
          }
          closed = true;
          try {
            channel.close();
      """,
      """
        private static @Nullable SocketChannel kept;

        synchronized void close() {
          if (closed) {
            return;
          }
          closed = true;
          try {
            if (kept == null && key != null) {
              kept = channel;
              key.cancel();
            } else {
              channel.close();
            }
      """),

  /** The memory of every channel stays. */
  PAGES_NEVER_FREED(
      "with pages that are never freed",
      "vchan-core/src/main/java/dev/vchan/inprocess/InProcessPages.java",
      "Arena.ofAuto()",
      "Arena.global()"),

  /** What a forwarded client sent before it went, and is still under way, is lost. */
  UNTAKEN_ANSWER_ENDS_THE_QUESTION(
      "with a close as soon as the answer is not taken",
      "vchan-cli/src/main/java/dev/vchan/cli/forward/Session.java",
      """
            fail(e);
            discardOutput();
      """,
      """
            fail(e);
            closeChannel();
      """);

  private final String title;
  private final String file;
  private final String snippet;
  private final String replacement;

  Mutant(String title, String file, String snippet, String replacement) {
    this.title = title;
    this.file = file;
    this.snippet = snippet;
    this.replacement = replacement;
  }

  /**
   * What is different, as it follows a result.
   *
   * @return a phrase
   */
  public String title() {
    return title;
  }

  /**
   * Makes the changed class.
   *
   * @param folder where to put it; to be the first entry of a class path
   * @throws IllegalStateException if the source does not contain the snippet exactly once, or the
   *     changed class does not compile: this enum has to follow the source then
   * @throws IOException if a file cannot be read or written
   */
  public void compileTo(Path folder) throws IOException {
    SourceChange.compile(List.of(new SourceChange(file, snippet, replacement)), folder);
  }
}
