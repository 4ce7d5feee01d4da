// SPDX-License-Identifier: Apache-2.0
/* Pages, and what happens to them when somebody dies. */
#define _GNU_SOURCE
#include "check.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/prctl.h>

#define SERVER_BYTE 21
#define CLIENT_BYTE 20

CASE(whatOneSideWritesTheOtherReads) {
    xengntshr_handle *shr = xengntshr_open(NULL, 0);
    xengnttab_handle *tab = xengnttab_open(NULL, 0);
    uint32_t refs[3];
    uint8_t *own = xengntshr_share_pages(shr, OWN, 3, refs, 1);
    CHECK(own != NULL && refs[0] % 256 == 0 && refs[1] == refs[0] + 1 && refs[2] == refs[0] + 2);
    uint8_t *other = xengnttab_map_domain_grant_refs(tab, 2, OWN, refs + 1, PROT_READ | PROT_WRITE);
    CHECK(other != NULL && other[0] == 0);
    own[PAGE] = 7;
    CHECK(other[0] == 7);
    other[PAGE] = 8;
    CHECK(own[2 * PAGE] == 8);
    uint8_t *view = xengnttab_map_grant_ref(tab, OWN, refs[2], PROT_READ);
    CHECK(view != NULL && view[0] == 8);
    CHECK(xengnttab_unmap(tab, view, 1) == 0);
    CHECK(xengntshr_unshare(shr, own, 3) == 0);
    CHECK(names_left() == 0);
    CHECK(other[0] == 7);
    CHECK(xengnttab_unmap(tab, other, 2) == 0);
    xengnttab_close(tab);
    xengntshr_close(shr);
}

CASE(whatIsNotThereOrNotConsecutiveIsNotMapped) {
    xengntshr_handle *shr = xengntshr_open(NULL, 0);
    xengnttab_handle *tab = xengnttab_open(NULL, 0);
    uint32_t refs[2];
    CHECK(xengntshr_share_pages(shr, OWN, 2, refs, 1) != NULL);
    uint32_t reversed[] = {refs[1], refs[0]}, beyond[] = {refs[1], refs[1] + 1};
    uint32_t same[] = {OWN, OWN}, others[] = {OWN, OWN + 1};
    CHECK_FAILS(xengnttab_map_domain_grant_refs(tab, 2, OWN, reversed, PROT_READ) == NULL, EINVAL);
    CHECK_FAILS(xengnttab_map_domain_grant_refs(tab, 2, OWN, beyond, PROT_READ) == NULL, EINVAL);
    CHECK_FAILS(xengnttab_map_domain_grant_refs(tab, 0, OWN, refs, PROT_READ) == NULL, EINVAL);
    CHECK_FAILS(xengnttab_map_grant_ref(tab, OWN, refs[0] + 256, PROT_READ) == NULL, EINVAL);
    CHECK_FAILS(xengnttab_map_grant_ref(tab, 3, refs[0], PROT_READ) == NULL, EINVAL);
    CHECK_FAILS(xengnttab_map_grant_refs(tab, 2, others, refs, PROT_READ) == NULL, EINVAL);
    CHECK(xengnttab_map_grant_refs(tab, 2, same, refs, PROT_READ) != NULL);
    CHECK_FAILS(xengntshr_share_pages(shr, OWN, 257, refs, 1) == NULL, EINVAL);
    CHECK_FAILS(xengntshr_share_pages(shr, OWN, 0, refs, 1) == NULL, EINVAL);
    xengnttab_close(tab);
    xengntshr_close(shr);
}

CASE(pagesGrantedToAnotherDomainAreNotMapped) {
    xengntshr_handle *shr = xengntshr_open(NULL, 0);
    uint32_t ref;
    CHECK(xengntshr_share_pages(shr, OWN + 1, 1, &ref, 1) != NULL);
    CHECK_FAILS(xengnttab_map_grant_ref(shr, OWN, ref, PROT_READ) == NULL, EINVAL);
    xengntshr_close(shr);
}

