// SPDX-License-Identifier: Apache-2.0
package dev.vchan;

import static dev.vchan.spi.Memory.PAGE_SIZE;

import dev.vchan.spi.GrantRef;
import dev.vchan.spi.MemoryFaults;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.List;

/**
 * The shared page, as one side sees it: the only code that knows its offsets (io/libxenvchan.h,
 * lines 36-83; little-endian).
 *
 * <pre>
 *    0  left.cons    u32   moved by the server      16  left_order   u16   set by the server, once
 *    4  left.prod    u32   moved by the client      18  right_order  u16   the same
 *    8  right.cons   u32   moved by the client      20  cli_live     u8    0 gone, 1 here, 2 awaited
 *   12  right.prod   u32   moved by the server      21  srv_live     u8    0 gone, 1 here
 *                                                   22  cli_notify   u8    the server asks here
 *                                                   23  srv_notify   u8    the client asks here
 *   24  grants       u32[] pages of left, then of right
 * </pre>
 *
 * <p>Which side one is gets decided when the object is made; afterwards there is only incoming and
 * outgoing, own and peer's. Indices are free-running unsigned 32-bit numbers of bytes.
 *
 * <p>This class also owns the aligned word at offset 20. Peers written in C change single bytes of
 * it atomically; Java has no atomic update of a byte in a segment, so the whole word is compared
 * and set, which leaves the other bytes as the peer put them. No method here keeps a value it has
 * read, and none trusts one.
 */
final class ControlPage {

  static final int GRANTS = 24;

  private static final int LEFT_CONSUMER = 0;
  private static final int LEFT_PRODUCER = 4;
  private static final int RIGHT_CONSUMER = 8;
  private static final int RIGHT_PRODUCER = 12;
  private static final int LEFT_ORDER = 16;
  private static final int RIGHT_ORDER = 18;
  private static final int WORD = 20;
  static final int CLIENT_LIVE = 20;
  static final int SERVER_LIVE = 21;
  private static final int CLIENT_NOTIFY_SHIFT = 16;
  private static final int SERVER_NOTIFY_SHIFT = 24;

  static final int GONE = 0;
  static final int LIVE = 1;
  static final int AWAITED = 2;

  /** "Tell me when you have written", {@code VCHAN_NOTIFY_WRITE}. */
  static final int WRITE = 0x01;

  /** "Tell me when you have read", {@code VCHAN_NOTIFY_READ}. */
  static final int READ = 0x02;

  /** Extension, in the byte where its owner asks: "I have written my last byte". */
  static final int END = 0x40;

  /**
   * Extension, in the byte where its owner asks: "I know what {@link #END} means". Taken back in
   * the update that is a close, which so differs from a death.
   */
  static final int HALF_CLOSE = 0x80;

  /**
   * Extension, in the byte where its owner asks: "behind each request I make a {@link
   * dev.vchan.spi.MemoryBarrier}, and yours reaches me".
   */
  static final int BARRIER = 0x20;

  /** What a side can say of itself in the byte where it asks. */
  static final int EXTENSIONS = HALF_CLOSE | BARRIER;

  /**
   * Tries to change the word before the peer counts as hostile: each failed try means that somebody
   * else changed the word in those few nanoseconds.
   */
  private static final int MAX_TRIES = 1 << 16;

  private final MemorySegment page;
  private final int incomingConsumer;
  private final int incomingProducer;
  private final int outgoingConsumer;
  private final int outgoingProducer;
  private final int ownLive;
  private final int peerLive;
  private final int askShift;
  private final int answerShift;

  private ControlPage(MemorySegment page, boolean server) {
    this.page = page.asSlice(0, PAGE_SIZE);
    this.incomingConsumer = server ? LEFT_CONSUMER : RIGHT_CONSUMER;
    this.incomingProducer = server ? LEFT_PRODUCER : RIGHT_PRODUCER;
    this.outgoingConsumer = server ? RIGHT_CONSUMER : LEFT_CONSUMER;
    this.outgoingProducer = server ? RIGHT_PRODUCER : LEFT_PRODUCER;
    this.ownLive = server ? SERVER_LIVE : CLIENT_LIVE;
    this.peerLive = server ? CLIENT_LIVE : SERVER_LIVE;
    this.askShift = server ? CLIENT_NOTIFY_SHIFT : SERVER_NOTIFY_SHIFT;
    this.answerShift = server ? SERVER_NOTIFY_SHIFT : CLIENT_NOTIFY_SHIFT;
  }

