/* SPDX-License-Identifier: Apache-2.0

   How the ends meet, part and die. */

/* the end of a direction, and of the channel */

inline Outgoing_shut() {
  shut[e] = true;
  EventChannel_wake(e);
  me = e * 2 + 1;
#ifndef SHUTS_WITHOUT_ITS_TURN
  Turn_take();
#endif
  ControlPage_announceEnd();
  EventChannel_send(e);
#ifndef SHUTS_WITHOUT_ITS_TURN
  Turn_leave()
#endif
}

inline Link_close() {
  closed[e] = true;
#ifndef CLOSE_WAKES_NOBODY_HERE
  EventChannel_wake(e);
#endif
#ifndef CLOSES_WITHOUT_ITS_TURN
  atomic { !taken[e * 2] -> taken[e * 2] = true };
  atomic { !taken[e * 2 + 1] -> taken[e * 2 + 1] = true };
#endif
#ifdef EVENT_BEFORE_LIVE
  EventChannel_send(e);
  ControlPage_leave();
#else
  ControlPage_leave();
#ifndef CLOSE_SENDS_NOTHING
  EventChannel_send(e);
#endif
#endif
  d_step { taken[e * 2] = false; taken[e * 2 + 1] = false }
}

/* What the user of an end does with the channel. */
inline use() {
  if
  :: TOTAL(e) == 0 -> writerDone[e] = true
  :: else -> run Writer(e)
  fi;
  if
  :: TOTAL(1 - e) == 0 && (FOREVER || !IDLE_READERS) -> readerDone[e] = true
  :: else -> run Reader(e)
  fi;
  if
  :: SHUTS(e) == NEVER
  :: SHUTS(e) == ANYTIME -> Outgoing_shut()
  :: SHUTS(e) == WRITTEN && writerDone[e] -> Outgoing_shut()
  :: SHUTS(e) == ENDED && writerDone[e] && readerDone[e] -> Outgoing_shut()
  fi;
  if
  :: CLOSES(e) == NEVER
  :: CLOSES(e) == ANYTIME -> Link_close()
  :: CLOSES(e) == WRITTEN && writerDone[e] -> Link_close()
  :: CLOSES(e) == ENDED && writerDone[e] && readerDone[e] -> Link_close()
  fi
}

/* how the ends meet */

inline ControlPage_initialise() {
  ask[S] = WRITE | HALF_CLOSE;
  live[C] = AWAITED;
  live[S] = LIVE
}

inline Offer_clientCame() {
  do
  :: fresh[S * 2] = false;
     if
     :: live[C] != AWAITED -> break
     :: else
     fi;
     /* Nobody else comes here, so a server whose client is dead before it has come gives up. */
     if
     :: fresh[S * 2]
     :: dead[C] && !mapped[C] || unseen[C] -> break
     fi
  od
}

inline give_up() { d_step { readerDone[e] = true; writerDone[e] = true } }

proctype Server(byte e) {
  byte me;
  {
    mapped[S] = true;
#ifdef ADVERTISES_TOO_EARLY
    advertised = true;
    ControlPage_initialise();
#else
    ControlPage_initialise();
    advertised = true;
#endif
    Offer_clientCame();
    if
    :: live[C] == AWAITED || (live[C] == GONE && ask[C] == 0 && prod[C] == 0) -> give_up()
    :: else ->
       halfClose[S] = (ask[C] & HALF_CLOSE) != 0;
       use()
    fi
  } unless { dead[e] };
  if
  :: dead[e] -> give_up()
  :: else
  fi
}

inline ControlPage_enter() {
  ask[C] = WRITE | HALF_CLOSE;
  live[C] = LIVE
}

proctype Client(byte e) {
  byte me;
  {
    advertised || dead[S];
    if
    :: !advertised -> give_up()
    :: else ->
       mapped[C] = true;
       if
       :: live[S] != LIVE || live[C] != AWAITED -> assert(dead[S] || closed[S]); give_up()
       :: else ->
          halfClose[C] = (ask[S] & HALF_CLOSE) != 0;
          ControlPage_enter();
#ifndef ENTERS_SILENTLY
          EventChannel_send(C);
#endif
          use()
       fi
    fi
  } unless { dead[e] };
  if
  :: dead[e] -> give_up()
  :: else
  fi
}

/* A process dies with all its threads; what they have stored is stored. */
proctype Death(byte e; byte how) {
  dead[e] = true;
  !buffered[e * 2] && !buffered[e * 2 + 1];
  if
  :: how == DOMAIN -> unseen[e] = true
  :: how == PROCESS && mapped[e] ->
     live[e] = GONE;
#ifndef DEATH_SENDS_NOTHING
     EventChannel_send(e)
#endif
  :: else
  fi
}
