// SPDX-License-Identifier: Apache-2.0
/*
 * The interface of libxengnttab: pages are files that both sides map.
 *
 * Each file is mapped twice, for the program and for ourselves. libxenvchan gives its rings back
 * with munmap, of which we do not hear, and something else may lie at that address when a byte has
 * to be cleared. So our own mapping is what is cleared, and by the kernel: if a peer has truncated
 * the file that is an error and no signal. The program's own accesses to such pages do raise SIGBUS.
 */
#define _GNU_SOURCE
#include "shim.h"

#include <fcntl.h>
#include <stdatomic.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#define TRIES 1000

struct region {
    struct region *next; /* of the handle */
    uint8_t *pages;      /* the program's */
    uint8_t *own;        /* NULL if the program may only read */
    uint16_t owner, remote;
    uint32_t ref, count;
    uint32_t notify_offset, notify_port; /* NOTHING: none */
    char *file; /* of own pages; NULL once it is unlinked, and for a peer's */
    bool shared;
};

struct xengntdev_handle {
    unsigned life;
    int fd; /* something to be asked for; not used */
    struct region *regions;
    struct xengntdev_handle *next;
};

static struct xengntdev_handle *handles;

void forget_pages(void) {
    handles = NULL;
}

static struct xengntdev_handle *open_handle(void) {
    if (shim_enter() != 0) {
        return NULL;
    }
    struct xengntdev_handle *handle = calloc(1, sizeof *handle);
    if (handle != NULL) {
        handle->life = shim.life;
        handle->fd = dup(shim.zero);
        handle->next = handles;
        handles = handle;
    }
    shim_leave();
    return handle;
}

/* All that was published before the byte, and the byte before the event. */
static void clear(const struct region *region, uint32_t page, uint32_t offset) {
    if (region->own != NULL && offset < PAGE) {
        atomic_thread_fence(memory_order_seq_cst);
        (void)!read(shim.zero, region->own + page * PAGE + offset, 1);
        atomic_thread_fence(memory_order_seq_cst);
    }
}

void execute_will(uint16_t peer, const struct will *will) {
    for (unsigned i = 0; i < will->count; i++) {
        const struct notice *notice = &will->notice[i];
        for (struct xengntdev_handle *handle = handles; handle != NULL; handle = handle->next) {
            for (struct region *r = handle->regions; r != NULL; r = r->next) {
                uint32_t page = notice->ref - r->ref;
                if (r->remote == peer && r->owner == notice->domain && page < r->count) {
                    clear(r, page, notice->offset);
                }
            }
        }
    }
}

static void unlink_file(struct region *region) {
    if (region->file != NULL) {
        unlink(region->file);
        free(region->file);
        region->file = NULL;
    }
}

void unlink_page(uint32_t ref) {
    for (struct xengntdev_handle *handle = handles; handle != NULL; handle = handle->next) {
        for (struct region *region = handle->regions; region != NULL; region = region->next) {
            if (region->shared && ref - region->ref < region->count) {
                unlink_file(region);
            }
        }
    }
}

void unlink_all_pages(void) {
    for (struct xengntdev_handle *handle = handles; handle != NULL; handle = handle->next) {
        for (struct region *region = handle->regions; region != NULL; region = region->next) {
            unlink_file(region);
        }
    }
}

static struct notice notice_of(const struct region *region) {
    return (struct notice){region->owner, (uint16_t)region->notify_offset, region->ref};
}

/* Tells the peer, and gives back all but the program's own mapping. */
static void give_up(struct region *region) {
    struct port *port = region->notify_port == NOTHING ? NULL : port_find(region->notify_port);
    if (region->notify_offset != NOTHING) {
        clear(region, 0, region->notify_offset);
    }
    if (port != NULL && region->notify_offset != NOTHING) {
        struct notice notice = notice_of(region);
        port_end_notice(port, &notice);
    } else if (port != NULL && port->conn != NULL) {
        conn_send_event(port->conn);
    }
    if (region->shared) {
        unlink_file(region);
        lock_drop(grant_lock(shim.domain, region->ref));
    }
    if (region->own != NULL) {
        munmap(region->own, (size_t)region->count * PAGE);
    }
    free(region);
}