  static ControlPage ofServer(MemorySegment page) {
    return new ControlPage(page, true);
  }

  static ControlPage ofClient(MemorySegment page) {
    return new ControlPage(page, false);
  }

  /** Acquire: the bytes behind this index are read after it. */
  int incomingProducer() {
    return SharedAccess.intAcquire(page, incomingProducer);
  }

  /** Release: the peer may overwrite the bytes before this index, so they were read before it. */
  void publishIncomingConsumer(int index) {
    SharedAccess.setIntRelease(page, incomingConsumer, index);
  }

  /** Acquire: the space before this index is written to after it. */
  int outgoingConsumer() {
    return SharedAccess.intAcquire(page, outgoingConsumer);
  }

  /** Release: the peer reads the bytes before this index, so they were written before it. */
  void publishOutgoingProducer(int index) {
    SharedAccess.setIntRelease(page, outgoingProducer, index);
  }

  /**
   * Asks the peer for one event. The caller looks at the peer's index once more before it waits:
   * the peer may have moved the index before it could see the request, and will then send nothing.
   *
   * <p>A request that still stands is not made again: whoever clears it sends an event.
   *
   * @return whether it was made now
   */
  boolean ask(int request) throws ProtocolViolationException {
    int bit = request << askShift;
    // Acquire is enough to look: a stale "not set" only costs an update that changes nothing, and
    // "set" can only be undone by the peer, who then sends an event.
    int word = SharedAccess.intAcquire(page, WORD);
    boolean stands = (word & bit) != 0;
    if (!stands) {
      change(0, bit);
    }
    // Full fence: the request must be visible before the index is read again. With the two
    // reordered, the peer publishes, finds no request and stays silent, while this side saw the old
    // index and sleeps.
    SharedAccess.fullFence();
    return !stands;
  }

  /**
   * Called after an index was published: whether the peer has asked to be told. Clears the request;
   * true obliges the caller to send one event.
   */
  boolean takeRequest(int request) throws ProtocolViolationException {
    // Full fence, the other half of the one in ask: the index must be visible before the request is
    // looked for.
    SharedAccess.fullFence();
    return take(request);
  }

  /**
   * As {@link #takeRequest}, where the peer makes a barrier between its request and its second
   * look. Either this side passes it after the index was stored, and the peer sees the index; or
   * before the look for the request, and finds that, for as long as it stands.
   */
  boolean takeRequestWithoutFence(int request) throws ProtocolViolationException {
    // The processor may look before others see the index; the compiler must not.
    SharedAccess.compilerFence();
    return take(request);
  }

  private boolean take(int request) throws ProtocolViolationException {
    int bit = request << answerShift;
    // Acquire is enough after the fence; the update below decides.
    int word = SharedAccess.intAcquire(page, WORD);
    return (word & bit) != 0 && (change(bit, 0) & bit) != 0;
  }

  /** Says that the last byte has been published. The caller then sends an event. */
  void announceEnd() throws ProtocolViolationException {
    // The update is sequentially consistent: the producer index, stored before, is visible no
    // later.
    change(0, END << askShift);
    // Full fence: the announcement before the event.
    SharedAccess.fullFence();
  }

  /** Whether the peer has announced its last byte. */
  boolean peerEnded() {
    // Acquire: the producer index read after this one is the final one.
    int word = SharedAccess.intAcquire(page, WORD);
    return (word & (END << answerShift)) != 0;
  }

  /**
   * Whether the peer understands {@link #END} and has not closed. Of one that is gone and still
   * says so it is known that it died, also where the backend cannot tell.
   */
  boolean peerKnowsHalfClose() {
    return (peerExtensions() & HALF_CLOSE) != 0;
  }

