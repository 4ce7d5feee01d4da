// SPDX-License-Identifier: Apache-2.0
/*
 * Own end of an event channel, and what the program sees of it.
 *
 * The program waits on one descriptor for each handle, an epoll instance. For a port that is
 * connected and not masked the socket itself is in there, so that an event wakes the program and
 * nobody else in between. A socket is readable for other reasons too: notices at the beginning, a
 * goodbye at the end. A program that learns by select that its descriptor is readable may call
 * xenevtchn_pending next, which waits, so it must find an event. Hence
 *
 *  - a connection is "quiet" at its beginning, until the first frame, and again after a notice has
 *    been taken back, which is how an end begins: the worker reads it, and the program sees only
 *    events, through the queue;
 *  - otherwise, whatever comes on a socket that the program could see is an event, at least if the
 *    program has ever asked for the descriptor. Spurious events are legal, waiting for ever is not.
 *
 * Masked means reported and not unmasked since. The socket is then not looked at (EPOLLONESHOT),
 * and what happens meanwhile is remembered, in the socket or in "pending".
 */
#include "shim.h"

#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <unistd.h>

static int tell(struct port *port, int operation) {
    struct epoll_event event = {.events = EPOLLIN | EPOLLONESHOT, .data.u64 = port->number};
    return epoll_ctl(port->handle->epoll, operation, port->conn->fd, &event);
}

void port_show(struct port *port) {
    bool shown = port->conn != NULL && !port->conn->quiet && !port->masked;
    if (shown && port->armed != ARMED) {
        int operation = port->armed == ABSENT ? EPOLL_CTL_ADD : EPOLL_CTL_MOD;
        port->armed = tell(port, operation) == 0 ? ARMED : ABSENT;
        if (port->armed == ABSENT) {
            conn_quiet(port->conn, true); /* Out of kernel memory: the long way, then. */
        }
    } else if (!shown && port->armed == ARMED) {
        tell(port, EPOLL_CTL_DEL);
        port->armed = ABSENT;
    }
}

void port_signal(struct port *port) {
    struct xenevtchn_handle *handle = port->handle;
    port->pending = true;
    if (port->masked || port->queued) {
        return;
    }
    if (handle->queue == NULL) {
        eventfd_write(handle->event, 1);
    }
    port->queued = true;
    port->next_queued = NULL;
    *handle->queue_end = port;
    handle->queue_end = &port->next_queued;
}

static void unqueue(struct port *port) {
    struct xenevtchn_handle *handle = port->handle;
    if (!port->queued) {
        return;
    }
    struct port **link = &handle->queue;
    while (*link != port) {
        link = &(*link)->next_queued;
    }
    *link = port->next_queued;
    if (*link == NULL) {
        handle->queue_end = link;
    }
    port->queued = false;
    if (handle->queue == NULL) {
        eventfd_t ignored;
        eventfd_read(handle->event, &ignored);
    }
}

struct port *port_next(struct xenevtchn_handle *handle) {
    struct port *port = handle->queue;
    if (port != NULL) {
        unqueue(port);
        port->pending = false;
        port->masked = true;
        port_show(port);
    }
    return port;
}

/* The connection is over, in good order or not: the port is unbound. */
static void unbind(struct port *port) {
    if (port->armed != ABSENT) {
        tell(port, EPOLL_CTL_DEL);
        port->armed = ABSENT;
    }
    conn_close(port->conn);
    port->conn = NULL;
    if (port->door != NULL) {
        door_reopen(port->door);
    }
}

/* What a kernel would have done, in this order: the reason, the bytes, unbound, one event. */
static void bury(struct port *port) {
    port->died = true;
    port->will = port->conn->will;
    execute_will(port->remote, &port->will);
    unbind(port);
    port_signal(port);
}

void port_take(struct port *port, bool to_the_end, bool visible) {
    unsigned saw = conn_read(port->conn, to_the_end);
    if (saw & SAW_DEATH) {
        bury(port);
        return;
    }
    if ((saw & SAW_EVENT) || (saw != 0 && visible && port->handle->fd_given)) {
        port_signal(port);
    }
    if (saw & SAW_GOODBYE) {
        unbind(port);
    } else if (saw != 0) {
        conn_quiet(port->conn, (saw & SAW_NO_NOTICE) != 0);
        port_show(port);
    }
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
    if (port != NULL) {
        port->handle = handle;
        port->remote = remote;
        port->number = number;
        port->next = handle->ports;
        handle->ports = port;
    }
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

static void unlink_port(struct port *port) {
    struct port **link = &port->handle->ports;
    while (*link != port) {
        link = &(*link)->next;
    }
    *link = port->next;
    free(port);
}

void port_close(struct port *port) {
    port_retire(port);
    unqueue(port);
    if (port->conn != NULL) {
        if (port->armed != ABSENT) {
            tell(port, EPOLL_CTL_DEL);
        }
        conn_leave(port->conn);
    }
    if (port->locked) {
        lock_drop(port_lock(shim.domain, port->number));
    }
    unlink_port(port);
}

void port_abandon(struct port *port) {
    if (port->conn != NULL) {
        close(port->conn->fd);
    }
    if (port->door != NULL) {
        door_abandon(port->door);
    }
    unlink_port(port);
}
