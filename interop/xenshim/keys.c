// SPDX-License-Identifier: Apache-2.0
/*
 * The file ".keys" of a node of the store: all its leaves, and who wrote them for whom, one
 * name=value a line. Names that begin with a dot are not leaves.
 */
#include "shim.h"

#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

int node_directory(char directory[PATH_MAX], const char *node_path) {
    return below_root(directory, "/store%s", node_path);
}

static int file_of(char path[PATH_MAX], const char *node_path, const char *name) {
    return below_root(path, "/store%s/%s", node_path, name);
}

const char *keys_get(const struct keys *keys, const char *name) {
    for (const struct leaf *leaf = keys->leaves; leaf != NULL; leaf = leaf->next) {
        if (strcmp(leaf->name, name) == 0) {
            return leaf->value;
        }
    }
    return NULL;
}

bool keys_drop(struct keys *keys, const char *name) {
    for (struct leaf **link = &keys->leaves; *link != NULL; link = &(*link)->next) {
        struct leaf *leaf = *link;
        if (strcmp(leaf->name, name) == 0) {
            *link = leaf->next;
            free(leaf->name);
            free(leaf->value);
            free(leaf);
            return true;
        }
    }
    return false;
}

int keys_put(struct keys *keys, const char *name, const char *value) {
    struct leaf *leaf = calloc(1, sizeof *leaf);
    if (leaf != NULL) {
        leaf->name = strdup(name);
        leaf->value = strdup(value);
    }
    if (leaf == NULL || leaf->name == NULL || leaf->value == NULL) {
        if (leaf != NULL) {
            free(leaf->name);
            free(leaf->value);
            free(leaf);
        }
        errno = ENOMEM;
        return -1;
    }
    keys_drop(keys, name);
    leaf->next = keys->leaves;
    keys->leaves = leaf;
    return 0;
}

void keys_free(struct keys *keys) {
    while (keys->leaves != NULL) {
        keys_drop(keys, keys->leaves->name);
    }
}

/* A name that comes twice, or a line that is no pair, spoils all of them. */
static bool parse(char *text, struct keys *keys) {
    char *rest = text;
    for (char *line; (line = strsep(&rest, "\n")) != NULL;) {
        char *equals = strchr(line, '=');
        if (*line == 0) {
            continue;
        }
        if (equals == NULL) {
            return false;
        }
        *equals = 0;
        if (keys_get(keys, line) != NULL || keys_put(keys, line, equals + 1) != 0) {
            return false;
        }
    }
    return true;
}

/* Takes a dotted line out: a domain. */
static bool take_domain(struct keys *keys, const char *name, uint16_t *domain) {
    const char *text = keys_get(keys, name);
    char again[12];
    unsigned long value = text == NULL ? ULONG_MAX : strtoul(text, NULL, 10);
    if (value >= FIRST_RESERVED_DOMAIN) {
        return false;
    }
    snprintf(again, sizeof again, "%lu", value);
    if (strcmp(again, text) != 0) {
        return false;
    }
    *domain = (uint16_t)value;
    return true;
}

/* Whatever is there may be anything: a pipe, a directory, a link, gigabytes. */
static ssize_t read_file(const char *path, char bytes[MAX_KEYS + 1]) {
    struct stat found;
    ssize_t count = -1;
    size_t have = 0;
    int fd = open(path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
    if (fd < 0) {
        return -1;
    }
    if (fstat(fd, &found) == 0 && S_ISREG(found.st_mode)) {
        do {
            count = read(fd, bytes + have, MAX_KEYS + 1 - have);
            have += count > 0 ? (size_t)count : 0;
        } while (count > 0 && have <= MAX_KEYS);
    }
    close(fd);
    return count < 0 || have > MAX_KEYS ? -1 : (ssize_t)have;
}

int keys_read(const char *node_path, struct keys *keys) {
    char path[PATH_MAX];
    char bytes[MAX_KEYS + 1];
    *keys = (struct keys){0};
    ssize_t count = file_of(path, node_path, ".keys") != 0 ? -1 : read_file(path, bytes);
    if (count >= 0) {
        bytes[count] = 0;
        /* A NUL within ends the text there; as no value can hold one, that spoils nothing else. */
        if (parse(bytes, keys) && take_domain(keys, ".server", &keys->server) &&
            take_domain(keys, ".client", &keys->client)) {
            return 0;
        }
    }
    keys_free(keys);
    errno = ENOENT;
    return -1;
}

/* All lines, or -1 if they are too many. */
static int compose(const struct keys *keys, char text[MAX_KEYS + 1]) {
    int length = snprintf(text, MAX_KEYS + 1, ".server=%u\n.client=%u\n.pid=%ld\n", keys->server,
                          keys->client, (long)getpid());
    for (const struct leaf *leaf = keys->leaves; leaf != NULL; leaf = leaf->next) {
        length += snprintf(text + length, (size_t)(MAX_KEYS + 1 - length), "%s=%s\n", leaf->name,
                           leaf->value);
        if (length > MAX_KEYS) {
            errno = E2BIG;
            return -1;
        }
    }
    return length;
}

int keys_publish(const char *node_path, const struct keys *keys) {
    char text[MAX_KEYS + 1];
    char path[PATH_MAX];
    char fresh[PATH_MAX];
    int length = compose(keys, text);
    if (length < 0 || file_of(path, node_path, ".keys") != 0 ||
        file_of(fresh, node_path, ".keys.new") != 0) {
        return -1;
    }
    unlink(fresh);
    int fd = create_file(fresh);
    if (fd < 0) {
        return -1;
    }
    ssize_t written = write(fd, text, (size_t)length);
    int why = written < 0 ? errno : ENOSPC;
    close(fd);
    /* One rename, so that a client sees all leaves of one moment. */
    if (written == length && rename(fresh, path) == 0) {
        return 0;
    }
    why = written == length ? errno : why;
    unlink(fresh);
    errno = why;
    return -1;
}

void keys_remove(const char *node_path) {
    char path[PATH_MAX];
    if (file_of(path, node_path, ".keys") == 0) {
        unlink(path);
    }
    if (file_of(path, node_path, ".keys.new") == 0) {
        unlink(path);
    }
}
