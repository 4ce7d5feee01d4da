// SPDX-License-Identifier: Apache-2.0
//
// One end of a vchan, as libxenvchan has it, and what it is told to do there. Every command ends
// with one line of answer on standard output:
//
//   ok ...                            done; what follows depends on the command
//   closed BYTES                      the library returned -1 after so many bytes of the command
//   wrong POSITION FOUND EXPECTED     a byte that came is not the one that was sent
//   hang BYTES                        nothing happened for a minute
//   failed REASON                     the library refused
#ifndef PEER_H
#define PEER_H

#include <libxenvchan.h>
#include <stdbool.h>
#include <stdint.h>

#include "pattern.h"

enum { LARGEST_PIECE = 2 * 1024 * 1024 };

struct peer {
    struct libxenvchan *channel;
    struct pattern out;
    struct pattern in;
    struct pieces put;
    struct pieces taken;
    unsigned char outgoing[LARGEST_PIECE];
    unsigned char incoming[LARGEST_PIECE];
};

// How bytes are moved: each call of the library may move a part of a piece, or all of it or none.
enum unit { STREAM, PACKET };

__attribute__((format(printf, 1, 2))) void answer(const char *format, ...);
void answer_wrong(const struct pattern *pattern, unsigned char found, unsigned char expected);

// Calls that have to wait do, or return at once.
void set_blocking(struct peer *peer, bool blocking);

// The library returns -1 for whatever went wrong, and a failed initialisation says nothing else.
struct libxenvchan *join(int domain, const char *path, uint64_t most_tries, uint64_t *tries);
struct libxenvchan *serve(int domain, const char *path, size_t read_min, size_t write_min);
// Waits until the client of a server is there.
bool await_client(struct libxenvchan *channel);

// traffic.c
void put(struct peer *peer, enum unit unit, uint64_t bytes);
void take(struct peer *peer, enum unit unit, uint64_t bytes);
void both_ways(struct peer *peer, enum unit unit, uint64_t out, uint64_t in);
// As take, but whatever comes is right.
void drop(struct peer *peer, uint64_t bytes);
void take_to_end(struct peer *peer);
void try_put(struct peer *peer, size_t bytes);
void try_take(struct peer *peer, size_t bytes);

// rounds.c
struct race {
    bool serves;
    bool writes;
    int domain;
    const char *path;
    uint64_t seed;
    uint64_t rounds;
};
void close_race(struct peer *peer, const struct race *race);
void ping(struct peer *peer, uint64_t rounds, uint64_t seed, uint64_t longest_delay);
void echo(struct peer *peer, uint64_t rounds, uint64_t seed, uint64_t longest_delay);
void reply(struct peer *peer, uint64_t rounds);

#endif