/* libxenvchan gives its rings back so, before it closes the handle. */
CASE(ringsGivenBackByMunmapAreGoneWithTheHandle) {
    xengntshr_handle *shr = xengntshr_open(NULL, 0);
    uint32_t ref;
    void *pages = xengntshr_share_pages(shr, OWN, 1, &ref, 1);
    CHECK(munmap(pages, PAGE) == 0);
    uint8_t *others = mmap(pages, PAGE, PROT_READ | PROT_WRITE,
                           MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0);
    others[0] = 9;
    xengntshr_close(shr);
    CHECK(others[0] == 9);
    munmap(others, PAGE);
}

CASE(givingUpAPageClearsItsByteAndSendsAnEvent) {
    struct pair pair = pair_open();
    xengntshr_handle *shr = xengntshr_open(NULL, 0);
    xengnttab_handle *tab = xengnttab_open(NULL, 0);
    uint32_t ref;
    uint8_t *own = xengntshr_share_page_notify(shr, OWN, &ref, 1, SERVER_BYTE, pair.server_port);
    CHECK(own != NULL);
    uint8_t *other = xengnttab_map_grant_ref_notify(tab, OWN, ref, PROT_READ | PROT_WRITE,
                                                    CLIENT_BYTE, pair.client_port);
    CHECK(other != NULL);
    memset(own, 1, PAGE);
    CHECK(is_quiet(xenevtchn_fd(pair.server)));
    CHECK(xengnttab_unmap(tab, other, 1) == 0);
    take_and_unmask(pair.server, pair.server_port);
    CHECK(own[CLIENT_BYTE] == 0 && own[SERVER_BYTE] == 1 && own[CLIENT_BYTE - 1] == 1);
    other = xengnttab_map_grant_ref(tab, OWN, ref, PROT_READ);
    CHECK(xengntshr_unshare(shr, own, 1) == 0);
    take_and_unmask(pair.client, pair.client_port);
    CHECK(other[SERVER_BYTE] == 0);
    xengnttab_close(tab);
    xengntshr_close(shr);
    pair_close(&pair);
}

CASE(aNoticeForAByteOutsideOfThePageOrAPortOfNobodyIsRefused) {
    struct pair pair = pair_open();
    xengntshr_handle *shr = xengntshr_open(NULL, 0);
    uint32_t ref;
    CHECK_FAILS(xengntshr_share_page_notify(shr, OWN, &ref, 1, PAGE, pair.server_port) == NULL,
                EINVAL);
    CHECK_FAILS(xengntshr_share_page_notify(shr, OWN, &ref, 1, 0, 1) == NULL, EINVAL);
    xengntshr_close(shr);
    pair_close(&pair);
}

/* What a server tells a client of it, over a pipe. */
struct offer {
    uint32_t port, ref;
    int ready; /* the pipe's end to say so, or to read it */
};

enum end { BY_KILL, BY_EXIT, BY_CLOSING };

static void finish(enum end how) {
    if (how == BY_KILL) {
        raise(SIGKILL);
    }
    if (how == BY_EXIT) {
        exit(0);
    }
}

struct death {
    int down[2], up[2];
    enum end how;
};

static int mortal_client(void *argument) {
    const struct death *death = argument;
    struct offer offer;
    CHECK(read(death->down[0], &offer, sizeof offer) == sizeof offer);
    xenevtchn_handle *events = xenevtchn_open(NULL, 0);
    xengnttab_handle *tab = xengnttab_open(NULL, 0);
    int port = xenevtchn_bind_interdomain(events, OWN, offer.port);
    CHECK(port > 0);
    uint8_t *page = xengnttab_map_grant_ref_notify(tab, OWN, offer.ref, PROT_READ | PROT_WRITE,
                                                   CLIENT_BYTE, (evtchn_port_t)port);
    CHECK(page != NULL);
    page[CLIENT_BYTE] = 1;
    page[100] = 42;
    finish(death->how);
    CHECK(xengnttab_unmap(tab, page, 1) == 0);
    xenevtchn_close(events);
    xengnttab_close(tab);
    return 0;
}

