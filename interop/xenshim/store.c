// SPDX-License-Identifier: Apache-2.0
/*
 * The interface of libxenstore, but for watches.
 *
 * /a/b/c is the leaf c of the node /a/b. A node belongs to the process that wrote to it first, as
 * long as it lives or until it removes it: others may read it, and nobody else may write there.
 */
#include "shim.h"

#include <dirent.h>
#include <stdio.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "store.h"

/* What is to happen to a leaf, or to who may read its node. */
struct change {
    struct change *next;
    char *node, *leaf;
    char *value; /* NULL: the leaf goes, or with perms: only who may read it */
    bool perms;
    uint16_t client;
};

struct transaction {
    struct transaction *next;
    uint32_t id;
    struct change *first, **end;
};

static struct xs_handle *open_handle(void) {
    if (FAILS(xs_open) || shim_enter() != 0) {
        return NULL;
    }
    struct xs_handle *xs = calloc(1, sizeof *xs);
    if (xs != NULL && watches_open(&xs->watches) != 0) {
        free(xs);
        xs = NULL;
    }
    if (xs != NULL) {
        xs->life = shim.life;
    }
    shim_leave();
    return xs;
}

static void free_change(struct change *change) {
    free(change->node);
    free(change->value);
    free(change);
}

static void drop_transaction(struct xs_handle *xs, struct transaction *transaction) {
    struct transaction **link = &xs->transactions;
    while (*link != transaction) {
        link = &(*link)->next;
    }
    *link = transaction->next;
    while (transaction->first != NULL) {
        struct change *change = transaction->first;
        transaction->first = change->next;
        free_change(change);
    }
    free(transaction);
}

/* What was written stays: XenStore does not ask whether the writer is still there. */
static void close_handle(struct xs_handle *xs) {
    (void)FAILS(xs_close);
    if (xs == NULL) {
        return;
    }
    bool inherited = shim_enter_with(xs->life) != 0;
    if (!inherited) {
        watches_close(&xs->watches);
        while (xs->transactions != NULL) {
            drop_transaction(xs, xs->transactions);
        }
        shim_leave();
    }
    free(xs);
}

static struct transaction *find(struct xs_handle *xs, uint32_t id) {
    struct transaction *transaction = xs->transactions;
    while (transaction != NULL && transaction->id != id) {
        transaction = transaction->next;
    }
    if (transaction == NULL) {
        errno = ENOENT;
    }
    return transaction;
}

static int apply(const struct change *change) {
    struct node *node = node_hold(change->node);
    if (node == NULL) {
        return -1;
    }
    if (change->perms) {
        node->keys.client = change->client;
    } else if (change->value == NULL) {
        keys_drop(&node->keys, change->leaf);
    } else if (keys_put(&node->keys, change->leaf, change->value) != 0) {
        return -1;
    }
    node->changed = true;
    return 0;
}

static int publish(const struct change *changes) {
    int result = 0;
    for (; changes != NULL; changes = changes->next) {
        struct node *node = node_find(changes->node);
        if (node != NULL && node->changed) {
            node->changed = false;
            if (node->keys.leaves == NULL) {
                node_free(node);
            } else if (node_publish(node) != 0) {
                result = -1;
            }
        }
    }
    return result;
}

/* Collects in a transaction; outside of one, each change is published by itself. */
static bool change(struct xs_handle *xs, xs_transaction_t id, struct change *change) {
    if (id != 0) {
        struct transaction *transaction = find(xs, id);
        if (transaction == NULL) {
            free_change(change);
            return false;
        }
        *transaction->end = change;
        transaction->end = &change->next;
        return true;
    }
    bool done = apply(change) == 0 && publish(change) == 0;
    int why = errno;
    free_change(change);
    errno = why;
    return done;
}

static struct change *new_change(const char *path) {
    char *whole = absolute(path);
    struct change *change = whole == NULL ? NULL : calloc(1, sizeof *change);
    if (change == NULL) {
        free(whole);
        return NULL;
    }
    change->node = whole;
    change->leaf = cut_leaf(whole);
    return change;
}

