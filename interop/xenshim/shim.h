// SPDX-License-Identifier: Apache-2.0
/*
 * The stand-in for Xen's libraries: libxengnttab, libxenevtchn, libxenstore, and a little of
 * libxenctrl, on top of the local transport (docs/local-transport.md).
 *
 * Everything below is guarded by one lock, taken with shim_enter and given back with shim_leave.
 * Nothing waits while it is held. Functions that can fail return -1, or false, with errno set.
 */
#ifndef SHIM_H
#define SHIM_H

#include "xenapi.h"

#include <errno.h>
#include <limits.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/types.h>

#define API __attribute__((visibility("default")))
#define PAGE 4096u
#define PAGES_PER_FILE 256u
#define FIRST_RESERVED_DOMAIN 0x7ff0u
#define NOTHING UINT32_MAX /* Xen's -1 for an offset or a port */

/* root.c: the directory, who we are, and the one lock */

struct shim {
    char root[108];
    uint16_t domain;
    uid_t user;
    unsigned life; /* another one in a forked child; handles of an older life can only be closed */
    int zero;      /* /dev/zero */
};
extern struct shim shim;

/* Opens the directory if nobody has yet, and takes the lock. -1 without the lock. */
int shim_enter(void);
void shim_leave(void);
/* The same for a call on a handle, which is refused if it was inherited through a fork. */
int shim_enter_with(unsigned life);
void complain(const char *format, ...) __attribute__((format(printf, 1, 2)));
/* Puts a path below the root together; a path that is too long is ENAMETOOLONG. */
int below_root(char path[PATH_MAX], const char *format, ...) __attribute__((format(printf, 2, 3)));
/* Makes the directories above path; if self, also path. */
int make_directories(const char *path, bool self);
/*
 * Makes a file that was not there, open for reading and writing, and the directories above it:
 * whoever closes removes those that are empty, as these were perhaps a moment ago.
 */
int create_file(const char *path);
/* Removes path and the directories above it up to the store, as far as they are empty. */
void prune(const char *path);
uint32_t next_grant(void);
uint32_t next_port(void);
/* A domain that the caller names, own or other, or -1. */
int checked_domain(uint32_t domid);

/* locks.c: who is alive */

uint64_t grant_lock(uint16_t domain, uint32_t ref);
uint64_t port_lock(uint16_t domain, uint32_t port);
uint64_t path_lock(const char *path);
int locks_open(const char *file);
void locks_forget(void);
/* EBUSY if anybody has it, be it this process. */
int lock_take(uint64_t at);
void lock_drop(uint64_t at);

/* leftovers.c */

void remove_leftovers(void);

/* fault.c: calls are counted, and made to fail. Needs no lock */

#define EACH_CALL(X)                                                                              \
    X(xengnttab_open) X(xengnttab_close) X(xengnttab_map_grant_ref) X(xengnttab_map_grant_refs)   \
    X(xengnttab_map_domain_grant_refs) X(xengnttab_map_grant_ref_notify) X(xengnttab_unmap)       \
    X(xengntshr_open) X(xengntshr_close) X(xengntshr_share_pages) X(xengntshr_share_page_notify)  \
    X(xengntshr_unshare)                                                                          \
    X(xenevtchn_open) X(xenevtchn_close) X(xenevtchn_bind_unbound_port)                           \
    X(xenevtchn_bind_interdomain) X(xenevtchn_unbind) X(xenevtchn_notify) X(xenevtchn_pending)    \
    X(xenevtchn_unmask)                                                                           \
    X(xs_open) X(xs_close) X(xs_read) X(xs_write) X(xs_rm) X(xs_mkdir) X(xs_directory)            \
    X(xs_set_permissions) X(xs_get_permissions) X(xs_transaction_start) X(xs_transaction_end)     \
    X(xs_watch) X(xs_unwatch) X(xs_read_watch) X(xs_check_watch)                                  \
    X(xc_interface_open) X(xc_interface_close) X(xc_domain_getinfo)

#define NAME_OF_CALL(name) CALL_##name,
enum call { EACH_CALL(NAME_OF_CALL) CALLS };

/* Counts the call; true, with errno set, if it shall fail. */
bool fails(enum call call);
#define FAILS(name) fails(CALL_##name)

