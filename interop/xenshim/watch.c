// SPDX-License-Identifier: Apache-2.0
/*
 * Watches of the store. The kernel tells that something moved in the directory (inotify); what has
 * changed is found by looking: at the watched path, and at all that is below it. Not every file
 * system tells, and nothing is told of what is deeper, so there is a look every now and then, too.
 */
#define _GNU_SOURCE
#include "shim.h"

#include "store.h"

#include <dirent.h>
#include <poll.h>
#include <stdio.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/inotify.h>
#include <sys/stat.h>
#include <unistd.h>

#define LOOK_MILLIS 1000
#define UNTOLD_MILLIS 50
#define MAX_DEPTH 16
#define FNV_OFFSET UINT64_C(0xcbf29ce484222325)
#define FNV_PRIME UINT64_C(0x100000001b3)

struct watch {
    struct source source; /* of an inotify instance */
    struct timer look;
    struct watch *next;
    struct watches *all;
    char *path;  /* as the program gave it */
    char *whole; /* NULL for what never happens here, like @releaseDomain */
    char *token;
    int inotify; /* -1: not told */
    uint64_t seen;
};

/* One block: the two strings that the program gets, with their pointers in front. */
struct fired {
    struct fired *next;
    const struct watch *watch;
    char **strings;
};

int watches_open(struct watches *watches) {
    watches->first = NULL;
    watches->queue = NULL;
    watches->queue_end = &watches->queue;
    watches->ready = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK | EFD_SEMAPHORE);
    return watches->ready < 0 ? -1 : 0;
}

static void fire(struct watch *watch) {
    size_t path = strlen(watch->path) + 1;
    size_t token = strlen(watch->token) + 1;
    struct fired *fired = calloc(1, sizeof *fired);
    char **strings = malloc(2 * sizeof(char *) + path + token);
    if (fired == NULL || strings == NULL) {
        free(fired);
        free(strings);
        return;
    }
    strings[0] = (char *)(strings + 2);
    strings[1] = strings[0] + path;
    memcpy(strings[0], watch->path, path);
    memcpy(strings[1], watch->token, token);
    *fired = (struct fired){.watch = watch, .strings = strings};
    *watch->all->queue_end = fired;
    watch->all->queue_end = &fired->next;
    eventfd_write(watch->all->ready, 1);
}

static void mix(uint64_t *sum, const char *text) {
    for (; *text != 0; text++) {
        *sum = (*sum ^ (uint8_t)*text) * FNV_PRIME;
    }
    *sum = (*sum ^ 0xff) * FNV_PRIME;
}

/* Adds up what lies at and below a node. The order of names does not matter. */
static uint64_t sum_of(const char *path, unsigned depth) {
    char directory[PATH_MAX];
    struct keys keys;
    uint64_t total = 0;
    if (keys_read(path, &keys) == 0) {
        for (const struct leaf *leaf = keys.leaves; leaf != NULL; leaf = leaf->next) {
            uint64_t sum = FNV_OFFSET;
            mix(&sum, path);
            mix(&sum, leaf->name);
            mix(&sum, leaf->value);
            total += sum;
        }
        keys_free(&keys);
    }
    DIR *names = depth > MAX_DEPTH || node_directory(directory, path) != 0 ? NULL
                                                                           : opendir(directory);
    for (const struct dirent *name; names != NULL && (name = readdir(names)) != NULL;) {
        char below[PATH_MAX];
        if (name->d_name[0] != '.' &&
            snprintf(below, sizeof below, "%s/%s", path, name->d_name) < PATH_MAX) {
            total += sum_of(below, depth + 1);
        }
    }
    if (names != NULL) {
        closedir(names);
    }
    return total;
}

/* The watched path may be a node, or a leaf of the one above. */
static uint64_t look_at(const char *whole) {
    uint64_t sum = sum_of(whole, 0);
    char node[PATH_MAX];
    struct keys keys;
    snprintf(node, sizeof node, "%s", whole);
    const char *leaf = cut_leaf(node);
    if (keys_read(node, &keys) == 0) {
        const char *value = keys_get(&keys, leaf);
        if (value != NULL) {
            uint64_t more = FNV_OFFSET;
            mix(&more, value);
            sum += more;
        }
        keys_free(&keys);
    }
    return sum;
}

static void observe(struct watch *watch) {
    uint64_t now = look_at(watch->whole);
    if (now != watch->seen) {
        watch->seen = now;
        fire(watch);
    }
}

/* Asks the kernel to tell, of the node and of the one above, where there may be a leaf. */
static bool be_told(struct watch *watch) {
    char directory[PATH_MAX];
    const uint32_t mask = IN_CREATE | IN_DELETE | IN_MOVED_FROM | IN_MOVED_TO | IN_ONLYDIR;
    if (watch->inotify < 0 || node_directory(directory, watch->whole) != 0 ||
        make_directories(directory, true) != 0) {
        return false;
    }
    bool told = inotify_add_watch(watch->inotify, directory, mask) >= 0;
    *strrchr(directory, '/') = 0;
    return told && inotify_add_watch(watch->inotify, directory, mask) >= 0;
}