/* The value as text; NULL, with errno set, if no line could hold it. */
static char *line_of(const void *data, unsigned int length) {
    if (length > MAX_KEYS) {
        errno = E2BIG;
        return NULL;
    }
    if (memchr(data, '\n', length) != NULL || memchr(data, 0, length) != NULL) {
        errno = EINVAL;
        return NULL;
    }
    return strndup(data, length);
}

API bool xs_write(struct xs_handle *xs, xs_transaction_t t, const char *path, const void *data,
                  unsigned int len) {
    if (FAILS(xs_write) || shim_enter_with(xs->life) != 0) {
        return false;
    }
    bool done = false;
    char *value = line_of(data, len);
    struct change *written = value == NULL ? NULL : new_change(path);
    if (written != NULL) {
        written->value = value;
        done = change(xs, t, written);
    } else {
        free(value);
    }
    shim_leave();
    return done;
}

API bool xs_set_permissions(struct xs_handle *xs, xs_transaction_t t, const char *path,
                            struct xs_permissions *perms, unsigned int num_perms) {
    if (FAILS(xs_set_permissions) || shim_enter_with(xs->life) != 0) {
        return false;
    }
    bool done = false;
    int client = num_perms > 1 ? checked_domain(perms[1].id) : shim.domain;
    struct change *made = client < 0 ? NULL : new_change(path);
    if (made != NULL) {
        made->perms = true;
        made->client = (uint16_t)client;
        done = change(xs, t, made);
    }
    shim_leave();
    return done;
}

/* What a transaction has changed so far is seen by itself. */
static bool in_transaction(const struct transaction *transaction, const char *node,
                           const char *leaf, const char **value) {
    bool found = false;
    for (const struct change *c = transaction->first; c != NULL; c = c->next) {
        if (!c->perms && strcmp(c->node, node) == 0 && strcmp(c->leaf, leaf) == 0) {
            *value = c->value;
            found = true;
        }
    }
    return found;
}

/* The one thing every domain can read without anybody having written it: its own number. */
static char *well_known(const char *node, const char *leaf) {
    static const char prefix[] = "/local/domain/";
    const char *domain = node + strlen(prefix);
    char *end;
    if (strcmp(leaf, "domid") != 0 || strncmp(node, prefix, strlen(prefix)) != 0 ||
        strtoul(domain, &end, 10) >= FIRST_RESERVED_DOMAIN || *end != 0) {
        return NULL;
    }
    return strdup(domain);
}

static char *read_leaf(struct xs_handle *xs, xs_transaction_t t, const char *node,
                       const char *leaf) {
    const struct transaction *transaction = t == 0 ? NULL : find(xs, t);
    const char *value = NULL;
    struct keys keys;
    if (t != 0 && transaction == NULL) {
        return NULL;
    }
    errno = ENOENT;
    if (transaction != NULL && in_transaction(transaction, node, leaf, &value)) {
        return value == NULL ? NULL : strdup(value);
    }
    if (keys_read(node, &keys) != 0) {
        return NULL;
    }
    bool readable = keys.client == shim.domain || keys.server == shim.domain;
    value = leaf[0] == '.' ? NULL : keys_get(&keys, leaf);
    char *copy = readable && value != NULL ? strdup(value) : NULL;
    keys_free(&keys);
    errno = readable ? ENOENT : EACCES;
    return copy;
}

API void *xs_read(struct xs_handle *xs, xs_transaction_t t, const char *path, unsigned int *len) {
    if (FAILS(xs_read) || shim_enter_with(xs->life) != 0) {
        return NULL;
    }
    char *value = NULL;
    char *node = absolute(path);
    if (node != NULL) {
        const char *leaf = cut_leaf(node);
        value = well_known(node, leaf);
        value = value != NULL ? value : read_leaf(xs, t, node, leaf);
        int why = errno;
        free(node);
        errno = why;
    }
    if (value != NULL && len != NULL) {
        *len = (unsigned int)strlen(value);
    }
    shim_leave();
    return value;
}

