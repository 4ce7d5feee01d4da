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
