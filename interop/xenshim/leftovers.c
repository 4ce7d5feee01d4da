// SPDX-License-Identifier: Apache-2.0
/*
 * Removes what killed processes have left: every name whose lock is free. The lock is held during
 * the removal, so that nobody alive can have, or get, what is removed. Names that are not of the
 * format are left alone.
 */
#include "shim.h"

#include <dirent.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

/* Opening a directory in which thousands of channels are alive must not take long. */
#define MAX_NAMES 2000
#define MAX_DEPTH 64

static unsigned looked;

/* Reads a decimal number, and leaves what follows it. */
static bool number(const char **text, uint32_t most, uint32_t *value) {
    const char *at = *text;
    uint64_t sum = 0;
    while (*at >= '0' && *at <= '9' && at - *text < 11) {
        sum = sum * 10 + (uint64_t)(*at++ - '0');
    }
    if (at == *text || sum > most || (**text == '0' && at - *text > 1)) {
        return false;
    }
    *text = at;
    *value = (uint32_t)sum;
    return true;
}

static void remove_if_free(const char *path, uint64_t at) {
    if (looked++ < MAX_NAMES && lock_take(at) == 0) {
        unlink(path);
        lock_drop(at);
    }
}

static void each_name(const char *kind, const char *domain_name,
                      void (*found)(uint16_t domain, const char *name, const char *path)) {
    char directory[PATH_MAX];
    char path[PATH_MAX];
    uint32_t domain;
    const char *end = domain_name;
    if (!number(&end, FIRST_RESERVED_DOMAIN - 1, &domain) || *end != 0 ||
        below_root(directory, "/%s/%s", kind, domain_name) != 0) {
        return;
    }
    DIR *names = opendir(directory);
    if (names == NULL) {
        return;
    }
    for (const struct dirent *name; (name = readdir(names)) != NULL;) {
        if (below_root(path, "/%s/%s/%s", kind, domain_name, name->d_name) == 0) {
            found((uint16_t)domain, name->d_name, path);
        }
    }
    closedir(names);
}

static void each_domain(const char *kind,
                        void (*found)(uint16_t domain, const char *name, const char *path)) {
    char directory[PATH_MAX];
    DIR *domains;
    if (below_root(directory, "/%s", kind) != 0 || (domains = opendir(directory)) == NULL) {
        return;
    }
    for (const struct dirent *name; (name = readdir(domains)) != NULL;) {
        each_name(kind, name->d_name, found);
    }
    closedir(domains);
}

/* Nothing, or a path with dots for slashes: behind a control page that is taken. */
static bool is_path_or_nothing(const char *name) {
    static const char legal[] =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_@";
    while (*name == '.' && strspn(name + 1, legal) > 0) {
        name += 1 + strspn(name + 1, legal);
    }
    return *name == 0;
}

static void pages(uint16_t domain, const char *name, const char *path) {
    uint32_t ref, client;
    if (number(&name, UINT32_MAX, &ref) && *name++ == '.' && number(&name, UINT32_MAX, &client) &&
        is_path_or_nothing(name)) {
        remove_if_free(path, grant_lock(domain, ref));
    }
}

static void socket_of_port(uint16_t domain, const char *name, const char *path) {
    uint32_t port;
    if (number(&name, UINT32_MAX, &port) && *name == 0) {
        remove_if_free(path, port_lock(domain, port));
    }
}

static void node(const char *path) {
    if (looked++ < MAX_NAMES && lock_take(path_lock(path)) == 0) {
        keys_remove(path);
        lock_drop(path_lock(path));
    }
}

static void nodes_below(const char *path, unsigned depth) {
    char directory[PATH_MAX];
    DIR *names;
    if (depth > MAX_DEPTH || below_root(directory, "/store%s", path) != 0 ||
        (names = opendir(directory)) == NULL) {
        return;
    }
    bool has_keys = false;
    for (const struct dirent *name; (name = readdir(names)) != NULL;) {
        char below[PATH_MAX];
        struct stat found;
        has_keys |= strcmp(name->d_name, ".keys") == 0 || strcmp(name->d_name, ".keys.new") == 0;
        if (name->d_name[0] != '.' &&
            snprintf(below, sizeof below, "%s/%s", directory, name->d_name) < PATH_MAX &&
            lstat(below, &found) == 0 && S_ISDIR(found.st_mode) &&
            snprintf(below, sizeof below, "%s/%s", path, name->d_name) < PATH_MAX) {
            nodes_below(below, depth + 1);
        }
    }
    closedir(names);
    if (has_keys) {
        node(path);
    }
    prune(directory);
}

void remove_leftovers(void) {
    looked = 0;
    each_domain("gnt", pages);
    each_domain("evtchn", socket_of_port);
    nodes_below("", 0);
}
