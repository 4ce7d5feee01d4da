// SPDX-License-Identifier: Apache-2.0
//
// Bytes of a pattern through the channel, in pieces, each one checked.
#include <poll.h>

#include "peer.h"

enum { PATIENCE_MILLIS = 60 * 1000 };

static int put_some(struct peer *peer, enum unit unit, const unsigned char *bytes, size_t size)
{
    return unit == PACKET ? libxenvchan_send(peer->channel, bytes, size)
                          : libxenvchan_write(peer->channel, bytes, size);
}

static int take_some(struct peer *peer, enum unit unit, size_t size)
{
    return unit == PACKET ? libxenvchan_recv(peer->channel, peer->incoming, size)
                          : libxenvchan_read(peer->channel, peer->incoming, size);
}

// Whether the bytes are right; if not, says so.
static bool check(struct peer *peer, int bytes)
{
    unsigned char found;
    unsigned char expected;
    if (pattern_check(&peer->in, peer->incoming, (size_t)bytes, &found, &expected))
        return true;
    answer_wrong(&peer->in, found, expected);
    return false;
}

void put(struct peer *peer, enum unit unit, uint64_t bytes)
{
    set_blocking(peer, true);
    uint64_t done = 0;
    while (done < bytes) {
        size_t size = pieces_next(&peer->put, bytes - done);
        pattern_fill(&peer->out, peer->outgoing, size);
        if (put_some(peer, unit, peer->outgoing, size) != (int)size) {
            answer("closed %ju", (uintmax_t)done);
            return;
        }
        done += size;
    }
    answer("ok %ju", (uintmax_t)done);
}

void take(struct peer *peer, enum unit unit, uint64_t bytes)
{
    set_blocking(peer, true);
    uint64_t done = 0;
    while (done < bytes) {
        int got = take_some(peer, unit, pieces_next(&peer->taken, bytes - done));
        if (got <= 0) {
            answer("closed %ju", (uintmax_t)done);
            return;
        }
        if (!check(peer, got))
            return;
        done += (uint64_t)got;
    }
    answer("ok %ju", (uintmax_t)done);
}

void drop(struct peer *peer, uint64_t bytes)
{
    set_blocking(peer, true);
    uint64_t done = 0;
    while (done < bytes) {
        int got = take_some(peer, STREAM, pieces_next(&peer->taken, bytes - done));
        if (got <= 0) {
            answer("closed %ju", (uintmax_t)done);
            return;
        }
        done += (uint64_t)got;
    }
    answer("ok %ju", (uintmax_t)done);
}

void take_to_end(struct peer *peer)
{
    set_blocking(peer, true);
    uint64_t done = 0;
    int got;
    while ((got = libxenvchan_read(peer->channel, peer->incoming, LARGEST_PIECE)) >= 0) {
        if (!check(peer, got))
            return;
        done += (uint64_t)got;
    }
    answer("ok %ju %d", (uintmax_t)done, libxenvchan_is_open(peer->channel));
}

// What is left of one direction, and of the piece that is under way.
struct way {
    uint64_t left;
    uint64_t done;
    size_t size;
    size_t moved;
};

enum progress { MOVED, STUCK, OVER };

static enum progress put_on(struct peer *peer, enum unit unit, struct way *way)
{
    if (way->left == 0)
        return STUCK;
    if (way->moved == way->size) {
        way->size = pieces_next(&peer->put, way->left);
        way->moved = 0;
        pattern_fill(&peer->out, peer->outgoing, way->size);
    }
    int put = put_some(peer, unit, peer->outgoing + way->moved, way->size - way->moved);
    if (put < 0) {
        answer("closed %ju", (uintmax_t)way->done);
        return OVER;
    }
    way->moved += (size_t)put;
    way->done += (uint64_t)put;
    way->left -= (uint64_t)put;
    return put > 0 ? MOVED : STUCK;
}

static enum progress take_on(struct peer *peer, enum unit unit, struct way *way)
{
    if (way->left == 0)
        return STUCK;
    if (way->size == 0)
        way->size = pieces_next(&peer->taken, way->left);
    int got = take_some(peer, unit, way->size);
    if (got < 0) {
        answer("closed %ju", (uintmax_t)way->done);
        return OVER;
    }
    if (got == 0)
        return STUCK;
    way->size = 0;
    way->done += (uint64_t)got;
    way->left -= (uint64_t)got;
    return check(peer, got) ? MOVED : OVER;
}

// Both calls have asked for an event before they moved nothing, so there will be one.
static bool await_event(struct peer *peer)
{
    struct pollfd event = {.fd = libxenvchan_fd_for_select(peer->channel), .events = POLLIN};
    return poll(&event, 1, PATIENCE_MILLIS) == 1 && libxenvchan_wait(peer->channel) == 0;
}

void both_ways(struct peer *peer, enum unit unit, uint64_t out, uint64_t in)
{
    set_blocking(peer, false);
    struct way outgoing = {.left = out};
    struct way incoming = {.left = in};
    while (outgoing.left > 0 || incoming.left > 0) {
        enum progress written = put_on(peer, unit, &outgoing);
        if (written == OVER)
            return;
        enum progress read = take_on(peer, unit, &incoming);
        if (read == OVER)
            return;
        if (written == STUCK && read == STUCK && !await_event(peer)) {
            answer("hang %ju", (uintmax_t)(outgoing.done + incoming.done));
            return;
        }
    }
    answer("ok %ju %ju", (uintmax_t)out, (uintmax_t)in);
}

void try_put(struct peer *peer, size_t bytes)
{
    set_blocking(peer, false);
    struct pattern next = peer->out;
    pattern_fill(&next, peer->outgoing, bytes);
    int put = libxenvchan_write(peer->channel, peer->outgoing, bytes);
    if (put > 0)
        peer->out.position += (uint64_t)put;
    answer("ok %d", put);
}

void try_take(struct peer *peer, size_t bytes)
{
    set_blocking(peer, false);
    int got = libxenvchan_read(peer->channel, peer->incoming, bytes);
    if (got < 0 || check(peer, got))
        answer("ok %d", got);
}
