// SPDX-License-Identifier: Apache-2.0
/*
 * The bare event round trip of the stand-in library beside that of a pipe: two processes, one byte
 * or one event there and back.
 *
 * bench-event [ROUNDS [TRIPS [LIMIT]]]: so many rounds (9), in each of which every way runs so many
 * trips (5000), one way after the other, so that whatever else the machine does meets all of them
 * alike. Printed are medians over the rounds of the median trip, and of their ratio. With LIMIT the
 * exit code is 1 if a ratio where the system places the processes is above it.
 *
 * Ways: a blocking read against a blocking xenevtchn_pending, and both behind poll. Places: where the
 * system likes, a core for each, one core for both.
 */
#define _GNU_SOURCE
#include "../xenshim/xenapi.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define PLACES 3
#define MAX_ROUNDS 101

/* One end of both lines. */
struct end {
    int in, out;
    xenevtchn_handle *events;
    evtchn_port_t port;
    int core;
};

enum way { PIPE, EVENT, PIPE_POLL, EVENT_POLL, WAYS };

static const char *const places[PLACES] = {"anywhere", "two cores", "one core"};
static double medians[PLACES][WAYS][MAX_ROUNDS];

_Noreturn static void fail(const char *what) {
    fprintf(stderr, "bench-event: %s: %s\n", what, strerror(errno));
    exit(2);
}

static void await(int fd) {
    struct pollfd ready = {.fd = fd, .events = POLLIN};
    if (poll(&ready, 1, -1) != 1) {
        fail("poll");
    }
}

static void receive(const struct end *end, enum way way) {
    char byte;
    if (way == PIPE || way == PIPE_POLL) {
        if (way == PIPE_POLL) {
            await(end->in);
        }
        if (read(end->in, &byte, 1) != 1) {
            fail("read");
        }
        return;
    }
    if (way == EVENT_POLL) {
        await(xenevtchn_fd(end->events));
    }
    int port = xenevtchn_pending(end->events);
    if (port < 0 || xenevtchn_unmask(end->events, (evtchn_port_t)port) != 0) {
        fail("xenevtchn_pending");
    }
}

static void transmit(const struct end *end, enum way way) {
    if (way == PIPE || way == PIPE_POLL) {
        if (write(end->out, "x", 1) != 1) {
            fail("write");
        }
    } else if (xenevtchn_notify(end->events, end->port) != 0) {
        fail("xenevtchn_notify");
    }
}

static void place(const struct end *end, int where) {
    cpu_set_t set;
    CPU_ZERO(&set);
    for (int core = 0; core < CPU_SETSIZE; core++) {
        if (where == 0 || core == (where == 1 ? end->core : 0)) {
            CPU_SET(core, &set);
        }
    }
    sched_setaffinity(0, sizeof set, &set);
}

static int64_t now_ns(void) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return now.tv_sec * INT64_C(1000000000) + now.tv_nsec;
}

