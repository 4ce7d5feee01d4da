// SPDX-License-Identifier: Apache-2.0
//
// contest NAME a|b: one side of a contestant in C, told what to do by lines on standard input. Each is
// answered with one line, "SIDE ok KEY=NUMBER..." or "SIDE failed REASON". The same words as the side in
// Java, dev.vchan.bench.work.Worker, which says what they mean.
#define _GNU_SOURCE
#include "contest.h"

#include <dlfcn.h>
#include <errno.h>
#include <malloc.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <time.h>
#include <unistd.h>

enum {
    LONGEST_LINE = 512,
    LARGEST_WRITE = 1 << 20,
    READ_SIZE = 64 << 10,
    MOST_TRIPS = 1 << 20,
    MOST_ENDS = 100000,
    PATTERN = 251,
    TRIES = 120000,
    RETRY_MICROS = 500,
    LIFETIME_SECONDS = 4 * 3600,
};

static const struct contestant *contestant;
static enum side side;
static void *ends[MOST_ENDS + 1]; // The first one works, the others are idle.
static int end_count;
static unsigned char outgoing[LARGEST_WRITE];
static unsigned char incoming[LARGEST_WRITE];
static int64_t times[MOST_TRIPS];
static volatile uint64_t sum;

bool patient(int *tries)
{
    usleep(RETRY_MICROS);
    return ++*tries < TRIES;
}

static int64_t nanos(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return now.tv_sec * INT64_C(1000000000) + now.tv_nsec;
}

static const char *side_name(void)
{
    return side == SIDE_A ? "a" : "b";
}

static void failed(const char *what)
{
    printf("%s failed %s: %s\n", side_name(), what, strerror(errno));
}

// Events this process has sent, if the probe that counts them was loaded; else -1.
static long events_sent(void)
{
    unsigned long (*sent)(void);
    *(void **)&sent = dlsym(RTLD_DEFAULT, "vchan_probe_events_sent");
    return sent ? (long)sent() : -1;
}

static bool receive_all(void *bytes, size_t size)
{
    for (size_t done = 0; done < size;) {
        long got = contestant->receive(ends[0], (char *)bytes + done, size - done);
        if (got <= 0)
            return false;
        done += (size_t)got;
    }
    return true;
}

static void fill(unsigned char *bytes, size_t size, uint64_t position)
{
    for (size_t i = 0; i < size; i++)
        bytes[i] = (unsigned char)((position + i) % PATTERN);
}

static uint64_t word_at(const unsigned char *bytes)
{
    uint64_t word;
    memcpy(&word, bytes, sizeof word);
    return word;
}

// In four sums, which the processor adds up at once: with one it would be the adding that is measured.
static uint64_t summed(const unsigned char *bytes, size_t size)
{
    uint64_t a = 0, b = 0, c = 0, d = 0;
    size_t i = 0;
    for (; i + 32 <= size; i += 32) {
        a += word_at(bytes + i);
        b += word_at(bytes + i + 8);
        c += word_at(bytes + i + 16);
        d += word_at(bytes + i + 24);
    }
    for (; i < size; i++)
        a += bytes[i];
    return a + b + c + d;
}

static void send_stream(size_t write, uint64_t bytes, bool check)
{
    long events = events_sent();
    int64_t began = nanos();
    for (uint64_t done = 0; done < bytes; done += write) {
        if (check)
            fill(outgoing, write, done);
        if (!contestant->send(ends[0], outgoing, write)) {
            failed("sending");
            return;
        }
    }
    unsigned char confirmation;
    if (!contestant->alone && !receive_all(&confirmation, 1)) {
        failed("confirmation");
        return;
    }
    printf("a ok nanos=%jd calls=%ju bytes=%ju events=%ld\n", (intmax_t)(nanos() - began),
           (uintmax_t)(bytes / write), (uintmax_t)bytes,
           events < 0 ? -1 : events_sent() - events);
}

static void take_stream(uint64_t bytes, bool check, bool touch)
{
    long events = events_sent();
    uint64_t calls = 0;
    for (uint64_t done = 0; done < bytes;) {
        uint64_t left = bytes - done;
        long got = contestant->receive(ends[0], incoming, left < READ_SIZE ? left : READ_SIZE);
        if (got <= 0) {
            failed("receiving");
            return;
        }
        for (long i = 0; check && i < got; i++) {
            if (incoming[i] != (done + (uint64_t)i) % PATTERN) {
                printf("b failed byte %ju is wrong\n", (uintmax_t)(done + (uint64_t)i));
                return;
            }
        }
        if (touch)
            sum += summed(incoming, (size_t)got);
        done += (uint64_t)got;
        calls++;
    }
    if (!contestant->send(ends[0], "", 1)) {
        failed("confirming");
        return;
    }
    printf("b ok calls=%ju bytes=%ju events=%ld\n", (uintmax_t)calls, (uintmax_t)bytes,
           events < 0 ? -1 : events_sent() - events);
}

// stream WRITE BYTES plain|touch|check
static void do_stream(size_t write, uint64_t bytes, const char *work)
{
    bool check = strcmp(work, "check") == 0;
    if (side == SIDE_A)
        send_stream(write, bytes, check);
    else
        take_stream(bytes, check, strcmp(work, "touch") == 0);
}

