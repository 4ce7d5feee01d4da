// SPDX-License-Identifier: Apache-2.0
/* Calls can be made to fail, and are counted. Each case runs itself again, with the environment. */
#define _GNU_SOURCE
#include "check.h"

#include <signal.h>

unsigned long vchan_shim_calls(const char *name);

/* In the first run starts the second, whose exit code is returned; in the second returns -1. */
static int second_run(const char *sentence, const char *name, const char *value) {
    return getenv(name) != NULL ? -1 : again_with(sentence, name, value);
}

CASE(theNthCallFailsAsAsked) {
    int code = second_run(__func__, "VCHAN_SHIM_FAIL",
                          "xengntshr_share_pages:2:ENOSPC,xenevtchn_open:1+:EMFILE");
    if (code < 0) {
        uint32_t ref;
        xengntshr_handle *shr = xengntshr_open(NULL, 0);
        CHECK(xengntshr_share_pages(shr, OWN, 1, &ref, 1) != NULL);
        CHECK_FAILS(xengntshr_share_pages(shr, OWN, 1, &ref, 1) == NULL, ENOSPC);
        CHECK(xengntshr_share_pages(shr, OWN, 1, &ref, 1) != NULL);
        CHECK_FAILS(xenevtchn_open(NULL, 0) == NULL, EMFILE);
        CHECK_FAILS(xenevtchn_open(NULL, 0) == NULL, EMFILE);
        CHECK(vchan_shim_calls("xengntshr_share_pages") == 3);
        xengntshr_close(shr);
        return;
    }
    CHECK(code == 0);
}

CASE(transactionsAreToBeTriedAgainAsOftenAsAsked) {
    int code = second_run(__func__, "VCHAN_SHIM_EAGAIN", "3");
    if (code < 0) {
        struct xs_handle *xs = xs_open(0);
        for (int i = 0; i < 4; i++) {
            xs_transaction_t t = xs_transaction_start(xs);
            CHECK(xs_write(xs, t, "/a/b", "1", 1));
            errno = 0;
            CHECK(xs_transaction_end(xs, t, false) == (i == 3));
            CHECK(errno == (i == 3 ? 0 : EAGAIN) || i == 3);
            CHECK(is_there("store/a/.keys") == (i == 3));
        }
        CHECK(xs_rm(xs, 0, "/a/b"));
        xs_close(xs);
        return;
    }
    CHECK(code == 0);
}

CASE(whatCannotBeUnderstoodEndsTheProgram) {
    if (getenv("VCHAN_SHIM_FAIL") != NULL) {
        return;
    }
    CHECK(again_with(__func__, "VCHAN_SHIM_FAIL", "xs_wriet:1:EIO") == 128 + SIGABRT);
    CHECK(again_with(__func__, "VCHAN_SHIM_FAIL", "xs_write:0:EIO") == 128 + SIGABRT);
    CHECK(again_with(__func__, "VCHAN_SHIM_FAIL", "xs_write:1:EWHAT") == 128 + SIGABRT);
    CHECK(again_with(__func__, "VCHAN_SHIM_FAIL", "xs_write:1") == 128 + SIGABRT);
    CHECK(again_with(__func__, "VCHAN_SHIM_FAIL", "xs_write:1:EIO") == 0);
}

CASE(aRootThatIsInUseForSomethingElseOrWhoseParentIsMissingIsRefused) {
    char root[PATH_MAX];
    snprintf(root, sizeof root, "%s/..", getenv("VCHAN_DIR"));
    pid_t child = fork();
    if (child == 0) {
        CHECK(setenv("VCHAN_DIR", root, 1) == 0);
        CHECK_FAILS(xenevtchn_open(NULL, 0) == NULL, EEXIST);
        CHECK(setenv("VCHAN_DIR", "/nowhere/at/all", 1) == 0);
        CHECK_FAILS(xenevtchn_open(NULL, 0) == NULL, ENOENT);
        _exit(0);
    }
    CHECK(exit_of(child) == 0);
}

CASE(aRootThatOthersCouldReachIntoIsRefused) {
    char root[PATH_MAX];
    snprintf(root, sizeof root, "%s/../open", getenv("VCHAN_DIR"));
    pid_t child = fork();
    if (child == 0) {
        setenv("VCHAN_DIR", root, 1);
        CHECK(make_directories(root, true) == 0);
        CHECK(system("chmod 755 $VCHAN_DIR") == 0);
        CHECK_FAILS(xenevtchn_open(NULL, 0) == NULL, EACCES);
        CHECK(system("chmod 700 $VCHAN_DIR; ln -s open $VCHAN_DIR/../link") == 0);
        xenevtchn_handle *handle = xenevtchn_open(NULL, 0);
        CHECK(handle != NULL);
        xenevtchn_close(handle);
        _exit(0);
    }
    CHECK(exit_of(child) == 0);
}
