// SPDX-License-Identifier: Apache-2.0
//
// Bytes and sizes that follow from a seed alone, so that one side makes them and the other checks
// them. The same as the test kit's Patterns and the suite's Pieces, in Java.
#ifndef PEER_PATTERN_H
#define PEER_PATTERN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

// The number at a place of the sequence that a seed begins.
uint64_t mixed(uint64_t seed, uint64_t place);

// An endless stream of bytes; position is that of the next one.
struct pattern {
    uint64_t seed;
    uint64_t position;
};

void pattern_fill(struct pattern *pattern, unsigned char *target, size_t bytes);

// Whether these are the next bytes. If not, position is left at the first that differs, and found
// and expected say what it is.
bool pattern_check(struct pattern *pattern, const unsigned char *source, size_t bytes,
                   unsigned char *found, unsigned char *expected);

// An endless sequence of sizes: 1 to largest, or always largest.
struct pieces {
    uint64_t seed;
    uint64_t count;
    size_t largest;
    bool fixed;
};

size_t pieces_next(struct pieces *pieces, uint64_t most);

#endif
