// SPDX-License-Identifier: Apache-2.0
/* Event channels between two ends of the library: as on Xen. */
#define _GNU_SOURCE
#include "check.h"

#include <pthread.h>
#include <signal.h>

#define MANY 1000

CASE(aNewClientEndHasAnEventPendingAndAServerEndHasNone) {
    xenevtchn_handle *server = xenevtchn_open(NULL, 0);
    xenevtchn_handle *client = xenevtchn_open(NULL, 0);
    int port = xenevtchn_bind_unbound_port(server, OWN);
    CHECK(port > 0);
    int client_port = xenevtchn_bind_interdomain(client, OWN, (evtchn_port_t)port);
    CHECK(client_port > 0);
    CHECK(becomes_readable(xenevtchn_fd(client)));
    CHECK(xenevtchn_pending(client) == client_port);
    CHECK(is_quiet(xenevtchn_fd(server)));
    xenevtchn_close(client);
    xenevtchn_close(server);
}

CASE(anEventOnAnUnboundPortIsDroppedAndSucceeds) {
    xenevtchn_handle *server = xenevtchn_open(NULL, 0);
    int port = xenevtchn_bind_unbound_port(server, OWN);
    CHECK(xenevtchn_notify(server, (evtchn_port_t)port) == 0);
    struct pair pair = {.server = server, .server_port = (evtchn_port_t)port};
    pair.client = xenevtchn_open(NULL, 0);
    int client_port = xenevtchn_bind_interdomain(pair.client, OWN, pair.server_port);
    take_and_unmask(pair.client, (evtchn_port_t)client_port);
    CHECK(is_quiet(xenevtchn_fd(pair.client)));
    pair_close(&pair);
}

CASE(aPortThatIsNobodysIsAnError) {
    struct pair pair = pair_open();
    CHECK_FAILS(xenevtchn_notify(pair.client, pair.server_port) == -1, ENOTCONN);
    CHECK_FAILS(xenevtchn_unbind(pair.client, pair.server_port) == -1, ENOTCONN);
    CHECK(xenevtchn_unmask(pair.client, pair.server_port) == 0);
    pair_close(&pair);
}

CASE(theDescriptorIsReadableExactlyWhileAnEventIsPending) {
    struct pair pair = pair_open();
    int fd = xenevtchn_fd(pair.server);
    for (int i = 0; i < 50; i++) {
        CHECK(i % 10 != 0 || is_quiet(fd));
        CHECK(xenevtchn_notify(pair.client, pair.client_port) == 0);
        take_and_unmask(pair.server, pair.server_port);
    }
    CHECK(is_quiet(fd));
    pair_close(&pair);
}

CASE(eventsThatComeTogetherAreOne) {
    struct pair pair = pair_open();
    for (int i = 0; i < MANY; i++) {
        CHECK(xenevtchn_notify(pair.client, pair.client_port) == 0);
    }
    take_and_unmask(pair.server, pair.server_port);
    CHECK(is_quiet(xenevtchn_fd(pair.server)));
    pair_close(&pair);
}

CASE(aReportedPortStaysMaskedAndAnEventMeanwhileIsRemembered) {
    struct pair pair = pair_open();
    xenevtchn_notify(pair.client, pair.client_port);
    take(pair.server, pair.server_port);
    xenevtchn_notify(pair.client, pair.client_port);
    CHECK(is_quiet(xenevtchn_fd(pair.server)));
    CHECK(xenevtchn_unmask(pair.server, pair.server_port) == 0);
    take_and_unmask(pair.server, pair.server_port);
    CHECK(is_quiet(xenevtchn_fd(pair.server)));
    pair_close(&pair);
}

CASE(aMaskedPortDoesNotKeepOtherPortsOfTheHandleFromBeingReported) {
    struct pair one = pair_open();
    int second = xenevtchn_bind_unbound_port(one.server, OWN);
    xenevtchn_handle *other = xenevtchn_open(NULL, 0);
    int other_port = xenevtchn_bind_interdomain(other, OWN, (evtchn_port_t)second);
    xenevtchn_notify(one.client, one.client_port);
    take(one.server, one.server_port);
    xenevtchn_notify(one.client, one.client_port);
    xenevtchn_notify(other, (evtchn_port_t)other_port);
    take(one.server, (evtchn_port_t)second);
    CHECK(is_quiet(xenevtchn_fd(one.server)));
    xenevtchn_close(other);
    pair_close(&one);
}

