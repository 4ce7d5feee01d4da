// SPDX-License-Identifier: Apache-2.0
/* The interface of libxenevtchn. */
#define _GNU_SOURCE
#include "shim.h"

#include <poll.h>
#include <sched.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#define TRIES 1000
#define HELLO_NS INT64_C(5000000000)
#define NS_PER_MS 1000000
#define LONG_STREAK 16

struct xenevtchn_handle *evtchn_handles;

API xenevtchn_handle *xenevtchn_open(struct xentoollog_logger *logger, unsigned int flags) {
    (void)logger;
    if (FAILS(xenevtchn_open) || shim_enter() != 0) {
        return NULL;
    }
    struct xenevtchn_handle *handle = calloc(1, sizeof *handle);
    if (handle != NULL) {
        handle->epoll = epoll_create1(flags & XENEVTCHN_NO_CLOEXEC ? 0 : EPOLL_CLOEXEC);
    }
    if (handle != NULL && handle->epoll >= 0) {
        handle->life = shim.life;
        handle->next = evtchn_handles;
        evtchn_handles = handle;
    } else {
        free(handle);
        handle = NULL;
    }
    shim_leave();
    return handle;
}

static void unlink_handle(const struct xenevtchn_handle *handle) {
    for (struct xenevtchn_handle **link = &evtchn_handles; *link != NULL; link = &(*link)->next) {
        if (*link == handle) {
            *link = handle->next;
            return;
        }
    }
}

/* A call that fails here has closed all the same, as close(2) has. */
API int xenevtchn_close(xenevtchn_handle *handle) {
    bool failing = FAILS(xenevtchn_close);
    int why = errno;
    if (handle == NULL) {
        return 0;
    }
    bool inherited = shim_enter_with(handle->life) != 0;
    while (handle->ports != NULL) {
        inherited ? port_abandon(handle->ports) : port_close(handle->ports);
    }
    close(handle->epoll);
    if (!inherited) {
        unlink_handle(handle);
        shim_leave();
    }
    free(handle);
    errno = why;
    return failing ? -1 : 0;
}

API int xenevtchn_fd(xenevtchn_handle *handle) {
    /* Asked before each select by some, so it costs nothing but the first time. */
    if (!handle->fd_given) {
        if (shim_enter_with(handle->life) != 0) {
            return -1;
        }
        handle->fd_given = true;
        shim_leave();
    }
    return handle->epoll;
}

/* A port of ours with its number locked, or NULL. */
static struct port *new_server_port(struct xenevtchn_handle *handle, uint16_t remote) {
    for (int tries = 0; tries < TRIES; tries++) {
        uint32_t number = next_port();
        if (lock_take(port_lock(shim.domain, number)) == 0) {
            struct port *port = port_new(handle, remote, number);
            if (port == NULL) {
                lock_drop(port_lock(shim.domain, number));
            } else {
                port->locked = true;
            }
            return port;
        }
    }
    errno = ENOSPC;
    return NULL;
}

API xenevtchn_port_or_error_t xenevtchn_bind_unbound_port(xenevtchn_handle *handle,
                                                          uint32_t domid) {
    if (FAILS(xenevtchn_bind_unbound_port) || shim_enter_with(handle->life) != 0) {
        return -1;
    }
    int result = -1;
    int remote = checked_domain(domid);
    struct port *port = remote < 0 ? NULL : new_server_port(handle, (uint16_t)remote);
    if (port != NULL) {
        port->door = door_new(port);
        if (port->door != NULL) {
            result = (int)port->number;
        } else {
            int why = errno;
            port_close(port);
            errno = why;
        }
    }
    shim_leave();
    return result;
}

/* A name that nobody listens at is a leftover if its lock is free. */
static void remove_if_leftover(uint16_t domain, uint32_t port, const char *path) {
    if (access(path, F_OK) == 0 && lock_take(port_lock(domain, port)) == 0) {
        unlink(path);
        lock_drop(port_lock(domain, port));
    }
}

static int dial(uint16_t domain, uint32_t port) {
    char path[PATH_MAX];
    struct sockaddr_un address;
    if (below_root(path, "/evtchn/%u/%u", domain, port) != 0) {
        return -1;
    }
    int fd = make_socket(path, &address);
    if (fd < 0) {
        return -1;
    }
    if (connect(fd, (struct sockaddr *)&address, sizeof address) == 0 && same_user(fd)) {
        return fd;
    }
    bool full = errno == EAGAIN;
    close(fd);
    if (!full) {
        remove_if_leftover(domain, port, path);
    }
    errno = EINVAL;
    return -1;
}

