// SPDX-License-Identifier: Apache-2.0
/*
 * Makes calls fail, and counts them.
 *
 * VCHAN_SHIM_FAIL=call:n:errno[,...] makes the nth call of that name fail, from 1 on, with
 * "n+" the nth and all later ones: xengntshr_share_pages:2:ENOSPC,xs_write:1+:EACCES
 * VCHAN_SHIM_EAGAIN=n makes the first n transactions end with EAGAIN.
 * VCHAN_SHIM_COUNTS=file has "call count" written there, line by line, when the program exits;
 * vchan_shim_calls tells a program that asks for it at any time.
 *
 * What cannot be understood ends the program: a test that injects nothing would prove nothing.
 */
#include "shim.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>

#define MAX_FAULTS 32

struct fault {
    enum call call;
    unsigned long from, to;
    int error;
};

static struct fault faults[MAX_FAULTS];
static unsigned fault_count;
static unsigned long first_again;
static atomic_ulong calls[CALLS];
static pthread_once_t once = PTHREAD_ONCE_INIT;

#define TEXT_OF_CALL(name) #name,
static const char *const names[] = {EACH_CALL(TEXT_OF_CALL)};

static const struct {
    const char *name;
    int number;
} errors[] = {{"EACCES", EACCES}, {"EAGAIN", EAGAIN}, {"EBADF", EBADF},   {"EBUSY", EBUSY},
              {"EEXIST", EEXIST}, {"EINTR", EINTR},   {"EINVAL", EINVAL}, {"EIO", EIO},
              {"EMFILE", EMFILE}, {"ENFILE", ENFILE}, {"ENODEV", ENODEV}, {"ENOENT", ENOENT},
              {"ENOMEM", ENOMEM}, {"ENOSPC", ENOSPC}, {"ENOSYS", ENOSYS}, {"ENOTCONN", ENOTCONN},
              {"ENXIO", ENXIO},   {"EPERM", EPERM},   {"EPIPE", EPIPE},   {"EROFS", EROFS},
              {"ESRCH", ESRCH}};

_Noreturn static void refuse(const char *what, const char *text) {
    complain("%s cannot be understood: \"%s\"", what, text);
    abort();
}

static bool find_call(const char *name, enum call *call) {
    for (unsigned i = 0; i < CALLS; i++) {
        if (strcmp(names[i], name) == 0) {
            *call = (enum call)i;
            return true;
        }
    }
    return false;
}

static bool find_error(const char *name, int *number) {
    for (size_t i = 0; i < sizeof errors / sizeof *errors; i++) {
        if (strcmp(errors[i].name, name) == 0) {
            *number = errors[i].number;
            return true;
        }
    }
    return false;
}

static unsigned long count_of(char *text, const char **rest) {
    char *end;
    errno = 0;
    unsigned long value = strtoul(text, &end, 10);
    *rest = *text >= '0' && *text <= '9' && errno == 0 ? end : "?";
    return value;
}

static void add_fault(char *text) {
    char whole[128];
    char *inner = NULL;
    struct fault fault;
    snprintf(whole, sizeof whole, "%s", text);
    const char *name = strtok_r(text, ":", &inner);
    char *nth = strtok_r(NULL, ":", &inner);
    const char *error = strtok_r(NULL, ":", &inner);
    if (name == NULL || nth == NULL || error == NULL || !find_call(name, &fault.call) ||
        !find_error(error, &fault.error) || fault_count == MAX_FAULTS) {
        refuse("VCHAN_SHIM_FAIL", whole);
    }
    const char *rest;
    fault.from = count_of(nth, &rest);
    fault.to = *rest == '+' ? ULONG_MAX : fault.from;
    if (fault.from == 0 || strlen(rest) > 1 || (*rest != 0 && *rest != '+')) {
        refuse("VCHAN_SHIM_FAIL", whole);
    }
    faults[fault_count++] = fault;
}

static void read_environment(void) {
    const char *text = getenv("VCHAN_SHIM_FAIL");
    char *copy = text == NULL ? NULL : strdup(text);
    char *outer = NULL;
    char *one = copy == NULL ? NULL : strtok_r(copy, ",", &outer);
    for (; one != NULL; one = strtok_r(NULL, ",", &outer)) {
        add_fault(one);
    }
    free(copy);
    text = getenv("VCHAN_SHIM_EAGAIN");
    if (text != NULL) {
        const char *rest;
        char digits[24];
        snprintf(digits, sizeof digits, "%s", text);
        first_again = count_of(digits, &rest);
        if (*rest != 0) {
            refuse("VCHAN_SHIM_EAGAIN", text);
        }
    }
}

bool fails(enum call call) {
    pthread_once(&once, read_environment);
    unsigned long nth = atomic_fetch_add_explicit(&calls[call], 1, memory_order_relaxed) + 1;
    if (call == CALL_xs_transaction_end && nth <= first_again) {
        errno = EAGAIN;
        return true;
    }
    for (unsigned i = 0; i < fault_count; i++) {
        if (faults[i].call == call && nth >= faults[i].from && nth <= faults[i].to) {
            errno = faults[i].error;
            return true;
        }
    }
    return false;
}

API unsigned long vchan_shim_calls(const char *name);

API unsigned long vchan_shim_calls(const char *name) {
    enum call call;
    return find_call(name, &call) ? atomic_load(&calls[call]) : 0;
}

__attribute__((destructor)) static void write_counts(void) {
    const char *path = getenv("VCHAN_SHIM_COUNTS");
    unsigned long sum = 0;
    for (unsigned i = 0; i < CALLS; i++) {
        sum += atomic_load(&calls[i]);
    }
    /* Whoever started the program, a shell or timeout, has us loaded as well, and calls nothing. */
    FILE *file = path == NULL || sum == 0 ? NULL : fopen(path, "we");
    if (file == NULL) {
        return;
    }
    for (unsigned i = 0; i < CALLS; i++) {
        fprintf(file, "%s %lu\n", names[i], atomic_load(&calls[i]));
    }
    fclose(file);
}