  /** What the peer says that it understands. */
  int peerExtensions() {
    // Acquire: written, or taken back, before the live byte that made the caller look.
    int word = SharedAccess.intAcquire(page, WORD);
    return (word >>> answerShift) & EXTENSIONS;
  }

  /** The peer's live byte, 0 to 255. */
  int peerLive() {
    // Acquire: when it says "gone", the producer index read after this one is the final one.
    byte live = SharedAccess.byteAcquire(page, peerLive);
    return Byte.toUnsignedInt(live);
  }

  /** Whether the page is still there. */
  boolean isMapped() {
    return page.scope().isAlive();
  }

  /**
   * Own side is gone, in good order. The caller then sends an event.
   *
   * <p>The kernel clears the live byte of a process that dies, but not the bit for half-close,
   * which is cleared here.
   *
   * <p>Says nothing if the page is gone itself, truncated by the peer or taken back by a backend
   * that was closed before: nobody is left to read it there.
   */
  void leave(boolean halfClose) {
    try {
      if (!halfClose || !leaveAtOnce()) {
        // Release: everything published before is visible before the byte is.
        SharedAccess.setByteRelease(page, ownLive, (byte) GONE);
      }
      // Full fence: the byte before the event, which overtakes plain stores.
      SharedAccess.fullFence();
      MemoryFaults.surface();
    } catch (InternalError e) {
      return;
    } catch (IllegalStateException e) {
      if (isMapped()) {
        throw e;
      }
    }
  }

  /**
   * Clears the live byte and the bit in one update: a client that comes in between two would take
   * the page for that of a server without half-close, and enter it.
   *
   * @return false if the peer kept changing the word, so that it may take this close for a death
   */
  private boolean leaveAtOnce() {
    try {
      int live = 0xFF << ((ownLive - WORD) * Byte.SIZE);
      change((HALF_CLOSE << askShift) | live, 0);
      return true;
    } catch (ProtocolViolationException e) {
      return false;
    }
  }

  /**
   * Atomically clears and sets bits of the word.
   *
   * @return the word as it was before
   */
  private int change(int clear, int set) throws ProtocolViolationException {
    for (int tries = 0; tries < MAX_TRIES; tries++) {
      // Acquire: only a starting value for the comparison.
      int before = SharedAccess.intAcquire(page, WORD);
      // A word that cannot even be read must not be updated (see MemoryFaults).
      MemoryFaults.surface();
      int after = (before & ~clear) | set;
      // An atomic update, because both sides change bits here at any time. It is made even if it
      // changes nothing: then too it confirms that the bits were as read.
      if (SharedAccess.compareAndSetInt(page, WORD, before, after)) {
        return before;
      }
    }
    throw new ProtocolViolationException(
        "the peer kept changing the notify word: gave up after " + MAX_TRIES + " tries");
  }

  /** Server, before publication: everything but the rings. The page is zero as it was allocated. */
  void initialise(RingLayout layout, List<GrantRef> grants, int extensions) {
    // Plain stores: nobody else can see the page until the fence at the end and the publication
    // after it.
    SharedAccess.setShortPlain(page, LEFT_ORDER, (short) layout.leftOrder());
    SharedAccess.setShortPlain(page, RIGHT_ORDER, (short) layout.rightOrder());
    for (int i = 0; i < grants.size(); i++) {
      SharedAccess.setIntPlain(page, grantOffset(i), grants.get(i).value());
    }
    int word = AWAITED | (LIVE << Byte.SIZE) | ((WRITE | extensions) << CLIENT_NOTIFY_SHIFT);
    SharedAccess.setIntPlain(page, WORD, word);
    // Full fence: the page before its advertisement.
    SharedAccess.fullFence();
  }