/* A node and what is below it, or a leaf. What is not there is removed easily. */
static bool rm(struct xs_handle *xs, xs_transaction_t t, const char *path) {
    char *whole = absolute(path);
    if (whole == NULL) {
        return false;
    }
    bool done = true;
    if (t != 0 || !nodes_remove(whole)) {
        char *node = strdup(whole);
        const char *leaf = node == NULL ? NULL : cut_leaf(node);
        const struct node *held = node == NULL ? NULL : node_find(node);
        if (held != NULL && keys_get(&held->keys, leaf) != NULL) {
            struct change *gone = new_change(whole);
            done = gone != NULL && change(xs, t, gone);
        }
        free(node);
    }
    free(whole);
    return done;
}

API bool xs_rm(struct xs_handle *xs, xs_transaction_t t, const char *path) {
    if (FAILS(xs_rm) || shim_enter_with(xs->life) != 0) {
        return false;
    }
    bool done = rm(xs, t, path);
    shim_leave();
    return done;
}

API xs_transaction_t xs_transaction_start(struct xs_handle *xs) {
    if (FAILS(xs_transaction_start) || shim_enter_with(xs->life) != 0) {
        return 0;
    }
    uint32_t id = 0;
    struct transaction *transaction = calloc(1, sizeof *transaction);
    if (transaction != NULL) {
        id = ++xs->last_transaction;
        transaction->id = id;
        transaction->end = &transaction->first;
        transaction->next = xs->transactions;
        xs->transactions = transaction;
    }
    shim_leave();
    return id;
}

static bool commit(const struct transaction *transaction) {
    for (const struct change *c = transaction->first; c != NULL; c = c->next) {
        if (apply(c) != 0) {
            return false;
        }
    }
    return publish(transaction->first) == 0;
}

API bool xs_transaction_end(struct xs_handle *xs, xs_transaction_t t, bool abort) {
    bool failing = FAILS(xs_transaction_end);
    int why = errno;
    if (shim_enter_with(xs->life) != 0) {
        return false;
    }
    bool done = false;
    struct transaction *transaction = find(xs, t);
    if (transaction != NULL) {
        done = !failing && (abort || commit(transaction));
        why = failing ? why : errno;
        drop_transaction(xs, transaction);
        errno = why;
    }
    shim_leave();
    return done;
}

/* Nodes need not be made: they are there as soon as something is in them. */
API bool xs_mkdir(struct xs_handle *xs, xs_transaction_t t, const char *path) {
    (void)t;
    if (FAILS(xs_mkdir) || shim_enter_with(xs->life) != 0) {
        return false;
    }
    char *whole = absolute(path);
    shim_leave();
    free(whole);
    return whole != NULL;
}

/* One block of pointers and the strings behind them, to be freed as one. */
struct listing {
    char **names;
    size_t bytes;
    unsigned int count;
};

static bool list(struct listing *listing, const char *name) {
    size_t length = strlen(name) + 1;
    char *text = (char *)listing->names;
    char *more = realloc(text, listing->bytes + length);
    if (more == NULL) {
        return false;
    }
    memcpy(more + listing->bytes, name, length);
    listing->names = (char **)more;
    listing->bytes += length;
    listing->count++;
    return true;
}

static void list_node(struct listing *listing, const char *path) {
    char directory[PATH_MAX];
    struct keys keys;
    DIR *names = node_directory(directory, path) != 0 ? NULL : opendir(directory);
    for (const struct dirent *name; names != NULL && (name = readdir(names)) != NULL;) {
        if (name->d_name[0] != '.') {
            list(listing, name->d_name);
        }
    }
    if (names != NULL) {
        closedir(names);
    }
    if (keys_read(path, &keys) == 0) {
        for (const struct leaf *leaf = keys.leaves; leaf != NULL; leaf = leaf->next) {
            if (leaf->name[0] != '.') {
                list(listing, leaf->name);
            }
        }
        keys_free(&keys);
    }
}

/* From strings one behind the other to pointers with the strings behind them. */
static char **pack(const struct listing *listing) {
    size_t pointers = listing->count * sizeof(char *);
    char **packed = malloc(pointers + listing->bytes + 1);
    if (packed != NULL) {
        char *text = (char *)packed + pointers;
        if (listing->bytes > 0) {
            memcpy(text, listing->names, listing->bytes);
        }
        for (unsigned int i = 0; i < listing->count; i++) {
            packed[i] = text;
            text += strlen(text) + 1;
        }
    }
    return packed;
}

