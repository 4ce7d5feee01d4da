// SPDX-License-Identifier: Apache-2.0
/* The directory in which processes meet, own domain, own numbers, and the one lock. */
#define _GNU_SOURCE
#include "shim.h"

#include <dirent.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <sys/prctl.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#define LONGEST_SOCKET "/evtchn/32751/2147483647"
#define MAX_SOCKET_PATH 106
#define MAX_DOMAIN (FIRST_RESERVED_DOMAIN - 1)
#define TRIES 100

struct shim shim = {.life = 1, .zero = -1};

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static bool opened;
static uint32_t grants, ports;

void complain(const char *format, ...) {
    char text[512];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    dprintf(STDERR_FILENO, "vchan: %s\n", text);
}

static int path_put(char path[PATH_MAX], const char *start, const char *format, va_list rest) {
    int root = snprintf(path, PATH_MAX, "%s", start);
    int more = vsnprintf(path + root, (size_t)(PATH_MAX - root), format, rest);
    if (more < 0 || root + more >= PATH_MAX) {
        errno = ENAMETOOLONG;
        return -1;
    }
    return 0;
}

int below_root(char path[PATH_MAX], const char *format, ...) {
    va_list rest;
    va_start(rest, format);
    int done = path_put(path, shim.root, format, rest);
    va_end(rest);
    return done;
}

int make_directories(const char *path, bool self) {
    char part[PATH_MAX];
    size_t length = strlen(path);
    if (length >= sizeof part) {
        errno = ENAMETOOLONG;
        return -1;
    }
    memcpy(part, path, length + 1);
    for (size_t i = 1; i <= length; i++) {
        if (part[i] != '/' && !(part[i] == 0 && self)) {
            continue;
        }
        part[i] = 0;
        if (mkdir(part, 0700) != 0 && errno != EEXIST) {
            return -1;
        }
        part[i] = path[i];
    }
    return 0;
}

