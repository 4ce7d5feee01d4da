// SPDX-License-Identifier: Apache-2.0
/*
 * A thread of our own, since a program calls in only when it likes: it lets clients in, reads what
 * is not an event, notices hang-ups, and watches the store. Events themselves do not come this way:
 * a hop from thread to thread costs as much as the event.
 *
 * Sources are told to the kernel by number, not by address: what epoll_wait has reported may have
 * been removed, and freed, before the lock is taken.
 */
#define _GNU_SOURCE
#include "shim.h"

#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <time.h>
#include <unistd.h>

#define BATCH 16
#define FIRST_OWN_DESCRIPTOR 512
#define NS_PER_MS 1000000

static int epoll = -1;
static int poke = -1; /* has no source: a number nobody has only ends the wait */
static unsigned running;
static uint64_t last_id;
static struct source *sources;
static struct timer *timers;

int64_t now_ns(void) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return now.tv_sec * INT64_C(1000000000) + now.tv_nsec;
}

static int tell(int operation, const struct source *source, uint32_t events) {
    struct epoll_event event = {.events = events, .data.u64 = source->id};
    return epoll_ctl(epoll, operation, source->fd, &event);
}

int source_add(struct source *source, int fd, uint32_t events,
               void (*ready)(struct source *source, uint32_t events)) {
    *source = (struct source){.id = ++last_id, .fd = fd, .ready = ready};
    if (tell(EPOLL_CTL_ADD, source, events) != 0) {
        source->id = 0;
        return -1;
    }
    source->next = sources;
    sources = source;
    return 0;
}

void source_interest(struct source *source, uint32_t events) {
    tell(EPOLL_CTL_MOD, source, events);
}

/* Explicitly, before the close: a forked child may keep the file open. */
void source_remove(struct source *source) {
    for (struct source **link = &sources; *link != NULL; link = &(*link)->next) {
        if (*link == source) {
            *link = source->next;
            tell(EPOLL_CTL_DEL, source, 0);
            source->id = 0;
            return;
        }
    }
}

/*
 * vchan-socket-proxy closes the number of its socket twice. In a program with one thread that does
 * nothing, but here this thread may open something in between, which gets the number that is free.
 * A close that comes before it has moved makes it fail, and whoever wanted it tries again.
 */
int out_of_reach(int fd) {
    int far = fd < 0 ? -1 : fcntl(fd, F_DUPFD_CLOEXEC, FIRST_OWN_DESCRIPTOR);
    if (far < 0 && (errno == EINVAL || errno == EMFILE)) {
        return fd; /* The process may not have numbers that high. */
    }
    if (far >= 0) {
        close(fd);
    }
    return far;
}

void timer_cancel(struct timer *timer) {
    for (struct timer **link = &timers; *link != NULL; link = &(*link)->next) {
        if (*link == timer) {
            *link = timer->next;
            break;
        }
    }
    timer->at = 0;
}

void timer_set(struct timer *timer, int millis, void (*due)(struct timer *timer)) {
    timer_cancel(timer);
    timer->at = now_ns() + (int64_t)millis * NS_PER_MS;
    timer->due = due;
    timer->next = timers;
    timers = timer;
    /* The thread may be waiting for a later one. */
    eventfd_write(poke, 1);
}

static struct timer *first_timer(void) {
    struct timer *first = timers;
    for (struct timer *timer = timers; timer != NULL; timer = timer->next) {
        if (timer->at < first->at) {
            first = timer;
        }
    }
    return first;
}

static void run_timers(void) {
    struct timer *timer;
    while ((timer = first_timer()) != NULL && timer->at <= now_ns()) {
        timer_cancel(timer);
        timer->due(timer);
    }
}

static int millis_to_timer(void) {
    const struct timer *timer = first_timer();
    if (timer == NULL) {
        return -1;
    }
    int64_t left = timer->at - now_ns();
    return left <= 0 ? 0 : (int)(left / NS_PER_MS) + 1;
}

static void dispatch(const struct epoll_event *event) {
    for (struct source *source = sources; source != NULL; source = source->next) {
        if (source->id == event->data.u64) {
            source->ready(source, event->events);
            return;
        }
    }
    eventfd_t ignored;
    eventfd_read(poke, &ignored);
}

static void *work(void *life) {
    struct epoll_event events[BATCH];
    int wait = 0;
    for (;;) {
        int count = epoll_wait(epoll, events, BATCH, wait);
        if (shim_enter_with((unsigned)(uintptr_t)life) != 0) {
            return NULL;
        }
        for (int i = 0; i < count; i++) {
            dispatch(&events[i]);
        }
        run_timers();
        wait = millis_to_timer();
        shim_leave();
    }
}

/* The program's signals are for the program's threads. */
static int start_thread(void) {
    pthread_t thread;
    sigset_t every, before;
    sigfillset(&every);
    pthread_sigmask(SIG_SETMASK, &every, &before);
    int error = pthread_create(&thread, NULL, work, (void *)(uintptr_t)shim.life);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    if (error != 0) {
        errno = error;
        return -1;
    }
    pthread_setname_np(thread, "vchan-shim");
    pthread_detach(thread);
    running = shim.life;
    return 0;
}

int worker_start(void) {
    struct epoll_event event = {.events = EPOLLIN, .data.u64 = 0};
    epoll = epoll_create1(EPOLL_CLOEXEC);
    poke = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    if (epoll < 0 || poke < 0 || epoll_ctl(epoll, EPOLL_CTL_ADD, poke, &event) != 0) {
        return -1;
    }
    return start_thread();
}

void worker_forget(void) {
    if (running == shim.life) {
        return; /* Not reached while the thread runs: it is the last thing that can fail. */
    }
    if (epoll >= 0) {
        close(epoll);
    }
    if (poke >= 0) {
        close(poke);
    }
    epoll = poke = -1;
    sources = NULL;
    timers = NULL;
}