/* The program's mappings stay, as they do when Xen's devices are closed. */
static void close_handle(struct xengntdev_handle *handle) {
    if (handle == NULL) {
        return;
    }
    bool inherited = shim_enter_with(handle->life) != 0;
    while (!inherited && handle->regions != NULL) {
        struct region *region = handle->regions;
        handle->regions = region->next;
        give_up(region);
    }
    if (!inherited) {
        struct xengntdev_handle **link = &handles;
        while (*link != handle) {
            link = &(*link)->next;
        }
        *link = handle->next;
        shim_leave();
    }
    close(handle->fd);
    free(handle);
}

/* Maps a file for the program and for us; the descriptor stays open. */
static bool map_twice(struct region *region, int fd, uint32_t page, int prot) {
    size_t bytes = (size_t)region->count * PAGE;
    off_t offset = (off_t)page * PAGE;
    void *pages = mmap(NULL, bytes, prot, MAP_SHARED, fd, offset);
    if (pages == MAP_FAILED) {
        return false;
    }
    if ((prot & PROT_WRITE) != 0 || region->notify_offset != NOTHING) {
        void *own = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_SHARED, fd, offset);
        if (own == MAP_FAILED) {
            munmap(pages, bytes);
            return false;
        }
        region->own = own;
    }
    region->pages = pages;
    return true;
}

/* Zeros, never a hole: where the file system is full this fails, and not the first access. */
static bool fill(int fd, uint32_t count) {
    static const uint8_t zeros[PAGE];
    for (uint32_t i = 0; i < count; i++) {
        ssize_t written = write(fd, zeros, sizeof zeros);
        if (written != (ssize_t)sizeof zeros) {
            errno = written < 0 ? errno : ENOSPC;
            return false;
        }
    }
    return true;
}

static bool make_file(struct region *region) {
    char path[PATH_MAX];
    if (below_root(path, "/gnt/%u/%u.%u", shim.domain, region->ref, region->remote) != 0) {
        return false;
    }
    int fd = create_file(path);
    if (fd < 0) {
        return false;
    }
    region->file = strdup(path);
    bool made = region->file != NULL && fill(fd, region->count) &&
                map_twice(region, fd, 0, PROT_READ | PROT_WRITE);
    int why = errno;
    close(fd);
    if (!made) {
        unlink(path);
        free(region->file);
        region->file = NULL;
    }
    errno = why;
    return made;
}

/* Chooses a number, takes its lock, and makes the file. */
static void make_pages(struct region *region) {
    for (int tries = 0; tries < TRIES; tries++) {
        region->ref = next_grant();
        uint64_t lock = grant_lock(shim.domain, region->ref);
        bool taken = lock_take(lock) == 0;
        if (taken && make_file(region)) {
            return;
        }
        int why = errno;
        if (taken) {
            lock_drop(lock);
        }
        errno = why;
        /* There although the lock was free is a leftover; but there are other numbers. */
        if (why != (taken ? EEXIST : EBUSY)) {
            return;
        }
    }
    errno = ENOSPC;
}

/* Whether a notification can be set up as asked: on a port of ours, for a byte of the page. */
static bool notifiable(uint32_t offset, uint32_t port) {
    if ((offset != NOTHING && offset >= PAGE) || (port != NOTHING && port_find(port) == NULL)) {
        errno = EINVAL;
        return false;
    }
    return true;
}

static void announce(const struct region *region) {
    struct port *port = region->notify_port == NOTHING ? NULL : port_find(region->notify_port);
    if (port != NULL && region->notify_offset != NOTHING) {
        struct notice notice = notice_of(region);
        port_notice(port, &notice);
    }
}

