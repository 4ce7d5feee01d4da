// SPDX-License-Identifier: Apache-2.0
/*
 * One socket between two ports: cuts what arrives into frames, and keeps what cannot be sent yet.
 *
 * Frames are one byte, EVENT or GOODBYE; or a type from 16 on, a length, and as many bytes. Those
 * of a type that is not known are skipped.
 */
#define _GNU_SOURCE
#include "shim.h"

#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#define EVENT 0x01
#define GOODBYE 0x02
#define FIRST_LONG 0x10
#define NOTICE 0x10
#define NO_NOTICE 0x11
#define NOTICE_BYTES 8

static void watch(struct conn *conn) {
    uint32_t events = EPOLLRDHUP;
    events |= conn->quiet ? EPOLLIN : 0;
    events |= conn->out_bytes > 0 ? EPOLLOUT : 0;
    source_interest(&conn->source, events);
}

static void flush(struct conn *conn) {
    ssize_t sent = send(conn->fd, conn->out, conn->out_bytes, MSG_DONTWAIT | MSG_NOSIGNAL);
    if (sent < 0 && errno != EAGAIN && errno != EINTR) {
        sent = (ssize_t)conn->out_bytes; /* Nobody will read it: dropped, as on Xen. */
    }
    if (sent > 0) {
        conn->out_bytes -= (size_t)sent;
        memmove(conn->out, conn->out + sent, conn->out_bytes);
        watch(conn);
    }
}

/* Keeps what is to be sent later. Out of memory, it is lost, and with it the connection. */
static void keep(struct conn *conn, const uint8_t *bytes, size_t count) {
    uint8_t *more = realloc(conn->out, conn->out_bytes + count);
    if (more == NULL) {
        shutdown(conn->fd, SHUT_RDWR);
        return;
    }
    memcpy(more + conn->out_bytes, bytes, count);
    conn->out = more;
    conn->out_bytes += count;
    watch(conn);
}

static void put(struct conn *conn, const uint8_t *bytes, size_t count) {
    conn->last_is_event = false;
    if (conn->out_bytes == 0) {
        ssize_t sent = send(conn->fd, bytes, count, MSG_DONTWAIT | MSG_NOSIGNAL);
        if (sent < 0 && errno != EAGAIN && errno != EINTR) {
            return;
        }
        bytes += sent > 0 ? sent : 0;
        count -= sent > 0 ? (size_t)sent : 0;
    }
    if (count > 0) {
        keep(conn, bytes, count);
    }
}

void conn_send_event(struct conn *conn) {
    static const uint8_t event = EVENT;
    static const uint64_t one = 1;
    if (conn->bell >= 0) {
        (void)!write(conn->bell, &one, sizeof one);
        return;
    }
    if (conn->out_bytes == 0) {
        ssize_t sent = send(conn->fd, &event, 1, MSG_DONTWAIT | MSG_NOSIGNAL);
        if (sent == 1) {
            conn->last_is_event = true;
            return;
        }
        if (errno != EAGAIN && errno != EINTR) {
            return;
        }
    }
    /*
     * No room. If the last byte written is an event's, that one has not been read, since bytes are
     * read in order: it is pending, and the peer will look after this moment.
     */
    if (!conn->last_is_event) {
        keep(conn, &event, 1);
        conn->last_is_event = true;
    }
}

static void encode(uint8_t *frame, uint8_t type, const struct notice *notice) {
    frame[0] = type;
    frame[1] = NOTICE_BYTES;
    put16(frame + 2, notice->domain);
    put16(frame + 4, notice->offset);
    put32(frame + 6, notice->ref);
}

void conn_send_notice(struct conn *conn, const struct notice *notice) {
    uint8_t frame[2 + NOTICE_BYTES];
    encode(frame, NOTICE, notice);
    put(conn, frame, sizeof frame);
}

void conn_send_end(struct conn *conn, const struct notice *notice) {
    uint8_t frame[2 + NOTICE_BYTES + 1];
    encode(frame, NO_NOTICE, notice);
    frame[2 + NOTICE_BYTES] = EVENT;
    if (conn->bell >= 0) {
        put(conn, frame, sizeof frame - 1);
        conn_send_event(conn);
        return;
    }
    /* In one piece: a peer that were told of the first alone would look, and wait again. */
    put(conn, frame, sizeof frame);
    conn->last_is_event = true;
}

static bool same(const struct notice *a, const struct notice *b) {
    return a->domain == b->domain && a->offset == b->offset && a->ref == b->ref;
}

static void forget(struct will *will, const struct notice *notice) {
    for (unsigned i = 0; i < will->count; i++) {
        if (same(&will->notice[i], notice)) {
            will->notice[i] = will->notice[--will->count];
            return;
        }
    }
}

