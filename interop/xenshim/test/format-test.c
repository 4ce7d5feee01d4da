// SPDX-License-Identifier: Apache-2.0
/* The examples of docs/local-transport.md, and a peer that speaks the format by hand. */
#define _GNU_SOURCE
#include "check.h"

#include <pthread.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <sys/un.h>

CASE(thePathInTheDocumentHasTheLockInTheDocument) {
    CHECK(path_lock("/local/domain/0/data/vchan/1/demo") == UINT64_C(0x3438199d6ec13a7));
    CHECK(grant_lock(3, 512) == (UINT64_C(1) << 56 | UINT64_C(3) << 32 | 512));
    CHECK(port_lock(3, 77) == (UINT64_C(2) << 56 | UINT64_C(3) << 32 | 77));
}

static const uint8_t asks[HELLO_BYTES] = {
    0x76, 0x63, 0x68, 0x61, 0x6e, 0x65, 0x76, 0x74, 1, 0, 0, 0, 1, 0, 0, 0, 0x4d, 0, 0, 0,
    0x67, 0x12};
static const uint8_t answers[HELLO_BYTES] = {
    0x76, 0x63, 0x68, 0x61, 0x6e, 0x65, 0x76, 0x74, 1, 0, 0, 0, 0, 0, 1, 0, 0x67, 0x12, 0, 0,
    0x4d};

CASE(theHellosInTheDocumentAreRead) {
    struct greeting greeting = {.bell = -1};
    struct hello hello;
    memcpy(greeting.bytes, asks, HELLO_BYTES);
    CHECK(greeting_decode(&greeting, &hello) && hello.status == BOUND && hello.from == 1 &&
          hello.to == 0 && hello.from_port == 77 && hello.to_port == 4711);
    memcpy(greeting.bytes, answers, HELLO_BYTES);
    CHECK(greeting_decode(&greeting, &hello) && hello.status == BOUND && hello.from == 0 &&
          hello.to == 1 && hello.from_port == 4711 && hello.to_port == 77);
    greeting.bytes[24] = 1;
    CHECK(!greeting_decode(&greeting, &hello));
    greeting.bytes[24] = 0;
    greeting.bytes[31] = 1;
    CHECK(greeting_decode(&greeting, &hello));
    greeting.bytes[8] = 2;
    CHECK(!greeting_decode(&greeting, &hello));
}

CASE(theHellosInTheDocumentAreWritten) {
    int fds[2];
    uint8_t bytes[HELLO_BYTES];
    struct hello hello = {BOUND, 1, 0, 77, 4711};
    CHECK(socketpair(AF_UNIX, SOCK_STREAM, 0, fds) == 0);
    CHECK(hello_send(fds[0], &hello, -1) && recv(fds[1], bytes, sizeof bytes, 0) == HELLO_BYTES);
    CHECK(memcmp(bytes, asks, HELLO_BYTES) == 0);
    close(fds[0]);
    close(fds[1]);
}

/* A server of the library, and a client that is only a socket. */
struct stage {
    xenevtchn_handle *server;
    evtchn_port_t port;
};

static struct stage stage_open(void) {
    struct stage stage = {.server = xenevtchn_open(NULL, 0)};
    stage.port = (evtchn_port_t)xenevtchn_bind_unbound_port(stage.server, OWN);
    return stage;
}

static int dial(const struct stage *stage) {
    char path[PATH_MAX];
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    snprintf(path, sizeof path, "%s/evtchn/%d/%u", getenv("VCHAN_DIR"), OWN, stage->port);
    CHECK(strlen(path) < sizeof address.sun_path);
    memcpy(address.sun_path, path, strlen(path) + 1);
    int fd = socket(AF_UNIX, SOCK_STREAM, 0);
    int done = -1;
    EVENTUALLY((done = connect(fd, (struct sockaddr *)&address, sizeof address)) == 0);
    return fd;
}

static void say(int fd, const char *bytes, size_t count) {
    CHECK(send(fd, bytes, count, MSG_NOSIGNAL) == (ssize_t)count);
}

#define SAY(fd, bytes) say(fd, bytes, sizeof(bytes) - 1)

