// SPDX-License-Identifier: Apache-2.0
#include "pattern.h"

#include <endian.h>
#include <string.h>

enum { WORD = sizeof(uint64_t) };

uint64_t mixed(uint64_t seed, uint64_t place)
{
    uint64_t z = seed * UINT64_C(0x9E3779B97F4A7C15) + place;
    z = (z ^ (z >> 30)) * UINT64_C(0xBF58476D1CE4E5B9);
    z = (z ^ (z >> 27)) * UINT64_C(0x94D049BB133111EB);
    return z ^ (z >> 31);
}

static unsigned char byte_at(const struct pattern *pattern, uint64_t position)
{
    return (unsigned char)(mixed(pattern->seed, position / WORD) >> (position % WORD * 8));
}

void pattern_fill(struct pattern *pattern, unsigned char *target, size_t bytes)
{
    uint64_t position = pattern->position;
    size_t done = 0;
    for (; done < bytes && (position + done) % WORD != 0; done++)
        target[done] = byte_at(pattern, position + done);
    for (; done + WORD <= bytes; done += WORD) {
        uint64_t word = htole64(mixed(pattern->seed, (position + done) / WORD));
        memcpy(target + done, &word, WORD);
    }
    for (; done < bytes; done++)
        target[done] = byte_at(pattern, position + done);
    pattern->position += bytes;
}

bool pattern_check(struct pattern *pattern, const unsigned char *source, size_t bytes,
                   unsigned char *found, unsigned char *expected)
{
    size_t done = 0;
    while (done < bytes) {
        uint64_t position = pattern->position;
        if (position % WORD == 0 && bytes - done >= WORD) {
            uint64_t word = htole64(mixed(pattern->seed, position / WORD));
            if (memcmp(source + done, &word, WORD) == 0) {
                pattern->position += WORD;
                done += WORD;
                continue;
            }
        }
        *found = source[done];
        *expected = byte_at(pattern, position);
        if (*found != *expected)
            return false;
        pattern->position++;
        done++;
    }
    return true;
}

size_t pieces_next(struct pieces *pieces, uint64_t most)
{
    size_t size = pieces->largest;
    if (!pieces->fixed)
        size = 1 + mixed(pieces->seed, pieces->count) % pieces->largest;
    pieces->count++;
    return size < most ? size : (size_t)most;
}