static int compare(const void *a, const void *b)
{
    int64_t x = *(const int64_t *)a;
    int64_t y = *(const int64_t *)b;
    return (x > y) - (x < y);
}

static void ask(size_t size, uint64_t most, int64_t limit)
{
    uint64_t count = 0;
    int64_t began = nanos();
    int64_t before = began;
    fill(outgoing, size, 0);
    for (bool last = false; !last; count++) {
        last = count + 1 == most || before - began > limit;
        outgoing[0] = last;
        if (!contestant->send(ends[0], outgoing, size) || !receive_all(incoming, size)) {
            failed("round trip");
            return;
        }
        int64_t now = nanos();
        times[count] = now - before;
        before = now;
    }
    if (memcmp(outgoing, incoming, size) != 0) {
        printf("a failed the answer is not what was sent\n");
        return;
    }
    qsort(times, count, sizeof *times, compare);
    printf("a ok trips=%ju mean=%jd p50=%jd p99=%jd p999=%jd max=%jd\n", (uintmax_t)count,
           (intmax_t)((before - began) / (int64_t)count), (intmax_t)times[count / 2], (intmax_t)times[count * 99 / 100],
           (intmax_t)times[count * 999 / 1000], (intmax_t)times[count - 1]);
}

// trips SIZE MOST MILLIS; a message whose first byte is 1 is the last
static void do_trips(size_t size, uint64_t most, int64_t millis)
{
    if (side == SIDE_A) {
        ask(size, most < MOST_TRIPS ? most : MOST_TRIPS, millis * 1000000);
        return;
    }
    do {
        if (!receive_all(incoming, size) || !contestant->send(ends[0], incoming, size)) {
            failed("answering");
            return;
        }
    } while (incoming[0] == 0);
    printf("b ok\n");
}

static bool open_one(const char *meeting, size_t ring)
{
    if (end_count > MOST_ENDS)
        return false;
    void *end = contestant->open(side, meeting, ring);
    if (end)
        ends[end_count++] = end;
    return end != NULL;
}

static void close_all(void)
{
    while (end_count > 0)
        contestant->close(ends[--end_count]);
}

// open MEETING RING COUNT; more than one are idle ones
static void do_open(const char *meeting, size_t ring, int count)
{
    for (int i = 0; i < count; i++) {
        char name[LONGEST_LINE];
        snprintf(name, sizeof name, "%s-%d", meeting, i);
        if (!open_one(name, ring)) {
            failed("opening");
            return;
        }
    }
    printf("%s ok\n", side_name());
}

// reopen MEETING RING COUNT 1; one byte goes there and back each time
static void do_reopen(const char *meeting, size_t ring, int count)
{
    int64_t began = nanos();
    for (int i = 0; i < count; i++) {
        char name[LONGEST_LINE];
        unsigned char byte = 0;
        snprintf(name, sizeof name, "%s-%d", meeting, i);
        bool asks = side == SIDE_A;
        if (!open_one(name, ring) || (asks && !contestant->send(ends[0], &byte, 1)) ||
            !receive_all(&byte, 1) || (!asks && !contestant->send(ends[0], &byte, 1)) ||
            (!asks && receive_all(&byte, 1))) {
            failed("opening again");
            return;
        }
        close_all();
    }
    printf("%s ok nanos=%jd times=%d\n", side_name(), (intmax_t)(nanos() - began), count);
}

static void obey(char *line)
{
    char word[16] = "";
    char text[LONGEST_LINE] = "";
    unsigned long long first = 0;
    unsigned long long second = 0;
    unsigned long long third = 0;
    sscanf(line, "%15s", word);
    if (sscanf(line, "stream %llu %llu %15s", &first, &second, text) == 3)
        do_stream(first, second, text);
    else if (sscanf(line, "trips %llu %llu %llu", &first, &second, &third) == 3)
        do_trips(first, second, (int64_t)third);
    else if (sscanf(line, "open %500s %llu %llu", text, &first, &second) == 3)
        do_open(text, first, (int)second);
    else if (sscanf(line, "reopen %500s %llu %llu %llu", text, &first, &second, &third) == 4 &&
             third == 1)
        do_reopen(text, first, (int)second);
    else if (strcmp(word, "close") == 0) {
        close_all();
        printf("%s ok\n", side_name());
    } else if (strcmp(word, "settle") == 0) {
        malloc_trim(0);
        printf("%s ok\n", side_name());
    } else
        printf("%s failed unknown command '%s'\n", side_name(), word);
    fflush(stdout);
}

int main(int count, char **arguments)
{
    char line[LONGEST_LINE];
    alarm(LIFETIME_SECONDS);
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    signal(SIGPIPE, SIG_IGN);
    for (const struct contestant *one = contestants; count == 3 && one->name; one++) {
        if (strcmp(one->name, arguments[1]) == 0)
            contestant = one;
    }
    if (!contestant) {
        fprintf(stderr, "usage: contest NAME a|b\n");
        return 2;
    }
    side = *arguments[2] == 'a' ? SIDE_A : SIDE_B;
    while (fgets(line, sizeof line, stdin))
        obey(line);
    close_all();
    return 0;
}