/* The status that the server answers; -1 if it hangs up without a word. */
static int status_of(int fd) {
    uint8_t bytes[HELLO_BYTES];
    ssize_t count = recv(fd, bytes, sizeof bytes, MSG_WAITALL);
    CHECK(count == 0 || count == HELLO_BYTES);
    return count == 0 ? -1 : get16(bytes + 10);
}

static int introduce(const struct stage *stage, uint16_t from, uint32_t port) {
    struct hello hello = {0, from, OWN, 77, port};
    int fd = dial(stage);
    CHECK(hello_send(fd, &hello, -1));
    return fd;
}

static int bound(const struct stage *stage) {
    int fd = introduce(stage, OWN, stage->port);
    CHECK(status_of(fd) == BOUND);
    return fd;
}

static bool hangs_up(int fd) {
    char byte;
    ssize_t count;
    while ((count = recv(fd, &byte, 1, 0)) > 0) {
    }
    return count == 0 || errno == ECONNRESET;
}

CASE(whoSaysSomethingElseThanAValidHelloIsToldWhy) {
    struct stage stage = stage_open();
    int fds[4];
    fds[0] = introduce(&stage, OWN + 1, stage.port);
    CHECK(status_of(fds[0]) == NOT_FOR_YOU && hangs_up(fds[0]));
    fds[1] = introduce(&stage, OWN, stage.port + 1);
    CHECK(status_of(fds[1]) == NOT_FOR_YOU && hangs_up(fds[1]));
    fds[2] = dial(&stage);
    SAY(fds[2], "GET / HTTP/1.0\r\nHost: something\r\n");
    CHECK(status_of(fds[2]) == UNKNOWN && hangs_up(fds[2]));
    fds[3] = bound(&stage);
    for (int i = 0; i < 4; i++) {
        close(fds[i]);
    }
    xenevtchn_close(stage.server);
}

CASE(whoSaysNothingKeepsNobodyOutAndIsTurnedAwayInTheEnd) {
    struct stage stage = stage_open();
    int silent[3];
    for (int i = 0; i < 3; i++) {
        silent[i] = dial(&stage);
    }
    int half = dial(&stage);
    SAY(half, "vchan");
    int fd = bound(&stage);
    CHECK(status_of(half) == BUSY && hangs_up(half));
    for (int i = 0; i < 3; i++) {
        CHECK(status_of(silent[i]) == BUSY && hangs_up(silent[i]));
        close(silent[i]);
    }
    close(half);
    close(fd);
    xenevtchn_close(stage.server);
}

CASE(whoSaysNothingForLongIsHungUpOn) {
    struct stage stage = stage_open();
    int fd = dial(&stage);
    CHECK(hangs_up(fd));
    close(fd);
    xenevtchn_close(stage.server);
}

static const char frames[] =
    "\x12\x03xyz\xff\x00\x10\x08\0\0\0\0\0\0\0\0\x11\x08\0\0\0\0\0\0\0\0\x01";

struct waiter {
    pthread_t thread;
    xenevtchn_handle *handle;
    _Atomic int reported;
};

static void *wait_once(void *argument) {
    struct waiter *waiter = argument;
    waiter->reported = xenevtchn_pending(waiter->handle);
    return NULL;
}

CASE(framesMayComeInAnyPiecesAndOnlyAnEventEndsAWait) {
    struct stage stage = stage_open();
    int fd = bound(&stage);
    struct waiter waiter = {.handle = stage.server};
    pthread_create(&waiter.thread, NULL, wait_once, &waiter);
    for (size_t i = 0; i < sizeof frames - 1; i++) {
        usleep(2000);
        CHECK(waiter.reported == 0);
        say(fd, frames + i, 1);
    }
    pthread_join(waiter.thread, NULL);
    CHECK(waiter.reported == (int)stage.port);
    xenevtchn_unmask(stage.server, stage.port);
    close(fd);
    take(stage.server, stage.port);
    xenevtchn_close(stage.server);
}