  /** Client: the first 24 bytes, each field read once. Checked nowhere yet. */
  Header header() {
    // Acquire is more than is needed: the advertisement was read before, and whatever is found
    // here is checked. But a plain load may end the JVM (see MemoryFaults).
    int leftCons = SharedAccess.intAcquire(page, LEFT_CONSUMER);
    int leftProd = SharedAccess.intAcquire(page, LEFT_PRODUCER);
    int rightCons = SharedAccess.intAcquire(page, RIGHT_CONSUMER);
    int rightProd = SharedAccess.intAcquire(page, RIGHT_PRODUCER);
    int leftOrder = Short.toUnsignedInt(SharedAccess.shortPlain(page, LEFT_ORDER));
    int rightOrder = Short.toUnsignedInt(SharedAccess.shortPlain(page, RIGHT_ORDER));
    int word = SharedAccess.intAcquire(page, WORD);
    RingLayout layout = new RingLayout(leftOrder, rightOrder);
    return new Header(leftCons, leftProd, rightCons, rightProd, layout, word);
  }

  /** For an observer with a copy of the page: what both sides say. */
  static PageSnapshot snapshot(MemorySegment copy) {
    Header found = ofServer(copy).header();
    RingLayout layout = found.layout();
    return new PageSnapshot(
        side(found.serverLive(), found.word() >>> CLIENT_NOTIFY_SHIFT),
        side(found.clientLive(), found.word() >>> SERVER_NOTIFY_SHIFT),
        ring(found.leftProducer(), found.leftConsumer(), layout.leftOrder()),
        ring(found.rightProducer(), found.rightConsumer(), layout.rightOrder()),
        layout.illegality(true));
  }

  private static PageSnapshot.Side side(int live, int asked) {
    return new PageSnapshot.Side(
        live,
        (asked & WRITE) != 0,
        (asked & READ) != 0,
        (asked & END) != 0,
        (asked & HALF_CLOSE) != 0);
  }

  private static PageSnapshot.Ring ring(int producer, int consumer, int order) {
    return new PageSnapshot.Ring(producer, consumer, RingLayout.outOfRange(order) ? 0 : 1 << order);
  }

  /** Client: {@code count} entries of the grant list from {@code first} on, each read once. */
  List<GrantRef> grants(int first, int count) {
    List<GrantRef> grants = new ArrayList<>(count);
    for (int i = first; i < first + count; i++) {
      // Acquire, as in header().
      grants.add(new GrantRef(SharedAccess.intAcquire(page, grantOffset(i))));
    }
    return List.copyOf(grants);
  }

  /** Client: own request byte, whatever a predecessor left in it, and then own live byte. */
  void enter(int extensions) throws ProtocolViolationException {
    // The request before the live byte: a server that has seen the client come can rely on finding
    // the request. The other order, which libxenvchan has, lets a server write its first bytes,
    // find no request and stay silent.
    change(0xFF << SERVER_NOTIFY_SHIFT, (WRITE | extensions) << SERVER_NOTIFY_SHIFT);
    SharedAccess.fullFence();
    // Release, after the fence: see above.
    SharedAccess.setByteRelease(page, CLIENT_LIVE, (byte) LIVE);
    // Full fence: the byte before the event.
    SharedAccess.fullFence();
  }

  /**
   * Server: whether the client that is gone had never come, as when its process died in the middle
   * of its handshake: it neither asked for anything nor wrote anything.
   */
  boolean clientNeverCame() {
    // Acquire, twice: both were stored before the live byte that made the caller look.
    int word = SharedAccess.intAcquire(page, WORD);
    int produced = SharedAccess.intAcquire(page, LEFT_PRODUCER);
    return word >>> SERVER_NOTIFY_SHIFT == 0 && produced == 0;
  }

  private static int grantOffset(int index) {
    return GRANTS + index * Integer.BYTES;
  }

  /** What a client found in the page. */
  record Header(
      int leftConsumer,
      int leftProducer,
      int rightConsumer,
      int rightProducer,
      RingLayout layout,
      int word) {

    int clientLive() {
      return word & 0xFF;
    }

    int serverLive() {
      return (word >>> Byte.SIZE) & 0xFF;
    }

    int serverExtensions() {
      return (word >>> CLIENT_NOTIFY_SHIFT) & EXTENSIONS;
    }

    boolean serverKnowsHalfClose() {
      return (serverExtensions() & HALF_CLOSE) != 0;
    }
  }
}