/* worker.c: a thread of our own for what cannot wait until the program calls in */

struct source {
    uint64_t id;
    int fd;
    void (*ready)(struct source *source, uint32_t events);
    struct source *next;
};

struct timer {
    int64_t at; /* ns; 0: not set */
    void (*due)(struct timer *timer);
    struct timer *next;
};

int worker_start(void);
void worker_forget(void);
int source_add(struct source *source, int fd, uint32_t events,
               void (*ready)(struct source *source, uint32_t events));
void source_interest(struct source *source, uint32_t events);
void source_remove(struct source *source);
/* Moves a descriptor that the worker has opened to a number the program does not have. */
int out_of_reach(int fd);
void timer_set(struct timer *timer, int millis, void (*due)(struct timer *timer));
void timer_cancel(struct timer *timer);
int64_t now_ns(void);

/* hello.c: the first bytes each way */

#define HELLO_BYTES 32
enum status { BOUND = 0, NOT_FOR_YOU = 1, BUSY = 2, UNKNOWN = 3 };
struct hello {
    uint16_t status, from, to;
    uint32_t from_port, to_port;
};
/* A hello on its way in. */
struct greeting {
    uint8_t bytes[HELLO_BYTES];
    size_t have;
    int bell; /* came with it; -1: none */
};
/* Sends a hello, and with it a bell if that is not -1. */
bool hello_send(int fd, const struct hello *hello, int bell);
/* Reads on, not a byte more than the hello has. 1: it is whole; 0: not yet; -1: hung up. */
int greeting_read(int fd, struct greeting *greeting);
/* false if it is none, of another version, or requires what we do not know. */
bool greeting_decode(const struct greeting *greeting, struct hello *hello);
void greeting_drop(struct greeting *greeting);
void put16(uint8_t *at, uint16_t value);
void put32(uint8_t *at, uint32_t value);
uint16_t get16(const uint8_t *at);
uint32_t get32(const uint8_t *at);

/* conn.c: the socket between two ports */

struct notice {
    uint16_t domain, offset;
    uint32_t ref;
};
#define MAX_NOTICES 64
struct will {
    struct notice notice[MAX_NOTICES];
    unsigned count;
};

enum saw { SAW_EVENT = 1, SAW_FRAME = 2, SAW_NO_NOTICE = 4, SAW_GOODBYE = 8, SAW_DEATH = 16 };

struct port;
struct conn {
    struct source source; /* first, so that a source of a conn is the conn */
    struct port *port;    /* NULL while only the goodbye is still to go out */
    int fd;
    int bell; /* of the peer's port; -1: it wants EVENT frames */
    struct will will;
    uint8_t frame[10];
    unsigned have, wanted;
    uint8_t *out; /* what did not fit into the socket */
    size_t out_bytes;
    bool last_is_event;
    bool quiet;
};

/* Takes over a connected socket and the peer's bell; the worker looks at it from now on. */
struct conn *conn_new(int fd, int bell, struct port *port);
/* Reads what is there, once or to the end, and says what of each kind there was (enum saw). */
unsigned conn_read(struct conn *conn, bool to_the_end);
void conn_send_event(struct conn *conn);
void conn_send_notice(struct conn *conn, const struct notice *notice);
/* Takes a notice back and sends an event. */
void conn_send_end(struct conn *conn, const struct notice *notice);
/* Whether the worker reads it, or leaves it to the program. */
void conn_quiet(struct conn *conn, bool quiet);
/* Says goodbye, and closes when that has gone out. */
void conn_leave(struct conn *conn);
void conn_close(struct conn *conn);
bool same_user(int fd);

/* door.c: where clients come to a port that is not bound */

struct door;
struct door *door_new(struct port *port);
/* Listens, if not yet; on failure tries again later. */
void door_reopen(struct door *door);
void door_free(struct door *door);
/* In a forked child: closes what it has inherited. */
void door_abandon(struct door *door);
int make_socket(const char *path, void *address);

/* port.c: own end of an event channel */