/* Who is told that there is something may wait for it next. */
CASE(whateverTheDescriptorShowsIsReportedRatherThanWaitedFor) {
    struct stage stage = stage_open();
    int fd = bound(&stage);
    CHECK(is_quiet(xenevtchn_fd(stage.server)));
    SAY(fd, "\x01");
    take_and_unmask(stage.server, stage.port);
    SAY(fd, "\x12\x00");
    take_and_unmask(stage.server, stage.port);
    SAY(fd, "\x02");
    take_and_unmask(stage.server, stage.port);
    CHECK(is_quiet(xenevtchn_fd(stage.server)));
    close(fd);
    xenevtchn_close(stage.server);
}

CASE(eventsOfAPeerWithoutABellArrive) {
    struct stage stage = stage_open();
    int fd = bound(&stage);
    for (int i = 0; i < 200; i++) {
        SAY(fd, "\x01");
        take_and_unmask(stage.server, stage.port);
    }
    CHECK(is_quiet(xenevtchn_fd(stage.server)));
    char byte = 0;
    CHECK(xenevtchn_notify(stage.server, stage.port) == 0);
    CHECK(recv(fd, &byte, 1, 0) == 1 && byte == 1);
    SAY(fd, "\x01");
    take(stage.server, stage.port);
    SAY(fd, "\x01");
    xenevtchn_unmask(stage.server, stage.port);
    take_and_unmask(stage.server, stage.port);
    close(fd);
    take(stage.server, stage.port);
    xenevtchn_close(stage.server);
}

CASE(aGoodbyeInGoodOrderIsNoEvent) {
    struct stage stage = stage_open();
    for (int i = 0; i < 5; i++) {
        int fd = bound(&stage);
        SAY(fd, "\x02");
        CHECK(hangs_up(fd));
        close(fd);
        CHECK(is_quiet(xenevtchn_fd(stage.server)));
    }
    xenevtchn_close(stage.server);
}

/* A descriptor that a program with one thread could close a second time without any effect. */
static int closed_once(void) {
    int fd = dup(STDERR_FILENO);
    CHECK(fd >= 0 && close(fd) == 0);
    return fd;
}

CASE(aProgramThatClosesANumberTwiceHitsNothingOfOurs) {
    struct stage stage = stage_open();
    int fd = bound(&stage);
    int number = closed_once();
    SAY(fd, "\x02");
    CHECK(hangs_up(fd));
    EVENTUALLY(names_left() == 1); /* The port listens again. */
    close(number);
    int bell = eventfd(0, 0);
    int next = dial(&stage);
    number = closed_once();
    struct hello hello = {0, OWN, OWN, 77, stage.port};
    CHECK(hello_send(next, &hello, bell) && status_of(next) == BOUND);
    close(number);
    SAY(next, "\x01");
    take_and_unmask(stage.server, stage.port);
    uint64_t rung = 0;
    CHECK(xenevtchn_notify(stage.server, stage.port) == 0);
    CHECK(read(bell, &rung, sizeof rung) == sizeof rung && rung == 1);
    close(bell);
    close(next);
    close(fd);
    take(stage.server, stage.port);
    xenevtchn_close(stage.server);
}

CASE(whatIsNotOfThisFormatIsTakenForADeath) {
    struct stage stage = stage_open();
    const char *bad[] = {"\x03", "\x0f", "\x01\x05", "\x10\x07xxxxxxx"};
    const size_t length[] = {1, 1, 2, 9};
    for (int i = 0; i < 4; i++) {
        int fd = bound(&stage);
        say(fd, bad[i], length[i]);
        CHECK(hangs_up(fd));
        close(fd);
        take_and_unmask(stage.server, stage.port);
    }
    xenevtchn_close(stage.server);
}

CASE(moreNoticesThanFitAreTakenForADeath) {
    struct stage stage = stage_open();
    int fd = bound(&stage);
    for (unsigned i = 0; i <= MAX_NOTICES; i++) {
        uint8_t frame[10] = {0x10, 8};
        put32(frame + 6, i);
        say(fd, (char *)frame, sizeof frame);
    }
    take(stage.server, stage.port);
    CHECK(hangs_up(fd));
    close(fd);
    xenevtchn_close(stage.server);
}