static int compare(const void *a, const void *b) {
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

static double median(double *values, int count) {
    qsort(values, (size_t)count, sizeof *values, compare);
    return values[count / 2];
}

/* The end that answers. */
static void answer(const struct end *end, int rounds, int trips) {
    for (int i = 0; i < rounds * PLACES * WAYS; i++) {
        place(end, i / WAYS % PLACES);
        for (int trip = 0; trip < trips; trip++) {
            receive(end, (enum way)(i % WAYS));
            transmit(end, (enum way)(i % WAYS));
        }
    }
}

/* The end that asks, and measures: microseconds. */
static double measure(const struct end *end, enum way way, int trips, double *times) {
    for (int trip = 0; trip < trips; trip++) {
        int64_t start = now_ns();
        transmit(end, way);
        receive(end, way);
        times[trip] = (double)(now_ns() - start) / 1000;
    }
    return median(times, trips);
}

static void ask(const struct end *end, int rounds, int trips) {
    double *times = calloc((size_t)trips, sizeof *times);
    if (times == NULL) {
        fail("memory");
    }
    for (int i = 0; i < rounds * PLACES * WAYS; i++) {
        int where = i / WAYS % PLACES;
        place(end, where);
        medians[where][i % WAYS][i / (PLACES * WAYS)] =
            measure(end, (enum way)(i % WAYS), trips, times);
    }
    free(times);
}

/* An event may be there from the beginning; the lines are quiet when it is taken. */
static void settle(const struct end *end) {
    struct pollfd ready = {.fd = xenevtchn_fd(end->events), .events = POLLIN};
    while (poll(&ready, 1, 100) == 1) {
        receive(end, EVENT);
    }
}

static void child(struct end *end, int rounds, int trips) {
    evtchn_port_t remote;
    end->events = xenevtchn_open(NULL, 0);
    if (end->events == NULL || read(end->in, &remote, sizeof remote) != sizeof remote) {
        fail("xenevtchn_open");
    }
    int port = xenevtchn_bind_interdomain(end->events, 0, remote);
    if (port < 0) {
        fail("xenevtchn_bind_interdomain");
    }
    end->port = (evtchn_port_t)port;
    settle(end);
    transmit(end, PIPE);
    answer(end, rounds, trips);
    xenevtchn_close(end->events);
}

static void parent(struct end *end, int rounds, int trips) {
    end->events = xenevtchn_open(NULL, 0);
    int port = end->events == NULL ? -1 : xenevtchn_bind_unbound_port(end->events, 0);
    if (port < 0) {
        fail("xenevtchn_bind_unbound_port");
    }
    end->port = (evtchn_port_t)port;
    if (write(end->out, &end->port, sizeof end->port) != sizeof end->port) {
        fail("write");
    }
    receive(end, PIPE);
    settle(end);
    ask(end, rounds, trips);
    xenevtchn_close(end->events);
}

/* Prints a line for each place, and returns the greater ratio of the first. */
static double report(int rounds) {
    double worst = 0;
    printf("round trip, us          pipe   event  ratio   with poll:  pipe   event  ratio\n");
    for (int where = 0; where < PLACES; where++) {
        double ratio[2];
        for (int pair = 0; pair < 2; pair++) {
            double each[MAX_ROUNDS];
            for (int round = 0; round < rounds; round++) {
                each[round] = medians[where][2 * pair + EVENT][round] /
                              medians[where][2 * pair + PIPE][round];
            }
            ratio[pair] = median(each, rounds);
        }
        double us[WAYS];
        for (int way = 0; way < WAYS; way++) {
            us[way] = median(medians[where][way], rounds);
        }
        printf("%-20s %7.2f %7.2f %6.2f %18.2f %7.2f %6.2f\n", places[where], us[PIPE], us[EVENT],
               ratio[0], us[PIPE_POLL], us[EVENT_POLL], ratio[1]);
        if (where == 0) {
            worst = ratio[0] > ratio[1] ? ratio[0] : ratio[1];
        }
    }
    return worst;
}

int main(int count, char **arguments) {
    int rounds = count > 1 ? atoi(arguments[1]) : 9;
    int trips = count > 2 ? atoi(arguments[2]) : 5000;
    double limit = count > 3 ? atof(arguments[3]) : 0;
    int there[2], back[2];
    if (rounds < 1 || rounds > MAX_ROUNDS || trips < 1 || limit < 0) {
        fprintf(stderr, "usage: bench-event [ROUNDS [TRIPS [LIMIT]]]\n");
        return 2;
    }
    if (pipe2(there, O_CLOEXEC) != 0 || pipe2(back, O_CLOEXEC) != 0) {
        fail("pipe");
    }
    pid_t pid = fork();
    if (pid < 0) {
        fail("fork");
    }
    /* So that the end of either process ends the other: nobody waits on a pipe for ever. */
    if (pid == 0) {
        close(there[1]);
        close(back[0]);
        struct end end = {.in = there[0], .out = back[1], .core = 1};
        child(&end, rounds, trips);
        return 0;
    }
    struct end end = {.in = back[0], .out = there[1], .core = 0};
    close(there[0]);
    close(back[1]);
    parent(&end, rounds, trips);
    int status;
    waitpid(pid, &status, 0);
    double worst = report(rounds);
    if (limit > 0) {
        printf("at most %.2f is wanted: %s\n", limit, worst <= limit ? "met" : "missed");
    }
    return limit > 0 && worst > limit ? 1 : status != 0 ? 2 : 0;
}
