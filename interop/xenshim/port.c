// SPDX-License-Identifier: Apache-2.0
/*
 * Own end of an event channel, and what the program sees of it.
 *
 * The program waits on one descriptor for each handle, an epoll instance. In there is, for each
 * port, the bell: a peer that speaks C as we do got it with the hello and rings it, and we ring it
 * ourselves for whatever the worker finds. An event costs one system call on either side then, as a
 * byte in a pipe does.
 *
 * A peer that cannot take descriptors, as one in Java, sends EVENT frames. For its port the socket
 * is in there as well, so that an event wakes the program and nobody else in between. But a socket
 * is readable for other reasons too: notices at the beginning, a goodbye at the end. A program that
 * learns by select that its descriptor is readable may call xenevtchn_pending next, which waits, so
 * it must find an event. Hence
 *
 *  - a connection is "quiet" at its beginning, until the first frame, and again after a notice has
 *    been taken back, which is how an end begins: the worker reads it, and the program sees only
 *    events, by the bell;
 *  - otherwise, whatever comes on a socket that the program could see is an event, at least if the
 *    program has ever asked for the descriptor. Spurious events are legal, waiting for ever is not.
 *
 * While a port is masked nothing of it is in the epoll instance; what happens meanwhile is
 * remembered by the bell and the socket themselves. Taking both out at each report and putting them
 * back at each unmask costs more than the event itself. So when a program has unmasked at once after
 * its last reports, as libxenvchan_wait always does, they stay in, and no select comes in between
 * that could see them. Should one come after all, the next xenevtchn_pending finds the port still
 * masked, and reports it early rather than wait for what the program has seen already.
 */
#include "shim.h"

#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <unistd.h>

static void show(struct port *port, int fd, uint64_t what, bool *shown, bool wanted) {
    struct epoll_event event = {.events = EPOLLIN, .data.u64 = port->number | what};
    if (*shown != wanted) {
        int operation = wanted ? EPOLL_CTL_ADD : EPOLL_CTL_DEL;
        *shown = epoll_ctl(port->handle->epoll, operation, fd, &event) == 0 ? wanted : false;
    }
}

void port_show(struct port *port) {
    show(port, port->bell, 0, &port->bell_shown, !port->masked);
    if (port->conn != NULL) {
        bool direct = !port->conn->quiet;
        show(port, port->conn->fd, FROM_SOCKET, &port->socket_shown, direct && !port->masked);
        if (direct && !port->masked && !port->socket_shown) {
            conn_quiet(port->conn, true); /* No kernel memory: the long way, then. */
        }
    }
}

void port_signal(struct port *port) {
    eventfd_write(port->bell, 1);
}

/* The connection is over, in good order or not: the port is unbound. */
static void unbind(struct port *port) {
    show(port, port->conn->fd, FROM_SOCKET, &port->socket_shown, false);
    conn_close(port->conn);
    port->conn = NULL;
    if (port->door != NULL) {
        door_reopen(port->door);
    }
}

/* What a kernel would have done, in this order: the reason, the bytes, unbound, and an event. */
static void bury(struct port *port) {
    port->died = true;
    port->will = port->conn->will;
    execute_will(port->remote, &port->will);
    unbind(port);
}

bool port_take(struct port *port, bool to_the_end, bool visible) {
    unsigned saw = conn_read(port->conn, to_the_end);
    if (saw & SAW_DEATH) {
        bury(port);
        return true;
    }
    if (saw & SAW_GOODBYE) {
        unbind(port);
    } else if (saw != 0 && port->conn->bell < 0) {
        /* Somebody who waits for the bell alone would not see the socket. */
        conn_quiet(port->conn, (saw & SAW_NO_NOTICE) != 0 || port->handle->readers > 0);
        port_show(port);
    }
    return (saw & SAW_EVENT) || (saw != 0 && visible && port->handle->fd_given);
}

void port_bind(struct port *port, struct conn *conn) {
    port->conn = conn;
    port->died = false;
    port->will.count = 0;
    for (unsigned i = 0; i < port->notices.count; i++) {
        conn_send_notice(conn, &port->notices.notice[i]);
    }
}

void port_notice(struct port *port, const struct notice *notice) {
    if (port->notices.count < MAX_NOTICES) {
        port->notices.notice[port->notices.count++] = *notice;
    }
    if (port->conn != NULL) {
        conn_send_notice(port->conn, notice);
    } else if (port->died) {
        execute_will(port->remote, &port->will);
    }
}

void port_end_notice(struct port *port, const struct notice *notice) {
    struct will *will = &port->notices;
    for (unsigned i = 0; i < will->count; i++) {
        if (will->notice[i].ref == notice->ref && will->notice[i].domain == notice->domain) {
            will->notice[i] = will->notice[--will->count];
            break;
        }
    }
    if (port->conn != NULL) {
        conn_send_end(port->conn, notice);
    }
}

struct port *port_new(struct xenevtchn_handle *handle, uint16_t remote, uint32_t number) {
    struct port *port = calloc(1, sizeof *port);
    int bell = eventfd(0, EFD_CLOEXEC);
    if (port == NULL || bell < 0) {
        free(port);
        close(bell);
        return NULL;
    }
    if (handle->readers > 0) {
        /* They wait for what was the only port. */
        handle->ports->kicks += handle->readers;
        eventfd_write(handle->ports->bell, handle->readers);
    }
    port->handle = handle;
    port->remote = remote;
    port->number = number;
    port->bell = bell;
    port->next = handle->ports;
    handle->ports = port;
    port_show(port);
    return port;
}

struct port *port_of(struct xenevtchn_handle *handle, uint32_t number) {
    struct port *port = handle->ports;
    while (port != NULL && port->number != number) {
        port = port->next;
    }
    return port;
}

struct port *port_find(uint32_t number) {
    struct port *port = NULL;
    for (struct xenevtchn_handle *h = evtchn_handles; h != NULL && port == NULL; h = h->next) {
        port = port_of(h, number);
    }
    return port;
}

void port_retire(struct port *port) {
    if (port->door != NULL) {
        door_free(port->door);
        port->door = NULL;
    }
}

static void discard(struct port *port) {
    struct xenevtchn_handle *handle = port->handle;
    struct port **link = &handle->ports;
    while (*link != port) {
        link = &(*link)->next;
    }
    *link = port->next;
    handle->last = handle->last == port ? NULL : handle->last;
    close(port->bell);
    free(port);
}

void port_close(struct port *port) {
    port_retire(port);
    show(port, port->bell, 0, &port->bell_shown, false);
    if (port->conn != NULL) {
        show(port, port->conn->fd, FROM_SOCKET, &port->socket_shown, false);
        conn_leave(port->conn);
    }
    if (port->locked) {
        lock_drop(port_lock(shim.domain, port->number));
    }
    discard(port);
}

void port_abandon(struct port *port) {
    if (port->conn != NULL) {
        close(port->conn->fd);
        close(port->conn->bell);
    }
    if (port->door != NULL) {
        door_abandon(port->door);
    }
    discard(port);
}