/* Without the lock: the server may be this process. */
static bool await_hello(int fd, struct greeting *greeting) {
    static const uint8_t goodbye = 0x02;
    int64_t deadline = now_ns() + HELLO_NS;
    int whole = 0;
    while (whole == 0) {
        int64_t left = deadline - now_ns();
        struct pollfd wanted = {.fd = fd, .events = POLLIN};
        if (left <= 0 || (poll(&wanted, 1, (int)(left / NS_PER_MS) + 1) < 0 && errno != EINTR)) {
            (void)!send(fd, &goodbye, 1, MSG_DONTWAIT | MSG_NOSIGNAL);
            return false;
        }
        whole = greeting_read(fd, greeting);
    }
    return whole > 0;
}

/* Says hello for a port, and waits for the answer. */
static bool introduce(int fd, const struct port *port, uint32_t remote_port,
                      struct greeting *greeting) {
    struct hello hello = {0, shim.domain, port->remote, port->number, remote_port};
    if (!hello_send(fd, &hello, port->bell) || !await_hello(fd, greeting) ||
        !greeting_decode(greeting, &hello)) {
        return false;
    }
    return hello.status == BOUND && hello.from == port->remote && hello.to == shim.domain &&
           hello.from_port == remote_port && hello.to_port == port->number;
}

/* The port, connected; or NULL. The lock is not held meanwhile. */
static struct port *connect_port(struct port *port, int fd, uint32_t remote_port) {
    struct greeting greeting = {.bell = -1};
    shim_leave();
    bool bound = introduce(fd, port, remote_port, &greeting);
    shim_enter();
    struct conn *conn = bound ? conn_new(fd, greeting.bell, port) : NULL;
    if (conn == NULL) {
        greeting_drop(&greeting);
        close(fd);
        port_close(port);
        errno = bound ? ENOMEM : EINVAL;
        return NULL;
    }
    port_bind(port, conn);
    /* As on Xen a fresh end has an event pending: what was sent before may have been lost. */
    port_signal(port);
    return port;
}

API xenevtchn_port_or_error_t xenevtchn_bind_interdomain(xenevtchn_handle *handle, uint32_t domid,
                                                         evtchn_port_t remote_port) {
    if (FAILS(xenevtchn_bind_interdomain) || shim_enter_with(handle->life) != 0) {
        return -1;
    }
    int domain = checked_domain(domid);
    int fd = domain < 0 ? -1 : dial((uint16_t)domain, remote_port);
    struct port *port = fd < 0 ? NULL : port_new(handle, (uint16_t)domain, next_port());
    if (port != NULL) {
        port = connect_port(port, fd, remote_port);
    } else if (fd >= 0) {
        close(fd);
    }
    int number = port == NULL ? -1 : (int)port->number;
    shim_leave();
    return number;
}

API int xenevtchn_unbind(xenevtchn_handle *handle, evtchn_port_t number) {
    if (FAILS(xenevtchn_unbind) || shim_enter_with(handle->life) != 0) {
        return -1;
    }
    struct port *port = port_of(handle, number);
    if (port != NULL) {
        port_close(port);
    } else {
        errno = ENOTCONN;
    }
    shim_leave();
    return port != NULL ? 0 : -1;
}

/* Succeeds whether or not anybody is there. */
API int xenevtchn_notify(xenevtchn_handle *handle, evtchn_port_t number) {
    if (FAILS(xenevtchn_notify) || shim_enter_with(handle->life) != 0) {
        return -1;
    }
    struct port *port = port_of(handle, number);
    if (port == NULL) {
        errno = ENOTCONN;
    } else if (port->conn != NULL) {
        conn_send_event(port->conn);
    }
    shim_leave();
    return port != NULL ? 0 : -1;
}

/* Whether somebody could wait on its bell alone: all its events come there. */
static bool has_bell_only(const struct port *port) {
    return port != NULL && port->next == NULL && !port->masked && port->conn != NULL &&
           port->conn->bell >= 0;
}

static bool is_readable(int fd) {
    struct pollfd ready = {.fd = fd, .events = POLLIN};
    return poll(&ready, 1, 0) == 1;
}

/* Takes the events a bell was rung for. */
static bool count_rings(struct port *port, uint64_t rings) {
    uint64_t kicks = rings < port->kicks ? rings : port->kicks;
    port->kicks -= kicks;
    return rings > kicks;
}

