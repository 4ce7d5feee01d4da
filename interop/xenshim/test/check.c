// SPDX-License-Identifier: Apache-2.0
/*
 * shim-test lists the cases; shim-test CASE runs one, in a directory of its own, and fails if it
 * leaves a descriptor open or a name behind, or takes too long.
 */
#define _GNU_SOURCE
#include "check.h"

#include <dirent.h>
#include <ftw.h>
#include <poll.h>
#include <sys/stat.h>

#define SECONDS 60

static struct test *tests;
static const char *program;

void check_failed(const char *file, int line, const char *what) {
    fprintf(stderr, "%s:%d: %s (%s)\n", file, line, what, strerror(errno));
    _exit(1);
}

void test_add(struct test *test) {
    struct test **end = &tests;
    while (*end != NULL) {
        end = &(*end)->next;
    }
    *end = test;
}

struct pair pair_open(void) {
    struct pair pair = {.server = xenevtchn_open(NULL, 0), .client = xenevtchn_open(NULL, 0)};
    CHECK(pair.server != NULL && pair.client != NULL);
    int port = xenevtchn_bind_unbound_port(pair.server, OWN);
    CHECK(port > 0);
    pair.server_port = (evtchn_port_t)port;
    port = xenevtchn_bind_interdomain(pair.client, OWN, pair.server_port);
    CHECK(port > 0);
    pair.client_port = (evtchn_port_t)port;
    take_and_unmask(pair.client, pair.client_port);
    return pair;
}

void pair_close(struct pair *pair) {
    CHECK(xenevtchn_close(pair->client) == 0);
    CHECK(xenevtchn_close(pair->server) == 0);
}

static bool readable_within(int fd, int millis) {
    struct pollfd ready = {.fd = fd, .events = POLLIN};
    return poll(&ready, 1, millis) == 1;
}

bool becomes_readable(int fd) {
    return readable_within(fd, 20000);
}

bool is_quiet(int fd) {
    return !readable_within(fd, 50);
}

void take(xenevtchn_handle *handle, evtchn_port_t port) {
    CHECK(becomes_readable(xenevtchn_fd(handle)));
    CHECK(xenevtchn_pending(handle) == (int)port);
}

void take_and_unmask(xenevtchn_handle *handle, evtchn_port_t port) {
    take(handle, port);
    CHECK(xenevtchn_unmask(handle, port) == 0);
}

pid_t in_child(int (*run)(void *), void *argument) {
    fflush(NULL);
    pid_t child = fork();
    CHECK(child >= 0);
    if (child == 0) {
        alarm(SECONDS);
        exit(run(argument));
    }
    return child;
}

int exit_of(pid_t child) {
    int status;
    CHECK(waitpid(child, &status, 0) == child);
    return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

int again_with(const char *sentence, const char *name, const char *value) {
    pid_t child = fork();
    CHECK(child >= 0);
    if (child == 0) {
        setenv(name, value, 1);
        execl(program, program, sentence, (char *)NULL);
        _exit(127);
    }
    return exit_of(child);
}

static int count;

static int count_name(const char *path, const struct stat *found, int type, struct FTW *where) {
    (void)found;
    bool is_lock_file = where->level == 1 && strcmp(path + where->base, "locks") == 0;
    count += type != FTW_D && !is_lock_file;
    return 0;
}

int names_left(void) {
    count = 0;
    nftw(getenv("VCHAN_DIR"), count_name, 16, FTW_PHYS);
    return count;
}

bool is_there(const char *path) {
    char whole[PATH_MAX];
    struct stat found;
    snprintf(whole, sizeof whole, "%s/%s", getenv("VCHAN_DIR"), path);
    return lstat(whole, &found) == 0;
}

static int open_descriptors(void) {
    int open = 0;
    DIR *names = opendir("/proc/self/fd");
    CHECK(names != NULL);
    while (readdir(names) != NULL) {
        open++;
    }
    closedir(names);
    return open;
}

static int remove_name(const char *path, const struct stat *found, int type, struct FTW *where) {
    (void)found, (void)type, (void)where;
    return remove(path);
}

static void run(const struct test *test) {
    char directory[] = "/tmp/shim-test-XXXXXX";
    char root[64];
    CHECK(mkdtemp(directory) != NULL);
    snprintf(root, sizeof root, "%s/root", directory);
    setenv("VCHAN_DIR", root, 1);
    unsetenv("VCHAN_DOMID");
    /* What the library opens once and keeps is not to be taken for a leak. */
    xc_interface_close(xc_interface_open(NULL, NULL, 0));
    CHECK(shim_enter() == 0);
    shim_leave();
    int before = open_descriptors();
    test->run();
    EVENTUALLY(open_descriptors() == before);
    CHECK(names_left() == 0);
    nftw(directory, remove_name, 16, FTW_DEPTH | FTW_PHYS);
}

int main(int argc, char **argv) {
    program = "/proc/self/exe";
    for (const struct test *test = tests; test != NULL; test = test->next) {
        if (argc < 2) {
            puts(test->name);
        } else if (strcmp(argv[1], test->name) == 0) {
            alarm(SECONDS);
            run(test);
            return 0;
        }
    }
    return argc < 2 ? 0 : 2;
}
