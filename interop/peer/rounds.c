// SPDX-License-Identifier: Apache-2.0
//
// Races, round after round: both sides work out from a seed what happens in each.
#include <stdio.h>
#include <time.h>

#include "peer.h"

// The smallest rings, and what the smaller of the two holds.
enum { SMALLEST = 1, RING = 1024 };

// Paths are used in turn, so that nobody comes to a round that is over.
enum { PATHS = 8, LONGEST_PATH = 64 };

enum { SHORT_DELAY = 2000, LONG_DELAY = 60 * 1000 };

enum { MOST_TRIES = 100 * 1000 };

static uint64_t nanos(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000000000 + (uint64_t)now.tv_nsec;
}

// Waits without giving up the processor: what matters here is less than a switch takes.
static void spin(uint64_t delay)
{
    uint64_t start = nanos();
    while (nanos() - start < delay) {
    }
}

// What happens in one round of the close race; the same as the suite's CloseRound, in Java.
struct round {
    size_t bytes;
    bool greeted;
    bool polls;
    uint64_t writer_delay;
    uint64_t reader_delay;
};

static struct round plan(uint64_t seed, uint64_t number)
{
    uint64_t dice = mixed(seed, number);
    uint64_t more = dice >> 32;
    struct round round = {.greeted = number % 4 != 0, .polls = (dice >> 2 & 3) != 0};
    switch (dice & 3) {
    case 0:
        round.bytes = more % 2;
        break;
    case 1:
        round.bytes = 2 + more % 63;
        break;
    case 2:
        round.bytes = more % (RING + 1);
        break;
    default:
        round.bytes = RING;
    }
    // Mostly the two meet within the few hundred nanoseconds in which one can overtake the other;
    // sometimes one is asleep, or comes when all is over.
    uint64_t range = (dice >> 4 & 7) == 0 ? LONG_DELAY : SHORT_DELAY;
    round.writer_delay = (dice >> 9) % range;
    round.reader_delay = (dice >> 7 & 3) == 0 ? LONG_DELAY : (dice >> 17) % SHORT_DELAY;
    return round;
}

struct score {
    uint64_t lossy;
    uint64_t lost;
    uint64_t wrong;
};

static void write_and_close(struct peer *peer, const struct round *round)
{
    unsigned char greeting;
    set_blocking(peer, true);
    if (round->greeted)
        libxenvchan_read(peer->channel, &greeting, 1);
    pattern_fill(&peer->out, peer->outgoing, round->bytes);
    spin(round->writer_delay);
    libxenvchan_write(peer->channel, peer->outgoing, round->bytes);
}

static void read_to_end(struct peer *peer, const struct round *round, struct score *score)
{
    set_blocking(peer, true);
    if (round->greeted)
        libxenvchan_write(peer->channel, "g", 1);
    set_blocking(peer, !round->polls);
    spin(round->reader_delay);
    size_t got = 0;
    int more;
    while ((more = libxenvchan_read(peer->channel, peer->incoming + got, 2 * RING - got)) >= 0)
        got += (size_t)more;
    unsigned char found;
    unsigned char expected;
    if (got > round->bytes || !pattern_check(&peer->in, peer->incoming, got, &found, &expected)) {
        score->wrong++;
    } else if (got < round->bytes) {
        score->lossy++;
        score->lost += round->bytes - got;
    }
}

static struct libxenvchan *meet(const struct race *race, uint64_t number)
{
    char path[LONGEST_PATH];
    snprintf(path, sizeof path, "%s%ju", race->path, (uintmax_t)(number % PATHS));
    if (!race->serves) {
        uint64_t tries;
        return join(race->domain, path, MOST_TRIES, &tries);
    }
    struct libxenvchan *channel = serve(race->domain, path, SMALLEST, SMALLEST);
    if (channel && !await_client(channel)) {
        libxenvchan_close(channel);
        return NULL;
    }
    return channel;
}

void close_race(struct peer *peer, const struct race *race)
{
    struct score score = {0};
    for (uint64_t number = 0; number < race->rounds; number++) {
        struct round round = plan(race->seed, number);
        peer->channel = meet(race, number);
        if (!peer->channel) {
            answer("failed round %ju: the two did not meet", (uintmax_t)number);
            return;
        }
        peer->out = (struct pattern){.seed = race->seed + number};
        peer->in = peer->out;
        if (race->writes)
            write_and_close(peer, &round);
        else
            read_to_end(peer, &round, &score);
        libxenvchan_close(peer->channel);
        peer->channel = NULL;
    }
    answer("ok %ju %ju %ju %ju", (uintmax_t)race->rounds, (uintmax_t)score.lossy,
           (uintmax_t)score.lost, (uintmax_t)score.wrong);
}

// Sends a byte, and goes to sleep for the next one at a moment that differs from round to round.
void ping(struct peer *peer, uint64_t rounds, uint64_t seed, uint64_t longest_delay)
{
    set_blocking(peer, true);
    for (uint64_t number = 0; number < rounds; number++) {
        unsigned char byte = (unsigned char)number;
        if (libxenvchan_write(peer->channel, &byte, 1) != 1) {
            answer("closed %ju", (uintmax_t)number);
            return;
        }
        spin(mixed(seed, number) % longest_delay);
        if (libxenvchan_read(peer->channel, &byte, 1) != 1) {
            answer("closed %ju", (uintmax_t)number);
            return;
        }
        if (byte != (unsigned char)number) {
            answer("wrong %ju %d %d", (uintmax_t)number, byte, (unsigned char)number);
            return;
        }
    }
    answer("ok %ju", (uintmax_t)rounds);
}

// Never sleeps: looks until a byte is there, and returns it at a moment that differs.
void echo(struct peer *peer, uint64_t rounds, uint64_t seed, uint64_t longest_delay)
{
    set_blocking(peer, false);
    for (uint64_t number = 0; number < rounds; number++) {
        unsigned char byte;
        int got;
        while ((got = libxenvchan_read(peer->channel, &byte, 1)) == 0) {
        }
        spin(mixed(seed, number) % longest_delay);
        if (got < 0 || libxenvchan_write(peer->channel, &byte, 1) != 1) {
            answer("closed %ju", (uintmax_t)number);
            return;
        }
    }
    answer("ok %ju", (uintmax_t)rounds);
}

// Sleeps until a byte is there, and returns it at once.
void reply(struct peer *peer, uint64_t rounds)
{
    set_blocking(peer, true);
    for (uint64_t number = 0; number < rounds; number++) {
        unsigned char byte;
        if (libxenvchan_read(peer->channel, &byte, 1) != 1 ||
            libxenvchan_write(peer->channel, &byte, 1) != 1) {
            answer("closed %ju", (uintmax_t)number);
            return;
        }
    }
    answer("ok %ju", (uintmax_t)rounds);
}