/* Puts a region into the handle, or away if it has no pages. */
static void *keep(struct xengntdev_handle *handle, struct region *region) {
    if (region->pages == NULL) {
        int why = errno;
        free(region);
        errno = why;
        return NULL;
    }
    region->next = handle->regions;
    handle->regions = region;
    announce(region);
    return region->pages;
}

static void *share(struct xengntdev_handle *handle, uint32_t domid, int count, uint32_t *refs,
                   uint32_t offset, uint32_t port) {
    if (shim_enter_with(handle->life) != 0) {
        return NULL;
    }
    int remote = checked_domain(domid);
    struct region *region = NULL;
    void *pages = NULL;
    if (count < 1 || count > (int)PAGES_PER_FILE) {
        errno = EINVAL;
    } else if (remote >= 0 && notifiable(offset, port)) {
        region = calloc(1, sizeof *region);
    }
    if (region != NULL) {
        *region = (struct region){.owner = shim.domain, .remote = (uint16_t)remote,
                                  .shared = true, .count = (uint32_t)count,
                                  .notify_offset = offset, .notify_port = port};
        make_pages(region);
        for (int i = 0; i < count && region->pages != NULL; i++) {
            refs[i] = region->ref + (uint32_t)i;
        }
        pages = keep(handle, region);
    }
    shim_leave();
    return pages;
}

/* References to map must lie in one file, one after the other. */
static bool consecutive(const uint32_t *refs, uint32_t count) {
    if (count < 1 || refs[0] % PAGES_PER_FILE + (uint64_t)count > PAGES_PER_FILE) {
        return false;
    }
    for (uint32_t i = 0; i < count; i++) {
        if (refs[i] != refs[0] + i) {
            return false;
        }
    }
    return true;
}

