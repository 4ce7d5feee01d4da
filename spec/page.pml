/* SPDX-License-Identifier: Apache-2.0

   What both ends see and know: the page, the memory under it, the event channel, who is there. */

/* The page and the rings. prod[e] and cons[e] are moved by e; ask[e] is where e asks. */
byte prod[2], cons[2], live[2], ask[2], ring[2 * SIZE];
bool advertised;

/* What an index store of a thread has not reached yet, in the order of x86. A thread of end e is
   e * 2 if it reads, e * 2 + 1 if it writes. */
bool buffered[4];
byte delayed[4];

/* The event channel: whether something newer than a waiter's sample has come. */
bool fresh[4];

/* What each end knows by itself. */
bool closed[2], shut[2], gone[2], died[2], taken[4], halfClose[2];

/* What happens to the ends, and what an observer notes. */
bool mapped[2], dead[2], unseen[2], readerDone[2], writerDone[2], sawEnd[2];
byte wrote[2], got[2];

/* memory and events */

proctype Memory() {
end:
  do
  :: atomic { buffered[0] -> cons[S] = delayed[0]; buffered[0] = false }
  :: atomic { buffered[1] -> prod[S] = delayed[1]; buffered[1] = false }
  :: atomic { buffered[2] -> cons[C] = delayed[2]; buffered[2] = false }
  :: atomic { buffered[3] -> prod[C] = delayed[3]; buffered[3] = false }
  od
}

inline SharedAccess_fullFence(me) { !buffered[me] }

/* Of each thread there comes a moment at which its stores so far are seen. */
inline MemoryBarrier_everywhere() {
  !buffered[0];
  !buffered[1];
  !buffered[2];
  !buffered[3]
}

#ifdef BUFFERS
#define STORE(me, word, value) !buffered[me] -> buffered[me] = true; delayed[me] = value
#else
#define STORE(me, word, value) word = value
#endif

#ifdef ONE_WAITER_TAKES_THE_EVENT
#define FRESH(me) fresh[(me) & 2]
#else
#define FRESH(me) fresh[me]
#endif

inline EventChannel_send(e) { d_step { fresh[(1 - e) * 2] = true; fresh[(1 - e) * 2 + 1] = true } }

inline EventChannel_wake(e) { d_step { fresh[e * 2] = true; fresh[e * 2 + 1] = true } }

/* the control page */

inline RingReader_look() {
  found = (prod[1 - e] - index) & MASK;
  assert(found <= SIZE)
}

inline RingWriter_look() {
  found = SIZE - ((index - cons[1 - e]) & MASK);
  assert(found <= SIZE)
}

inline ControlPage_ask(request) {
  if
  :: ask[e] & request
  :: else ->
     ask[e] = ask[e] | request;
#ifdef BARRIERS
     due = true
#endif
  fi;
  SharedAccess_fullFence(me)
}

inline ControlPage_takeRequest(answer) {
#ifndef NO_FENCE_BEFORE_THE_ANSWER
  SharedAccess_fullFence(me);
#endif
  ControlPage_take(answer)
}

inline ControlPage_takeRequestWithoutFence(answer) { ControlPage_take(answer) }

inline ControlPage_take(answer) {
  asked = false;
  if
  :: ask[1 - e] & answer ->
     SharedAccess_fullFence(me);
#if defined(CLEAR_IS_NOT_ATOMIC)
     found = ask[1 - e];
     ask[1 - e] = found & ~answer;
     asked = true
#elif defined(CLEARS_THE_WHOLE_BYTE)
     d_step { asked = (ask[1 - e] & answer) != 0; ask[1 - e] = 0 }
#else
     d_step { asked = (ask[1 - e] & answer) != 0; ask[1 - e] = ask[1 - e] & ~answer }
#endif
  :: else
  fi
}

inline ControlPage_announceEnd() {
  SharedAccess_fullFence(me);
  ask[e] = ask[e] | END
}

/* One update, so that nobody sees half of it. */
inline ControlPage_leave() {
  d_step {
#ifndef LEAVES_LIKE_THE_DEAD
    ask[e] = ask[e] & ~HALF_CLOSE;
#endif
    live[e] = GONE
  }
}