/* With the lock held, and nobody in await_bell, nobody else reads, so this does not wait. */
static bool take_bell(struct port *port) {
    uint64_t rings;
    return is_readable(port->bell) && read(port->bell, &rings, sizeof rings) == sizeof rings &&
           count_rings(port, rings);
}

static bool take_socket(struct port *port) {
    return port->conn != NULL && !port->conn->quiet && port_take(port, false, true);
}

static int report(struct port *port) {
    struct xenevtchn_handle *handle = port->handle;
    port->masked = true;
    handle->last = port;
    handle->lazy = handle->streak >= LONG_STREAK;
    if (!handle->lazy) {
        port_show(port);
    }
    return (int)port->number;
}

/*
 * Ends the habit of leaving ports shown, if the last one is masked still. -1, or the port, if the
 * program may have seen on its descriptor that there is more.
 */
static int end_streak(struct xenevtchn_handle *handle) {
    struct port *port = handle->last;
    if (port == NULL) {
        return -1;
    }
    bool seen = handle->lazy && handle->fd_given;
    handle->last = NULL;
    handle->lazy = false;
    handle->streak = 0;
    port_show(port);
    if (!seen || handle->readers > 0) {
        return -1;
    }
    bool rung = take_bell(port);
    return take_socket(port) || rung ? report(port) : -1;
}

/* Waits for the bell of the only port. 0: look again; -1: interrupted. */
static int await_bell(struct xenevtchn_handle *handle, struct port *port) {
    uint64_t rings;
    handle->readers++;
    shim_leave();
    ssize_t got = read(port->bell, &rings, sizeof rings);
    int why = errno;
    shim_enter();
    handle->readers--;
    errno = why;
    if (got != sizeof rings) {
        return -1;
    }
    return count_rings(port, rings) ? report(port) : 0;
}

/* The same for whatever the handle has. */
static int await_any(struct xenevtchn_handle *handle) {
    struct epoll_event event;
    shim_leave();
    int told = epoll_wait(handle->epoll, &event, 1, -1);
    int why = errno;
    shim_enter();
    errno = why;
    if (told < 0) {
        return -1;
    }
    if (handle->readers > 0) {
        /* They have been told that they are not alone any more, and read the bell until then. */
        shim_leave();
        sched_yield();
        shim_enter();
        return 0;
    }
    struct port *port = port_of(handle, (uint32_t)event.data.u64);
    if (port == NULL) {
        return 0;
    }
    if (port->masked) {
        /* Left shown for another thread, which takes its time. */
        handle->streak = 0;
        port_show(port);
        return 0;
    }
    bool taken = event.data.u64 & FROM_SOCKET ? take_socket(port) : take_bell(port);
    return taken ? report(port) : 0;
}

API xenevtchn_port_or_error_t xenevtchn_pending(xenevtchn_handle *handle) {
    if (FAILS(xenevtchn_pending) || shim_enter_with(handle->life) != 0) {
        return -1;
    }
    int number = end_streak(handle);
    if (number < 0) {
        do {
            number = has_bell_only(handle->ports) ? await_bell(handle, handle->ports)
                                                  : await_any(handle);
        } while (number == 0);
    }
    shim_leave();
    return number;
}

API int xenevtchn_unmask(xenevtchn_handle *handle, evtchn_port_t number) {
    if (FAILS(xenevtchn_unmask) || shim_enter_with(handle->life) != 0) {
        return -1;
    }
    struct port *port = port_of(handle, number);
    if (port != NULL && port->masked) {
        port->masked = false;
        port_show(port);
    }
    if (port != NULL && port == handle->last) {
        handle->last = NULL;
        handle->streak++;
    }
    shim_leave();
    return 0;
}

static int unsupported(void) {
    errno = ENOSYS;
    return -1;
}

API xenevtchn_handle *xenevtchn_fdopen(struct xentoollog_logger *logger, int fd, unsigned flags) {
    (void)logger, (void)fd, (void)flags;
    unsupported();
    return NULL;
}

API xenevtchn_port_or_error_t xenevtchn_bind_virq(xenevtchn_handle *handle, unsigned int virq) {
    (void)handle, (void)virq;
    return unsupported();
}

API int xenevtchn_restrict(xenevtchn_handle *handle, domid_t domid) {
    (void)handle, (void)domid;
    return unsupported();
}
