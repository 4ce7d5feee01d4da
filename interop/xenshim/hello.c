// SPDX-License-Identifier: Apache-2.0
/*
 * The first bytes each way on an event socket, little-endian:
 *
 *    0  magic "vchanevt"      16  own port     u32
 *    8  version  u16          20  peer's port  u32
 *   10  status   u16          24  required features  u32
 *   12  own domain   u16      28  optional features  u32
 *   14  peer's domain  u16
 *
 * With the optional feature BELL comes the descriptor of an eventfd: who has it may ring there
 * instead of sending EVENT frames, which saves the receiver to read them.
 */
#define _GNU_SOURCE
#include "shim.h"

#include <stdio.h>
#include <sys/socket.h>
#include <unistd.h>

#define VERSION 1
#define BELL 1u

static const uint8_t magic[8] = {'v', 'c', 'h', 'a', 'n', 'e', 'v', 't'};

/* Room for one descriptor beside the bytes. */
union control {
    struct cmsghdr header;
    uint8_t bytes[CMSG_SPACE(sizeof(int))];
};

void put16(uint8_t *at, uint16_t value) {
    at[0] = (uint8_t)value;
    at[1] = (uint8_t)(value >> 8);
}

void put32(uint8_t *at, uint32_t value) {
    put16(at, (uint16_t)value);
    put16(at + 2, (uint16_t)(value >> 16));
}

uint16_t get16(const uint8_t *at) {
    return (uint16_t)(at[0] | at[1] << 8);
}

uint32_t get32(const uint8_t *at) {
    return get16(at) | (uint32_t)get16(at + 2) << 16;
}

static void encode(const struct hello *hello, uint32_t optional, uint8_t bytes[HELLO_BYTES]) {
    memset(bytes, 0, HELLO_BYTES);
    memcpy(bytes, magic, sizeof magic);
    put16(bytes + 8, VERSION);
    put16(bytes + 10, hello->status);
    put16(bytes + 12, hello->from);
    put16(bytes + 14, hello->to);
    put32(bytes + 16, hello->from_port);
    put32(bytes + 20, hello->to_port);
    put32(bytes + 28, optional);
}

bool hello_send(int fd, const struct hello *hello, int bell) {
    uint8_t bytes[HELLO_BYTES];
    encode(hello, bell < 0 ? 0 : BELL, bytes);
    struct iovec piece = {.iov_base = bytes, .iov_len = sizeof bytes};
    struct msghdr message = {.msg_iov = &piece, .msg_iovlen = 1};
    union control control = {0};
    if (bell >= 0) {
        message.msg_control = &control;
        message.msg_controllen = sizeof control;
        control.header = (struct cmsghdr){.cmsg_level = SOL_SOCKET, .cmsg_type = SCM_RIGHTS,
                                          .cmsg_len = CMSG_LEN(sizeof bell)};
        memcpy(CMSG_DATA(&control.header), &bell, sizeof bell);
    }
    /* The first bytes on this socket, so there is room for all of them. */
    return sendmsg(fd, &message, MSG_DONTWAIT | MSG_NOSIGNAL) == sizeof bytes;
}

/* Anything else than an eventfd might block whoever rings it, or raise a signal. */
static bool is_bell(int fd) {
    static const char wanted[] = "anon_inode:[eventfd]";
    char name[40];
    char found[sizeof wanted];
    snprintf(name, sizeof name, "/proc/self/fd/%d", fd);
    ssize_t length = readlink(name, found, sizeof found);
    return length == sizeof wanted - 1 && memcmp(found, wanted, sizeof wanted - 1) == 0;
}

static void take_bell(struct greeting *greeting, struct msghdr *message) {
    const struct cmsghdr *header = CMSG_FIRSTHDR(message);
    if (header == NULL || header->cmsg_level != SOL_SOCKET || header->cmsg_type != SCM_RIGHTS ||
        header->cmsg_len != CMSG_LEN(sizeof(int))) {
        return;
    }
    int fd;
    memcpy(&fd, CMSG_DATA(header), sizeof fd);
    fd = out_of_reach(fd);
    if (greeting->bell < 0 && is_bell(fd)) {
        greeting->bell = fd;
    } else if (fd >= 0) {
        close(fd);
    }
}

int greeting_read(int fd, struct greeting *greeting) {
    struct iovec piece = {.iov_base = greeting->bytes + greeting->have,
                          .iov_len = HELLO_BYTES - greeting->have};
    union control control;
    struct msghdr message = {.msg_iov = &piece, .msg_iovlen = 1, .msg_control = &control,
                             .msg_controllen = sizeof control};
    ssize_t count = recvmsg(fd, &message, MSG_DONTWAIT | MSG_CMSG_CLOEXEC);
    if (count <= 0) {
        return count < 0 && (errno == EAGAIN || errno == EINTR) ? 0 : -1;
    }
    take_bell(greeting, &message);
    greeting->have += (size_t)count;
    return greeting->have == HELLO_BYTES;
}

bool greeting_decode(const struct greeting *greeting, struct hello *hello) {
    const uint8_t *bytes = greeting->bytes;
    hello->status = get16(bytes + 10);
    hello->from = get16(bytes + 12);
    hello->to = get16(bytes + 14);
    hello->from_port = get32(bytes + 16);
    hello->to_port = get32(bytes + 20);
    return memcmp(bytes, magic, sizeof magic) == 0 && get16(bytes + 8) == VERSION &&
           get32(bytes + 24) == 0;
}

void greeting_drop(struct greeting *greeting) {
    if (greeting->bell >= 0) {
        close(greeting->bell);
        greeting->bell = -1;
    }
}
