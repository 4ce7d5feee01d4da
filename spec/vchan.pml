/* SPDX-License-Identifier: Apache-2.0

   The protocol as our endpoint plays it: two ends, each with a reader and a writer, that share one page,
   two rings and one event channel. `check` chooses what happens, and which mistake is made, with -D.

   A step is called Class_method, after the method of dev.vchan that takes it; a test holds the two
   together. An end is S, the server, or C, the client; the other one is 1 - e. */

#ifndef TO_CLIENT            /* bytes that the server writes */
#define TO_CLIENT 2
#endif
#ifndef TO_SERVER            /* bytes that the client writes */
#define TO_SERVER 0
#endif
#ifndef SIZE                 /* bytes of a ring */
#define SIZE 2
#endif
#ifndef INDICES              /* an index goes from 0 to INDICES - 1, and then from 0 again */
#define INDICES 8
#endif
#ifndef WRITES               /* bytes of one call that writes */
#define WRITES 2
#endif
#ifndef READS                /* bytes of one call that reads, at most */
#define READS 2
#endif
#ifndef SERVER_CLOSES        /* NEVER, WRITTEN, ENDED or ANYTIME */
#define SERVER_CLOSES NEVER
#endif
#ifndef CLIENT_CLOSES
#define CLIENT_CLOSES NEVER
#endif
#ifndef SERVER_DIES          /* NOT, PROCESS or DOMAIN, at any moment */
#define SERVER_DIES NOT
#endif
#ifndef CLIENT_DIES
#define CLIENT_DIES NOT
#endif

#ifndef SERVER_SHUTS         /* the same, its output */
#define SERVER_SHUTS NEVER
#endif
#ifndef CLIENT_SHUTS
#define CLIENT_SHUTS NEVER
#endif
#ifndef PACKETS              /* whether calls wait for all their bytes */
#define PACKETS false
#endif

#ifndef IDLE_READERS         /* whether an end reads to which nothing is sent */
#define IDLE_READERS false
#endif

#define NEVER   0
#define WRITTEN 1            /* when all is written */
#define ENDED   2            /* when all is written and the end has been read */
#define ANYTIME 3

#define NOT     0
#define PROCESS 1            /* its kernel clears its live byte, then sends an event */
#define DOMAIN  2            /* nothing is said; whoever asks the backend learns it */

#define S 0
#define C 1

#define GONE    0
#define LIVE    1
#define AWAITED 2

#define WRITE      1         /* "tell me when you have written" */
#define READ       2         /* "tell me when you have read" */
#define END        4         /* "I have written my last byte" */
#define HALF_CLOSE 8         /* "I know what END means" */

#define CLOSES(e) (e == S -> SERVER_CLOSES : CLIENT_CLOSES)
#define SHUTS(e)  (e == S -> SERVER_SHUTS : CLIENT_SHUTS)
#define TOTAL(e)  (e == S -> TO_CLIENT : TO_SERVER)
/* Whether nobody ever ends it, so that a reader stops after the last byte. */
#define FOREVER (CLOSES(S) + CLOSES(C) + SHUTS(S) + SHUTS(C) + SERVER_DIES + CLIENT_DIES == 0)
#define MIN(a, b) (a < b -> a : b)
#define SLOT(e, index) ((e) * SIZE + ((index) & (SIZE - 1)))
#ifdef FULL_LOOKS_EMPTY
#define MASK (SIZE - 1)
#else
#define MASK (INDICES - 1)
#endif

#include "page.pml"
#include "directions.pml"
#include "ends.pml"

init {
  atomic {
#ifdef BUFFERS
    run Memory();
#endif
    run Server(S);
    run Client(C);
    if
    :: SERVER_DIES != NOT -> run Death(S, SERVER_DIES)
    :: else
    fi;
    if
    :: CLIENT_DIES != NOT -> run Death(C, CLIENT_DIES)
    :: else
    fi
  }
}
