// SPDX-License-Identifier: Apache-2.0
//
// What every system has: Unix-domain sockets, TCP over loopback, pipes; and memcpy, which is not a way
// between processes but what none of them can beat.
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "contest.h"

enum { LONGEST_NAME = 600 };

// Descriptors of both directions, the same one twice for a socket.
struct line {
    int in;
    int out;
};

static struct line *line(int in, int out)
{
    struct line *made = malloc(sizeof *made);
    *made = (struct line){in, out};
    return made;
}

static bool send_all(void *end, const void *bytes, size_t size)
{
    for (size_t done = 0; done < size;) {
        ssize_t put = write(((struct line *)end)->out, (const char *)bytes + done, size - done);
        if (put < 0)
            return false;
        done += (size_t)put;
    }
    return true;
}

static long receive_some(void *end, void *bytes, size_t most)
{
    return read(((struct line *)end)->in, bytes, most);
}

static void close_line(void *end)
{
    struct line *closed = end;
    close(closed->in);
    if (closed->out != closed->in)
        close(closed->out);
    free(closed);
}

// Accepts one client, and closes the socket that listened.
static void *accepted(int listener)
{
    int fd = accept4(listener, NULL, NULL, SOCK_CLOEXEC);
    close(listener);
    return fd < 0 ? NULL : line(fd, fd);
}

static void *connected(int family, const struct sockaddr *address, socklen_t length)
{
    int fd = socket(family, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd >= 0 && connect(fd, address, length) == 0)
        return line(fd, fd);
    close(fd);
    return NULL;
}

static void *open_unix(enum side side, const char *meeting, size_t ring)
{
    (void)ring;
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    snprintf(address.sun_path, sizeof address.sun_path, "%s.sock", meeting);
    if (side == SIDE_A) {
        int listener = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
        if (bind(listener, (struct sockaddr *)&address, sizeof address) != 0 ||
            listen(listener, 1) != 0)
            return NULL;
        void *end = accepted(listener);
        unlink(address.sun_path);
        return end;
    }
    void *end;
    for (int tries = 0;
         !(end = connected(AF_UNIX, (struct sockaddr *)&address, sizeof address));) {
        if (!patient(&tries))
            break;
    }
    return end;
}

// The port goes through a file, which appears whole.
static bool publish_port(const char *file, int port)
{
    char fresh[LONGEST_NAME + 8];
    snprintf(fresh, sizeof fresh, "%s.new", file);
    FILE *out = fopen(fresh, "w");
    if (!out)
        return false;
    fprintf(out, "%d\n", port);
    return fclose(out) == 0 && rename(fresh, file) == 0;
}

static bool learn_port(const char *file, int *port)
{
    FILE *in;
    for (int tries = 0; !(in = fopen(file, "r"));) {
        if (!patient(&tries))
            return false;
    }
    bool known = fscanf(in, "%d", port) == 1;
    fclose(in);
    unlink(file);
    return known;
}

static void *open_tcp(enum side side, const char *meeting, size_t ring)
{
    (void)ring;
    char file[LONGEST_NAME];
    snprintf(file, sizeof file, "%s.port", meeting);
    struct sockaddr_in address = {.sin_family = AF_INET,
                                  .sin_addr = {htonl(INADDR_LOOPBACK)}};
    socklen_t length = sizeof address;
    struct line *end;
    if (side == SIDE_A) {
        int listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
        if (bind(listener, (struct sockaddr *)&address, length) != 0 ||
            listen(listener, 1) != 0 ||
            getsockname(listener, (struct sockaddr *)&address, &length) != 0 ||
            !publish_port(file, ntohs(address.sin_port)))
            return NULL;
        end = accepted(listener);
    } else {
        int port;
        if (!learn_port(file, &port))
            return NULL;
        address.sin_port = htons((uint16_t)port);
        end = connected(AF_INET, (struct sockaddr *)&address, length);
    }
    if (end)
        setsockopt(end->in, IPPROTO_TCP, TCP_NODELAY, &(int){1}, sizeof(int));
    return end;
}

static void *open_pipe(enum side side, const char *meeting, size_t ring)
{
    (void)ring;
    char forth[LONGEST_NAME];
    char back[LONGEST_NAME];
    snprintf(forth, sizeof forth, "%s.forth", meeting);
    snprintf(back, sizeof back, "%s.back", meeting);
    if (side == SIDE_A && (mkfifo(forth, 0600) != 0 || mkfifo(back, 0600) != 0))
        return NULL;
    for (int tries = 0; access(back, F_OK) != 0;) {
        if (!patient(&tries))
            return NULL;
    }
    // In the same order on both sides: each waits for the other.
    int out = -1;
    int in = -1;
    if (side == SIDE_A)
        out = open(forth, O_WRONLY | O_CLOEXEC);
    else
        in = open(forth, O_RDONLY | O_CLOEXEC);
    if (side == SIDE_A)
        in = open(back, O_RDONLY | O_CLOEXEC);
    else
        out = open(back, O_WRONLY | O_CLOEXEC);
    if (side == SIDE_A) {
        unlink(forth);
        unlink(back);
    }
    return in < 0 || out < 0 ? NULL : line(in, out);
}

// Every byte moved once, to where a ring would have it.
struct copy {
    size_t size;
    size_t offset;
    char ring[];
};

static void *open_copy(enum side side, const char *meeting, size_t ring)
{
    (void)side;
    (void)meeting;
    struct copy *copy = calloc(1, sizeof *copy + ring);
    copy->size = ring;
    return copy;
}

static bool send_copy(void *end, const void *bytes, size_t size)
{
    struct copy *copy = end;
    for (size_t done = 0; done < size;) {
        size_t left = copy->size - copy->offset;
        size_t part = size - done < left ? size - done : left;
        memcpy(copy->ring + copy->offset, (const char *)bytes + done, part);
        __asm__ volatile("" : : "r"(copy->ring) : "memory");
        copy->offset = (copy->offset + part) % copy->size;
        done += part;
    }
    return true;
}

static long receive_copy(void *end, void *bytes, size_t most)
{
    (void)end;
    (void)bytes;
    return (long)most;
}

const struct contestant contestants[] = {
    {"unix-c", open_unix, send_all, receive_some, close_line, false},
    {"tcp", open_tcp, send_all, receive_some, close_line, false},
    {"pipe", open_pipe, send_all, receive_some, close_line, false},
    {"memcpy", open_copy, send_copy, receive_copy, free, true},
    {0},
};
