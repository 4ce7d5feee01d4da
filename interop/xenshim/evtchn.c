// SPDX-License-Identifier: Apache-2.0
/* The interface of libxenevtchn. */
#define _GNU_SOURCE
#include "shim.h"

#include <poll.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#define TRIES 1000
#define HELLO_NS INT64_C(5000000000)
#define NS_PER_MS 1000000
#define OWN_EVENT UINT64_MAX /* in the epoll instance; no port has this number */

struct xenevtchn_handle *evtchn_handles;

static int open_descriptors(struct xenevtchn_handle *handle, bool cloexec) {
    struct epoll_event event = {.events = EPOLLIN, .data.u64 = OWN_EVENT};
    handle->epoll = epoll_create1(cloexec ? EPOLL_CLOEXEC : 0);
    handle->event = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    if (handle->epoll >= 0 && handle->event >= 0 &&
        epoll_ctl(handle->epoll, EPOLL_CTL_ADD, handle->event, &event) == 0) {
        return 0;
    }
    int why = errno;
    close(handle->epoll);
    close(handle->event);
    errno = why;
    return -1;
}

API xenevtchn_handle *xenevtchn_open(struct xentoollog_logger *logger, unsigned int flags) {
    (void)logger;
    if (FAILS(xenevtchn_open) || shim_enter() != 0) {
        return NULL;
    }
    struct xenevtchn_handle *handle = calloc(1, sizeof *handle);
    if (handle != NULL && open_descriptors(handle, !(flags & XENEVTCHN_NO_CLOEXEC)) == 0) {
        handle->life = shim.life;
        handle->queue_end = &handle->queue;
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
    close(handle->event);
    if (!inherited) {
        unlink_handle(handle);
        shim_leave();
    }
    free(handle);
    errno = why;
    return failing ? -1 : 0;
}

API int xenevtchn_fd(xenevtchn_handle *handle) {
    if (shim_enter_with(handle->life) != 0) {
        return -1;
    }
    handle->fd_given = true;
    shim_leave();
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

/* Reads a whole hello, and not a byte more. Without the lock: the server may be this process. */
static bool await_hello(int fd, uint8_t bytes[HELLO_BYTES]) {
    int64_t deadline = now_ns() + HELLO_NS;
    size_t have = 0;
    while (have < HELLO_BYTES) {
        int64_t left = deadline - now_ns();
        struct pollfd poll_for = {.fd = fd, .events = POLLIN};
        if (left <= 0 || (poll(&poll_for, 1, (int)(left / NS_PER_MS) + 1) < 0 && errno != EINTR)) {
            static const uint8_t goodbye = 0x02;
            (void)!send(fd, &goodbye, 1, MSG_DONTWAIT | MSG_NOSIGNAL);
            return false;
        }
        ssize_t count = recv(fd, bytes + have, HELLO_BYTES - have, MSG_DONTWAIT);
        if (count == 0 || (count < 0 && errno != EAGAIN && errno != EINTR)) {
            return false;
        }
        have += count > 0 ? (size_t)count : 0;
    }
    return true;
}

static bool introduce(int fd, uint16_t domain, uint32_t remote_port, uint32_t own_port) {
    uint8_t bytes[HELLO_BYTES];
    struct hello hello = {0, shim.domain, domain, own_port, remote_port};
    hello_encode(&hello, bytes);
    if (send(fd, bytes, sizeof bytes, MSG_DONTWAIT | MSG_NOSIGNAL) != sizeof bytes ||
        !await_hello(fd, bytes) || !hello_decode(bytes, &hello)) {
        return false;
    }
    return hello.status == BOUND && hello.from == domain && hello.to == shim.domain &&
           hello.from_port == remote_port && hello.to_port == own_port;
}

static int bind_to(struct xenevtchn_handle *handle, uint16_t domain, uint32_t number, int fd) {
    struct port *port = port_new(handle, domain, number);
    struct conn *conn = port == NULL ? NULL : conn_new(fd, port);
    if (conn == NULL) {
        if (port != NULL) {
            port_close(port);
        }
        close(fd);
        errno = ENOMEM;
        return -1;
    }
    port_bind(port, conn);
    /* As on Xen a fresh end has an event pending: what was sent before may have been lost. */
    port_signal(port);
    return (int)number;
}

API xenevtchn_port_or_error_t xenevtchn_bind_interdomain(xenevtchn_handle *handle, uint32_t domid,
                                                         evtchn_port_t remote_port) {
    if (FAILS(xenevtchn_bind_interdomain) || shim_enter_with(handle->life) != 0) {
        return -1;
    }
    int domain = checked_domain(domid);
    uint32_t number = next_port();
    int fd = domain < 0 ? -1 : dial((uint16_t)domain, remote_port);
    shim_leave();
    if (fd < 0) {
        return -1;
    }
    if (!introduce(fd, (uint16_t)domain, remote_port, number)) {
        close(fd);
        errno = EINVAL;
        return -1;
    }
    shim_enter();
    int result = bind_to(handle, (uint16_t)domain, number, fd);
    shim_leave();
    return result;
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

/* What the program's descriptor has said of a socket: the port to report, or NULL. */
static struct port *look_at(struct xenevtchn_handle *handle, uint64_t number) {
    struct port *port = number == OWN_EVENT ? NULL : port_of(handle, (uint32_t)number);
    if (port == NULL || port->armed != ARMED) {
        return NULL;
    }
    /* Not armed any more, since it was told once. Masked, so that an event is only remembered. */
    port->masked = true;
    port->armed = SPENT;
    port_take(port, false, true);
    if (port->pending) {
        port->pending = false;
        return port;
    }
    port->masked = false;
    port_show(port);
    return NULL;
}

API xenevtchn_port_or_error_t xenevtchn_pending(xenevtchn_handle *handle) {
    if (FAILS(xenevtchn_pending)) {
        return -1;
    }
    struct epoll_event event;
    for (int told = 0;; told = epoll_wait(handle->epoll, &event, 1, -1)) {
        if (told < 0 || shim_enter_with(handle->life) != 0) {
            return -1;
        }
        struct port *port = told > 0 ? look_at(handle, event.data.u64) : NULL;
        port = port != NULL ? port : port_next(handle);
        int number = port == NULL ? -1 : (int)port->number;
        shim_leave();
        if (number >= 0) {
            return number;
        }
    }
}

API int xenevtchn_unmask(xenevtchn_handle *handle, evtchn_port_t number) {
    if (FAILS(xenevtchn_unmask) || shim_enter_with(handle->life) != 0) {
        return -1;
    }
    struct port *port = port_of(handle, number);
    if (port != NULL && port->masked) {
        port->masked = false;
        if (port->pending) {
            port_signal(port);
        }
        port_show(port);
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