/* Ports are left shown once a program has the habit to unmask at once: it must not cost it a hang. */
CASE(afterManyRoundsAPortThatIsLeftMaskedIsReportedRatherThanWaitedFor) {
    struct pair pair = pair_open();
    for (int i = 0; i < 100; i++) {
        xenevtchn_notify(pair.client, pair.client_port);
        take_and_unmask(pair.server, pair.server_port);
    }
    xenevtchn_notify(pair.client, pair.client_port);
    take(pair.server, pair.server_port);
    xenevtchn_notify(pair.client, pair.client_port);
    /* Whatever the descriptor says now, what follows from it must not hang. */
    if (becomes_readable(xenevtchn_fd(pair.server))) {
        CHECK(xenevtchn_pending(pair.server) == (int)pair.server_port);
    }
    /* And from here on masked means masked again. */
    xenevtchn_notify(pair.client, pair.client_port);
    CHECK(is_quiet(xenevtchn_fd(pair.server)));
    xenevtchn_unmask(pair.server, pair.server_port);
    take_and_unmask(pair.server, pair.server_port);
    pair_close(&pair);
}

CASE(aPortIsUnboundAgainWhenItsPeerClosesAndHearsNothingOfIt) {
    struct pair pair = pair_open();
    for (int i = 0; i < 20; i++) {
        xenevtchn_close(pair.client);
        pair.client = xenevtchn_open(NULL, 0);
        int port = -1;
        EVENTUALLY((port = xenevtchn_bind_interdomain(pair.client, OWN, pair.server_port)) > 0);
        pair.client_port = (evtchn_port_t)port;
        take_and_unmask(pair.client, pair.client_port);
        CHECK(i > 3 || is_quiet(xenevtchn_fd(pair.server)));
        xenevtchn_notify(pair.client, pair.client_port);
        take_and_unmask(pair.server, pair.server_port);
    }
    pair_close(&pair);
}

CASE(aServerThatClosesLeavesAClientThatIsUnbound) {
    struct pair pair = pair_open();
    xenevtchn_close(pair.server);
    CHECK(is_quiet(xenevtchn_fd(pair.client)));
    CHECK(xenevtchn_notify(pair.client, pair.client_port) == 0);
    CHECK_FAILS(xenevtchn_bind_interdomain(pair.client, OWN, pair.server_port) == -1, EINVAL);
    xenevtchn_close(pair.client);
}

CASE(aSecondClientOfABoundPortIsRefused) {
    struct pair pair = pair_open();
    xenevtchn_handle *late = xenevtchn_open(NULL, 0);
    CHECK_FAILS(xenevtchn_bind_interdomain(late, OWN, pair.server_port) == -1, EINVAL);
    xenevtchn_notify(pair.client, pair.client_port);
    take_and_unmask(pair.server, pair.server_port);
    xenevtchn_close(late);
    pair_close(&pair);
}

CASE(aDomainThatWasNotInvitedIsRefused) {
    xenevtchn_handle *handle = xenevtchn_open(NULL, 0);
    int port = xenevtchn_bind_unbound_port(handle, OWN + 7);
    CHECK_FAILS(xenevtchn_bind_interdomain(handle, OWN, (evtchn_port_t)port) == -1, EINVAL);
    CHECK_FAILS(xenevtchn_bind_interdomain(handle, 40000, 1) == -1, ESRCH);
    CHECK_FAILS(xenevtchn_bind_unbound_port(handle, 40000) == -1, ESRCH);
    xenevtchn_close(handle);
}

CASE(aPortIsGivenUpAlone) {
    struct pair pair = pair_open();
    CHECK(xenevtchn_unbind(pair.server, pair.server_port) == 0);
    CHECK(names_left() == 0);
    int port = xenevtchn_bind_unbound_port(pair.server, OWN);
    CHECK(port > 0 && port != (int)pair.server_port);
    pair_close(&pair);
}