static void map_file(struct region *region, int prot) {
    char path[PATH_MAX];
    struct stat found;
    uint32_t page = region->ref % PAGES_PER_FILE;
    if (below_root(path, "/gnt/%u/%u.%u", region->owner, region->ref - page, shim.domain) != 0) {
        return;
    }
    int fd = open(path, O_RDWR | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
    bool fits = fd >= 0 && fstat(fd, &found) == 0 && S_ISREG(found.st_mode) &&
                found.st_size >= (off_t)(page + region->count) * PAGE;
    if (fits) {
        map_twice(region, fd, page, prot);
    }
    int why = fits || errno == EMFILE || errno == ENFILE ? errno : EINVAL;
    if (fd >= 0) {
        close(fd);
    }
    errno = why;
}

static void *map(struct xengntdev_handle *handle, uint32_t domid, uint32_t count,
                 const uint32_t *refs, int prot, uint32_t offset, uint32_t port) {
    if (shim_enter_with(handle->life) != 0) {
        return NULL;
    }
    int remote = checked_domain(domid);
    struct region *region = NULL;
    void *pages = NULL;
    if (!consecutive(refs, count)) {
        errno = EINVAL;
    } else if (remote >= 0 && notifiable(offset, port)) {
        region = calloc(1, sizeof *region);
    }
    if (region != NULL) {
        *region = (struct region){.owner = (uint16_t)remote, .remote = (uint16_t)remote,
                                  .ref = refs[0], .count = count,
                                  .notify_offset = offset, .notify_port = port};
        map_file(region, prot);
        pages = keep(handle, region);
    }
    shim_leave();
    return pages;
}

static int unmap(struct xengntdev_handle *handle, void *start, uint32_t count) {
    if (shim_enter_with(handle->life) != 0) {
        return -1;
    }
    struct region **link = &handle->regions;
    /* The newest first: an older one at this address was given back by munmap. */
    while (*link != NULL && ((*link)->pages != start || (*link)->count != count)) {
        link = &(*link)->next;
    }
    struct region *region = *link;
    if (region != NULL) {
        *link = region->next;
        munmap(start, (size_t)count * PAGE);
        give_up(region);
    } else {
        errno = EINVAL;
    }
    shim_leave();
    return region != NULL ? 0 : -1;
}

API xengnttab_handle *xengnttab_open(struct xentoollog_logger *logger, unsigned open_flags) {
    (void)logger, (void)open_flags;
    return FAILS(xengnttab_open) ? NULL : open_handle();
}

API xengntshr_handle *xengntshr_open(struct xentoollog_logger *logger, unsigned open_flags) {
    (void)logger, (void)open_flags;
    return FAILS(xengntshr_open) ? NULL : open_handle();
}

API int xengnttab_close(xengnttab_handle *handle) {
    int result = FAILS(xengnttab_close) ? -1 : 0;
    close_handle(handle);
    return result;
}

API int xengntshr_close(xengntshr_handle *handle) {
    int result = FAILS(xengntshr_close) ? -1 : 0;
    close_handle(handle);
    return result;
}

API int xengnttab_fd(xengnttab_handle *handle) {
    return handle->fd;
}

API int xengntshr_fd(xengntshr_handle *handle) {
    return handle->fd;
}

API int xengnttab_set_max_grants(xengnttab_handle *handle, uint32_t count) {
    (void)handle, (void)count;
    return 0;
}

API void *xengnttab_map_grant_ref(xengnttab_handle *handle, uint32_t domid, uint32_t ref,
                                  int prot) {
    return FAILS(xengnttab_map_grant_ref)
               ? NULL
               : map(handle, domid, 1, &ref, prot, NOTHING, NOTHING);
}

API void *xengnttab_map_grant_refs(xengnttab_handle *handle, uint32_t count, uint32_t *domids,
                                   uint32_t *refs, int prot) {
    if (FAILS(xengnttab_map_grant_refs)) {
        return NULL;
    }
    for (uint32_t i = 1; i < count; i++) {
        if (domids[i] != domids[0]) {
            errno = EINVAL;
            return NULL;
        }
    }
    return map(handle, count == 0 ? 0 : domids[0], count, refs, prot, NOTHING, NOTHING);
}

API void *xengnttab_map_domain_grant_refs(xengnttab_handle *handle, uint32_t count, uint32_t domid,
                                          uint32_t *refs, int prot) {
    return FAILS(xengnttab_map_domain_grant_refs)
               ? NULL
               : map(handle, domid, count, refs, prot, NOTHING, NOTHING);
}

API void *xengnttab_map_grant_ref_notify(xengnttab_handle *handle, uint32_t domid, uint32_t ref,
                                         int prot, uint32_t notify_offset,
                                         evtchn_port_t notify_port) {
    return FAILS(xengnttab_map_grant_ref_notify)
               ? NULL
               : map(handle, domid, 1, &ref, prot, notify_offset, notify_port);
}

API int xengnttab_unmap(xengnttab_handle *handle, void *start_address, uint32_t count) {
    return FAILS(xengnttab_unmap) ? -1 : unmap(handle, start_address, count);
}

/* That the client may write cannot be forbidden here: whoever opens the file is its owner. */
API void *xengntshr_share_pages(xengntshr_handle *handle, uint32_t domid, int count,
                                uint32_t *refs, int writable) {
    (void)writable;
    return FAILS(xengntshr_share_pages) ? NULL
                                        : share(handle, domid, count, refs, NOTHING, NOTHING);
}

API void *xengntshr_share_page_notify(xengntshr_handle *handle, uint32_t domid, uint32_t *ref,
                                      int writable, uint32_t notify_offset,
                                      evtchn_port_t notify_port) {
    (void)writable;
    return FAILS(xengntshr_share_page_notify)
               ? NULL
               : share(handle, domid, 1, ref, notify_offset, notify_port);
}

API int xengntshr_unshare(xengntshr_handle *handle, void *start_address, uint32_t count) {
    return FAILS(xengntshr_unshare) ? -1 : unmap(handle, start_address, count);
}

API int xengnttab_grant_copy(xengnttab_handle *handle, uint32_t count,
                             xengnttab_grant_copy_segment_t *segments) {
    (void)handle, (void)count, (void)segments;
    errno = ENOSYS;
    return -1;
}
