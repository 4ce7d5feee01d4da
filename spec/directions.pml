/* SPDX-License-Identifier: Apache-2.0

   How an end reads and writes, and how it waits. */

/* one direction: what the reader and the writer of an end have in common */

inline Turn_take() { atomic { !taken[me] -> taken[me] = true } }

inline Turn_leave() { taken[me] = false }

inline Link_sleep() {
  if
  :: FRESH(me)
#ifndef NOBODY_ASKS_THE_BACKEND
  :: unseen[1 - e] -> d_step { died[e] = true; gone[e] = true }
#endif
  fi
}

inline Link_peerGone() {
  if
  :: gone[e] -> ended = true
  :: live[1 - e] == GONE ->
     d_step {
       died[e] = (ask[1 - e] & HALF_CLOSE) != 0;
       gone[e] = true;
       ended = true
     }
  :: else
  fi
}

inline Incoming_over() {
  if
  :: halfClose[e] && (ask[1 - e] & END) -> ended = true
  :: else -> Link_peerGone()
  fi
}

inline Outgoing_over() {
  if
  :: shut[e] -> ended = true
  :: else -> Link_peerGone()
  fi
}

inline Direction_look() {
  d_step {
    if
    :: me & 1 -> RingWriter_look()
    :: else -> RingReader_look()
    fi
  }
}

inline Direction_over() {
  if
  :: me & 1 -> Outgoing_over()
  :: else -> Incoming_over()
  fi
}

/* Afterwards there are at least 'need' bytes, unless the direction has ended, or this end is cut. */
inline Direction_await(request) {
  Direction_look();
  do
  :: found >= need -> break
  :: else ->
#ifndef SAMPLES_AFTER_THE_LOOK
     FRESH(me) = false;
#endif
     if
     :: closed[e] -> cut = true; break
     :: else
     fi;
#ifdef LOOKS_BEFORE_IT_ASKS
     Direction_look();
     ControlPage_ask(request);
#else
     ControlPage_ask(request);
#if defined(BARRIERS) && !defined(NO_BARRIER_BEFORE_THE_SECOND_LOOK)
     if
     :: due -> MemoryBarrier_everywhere(); due = false
     :: else
     fi;
#endif
#ifndef NO_SECOND_LOOK
     Direction_look();
#endif
#endif
     if
     :: found >= need -> break
     :: else
     fi;
     Direction_over();
     if
     :: ended ->
#ifndef NO_FINAL_LOOK
        Direction_look();
#endif
        break
     :: else
     fi;
#ifdef SAMPLES_AFTER_THE_LOOK
     FRESH(me) = false;
#endif
     Link_sleep();
     if
     :: closed[e] -> cut = true; break
     :: else
     fi;
     Direction_look()
  od;
  known = found;
  found = 0;
  need = 0
}

inline Direction_published(answer) {
#ifdef BARRIERS
  ControlPage_takeRequestWithoutFence(answer);
#else
  ControlPage_takeRequest(answer);
#endif
  if
  :: d_step { asked -> asked = false }; EventChannel_send(e)
  :: else
  fi
}

/* what comes in */

inline RingReader_copyTo() {
  d_step {
    do
    :: count == n -> break
    :: else ->
       assert(ring[SLOT(1 - e, index + count)] == got[e] + count);
       count++
    od;
    count = 0
  }
}

inline RingReader_release() {
  atomic {
    index = (index + n) & MASK;
    known = known - n;
    got[e] = got[e] + n;
    STORE(me, cons[e], index)
  }
}

inline Incoming_read() {
  d_step { need = (PACKETS -> READS : 1); ended = false };
  if
  :: known >= READS
  :: else -> Direction_await(WRITE)
  fi;
  n = (cut -> 0 : MIN(READS, known));
  if
  :: n == 0
  :: else ->
#ifdef RELEASES_BEFORE_IT_COPIES
     RingReader_release();
     got[e] = got[e] - n;
     RingReader_copyTo();
     got[e] = got[e] + n;
#else
     RingReader_copyTo();
#ifdef ANSWERS_BEFORE_IT_RELEASES
     Direction_published(READ);
     RingReader_release()
#else
     RingReader_release();
#endif
#endif
#ifndef ANSWERS_BEFORE_IT_RELEASES
     Direction_published(READ)
#endif
  fi
}

proctype Reader(byte e) {
  byte index, known, found, need, n, count, me = e * 2;
  bool ended, cut, asked, due;
  {
    do
    :: FOREVER && got[e] == TOTAL(1 - e) -> break
    :: else ->
       Turn_take();
       if
       :: closed[e] -> cut = true
       :: else -> Incoming_read()
       fi;
       Turn_leave();
       if
       :: n == 0 || cut -> break
       :: else -> n = 0
       fi
    od;
    /* The end comes after the last byte, and nothing comes after the end. */
    if
    :: ended ->
       d_step {
         assert(got[e] == wrote[1 - e]);
         assert(!gone[e] || (died[e] -> dead[1 - e] : closed[1 - e]));
         sawEnd[e] = true
       }
    :: else
    fi
  } unless { dead[e] };
  readerDone[e] = true
}

/* what goes out */

inline RingWriter_copyFrom() {
  d_step {
    do
    :: count == n -> break
    :: else ->
       ring[SLOT(e, index + count)] = wrote[e] + count;
       count++
    od;
    count = 0
  }
}

inline RingWriter_publish() {
  atomic {
    index = (index + n) & MASK;
    known = known - n;
    STORE(me, prod[e], index);
    assert(!sawEnd[1 - e]);
    wrote[e] = wrote[e] + n
  }
}

/* A call of WRITES bytes, or of what is left. */
inline Outgoing_write() {
  left = MIN(WRITES, TOTAL(e) - wrote[e]);
  ended = false;
  do
  :: left == 0 || ended || cut -> break
  :: else ->
     Link_peerGone();
     need = (PACKETS -> left : 1);
     if
     :: ended || known >= left
     :: else -> Direction_await(READ)
     fi;
     n = (ended || cut -> 0 : MIN(left, known));
     if
     :: n == 0
     :: else ->
        left = left - n;
#ifdef PUBLISHES_BEFORE_IT_COPIES
        RingWriter_publish();
        index = index - n;
        wrote[e] = wrote[e] - n;
        RingWriter_copyFrom();
        index = index + n;
        wrote[e] = wrote[e] + n;
#else
        RingWriter_copyFrom();
#endif
#ifdef ANSWERS_BEFORE_IT_PUBLISHES
        Direction_published(WRITE);
        RingWriter_publish();
#else
#ifndef PUBLISHES_BEFORE_IT_COPIES
        RingWriter_publish();
#endif
        Direction_published(WRITE);
#endif
        n = 0
     fi
  od
}

proctype Writer(byte e) {
  byte index, known = SIZE, found, need, n, count, left, me = e * 2 + 1;
  bool ended, cut, asked, due;
  {
    do
    :: wrote[e] == TOTAL(e) || ended || cut -> break
    :: else ->
       Turn_take();
       if
       :: closed[e] || shut[e] -> cut = true
       :: else -> Outgoing_write()
       fi;
       Turn_leave()
    od
  } unless { dead[e] };
  writerDone[e] = true
}