static void *notify_soon(void *pair) {
    const struct pair *both = pair;
    usleep(20000);
    xenevtchn_notify(both->client, both->client_port);
    return NULL;
}

CASE(aThreadThatWaitsIsWoken) {
    struct pair pair = pair_open();
    for (int i = 0; i < 20; i++) {
        pthread_t other;
        pthread_create(&other, NULL, notify_soon, &pair);
        CHECK(xenevtchn_pending(pair.server) == (int)pair.server_port);
        xenevtchn_unmask(pair.server, pair.server_port);
        pthread_join(other, NULL);
    }
    pair_close(&pair);
}

static void *wait_once(void *handle) {
    return (void *)(intptr_t)xenevtchn_pending(handle);
}

CASE(aThreadThatWaitsHearsOfAPortThatIsBoundMeanwhile) {
    struct pair pair = pair_open();
    pthread_t waiter;
    pthread_create(&waiter, NULL, wait_once, pair.server);
    usleep(20000);
    int second = xenevtchn_bind_unbound_port(pair.server, OWN);
    xenevtchn_handle *other = xenevtchn_open(NULL, 0);
    int other_port = xenevtchn_bind_interdomain(other, OWN, (evtchn_port_t)second);
    xenevtchn_notify(other, (evtchn_port_t)other_port);
    void *reported;
    pthread_join(waiter, &reported);
    CHECK((int)(intptr_t)reported == second);
    xenevtchn_close(other);
    pair_close(&pair);
}

static void nothing(int number) {
    (void)number;
}

CASE(aSignalInterruptsAWait) {
    struct pair pair = pair_open();
    struct sigaction action = {.sa_handler = nothing};
    sigaction(SIGALRM, &action, NULL);
    ualarm(50000, 0);
    CHECK_FAILS(xenevtchn_pending(pair.server) == -1, EINTR);
    pair_close(&pair);
}

#define TRIPS 20000

static void *answer(void *argument) {
    const struct pair *pair = argument;
    for (int i = 0; i < TRIPS; i++) {
        CHECK(xenevtchn_pending(pair->server) == (int)pair->server_port);
        xenevtchn_unmask(pair->server, pair->server_port);
        xenevtchn_notify(pair->server, pair->server_port);
    }
    return NULL;
}

static void *ask(void *argument) {
    const struct pair *pair = argument;
    for (int i = 0; i < TRIPS; i++) {
        xenevtchn_notify(pair->client, pair->client_port);
        CHECK(xenevtchn_pending(pair->client) == (int)pair->client_port);
        xenevtchn_unmask(pair->client, pair->client_port);
    }
    return NULL;
}

CASE(noEventIsLostOnSeveralChannelsAtOnce) {
    struct pair pairs[3];
    pthread_t threads[6];
    for (int i = 0; i < 3; i++) {
        pairs[i] = pair_open();
        pthread_create(&threads[2 * i], NULL, answer, &pairs[i]);
        pthread_create(&threads[2 * i + 1], NULL, ask, &pairs[i]);
    }
    for (int i = 0; i < 6; i++) {
        pthread_join(threads[i], NULL);
    }
    for (int i = 0; i < 3; i++) {
        pair_close(&pairs[i]);
    }
}

CASE(aForkedChildCanCloseWhatItInheritedAndOpenAnew) {
    struct pair pair = pair_open();
    pid_t child = fork();
    if (child == 0) {
        alarm(20);
        CHECK_FAILS(xenevtchn_notify(pair.server, pair.server_port) == -1, EBADF);
        pair_close(&pair);
        struct pair own = pair_open();
        xenevtchn_notify(own.client, own.client_port);
        take_and_unmask(own.server, own.server_port);
        pair_close(&own);
        _exit(0);
    }
    CHECK(exit_of(child) == 0);
    xenevtchn_notify(pair.client, pair.client_port);
    take_and_unmask(pair.server, pair.server_port);
    pair_close(&pair);
}