static void look(struct timer *timer) {
    struct watch *watch = (struct watch *)((char *)timer - offsetof(struct watch, look));
    /* Again each time: the directory may have been removed under the watch. */
    bool told = be_told(watch);
    observe(watch);
    timer_set(timer, told ? LOOK_MILLIS : UNTOLD_MILLIS, look);
}

static void stirred(struct source *source, uint32_t events) {
    struct watch *watch = (struct watch *)source;
    char ignored[4096];
    (void)events;
    while (read(watch->inotify, ignored, sizeof ignored) > 0) {
    }
    look(&watch->look);
}

static void start(struct watch *watch) {
    watch->inotify = inotify_init1(IN_CLOEXEC | IN_NONBLOCK);
    if (watch->inotify >= 0 &&
        source_add(&watch->source, watch->inotify, EPOLLIN, stirred) != 0) {
        close(watch->inotify);
        watch->inotify = -1;
    }
    bool told = be_told(watch);
    watch->seen = look_at(watch->whole);
    timer_set(&watch->look, told ? LOOK_MILLIS : UNTOLD_MILLIS, look);
}

static void stop(struct watch *watch) {
    char directory[PATH_MAX];
    timer_cancel(&watch->look);
    if (watch->inotify >= 0) {
        source_remove(&watch->source);
        close(watch->inotify);
    }
    if (watch->whole != NULL && node_directory(directory, watch->whole) == 0) {
        prune(directory);
    }
    free(watch->path);
    free(watch->whole);
    free(watch->token);
    free(watch);
}

static char **take(struct watches *watches) {
    struct fired *fired = watches->queue;
    eventfd_t one;
    if (fired == NULL) {
        errno = EAGAIN;
        return NULL;
    }
    watches->queue = fired->next;
    if (watches->queue == NULL) {
        watches->queue_end = &watches->queue;
    }
    eventfd_read(watches->ready, &one);
    char **strings = fired->strings;
    free(fired);
    return strings;
}

/* What has fired and was not taken is not delivered after the watch is gone. */
static void forget_fired(struct watches *watches, const struct watch *watch) {
    struct fired **link = &watches->queue;
    while (*link != NULL) {
        struct fired *fired = *link;
        eventfd_t one;
        if (watch != NULL && fired->watch != watch) {
            link = &fired->next;
            continue;
        }
        *link = fired->next;
        eventfd_read(watches->ready, &one);
        free(fired->strings);
        free(fired);
    }
    watches->queue_end = link;
}

void watches_close(struct watches *watches) {
    forget_fired(watches, NULL);
    while (watches->first != NULL) {
        struct watch *watch = watches->first;
        watches->first = watch->next;
        stop(watch);
    }
    close(watches->ready);
}

static bool add(struct watches *watches, const char *path, const char *token) {
    char *whole = *path == '@' ? NULL : absolute(path);
    struct watch *watch = *path != '@' && whole == NULL ? NULL : calloc(1, sizeof *watch);
    if (watch == NULL) {
        free(whole);
        return false;
    }
    watch->all = watches;
    watch->whole = whole;
    watch->path = strdup(path);
    watch->token = strdup(token);
    watch->inotify = -1;
    if (watch->path == NULL || watch->token == NULL) {
        stop(watch);
        errno = ENOMEM;
        return false;
    }
    watch->next = watches->first;
    watches->first = watch;
    if (whole != NULL) {
        start(watch);
    }
    /* As XenStore has it: once for having been set up. */
    fire(watch);
    return true;
}

API bool xs_watch(struct xs_handle *xs, const char *path, const char *token) {
    if (FAILS(xs_watch) || shim_enter_with(xs->life) != 0) {
        return false;
    }
    bool done = add(&xs->watches, path, token);
    shim_leave();
    return done;
}

API bool xs_unwatch(struct xs_handle *xs, const char *path, const char *token) {
    if (FAILS(xs_unwatch) || shim_enter_with(xs->life) != 0) {
        return false;
    }
    struct watch **link = &xs->watches.first;
    while (*link != NULL &&
           (strcmp((*link)->path, path) != 0 || strcmp((*link)->token, token) != 0)) {
        link = &(*link)->next;
    }
    struct watch *watch = *link;
    if (watch != NULL) {
        *link = watch->next;
        forget_fired(&xs->watches, watch);
        stop(watch);
    } else {
        errno = ENOENT;
    }
    shim_leave();
    return watch != NULL;
}

API int xs_fileno(struct xs_handle *xs) {
    return xs->watches.ready;
}

API char **xs_check_watch(struct xs_handle *xs) {
    if (FAILS(xs_check_watch) || shim_enter_with(xs->life) != 0) {
        return NULL;
    }
    char **fired = take(&xs->watches);
    shim_leave();
    return fired;
}

API char **xs_read_watch(struct xs_handle *xs, unsigned int *num) {
    if (FAILS(xs_read_watch)) {
        return NULL;
    }
    for (;;) {
        struct pollfd ready = {.fd = xs->watches.ready, .events = POLLIN};
        if (shim_enter_with(xs->life) != 0) {
            return NULL;
        }
        char **fired = take(&xs->watches);
        shim_leave();
        if (fired != NULL) {
            *num = 2;
            return fired;
        }
        if (poll(&ready, 1, -1) < 0) {
            return NULL;
        }
    }
}
