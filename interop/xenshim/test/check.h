// SPDX-License-Identifier: Apache-2.0
/*
 * What the tests of the stand-in library have in common. They are linked with its sources, so that
 * they reach its insides as well; each case runs in a process of its own.
 */
#ifndef CHECK_H
#define CHECK_H

#include "../shim.h"

#include <stdio.h>
#include <sys/wait.h>
#include <unistd.h>

_Noreturn void check_failed(const char *file, int line, const char *what);

#define CHECK(condition)                                                                          \
    do {                                                                                          \
        if (!(condition)) {                                                                       \
            check_failed(__FILE__, __LINE__, #condition);                                         \
        }                                                                                         \
    } while (0)

#define CHECK_FAILS(condition, number)                                                            \
    do {                                                                                          \
        errno = 0;                                                                                \
        if (!(condition) || errno != (number)) {                                                  \
            check_failed(__FILE__, __LINE__, #condition " with " #number);                        \
        }                                                                                         \
    } while (0)

struct test {
    const char *name;
    void (*run)(void);
    struct test *next;
};
void test_add(struct test *test);

/* A case: its name is a sentence. It must give back all it took. */
#define CASE(sentence)                                                                            \
    static void sentence(void);                                                                   \
    __attribute__((constructor)) static void add_##sentence(void) {                               \
        static struct test test = {.name = #sentence, .run = sentence};                           \
        test_add(&test);                                                                          \
    }                                                                                             \
    static void sentence(void)

/* Who we are: the domain of all ends in this process. */
#define OWN 0

/* Both ends of an event channel in this process, after the event a new end has pending. */
struct pair {
    xenevtchn_handle *server, *client;
    evtchn_port_t server_port, client_port;
};
struct pair pair_open(void);
void pair_close(struct pair *pair);

/* Whether the handle's descriptor says so within a moment, or at once. */
bool becomes_readable(int fd);
bool is_quiet(int fd);
/* Takes the pending event, which must be there, of this port. */
void take(xenevtchn_handle *handle, evtchn_port_t port);
/* The same, and unmasks. */
void take_and_unmask(xenevtchn_handle *handle, evtchn_port_t port);

/* Runs a function in a child process and returns its id; what it returns is the exit code. */
pid_t in_child(int (*run)(void *), void *argument);
int exit_of(pid_t child);
/* Starts this program again, for a case whose environment must differ. */
int again_with(const char *sentence, const char *name, const char *value);

/* How many names there are below the root that are not directories, without "locks". */
int names_left(void);
/* Whether a file, given by its path below the root, is there. */
bool is_there(const char *path);
/* Waits until what another thread or process does is done; fails after a long time. */
#define EVENTUALLY(condition)                                                                     \
    do {                                                                                          \
        int64_t give_up = now_ns() + INT64_C(20000000000);                                        \
        while (!(condition)) {                                                                    \
            CHECK(now_ns() < give_up && #condition);                                              \
            usleep(1000);                                                                         \
        }                                                                                         \
    } while (0)

#endif
