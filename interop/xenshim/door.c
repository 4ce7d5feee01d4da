// SPDX-License-Identifier: Apache-2.0
/*
 * Where clients come to a port that is not bound: the listening socket, and those who have come in
 * but not said hello yet. The first one that says it properly is bound, and the door is shut until
 * the port is unbound again.
 */
#define _GNU_SOURCE
#include "shim.h"

#include <stdio.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#define MAX_GUESTS 8 /* the others queue outside */
#define BACKLOG 16
#define HELLO_MILLIS 5000
#define RETRY_MILLIS 100

struct guest {
    struct source source;
    struct timer patience;
    struct door *door;
    struct guest *next;
    int fd;
    struct greeting greeting;
};

struct door {
    struct source source;
    struct timer retry;
    struct port *port;
    int fd; /* -1 while it is shut */
    struct sockaddr_un address;
    struct guest *guests;
    unsigned count;
};

#define OF_TIMER(type, timer, field) ((type *)((char *)(timer) - offsetof(type, field)))

static void come_in(struct source *source, uint32_t events);

int make_socket(const char *path, void *address) {
    struct sockaddr_un *un = address;
    *un = (struct sockaddr_un){.sun_family = AF_UNIX};
    if (strlen(path) >= sizeof un->sun_path) {
        errno = ENAMETOOLONG;
        return -1;
    }
    memcpy(un->sun_path, path, strlen(path) + 1);
    return socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
}

static int open_door(struct door *door) {
    char path[PATH_MAX];
    if (below_root(path, "/evtchn/%u/%u", shim.domain, door->port->number) != 0 ||
        make_directories(path, false) != 0) {
        return -1;
    }
    int fd = out_of_reach(make_socket(path, &door->address));
    if (fd < 0) {
        return -1;
    }
    /* The name is free: whoever wants it must hold the lock of the port first, as we do. */
    unlink(path);
    if (bind(fd, (struct sockaddr *)&door->address, sizeof door->address) != 0) {
        close(fd);
        return -1;
    }
    if (chmod(path, 0600) != 0 || listen(fd, BACKLOG) != 0 ||
        source_add(&door->source, fd, EPOLLIN, come_in) != 0) {
        unlink(path);
        close(fd);
        return -1;
    }
    door->fd = fd;
    return 0;
}

static void try_again(struct timer *timer) {
    door_reopen(OF_TIMER(struct door, timer, retry));
}

void door_reopen(struct door *door) {
    if (door->fd < 0 && open_door(door) != 0) {
        timer_set(&door->retry, RETRY_MILLIS, try_again);
    }
}

struct door *door_new(struct port *port) {
    struct door *door = calloc(1, sizeof *door);
    if (door == NULL) {
        return NULL;
    }
    door->port = port;
    door->fd = -1;
    if (open_door(door) != 0) {
        int why = errno;
        free(door);
        errno = why;
        return NULL;
    }
    return door;
}

static void show_interest(struct door *door) {
    if (door->fd >= 0) {
        source_interest(&door->source, door->count < MAX_GUESTS ? EPOLLIN : 0);
    }
}

/* Takes a guest off the list; the socket stays as it is. */
static void release(struct guest *guest) {
    struct door *door = guest->door;
    for (struct guest **link = &door->guests; *link != NULL; link = &(*link)->next) {
        if (*link == guest) {
            *link = guest->next;
            break;
        }
    }
    door->count--;
    timer_cancel(&guest->patience);
    source_remove(&guest->source);
    free(guest);
    show_interest(door);
}

static void answer(const struct door *door, int fd, enum status status, uint32_t client_port,
                   int bell) {
    struct hello hello = {(uint16_t)status, shim.domain, door->port->remote, door->port->number,
                          client_port};
    hello_send(fd, &hello, bell);
}

static void hang_up(struct guest *guest) {
    int fd = guest->fd;
    greeting_drop(&guest->greeting);
    release(guest);
    close(fd);
}

static void dismiss(struct guest *guest, enum status status) {
    answer(guest->door, guest->fd, status, 0, -1);
    hang_up(guest);
}

static void shut(struct door *door) {
    timer_cancel(&door->retry);
    if (door->fd >= 0) {
        unlink(door->address.sun_path);
        source_remove(&door->source);
        close(door->fd);
        door->fd = -1;
    }
    while (door->guests != NULL) {
        dismiss(door->guests, BUSY);
    }
}

void door_free(struct door *door) {
    shut(door);
    free(door);
}

void door_abandon(struct door *door) {
    close(door->fd);
    for (struct guest *guest = door->guests; guest != NULL; guest = guest->next) {
        close(guest->fd);
    }
}

static void greet(struct guest *guest) {
    struct door *door = guest->door;
    struct hello said;
    if (!greeting_decode(&guest->greeting, &said)) {
        dismiss(guest, UNKNOWN);
        return;
    }
    if (said.from != door->port->remote || said.to != shim.domain ||
        said.to_port != door->port->number) {
        dismiss(guest, NOT_FOR_YOU);
        return;
    }
    int fd = guest->fd;
    int bell = guest->greeting.bell;
    release(guest);
    /* The name goes before the client can know that it is bound: nobody finds it afterwards. */
    shut(door);
    struct conn *conn = conn_new(fd, bell, door->port);
    if (conn == NULL) {
        close(fd);
        close(bell);
        door_reopen(door);
        return;
    }
    answer(door, fd, BOUND, said.from_port, bell < 0 ? -1 : door->port->bell);
    port_bind(door->port, conn);
}

static void listen_to(struct source *source, uint32_t events) {
    struct guest *guest = (struct guest *)source;
    (void)events;
    int whole = greeting_read(guest->fd, &guest->greeting);
    if (whole < 0) {
        hang_up(guest);
    } else if (whole > 0) {
        greet(guest);
    }
}

static void out_of_patience(struct timer *timer) {
    hang_up(OF_TIMER(struct guest, timer, patience));
}

static void look_again(struct timer *timer) {
    show_interest(OF_TIMER(struct door, timer, retry));
}

static void come_in(struct source *source, uint32_t events) {
    struct door *door = (struct door *)source;
    (void)events;
    int fd = out_of_reach(accept4(door->fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC));
    if (fd < 0) {
        if (errno != EAGAIN && errno != EINTR && errno != ECONNABORTED && errno != EBADF) {
            /* Out of descriptors: the client stays in the queue, so do not look for a while. */
            source_interest(&door->source, 0);
            timer_set(&door->retry, RETRY_MILLIS, look_again);
        }
        return;
    }
    struct guest *guest = same_user(fd) ? calloc(1, sizeof *guest) : NULL;
    if (guest == NULL || source_add(&guest->source, fd, EPOLLIN, listen_to) != 0) {
        free(guest);
        close(fd);
        return;
    }
    guest->fd = fd;
    guest->greeting.bell = -1;
    guest->door = door;
    guest->next = door->guests;
    door->guests = guest;
    door->count++;
    timer_set(&guest->patience, HELLO_MILLIS, out_of_patience);
    show_interest(door);
}