/* What the peer asks for is kept as it is, and looked at only when the peer has died. */
static bool take_notice(struct conn *conn) {
    struct notice notice = {get16(conn->frame + 2), get16(conn->frame + 4),
                            get32(conn->frame + 6)};
    if (conn->wanted != 2 + NOTICE_BYTES || notice.domain >= FIRST_RESERVED_DOMAIN) {
        return false;
    }
    forget(&conn->will, &notice);
    if (conn->frame[0] == NOTICE) {
        if (conn->will.count == MAX_NOTICES) {
            return false;
        }
        conn->will.notice[conn->will.count++] = notice;
    }
    return true;
}

static unsigned take_frame(struct conn *conn) {
    conn->have = 0;
    if (conn->frame[0] != NOTICE && conn->frame[0] != NO_NOTICE) {
        return SAW_FRAME;
    }
    if (!take_notice(conn)) {
        return SAW_DEATH;
    }
    return SAW_FRAME | (conn->frame[0] == NO_NOTICE ? SAW_NO_NOTICE : 0);
}

static unsigned take_byte(struct conn *conn, uint8_t byte) {
    if (conn->have == 0 && byte == EVENT) {
        return SAW_EVENT;
    }
    if (conn->have == 0 && byte == GOODBYE) {
        return SAW_GOODBYE;
    }
    if (conn->have == 0 && byte < FIRST_LONG) {
        return SAW_DEATH; /* Not of this format, so what follows cannot be read either. */
    }
    if (conn->have < sizeof conn->frame) {
        conn->frame[conn->have] = byte;
    }
    conn->have++;
    if (conn->have == 2) {
        conn->wanted = 2 + byte;
    }
    return conn->have >= 2 && conn->have == conn->wanted ? take_frame(conn) : 0;
}

unsigned conn_read(struct conn *conn, bool to_the_end) {
    uint8_t bytes[1024];
    unsigned saw = 0;
    ssize_t count;
    do {
        count = recv(conn->fd, bytes, sizeof bytes, MSG_DONTWAIT);
        if (count < 0 && (errno == EAGAIN || errno == EINTR)) {
            return saw;
        }
        if (count <= 0) {
            /* A reset comes behind what the peer had sent, and means the same as the end. */
            return saw | SAW_DEATH;
        }
        for (ssize_t i = 0; i < count; i++) {
            saw |= take_byte(conn, bytes[i]);
            if (saw & (SAW_GOODBYE | SAW_DEATH)) {
                return saw;
            }
        }
    } while (to_the_end);
    return saw;
}

void conn_quiet(struct conn *conn, bool quiet) {
    if (conn->quiet != quiet) {
        conn->quiet = quiet;
        watch(conn);
    }
}

static void leaving(struct conn *conn, uint32_t events) {
    uint8_t ignored[256];
    flush(conn);
    if (recv(conn->fd, ignored, sizeof ignored, MSG_DONTWAIT) == 0 || conn->out_bytes == 0 ||
        (events & (EPOLLRDHUP | EPOLLHUP | EPOLLERR))) {
        conn_close(conn);
    }
}

static void ready(struct source *source, uint32_t events) {
    struct conn *conn = (struct conn *)source;
    if (conn->port == NULL) {
        leaving(conn, events);
        return;
    }
    if (events & EPOLLOUT) {
        flush(conn);
    }
    if (events & (EPOLLIN | EPOLLRDHUP | EPOLLHUP | EPOLLERR)) {
        /* After a hang-up nothing more will come, so all of it is read now. */
        struct port *port = conn->port;
        if (port_take(port, (events & (EPOLLRDHUP | EPOLLHUP | EPOLLERR)) != 0,
                      port->socket_shown)) {
            port_signal(port);
        }
    }
}

struct conn *conn_new(int fd, int bell, struct port *port) {
    struct conn *conn = calloc(1, sizeof *conn);
    if (conn == NULL) {
        return NULL;
    }
    conn->fd = fd;
    conn->bell = bell;
    conn->port = port;
    conn->quiet = true;
    if (source_add(&conn->source, fd, EPOLLIN | EPOLLRDHUP, ready) != 0) {
        free(conn);
        return NULL;
    }
    return conn;
}

void conn_leave(struct conn *conn) {
    static const uint8_t goodbye = GOODBYE;
    conn->port = NULL;
    put(conn, &goodbye, 1);
    if (conn->out_bytes == 0) {
        conn_close(conn);
    }
}

void conn_close(struct conn *conn) {
    source_remove(&conn->source);
    close(conn->fd);
    if (conn->bell >= 0) {
        close(conn->bell);
    }
    free(conn->out);
    free(conn);
}

bool same_user(int fd) {
    struct ucred user;
    socklen_t length = sizeof user;
    return getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &user, &length) == 0 && user.uid == shim.user;
}
