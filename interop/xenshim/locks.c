// SPDX-License-Identifier: Apache-2.0
/*
 * Who is alive, told by record locks on single bytes of one file.
 *
 * Locks of the open file description where there are any: they conflict with the locks of other
 * processes all the same, but are not lost when other code of this process, a JVM for one, closes
 * the file. Neither kind conflicts within one process, so what we hold is also kept in a list.
 */
#define _GNU_SOURCE
#include "shim.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#define KIND_SHIFT 56
#define DOMAIN_SHIFT 32
#define FNV_OFFSET UINT64_C(0xcbf29ce484222325)
#define FNV_PRIME UINT64_C(0x100000001b3)

struct held {
    uint64_t at;
    struct held *next;
};

static int file = -1;
static int command;
static struct held *all;

static uint64_t numbered(uint64_t kind, uint16_t domain, uint32_t number) {
    return kind << KIND_SHIFT | (uint64_t)domain << DOMAIN_SHIFT | number;
}

uint64_t grant_lock(uint16_t domain, uint32_t ref) {
    return numbered(1, domain, ref);
}

uint64_t port_lock(uint16_t domain, uint32_t port) {
    return numbered(2, domain, port);
}

uint64_t path_lock(const char *path) {
    uint64_t hash = FNV_OFFSET;
    for (; *path != 0; path++) {
        hash = (hash ^ (uint8_t)*path) * FNV_PRIME;
    }
    return UINT64_C(3) << KIND_SHIFT | (hash & ((UINT64_C(1) << KIND_SHIFT) - 1));
}

static int set(uint64_t at, short type) {
    struct flock lock = {
        .l_type = type, .l_whence = SEEK_SET, .l_start = (off_t)at, .l_len = 1};
    return fcntl(file, command, &lock);
}

int locks_open(const char *name) {
    struct stat found;
    file = open(name, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK, 0600);
    if (file < 0 || fstat(file, &found) != 0 || !S_ISREG(found.st_mode)) {
        complain("%s cannot be opened, or is not a regular file: remove it", name);
        errno = EACCES;
        return -1;
    }
    command = F_OFD_SETLK;
    int taken = set(0, F_WRLCK);
    if (taken != 0 && errno == EINVAL) {
        command = F_SETLK;
        taken = set(0, F_WRLCK);
    }
    if (taken != 0 && errno != EAGAIN && errno != EACCES) {
        complain("%s: %s; choose a VCHAN_DIR on a file system that has fcntl record locks", name,
                 strerror(errno));
        return -1;
    }
    set(0, F_UNLCK);
    return 0;
}

void locks_forget(void) {
    while (all != NULL) {
        struct held *next = all->next;
        free(all);
        all = next;
    }
    if (file >= 0) {
        close(file);
        file = -1;
    }
}

int lock_take(uint64_t at) {
    for (const struct held *held = all; held != NULL; held = held->next) {
        if (held->at == at) {
            errno = EBUSY;
            return -1;
        }
    }
    struct held *held = malloc(sizeof *held);
    if (held == NULL) {
        return -1;
    }
    if (set(at, F_WRLCK) != 0) {
        free(held);
        errno = errno == EAGAIN || errno == EACCES ? EBUSY : errno;
        return -1;
    }
    *held = (struct held){.at = at, .next = all};
    all = held;
    return 0;
}

void lock_drop(uint64_t at) {
    for (struct held **link = &all; *link != NULL; link = &(*link)->next) {
        if ((*link)->at == at) {
            struct held *held = *link;
            *link = held->next;
            free(held);
            set(at, F_UNLCK);
            return;
        }
    }
}