/* The live byte goes before the event comes, whatever ends the process. */
static void client_ends(enum end how) {
    struct death death = {.how = how};
    CHECK(pipe(death.down) == 0);
    pid_t child = in_child(mortal_client, &death);
    xenevtchn_handle *events = xenevtchn_open(NULL, 0);
    xengntshr_handle *shr = xengntshr_open(NULL, 0);
    struct offer offer;
    offer.port = (uint32_t)xenevtchn_bind_unbound_port(events, OWN);
    volatile uint8_t *page =
        xengntshr_share_page_notify(shr, OWN, &offer.ref, 1, SERVER_BYTE, offer.port);
    page[CLIENT_BYTE] = 2;
    page[SERVER_BYTE] = 1;
    CHECK(write(death.down[1], &offer, sizeof offer) == sizeof offer);
    take(events, offer.port);
    CHECK(page[CLIENT_BYTE] == 0 && page[SERVER_BYTE] == 1 && page[100] == 42);
    CHECK(exit_of(child) == (how == BY_KILL ? 128 + SIGKILL : 0));
    xenevtchn_unmask(events, offer.port);
    /* And the port can be bound again. */
    int port = -1;
    EVENTUALLY((port = xenevtchn_bind_interdomain(events, OWN, offer.port)) > 0);
    xengntshr_close(shr);
    xenevtchn_close(events);
    close(death.down[0]);
    close(death.down[1]);
}

CASE(aKilledClientIsNoticed) {
    client_ends(BY_KILL);
}

CASE(aClientThatExitsWithoutClosingIsNoticed) {
    client_ends(BY_EXIT);
}

CASE(aClientThatClosesIsNoticed) {
    client_ends(BY_CLOSING);
}

static int mortal_server(void *argument) {
    const struct death *death = argument;
    xenevtchn_handle *events = xenevtchn_open(NULL, 0);
    xengntshr_handle *shr = xengntshr_open(NULL, 0);
    struct offer offer;
    char go;
    offer.port = (uint32_t)xenevtchn_bind_unbound_port(events, OWN);
    uint8_t *page = xengntshr_share_page_notify(shr, OWN, &offer.ref, 1, SERVER_BYTE, offer.port);
    page[SERVER_BYTE] = 1;
    CHECK(write(death->up[1], &offer, sizeof offer) == sizeof offer);
    CHECK(read(death->down[0], &go, 1) == 1);
    finish(death->how);
    CHECK(xengntshr_unshare(shr, page, 1) == 0);
    xengntshr_close(shr);
    xenevtchn_close(events);
    return 0;
}

static void server_ends(enum end how) {
    struct death death = {.how = how};
    struct offer offer;
    CHECK(pipe(death.down) == 0 && pipe(death.up) == 0);
    pid_t child = in_child(mortal_server, &death);
    CHECK(read(death.up[0], &offer, sizeof offer) == sizeof offer);
    xenevtchn_handle *events = xenevtchn_open(NULL, 0);
    xengnttab_handle *tab = xengnttab_open(NULL, 0);
    int port = xenevtchn_bind_interdomain(events, OWN, offer.port);
    CHECK(port > 0);
    volatile uint8_t *page = xengnttab_map_grant_ref_notify(
        tab, OWN, offer.ref, PROT_READ | PROT_WRITE, CLIENT_BYTE, (evtchn_port_t)port);
    CHECK(page[SERVER_BYTE] == 1);
    page[CLIENT_BYTE] = 1;
    take_and_unmask(events, (evtchn_port_t)port);
    CHECK(write(death.down[1], "g", 1) == 1);
    take(events, (evtchn_port_t)port);
    CHECK(page[SERVER_BYTE] == 0 && page[CLIENT_BYTE] == 1);
    CHECK(exit_of(child) == (how == BY_KILL ? 128 + SIGKILL : 0));
    xengnttab_close(tab);
    xenevtchn_close(events);
    for (int i = 0; i < 2; i++) {
        close(death.down[i]);
        close(death.up[i]);
    }
    /* A killed process leaves names; whoever opens the directory next removes them. */
    CHECK(names_left() == (how == BY_KILL ? 1 : 0));
    CHECK(shim_enter() == 0);
    remove_leftovers();
    shim_leave();
}

