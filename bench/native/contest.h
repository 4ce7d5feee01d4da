// SPDX-License-Identifier: Apache-2.0
//
// What a way to move bytes between two processes has to offer to be measured. One file implements it
// for each family; which one a program has is decided when it is linked.
#ifndef CONTEST_H
#define CONTEST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

// Side a listens, sends the streams and asks; side b connects, takes the streams and answers.
enum side { SIDE_A, SIDE_B };

struct contestant {
    const char *name;
    // Opens an end. Meeting is the beginning of file names that both sides have and nobody else.
    void *(*open)(enum side side, const char *meeting, size_t ring);
    // Sends all of it.
    bool (*send)(void *end, const void *bytes, size_t size);
    // Receives some, at least one byte; 0 or less at the end or for a failure.
    long (*receive)(void *end, void *bytes, size_t most);
    void (*close)(void *end);
    // Whether there is no other side, and whatever is sent counts as received.
    bool alone;
};

// All that this program can be, ended by one without a name.
extern const struct contestant contestants[];

// Whether to try again what needs the other side to have come; gives up after a minute.
bool patient(int *tries);

#endif