struct port {
    struct xenevtchn_handle *handle;
    struct port *next; /* of the handle */
    uint32_t number;
    uint16_t remote;
    int bell;          /* an eventfd that is rung for each event, by a peer that has it or by us */
    struct conn *conn; /* NULL: unbound */
    struct door *door; /* NULL: connects, or retired */
    bool locked;
    bool masked;      /* reported, and not unmasked since */
    bool died;        /* the last peer did */
    bool bell_shown;  /* in the handle's epoll instance */
    bool socket_shown;
    uint64_t kicks;      /* how often the bell was rung although there was no event */
    struct will will;    /* of the peer that died */
    struct will notices; /* own ones, in force */
};

struct xenevtchn_handle {
    unsigned life;
    int epoll; /* what the program sees */
    _Atomic bool fd_given;
    struct port *ports;
    struct port *last; /* reported by the last xenevtchn_pending, and not unmasked since */
    bool lazy;         /* the last one is still shown */
    unsigned streak;   /* of reports that were followed by the unmask at once */
    unsigned readers;  /* threads that wait on the bell of the only port */
    struct xenevtchn_handle *next;
};
extern struct xenevtchn_handle *evtchn_handles;

/* Beside the number of the port, in what the epoll instance says of it. */
#define FROM_SOCKET UINT64_C(0x100000000)

struct port *port_new(struct xenevtchn_handle *handle, uint16_t remote, uint32_t number);
struct port *port_of(struct xenevtchn_handle *handle, uint32_t number);
/* Of any handle; NULL if there is none. */
struct port *port_find(uint32_t number);
void port_bind(struct port *port, struct conn *conn);
/*
 * Reads what has come, and carries it out. Visible: the program could see that something had. Says
 * whether an event is to be counted.
 */
bool port_take(struct port *port, bool to_the_end, bool visible);
/* Counts an event, which the program finds when it looks next. */
void port_signal(struct port *port);
/* Shows the program's descriptor what it shall see now: all of it, or nothing while masked. */
void port_show(struct port *port);
void port_notice(struct port *port, const struct notice *notice);
/* The page is given up, and its byte is cleared. */
void port_end_notice(struct port *port, const struct notice *notice);
void port_retire(struct port *port);
void port_close(struct port *port);
/* In a forked child: lets go without a word. */
void port_abandon(struct port *port);

/* gnttab.c, as the others need it */

void execute_will(uint16_t peer, const struct will *will);
/* Removes the name of an own page, so that nobody finds it any more. */
void unlink_page(uint32_t ref);
void unlink_all_pages(void);
void forget_pages(void);

/* keys.c: the leaves of a node, as a file */

#define MAX_KEYS 4096
struct leaf {
    char *name;
    char *value;
    struct leaf *next;
};
struct keys {
    uint16_t server, client;
    struct leaf *leaves;
};
/* ENOENT if nothing is there that could be read. */
int keys_read(const char *node_path, struct keys *keys);
int keys_publish(const char *node_path, const struct keys *keys);
void keys_remove(const char *node_path);
const char *keys_get(const struct keys *keys, const char *name);
int keys_put(struct keys *keys, const char *name, const char *value);
/* Whether it was there. */
bool keys_drop(struct keys *keys, const char *name);
void keys_free(struct keys *keys);
/* Directory of a node below the root. */
int node_directory(char directory[PATH_MAX], const char *node_path);

/* nodes.c: the nodes this process holds */

struct node {
    char *path;
    struct keys keys;
    bool published, changed;
    uint32_t ring_ref, event_channel; /* what is advertised; 0: nothing */
    struct node *next;
};
struct node *node_find(const char *path);
/* Takes the node if nobody has it: EBUSY. */
struct node *node_hold(const char *path);
/* Makes what it says now what others read. */
int node_publish(struct node *node);
void node_free(struct node *node);
/* Gives up path and what is held below it; returns whether there was any. */
bool nodes_remove(const char *path);
void nodes_remove_all(void);
void nodes_forget(void);
/* The absolute path, or NULL: EINVAL. To be freed. */
char *absolute(const char *path);
/* Cuts the last element off an absolute path, and returns it. */
char *cut_leaf(char *path);

/* watch.c */

struct watch;
struct watches {
    struct watch *first;
    struct fired *queue, **queue_end;
    int ready; /* an eventfd: as much as there is in the queue */
};
int watches_open(struct watches *watches);
void watches_close(struct watches *watches);

#endif