API char **xs_directory(struct xs_handle *xs, xs_transaction_t t, const char *path,
                        unsigned int *num) {
    (void)t;
    if (FAILS(xs_directory) || shim_enter_with(xs->life) != 0) {
        return NULL;
    }
    struct listing listing = {0};
    char **packed = NULL;
    char *whole = absolute(path);
    if (whole != NULL) {
        list_node(&listing, strcmp(whole, "/") == 0 ? "" : whole);
        packed = listing.count == 0 ? NULL : pack(&listing);
        *num = listing.count;
        errno = packed == NULL ? ENOENT : 0;
    }
    free(listing.names);
    free(whole);
    shim_leave();
    return packed;
}

API struct xs_permissions *xs_get_permissions(struct xs_handle *xs, xs_transaction_t t,
                                              const char *path, unsigned int *num) {
    (void)t;
    if (FAILS(xs_get_permissions) || shim_enter_with(xs->life) != 0) {
        return NULL;
    }
    struct keys keys;
    struct xs_permissions *perms = NULL;
    char *node = absolute(path);
    if (node != NULL && (cut_leaf(node), keys_read(node, &keys) == 0)) {
        perms = calloc(2, sizeof *perms);
        if (perms != NULL) {
            perms[0] = (struct xs_permissions){keys.server, XS_PERM_NONE};
            perms[1] = (struct xs_permissions){keys.client, XS_PERM_READ};
            *num = 2;
        }
        keys_free(&keys);
    }
    free(node);
    shim_leave();
    return perms;
}

API char *xs_get_domain_path(struct xs_handle *xs, unsigned int domid) {
    (void)xs;
    char path[40];
    snprintf(path, sizeof path, "/local/domain/%u", domid);
    return strdup(path);
}

API struct xs_handle *xs_open(unsigned long flags) {
    (void)flags;
    return open_handle();
}

API struct xs_handle *xs_daemon_open(void) {
    return open_handle();
}

API struct xs_handle *xs_domain_open(void) {
    return open_handle();
}

API struct xs_handle *xs_daemon_open_readonly(void) {
    return open_handle();
}

API void xs_close(struct xs_handle *xs) {
    close_handle(xs);
}

API void xs_daemon_close(struct xs_handle *xs) {
    close_handle(xs);
}

API void xs_daemon_destroy_postfork(struct xs_handle *xs) {
    close_handle(xs);
}

/* Everybody who says so is a domain here. */
API bool xs_is_domain_introduced(struct xs_handle *xs, unsigned int domid) {
    (void)xs;
    return domid < FIRST_RESERVED_DOMAIN;
}

static bool unsupported(void) {
    errno = ENOSYS;
    return false;
}

API bool xs_restrict(struct xs_handle *xs, unsigned domid) {
    (void)xs, (void)domid;
    return unsupported();
}

API bool xs_introduce_domain(struct xs_handle *xs, unsigned int domid, unsigned long mfn,
                             unsigned int eventchn) {
    (void)xs, (void)domid, (void)mfn, (void)eventchn;
    return unsupported();
}

API bool xs_set_target(struct xs_handle *xs, unsigned int domid, unsigned int target) {
    (void)xs, (void)domid, (void)target;
    return unsupported();
}

API bool xs_resume_domain(struct xs_handle *xs, unsigned int domid) {
    (void)xs, (void)domid;
    return unsupported();
}

API bool xs_release_domain(struct xs_handle *xs, unsigned int domid) {
    (void)xs, (void)domid;
    return unsupported();
}

API char *xs_control_command(struct xs_handle *xs, const char *command, void *data,
                             unsigned int len) {
    (void)xs, (void)command, (void)data, (void)len;
    unsupported();
    return NULL;
}

API char *xs_debug_command(struct xs_handle *xs, const char *command, void *data,
                           unsigned int len) {
    return xs_control_command(xs, command, data, len);
}
