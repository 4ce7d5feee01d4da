// SPDX-License-Identifier: Apache-2.0
/*
 * The nodes of the store that this process holds. A program may close its connection to the store
 * and open another one to remove what it wrote, so they belong to the process and not to a handle.
 */
#include "shim.h"

#include <ctype.h>
#include <stdio.h>

#define MAX_PATH 3072

static struct node *nodes;

/* XenStore's characters, of which a dot is none: no node can be called ".keys". */
static bool legal(const char *path) {
    size_t length = strlen(path);
    if (*path != '/' || length > MAX_PATH || (length > 1 && path[length - 1] == '/')) {
        return false;
    }
    for (const char *at = path; *at != 0; at++) {
        if (!isalnum((unsigned char)*at) && strchr("-_@/", *at) == NULL) {
            return false;
        }
    }
    return strstr(path, "//") == NULL;
}

char *absolute(const char *path) {
    char whole[MAX_PATH + 1];
    int length = *path == '/' ? snprintf(whole, sizeof whole, "%s", path)
                              : snprintf(whole, sizeof whole, "/local/domain/%u/%s", shim.domain,
                                         path);
    if (length >= (int)sizeof whole || !legal(whole)) {
        errno = EINVAL;
        return NULL;
    }
    return strdup(whole);
}

char *cut_leaf(char *path) {
    char *slash = strrchr(path, '/');
    *slash = 0;
    return slash + 1;
}

struct node *node_find(const char *path) {
    struct node *node = nodes;
    while (node != NULL && strcmp(node->path, path) != 0) {
        node = node->next;
    }
    return node;
}

struct node *node_hold(const char *path) {
    struct node *node = node_find(path);
    if (node != NULL || lock_take(path_lock(path)) != 0) {
        return node;
    }
    /* Whatever is there is of somebody who died, since the lock was free. */
    keys_remove(path);
    node = calloc(1, sizeof *node);
    if (node == NULL || (node->path = strdup(path)) == NULL) {
        free(node);
        lock_drop(path_lock(path));
        errno = ENOMEM;
        return NULL;
    }
    node->keys.server = node->keys.client = shim.domain;
    node->next = nodes;
    nodes = node;
    return node;
}

static uint32_t number(const struct node *node, const char *name) {
    const char *value = keys_get(&node->keys, name);
    return value == NULL ? 0 : (uint32_t)strtoul(value, NULL, 10);
}

/*
 * Removes the advertisement, and the names of what it advertised: a client that has read half of
 * it, and will read the other half from the next one, must find neither page nor port.
 */
static void withdraw(struct node *node) {
    keys_remove(node->path);
    if (node->ring_ref != 0) {
        unlink_page(node->ring_ref);
    }
    struct port *port = node->event_channel == 0 ? NULL : port_find(node->event_channel);
    if (port != NULL) {
        port_retire(port);
    }
    node->published = false;
    node->ring_ref = node->event_channel = 0;
}

int node_publish(struct node *node) {
    uint32_t ref = number(node, "ring-ref");
    uint32_t port = number(node, "event-channel");
    /* A write of the second leaf completes an advertisement, and does not replace one. */
    if ((node->ring_ref != 0 && node->ring_ref != ref) ||
        (node->event_channel != 0 && node->event_channel != port)) {
        withdraw(node);
    }
    if (keys_publish(node->path, &node->keys) != 0) {
        return -1;
    }
    node->published = true;
    node->ring_ref = ref;
    node->event_channel = port;
    return 0;
}

void node_free(struct node *node) {
    char directory[PATH_MAX];
    struct node **link = &nodes;
    while (*link != node) {
        link = &(*link)->next;
    }
    *link = node->next;
    withdraw(node);
    if (node_directory(directory, node->path) == 0) {
        prune(directory);
    }
    lock_drop(path_lock(node->path));
    keys_free(&node->keys);
    free(node->path);
    free(node);
}

static bool is_below(const char *path, const char *top) {
    size_t length = strlen(top);
    return strncmp(path, top, length) == 0 && (path[length] == 0 || path[length] == '/');
}

bool nodes_remove(const char *path) {
    bool any = false;
    struct node *node = nodes;
    while (node != NULL) {
        struct node *next = node->next;
        if (is_below(node->path, path)) {
            node_free(node);
            any = true;
        }
        node = next;
    }
    return any;
}

void nodes_remove_all(void) {
    while (nodes != NULL) {
        node_free(nodes);
    }
}

void nodes_forget(void) {
    nodes = NULL;
}