int create_file(const char *path) {
    for (int tries = 0; tries < TRIES; tries++) {
        int fd = open(path, O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
        if (fd >= 0 || errno != ENOENT) {
            return fd;
        }
        if (make_directories(path, false) != 0 && errno != ENOENT) {
            return -1;
        }
    }
    return -1;
}

void prune(const char *path) {
    char part[PATH_MAX];
    char store[PATH_MAX];
    if (below_root(store, "/store/") != 0 || strlen(path) >= sizeof part) {
        return;
    }
    memcpy(part, path, strlen(path) + 1);
    /* Fails at the first one that is not empty, or that others have removed. */
    while (strncmp(part, store, strlen(store)) == 0 && rmdir(part) == 0) {
        *strrchr(part, '/') = 0;
    }
}

/* Numbers begin anywhere and go up, so that one that a stale advertisement names is not in use. */
uint32_t next_grant(void) {
    return (grants++ % (INT32_MAX / PAGES_PER_FILE - 1) + 1) * PAGES_PER_FILE;
}

uint32_t next_port(void) {
    return ports++ % INT32_MAX + 1;
}

int checked_domain(uint32_t domid) {
    if (domid == FIRST_RESERVED_DOMAIN) { /* Xen's DOMID_SELF */
        return shim.domain;
    }
    if (domid > MAX_DOMAIN) {
        errno = ESRCH;
        return -1;
    }
    return (int)domid;
}

static int choose_domain(void) {
    const char *text = getenv("VCHAN_DOMID");
    if (text == NULL || *text == 0) {
        shim.domain = 0;
        return 0;
    }
    char *end;
    errno = 0;
    unsigned long value = strtoul(text, &end, 10);
    if (*text < '0' || *text > '9' || *end != 0 || errno != 0 || value > MAX_DOMAIN) {
        complain("VCHAN_DOMID is \"%s\", must be 0 to %u", text, MAX_DOMAIN);
        errno = EINVAL;
        return -1;
    }
    shim.domain = (uint16_t)value;
    return 0;
}

static int choose_root(char path[PATH_MAX]) {
    struct stat found;
    const char *named = getenv("VCHAN_DIR");
    int length;
    if (named != NULL && *named == '/') {
        length = snprintf(path, PATH_MAX, "%s", named);
    } else if (named != NULL && *named != 0) {
        char here[PATH_MAX];
        if (getcwd(here, sizeof here) == NULL) {
            return -1;
        }
        length = snprintf(path, PATH_MAX, "%s/%s", here, named);
    } else {
        bool memory = stat("/dev/shm", &found) == 0 && S_ISDIR(found.st_mode) &&
                      access("/dev/shm", W_OK | X_OK) == 0;
        length = snprintf(path, PATH_MAX, "%s/vchan-%u", memory ? "/dev/shm" : "/tmp",
                          (unsigned)geteuid());
    }
    while (length > 1 && length < PATH_MAX && path[length - 1] == '/') {
        path[--length] = 0;
    }
    if (length + (int)strlen(LONGEST_SOCKET) > MAX_SOCKET_PATH) {
        complain("%s is too long for a directory of sockets: with their names %d bytes, at most %d;"
                 " name a shorter one in VCHAN_DIR",
                 path, length + (int)strlen(LONGEST_SOCKET), MAX_SOCKET_PATH);
        errno = ENAMETOOLONG;
        return -1;
    }
    return 0;
}

static const char *const parts[] = {"gnt", "evtchn", "store", NULL};

/* Whether it is one of ours, or empty, or just being made by another process; -1 if unknown. */
static int holds_nothing_else(const char *path) {
    DIR *names = opendir(path);
    if (names == NULL) {
        return -1;
    }
    bool foreign = false;
    bool ours = false;
    for (const struct dirent *name; (name = readdir(names)) != NULL;) {
        bool part = strcmp(name->d_name, ".") == 0 || strcmp(name->d_name, "..") == 0;
        for (int i = 0; parts[i] != NULL; i++) {
            part |= strcmp(name->d_name, parts[i]) == 0;
        }
        foreign |= !part;
        ours |= strcmp(name->d_name, "locks") == 0;
    }
    closedir(names);
    return ours || !foreign;
}

/* Whoever can reach into the directory could do to us what he likes: only its owner may. */
static int check_root(const char *path) {
    struct stat found;
    if (lstat(path, &found) != 0) {
        return -1;
    }
    if (!S_ISDIR(found.st_mode)) {
        complain("%s is %s: remove it, or name another directory in VCHAN_DIR", path,
                 S_ISLNK(found.st_mode) ? "a symbolic link" : "not a directory");
        errno = ENOTDIR;
        return -1;
    }
    if (found.st_uid != shim.user || (found.st_mode & 0777) != 0700) {
        complain("%s belongs to user %u and has mode %04o, must belong to user %u and have 0700:"
                 " name a directory of your own in VCHAN_DIR",
                 path, (unsigned)found.st_uid, (unsigned)found.st_mode & 07777,
                 (unsigned)shim.user);
        errno = EACCES;
        return -1;
    }
    int for_us = holds_nothing_else(path);
    if (for_us < 0) {
        complain("%s cannot be read: %s; name a directory of your own in VCHAN_DIR", path,
                 strerror(errno));
        return -1;
    }
    if (!for_us) {
        complain("%s holds other things than vchans: name an empty directory, or one that does not"
                 " exist yet, in VCHAN_DIR",
                 path);
        errno = EEXIST;
        return -1;
    }
    return 0;
}

/* Not the directories above it: that they are missing is a typing error. */
static int make_root(const char *path) {
    if (mkdir(path, 0700) == 0 || errno == EEXIST) {
        return 0; /* Whether one that is there will do, is looked at next. */
    }
    int why = errno;
    const char *remedy = why == ENOENT ? "make what is above it, if VCHAN_DIR is what you mean"
                                       : "name a directory of your own in VCHAN_DIR";
    complain("%s cannot be made: %s; %s", path, strerror(why), remedy);
    errno = why;
    return -1;
}

static int open_root(void) {
    char path[PATH_MAX];
    shim.user = geteuid();
    if (choose_domain() != 0 || choose_root(path) != 0) {
        return -1;
    }
    if (make_root(path) != 0 || check_root(path) != 0) {
        return -1;
    }
    memcpy(shim.root, path, strlen(path) + 1); /* As short as sockets need it. */
    char part[PATH_MAX];
    for (int i = 0; parts[i] != NULL; i++) {
        if (below_root(part, "/%s", parts[i]) != 0 || make_directories(part, true) != 0) {
            complain("%s cannot be made: %s", part, strerror(errno));
            return -1;
        }
    }
    return below_root(part, "/locks") != 0 ? -1 : locks_open(part);
}

static void before_fork(void) {
    pthread_mutex_lock(&lock);
}

static void after_fork(void) {
    pthread_mutex_unlock(&lock);
}

/*
 * A child has the descriptors, but neither our thread nor any business with what the parent holds.
 * So it starts another life: old handles can be closed, which tells nobody anything, and new ones
 * open everything anew. The parent's locks stay held through the descriptor the child keeps, and so
 * do its sockets: as with Xen's devices, what was shared ends with the last process that has it.
 */
static void in_child(void) {
    shim.life++;
    opened = false;
    locks_forget();
    worker_forget();
    forget_pages();
    nodes_forget();
    evtchn_handles = NULL;
    pthread_mutex_init(&lock, NULL);
}

static int start(void) {
    static bool watching_forks;
    uint32_t random[2];
    if (open_root() != 0) {
        return -1;
    }
    if (!watching_forks) {
        watching_forks = pthread_atfork(before_fork, after_fork, in_child) == 0;
    }
    if (getrandom(random, sizeof random, 0) != sizeof random) {
        return -1;
    }
    grants = random[0];
    ports = random[1];
    if (shim.zero < 0) {
        shim.zero = open("/dev/zero", O_RDONLY | O_CLOEXEC);
    }
    if (shim.zero < 0 || worker_start() != 0) {
        return -1;
    }
    remove_leftovers();
    opened = true;
    return 0;
}

int shim_enter(void) {
    pthread_mutex_lock(&lock);
    if (!opened && start() != 0) {
        int why = errno;
        locks_forget();
        worker_forget();
        pthread_mutex_unlock(&lock);
        errno = why;
        return -1;
    }
    return 0;
}

int shim_enter_with(unsigned life) {
    if (life != shim.life) {
        errno = EBADF;
        return -1;
    }
    return shim_enter();
}

void shim_leave(void) {
    int keep = errno;
    pthread_mutex_unlock(&lock);
    errno = keep;
}

/* vchan run asks for it: a program that it waits for is not to go on alone when it is killed. */
__attribute__((constructor)) static void end_with_parent(void) {
    const char *parent = getenv("VCHAN_RUN_PARENT");
    if (parent != NULL && strtol(parent, NULL, 10) == getppid()) {
        prctl(PR_SET_PDEATHSIG, SIGTERM);
    }
}

/*
 * A program that ends without closing dies, as far as its peers are concerned: their end of the
 * socket is hung up without a goodbye, and they clear our byte and count an event, which is what
 * Xen's kernel does. Only the names that nobody needs any more go here, as grants do on Xen.
 */
__attribute__((destructor)) static void at_exit(void) {
    struct timespec soon;
    clock_gettime(CLOCK_REALTIME, &soon);
    soon.tv_sec++;
    /* Not for ever: a signal handler that exits may have interrupted somebody who has the lock. */
    if (pthread_mutex_timedlock(&lock, &soon) != 0) {
        return;
    }
    if (opened) {
        nodes_remove_all();
        unlink_all_pages();
        for (struct xenevtchn_handle *h = evtchn_handles; h != NULL; h = h->next) {
            for (struct port *port = h->ports; port != NULL; port = port->next) {
                port_retire(port);
            }
        }
    }
    pthread_mutex_unlock(&lock);
}