CASE(aKilledServerIsNoticedAndWhatItLeftIsRemoved) {
    server_ends(BY_KILL);
}

CASE(aServerThatExitsWithoutClosingIsNoticedAndLeavesNothing) {
    server_ends(BY_EXIT);
}

CASE(aServerThatClosesIsNoticed) {
    server_ends(BY_CLOSING);
}

CASE(aDeathIsNoticedWhileThePortIsMaskedAndNobodyAsks) {
    struct death death = {.how = BY_KILL};
    CHECK(pipe(death.down) == 0);
    pid_t child = in_child(mortal_client, &death);
    xenevtchn_handle *events = xenevtchn_open(NULL, 0);
    xengntshr_handle *shr = xengntshr_open(NULL, 0);
    struct offer offer;
    offer.port = (uint32_t)xenevtchn_bind_unbound_port(events, OWN);
    volatile uint8_t *page =
        xengntshr_share_page_notify(shr, OWN, &offer.ref, 1, SERVER_BYTE, offer.port);
    page[CLIENT_BYTE] = 2;
    CHECK(write(death.down[1], &offer, sizeof offer) == sizeof offer);
    exit_of(child);
    EVENTUALLY(page[CLIENT_BYTE] == 0);
    xengntshr_close(shr);
    xenevtchn_close(events);
    close(death.down[0]);
    close(death.down[1]);
}

CASE(aPageWhoseFileWasTruncatedIsClearedInVain) {
    struct pair pair = pair_open();
    char path[PATH_MAX];
    xengntshr_handle *shr = xengntshr_open(NULL, 0);
    uint32_t ref;
    void *page = xengntshr_share_page_notify(shr, OWN, &ref, 1, SERVER_BYTE, pair.server_port);
    snprintf(path, sizeof path, "%s/gnt/%d/%u.%d", getenv("VCHAN_DIR"), OWN, ref, OWN);
    CHECK(truncate(path, 0) == 0);
    CHECK(xengntshr_unshare(shr, page, 1) == 0);
    take_and_unmask(pair.client, pair.client_port);
    CHECK_FAILS(xengnttab_map_grant_ref(shr, OWN, ref, PROT_READ) == NULL, EINVAL);
    xengntshr_close(shr);
    pair_close(&pair);
}

static void make_file(const char *path) {
    char whole[PATH_MAX];
    snprintf(whole, sizeof whole, "%s/%s", getenv("VCHAN_DIR"), path);
    FILE *made = fopen(whole, "w");
    CHECK(made != NULL && fclose(made) == 0);
}

CASE(aTakenPageIsALeftoverOnlyIfItsServerIsDead) {
    xengntshr_handle *shr = xengntshr_open(NULL, 0);
    uint32_t ref;
    CHECK(xengntshr_share_pages(shr, OWN, 1, &ref, 1) != NULL);
    char live[64], dead[64], other[64];
    snprintf(live, sizeof live, "gnt/%d/%u.%d.local.demo", OWN, ref, OWN);
    snprintf(dead, sizeof dead, "gnt/%d/%u.%d.local.demo", OWN, ref + 256, OWN);
    snprintf(other, sizeof other, "gnt/%d/%u.%d.not+a..path", OWN, ref + 256, OWN);
    make_file(live);
    make_file(dead);
    make_file(other);
    CHECK(shim_enter() == 0);
    remove_leftovers();
    shim_leave();
    CHECK(is_there(live) && !is_there(dead) && is_there(other));
    CHECK(names_left() == 3);
    xengntshr_close(shr);
    CHECK(chdir(getenv("VCHAN_DIR")) == 0 && unlink(live) == 0 && unlink(other) == 0);
}