/* Notices are hostile: only pages that are shared with that very peer are touched. */
CASE(aDeadPeerHasItsNoticesCarriedOutOnItsOwnPagesAlone) {
    struct stage stage = stage_open();
    xengntshr_handle *shr = xengntshr_open(NULL, 0);
    uint32_t own, foreign;
    volatile uint8_t *page = xengntshr_share_pages(shr, OWN, 1, &own, 1);
    volatile uint8_t *other = xengntshr_share_pages(shr, OWN + 1, 1, &foreign, 1);
    page[20] = page[21] = other[20] = 1;
    int fd = bound(&stage);
    const uint32_t refs[] = {own, foreign, own + 1, 0, own};
    const uint16_t offsets[] = {20, 20, 20, 20, 5000};
    for (int i = 0; i < 5; i++) {
        uint8_t frame[10] = {0x10, 8};
        put16(frame + 4, offsets[i]);
        put32(frame + 6, refs[i]);
        say(fd, (char *)frame, sizeof frame);
    }
    close(fd);
    take(stage.server, stage.port);
    CHECK(page[20] == 0 && page[21] == 1 && other[20] == 1);
    xengntshr_close(shr);
    xenevtchn_close(stage.server);
}

static int notices_received(int fd, uint8_t frame[10]) {
    return (int)recv(fd, frame, 10, MSG_WAITALL);
}

CASE(aServerTellsEachNewPeerWhatToClear) {
    struct stage stage = stage_open();
    xengntshr_handle *shr = xengntshr_open(NULL, 0);
    uint32_t ref;
    void *page = xengntshr_share_page_notify(shr, OWN, &ref, 1, 21, stage.port);
    uint8_t frame[10];
    for (int i = 0; i < 2; i++) {
        int fd = bound(&stage);
        CHECK(notices_received(fd, frame) == 10 && frame[0] == 0x10 && frame[1] == 8);
        CHECK(get16(frame + 2) == OWN && get16(frame + 4) == 21 && get32(frame + 6) == ref);
        SAY(fd, "\x02");
        CHECK(hangs_up(fd));
        close(fd);
    }
    int fd = bound(&stage);
    CHECK(notices_received(fd, frame) == 10);
    CHECK(xengntshr_unshare(shr, page, 1) == 0);
    CHECK(notices_received(fd, frame) == 10 && frame[0] == 0x11 && get32(frame + 6) == ref);
    CHECK(recv(fd, frame, 1, 0) == 1 && frame[0] == 1);
    xenevtchn_close(stage.server);
    CHECK(recv(fd, frame, 1, 0) == 1 && frame[0] == 2);
    CHECK(hangs_up(fd));
    close(fd);
    xengntshr_close(shr);
}

/* Bytes are read in order, so an event that is still in the socket says all that a new one would. */
CASE(aPeerThatDoesNotReadIsNeitherWaitedForNorForgotten) {
    struct stage stage = stage_open();
    int fd = bound(&stage);
    for (int i = 0; i < 100000; i++) {
        CHECK(xenevtchn_notify(stage.server, stage.port) == 0);
    }
    char bytes[4096];
    ssize_t count = recv(fd, bytes, sizeof bytes, 0);
    CHECK(count > 0 && count < 100000);
    while (recv(fd, bytes, sizeof bytes, MSG_DONTWAIT) > 0) {
    }
    CHECK(xenevtchn_notify(stage.server, stage.port) == 0);
    CHECK(recv(fd, bytes, sizeof bytes, 0) == 1);
    close(fd);
    xenevtchn_close(stage.server);
}

CASE(somethingElseThanABellIsNotRung) {
    struct stage stage = stage_open();
    struct hello hello = {0, OWN, OWN, 77, stage.port};
    int pipes[2];
    char byte = 0;
    CHECK(pipe(pipes) == 0);
    int fd = dial(&stage);
    CHECK(hello_send(fd, &hello, pipes[1]) && status_of(fd) == BOUND);
    CHECK(xenevtchn_notify(stage.server, stage.port) == 0);
    CHECK(recv(fd, &byte, 1, 0) == 1 && byte == 1);
    close(fd);
    close(pipes[0]);
    close(pipes[1]);
    xenevtchn_close(stage.server);
}
