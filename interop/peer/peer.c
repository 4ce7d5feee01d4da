// SPDX-License-Identifier: Apache-2.0
//
// vchan-peer: an end of a vchan that uses nothing but the public interface of libxenvchan, driven
// by lines on standard input. A command's words stand in its handler below; DOMAIN is the peer's,
// PATH the store's, LARGEST a piece's largest size, with a '=' in front if all have that size.
#include "peer.h"

#include <dlfcn.h>
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { LONGEST_LINE = 512, MOST_WORDS = 10 };

// Nobody is to be kept waiting by a process whose test is long over.
enum { LIFETIME_SECONDS = 3600 };

enum { RETRY_MICROS = 100 };

void answer(const char *format, ...)
{
    va_list values;
    va_start(values, format);
    vprintf(format, values);
    va_end(values);
    putchar('\n');
    fflush(stdout);
}

void answer_wrong(const struct pattern *pattern, unsigned char found, unsigned char expected)
{
    answer("wrong %ju %d %d", (uintmax_t)pattern->position, found, expected);
}

void set_blocking(struct peer *peer, bool blocking)
{
    peer->channel->blocking = blocking ? -1 : 0;
}

struct libxenvchan *join(int domain, const char *path, uint64_t most_tries, uint64_t *tries)
{
    for (*tries = 1;; ++*tries) {
        struct libxenvchan *channel = libxenvchan_client_init(NULL, domain, path);
        if (channel || *tries >= most_tries)
            return channel;
        usleep(RETRY_MICROS);
    }
}

struct libxenvchan *serve(int domain, const char *path, size_t read_min, size_t write_min)
{
    struct libxenvchan *channel =
        libxenvchan_server_init(NULL, domain, path, read_min, write_min);
    // Where the library does not set it, what was on the heap decides.
    if (channel)
        channel->server_persist = 0;
    return channel;
}

bool await_client(struct libxenvchan *channel)
{
    while (libxenvchan_is_open(channel) == 2) {
        if (libxenvchan_wait(channel) != 0)
            return false;
    }
    return true;
}

// The words of a line.
struct command {
    int count;
    char *words[MOST_WORDS];
};

static const char *word(const struct command *command, int index)
{
    return index < command->count ? command->words[index] : "";
}

static uint64_t number(const struct command *command, int index)
{
    return strtoull(word(command, index), NULL, 10);
}

static int domain(const struct command *command, int index)
{
    return (int)number(command, index);
}

static bool largest(struct pieces *pieces, const char *size)
{
    pieces->fixed = *size == '=';
    pieces->largest = strtoul(size + pieces->fixed, NULL, 10);
    return pieces->largest >= 1 && pieces->largest <= LARGEST_PIECE;
}

static void answer_open(const struct peer *peer, uint64_t tries)
{
    answer("ok %d %d %ju", 1 << peer->channel->read.order, 1 << peer->channel->write.order,
           (uintmax_t)tries);
}

// listen DOMAIN PATH READ_MIN WRITE_MIN [persist]; answers with both capacities
static void do_listen(struct peer *peer, const struct command *command)
{
    peer->channel = serve(domain(command, 1), word(command, 2), number(command, 3),
                          number(command, 4));
    if (!peer->channel) {
        answer("failed %s", strerror(errno));
        return;
    }
    if (strcmp(word(command, 5), "persist") == 0)
        peer->channel->server_persist = -1;
    answer_open(peer, 1);
}

// accept; waits until the client is there
static void do_accept(struct peer *peer, const struct command *command)
{
    (void)command;
    if (await_client(peer->channel))
        answer("ok %d", libxenvchan_is_open(peer->channel));
    else
        answer("failed %s", strerror(errno));
}

// connect DOMAIN PATH MOST_TRIES; answers with both capacities and the tries it took
static void do_connect(struct peer *peer, const struct command *command)
{
    uint64_t tries;
    peer->channel = join(domain(command, 1), word(command, 2), number(command, 3), &tries);
    if (peer->channel)
        answer_open(peer, tries);
    else
        answer("failed %s", strerror(errno));
}

// streams OUT IN; the seeds of what is written and read from here on
static void do_streams(struct peer *peer, const struct command *command)
{
    peer->out = (struct pattern){.seed = number(command, 1)};
    peer->in = (struct pattern){.seed = number(command, 2)};
    peer->put = (struct pieces){.seed = peer->out.seed};
    peer->taken = (struct pieces){.seed = peer->in.seed};
    answer("ok");
}

// write BYTES LARGEST and send BYTES LARGEST, blocking
static void do_put(struct peer *peer, const struct command *command)
{
    if (largest(&peer->put, word(command, 2)))
        put(peer, *word(command, 0) == 's' ? PACKET : STREAM, number(command, 1));
    else
        answer("failed size %s", word(command, 2));
}

// read BYTES LARGEST and receive BYTES LARGEST, blocking
static void do_take(struct peer *peer, const struct command *command)
{
    bool packets = strcmp(word(command, 0), "receive") == 0;
    if (largest(&peer->taken, word(command, 2)))
        take(peer, packets ? PACKET : STREAM, number(command, 1));
    else
        answer("failed size %s", word(command, 2));
}

// drop BYTES SIZE, blocking; reads into a buffer of that size, and checks nothing
static void do_drop(struct peer *peer, const struct command *command)
{
    if (largest(&peer->taken, word(command, 2))) {
        peer->taken.fixed = true;
        drop(peer, number(command, 1));
    } else {
        answer("failed size %s", word(command, 2));
    }
}

// both stream|packet OUT_BYTES IN_BYTES OUT_LARGEST IN_LARGEST, non-blocking, with poll
static void do_both(struct peer *peer, const struct command *command)
{
    bool packets = strcmp(word(command, 1), "packet") == 0;
    if (largest(&peer->put, word(command, 4)) && largest(&peer->taken, word(command, 5)))
        both_ways(peer, packets ? PACKET : STREAM, number(command, 2), number(command, 3));
    else
        answer("failed sizes %s %s", word(command, 4), word(command, 5));
}

// try-write BYTES and try-read BYTES; answer with what the library returned
static void do_try(struct peer *peer, const struct command *command)
{
    size_t bytes = number(command, 1);
    if (bytes > LARGEST_PIECE)
        answer("failed size %zu", bytes);
    else if (strcmp(word(command, 0), "try-write") == 0)
        try_put(peer, bytes);
    else
        try_take(peer, bytes);
}

// end; reads until the library says that the peer is gone; answers with the bytes and is_open
static void do_end(struct peer *peer, const struct command *command)
{
    (void)command;
    take_to_end(peer);
}

// open; answers with is_open
static void do_open(struct peer *peer, const struct command *command)
{
    (void)command;
    answer("ok %d", libxenvchan_is_open(peer->channel));
}

// ping ROUNDS SEED LONGEST_DELAY and echo ROUNDS SEED LONGEST_DELAY
static void do_rounds(struct peer *peer, const struct command *command)
{
    void (*play)(struct peer *, uint64_t, uint64_t, uint64_t) =
        strcmp(word(command, 0), "ping") == 0 ? ping : echo;
    play(peer, number(command, 1), number(command, 2), number(command, 3));
}

// reply ROUNDS
static void do_reply(struct peer *peer, const struct command *command)
{
    reply(peer, number(command, 1));
}

// race server|client write|read DOMAIN PATH SEED ROUNDS; answers with rounds, rounds with a loss,
// bytes lost, rounds with wrong bytes
static void do_race(struct peer *peer, const struct command *command)
{
    struct race race = {
        .serves = strcmp(word(command, 1), "server") == 0,
        .writes = strcmp(word(command, 2), "write") == 0,
        .domain = domain(command, 3),
        .path = word(command, 4),
        .seed = number(command, 5),
        .rounds = number(command, 6),
    };
    close_race(peer, &race);
}

// What the preloaded probe offers.
static void *of_probe(const char *name)
{
    void *found = dlsym(RTLD_DEFAULT, name);
    if (!found)
        answer("failed no probe is loaded");
    return found;
}

// events; answers with the events that were sent by this process
static void do_events(struct peer *peer, const struct command *command)
{
    (void)peer;
    (void)command;
    unsigned long (*sent)(void);
    *(void **)&sent = of_probe("vchan_probe_events_sent");
    if (sent)
        answer("ok %lu", sent());
}

// stop; the next client stops its process between its two reads of the store
static void do_stop(struct peer *peer, const struct command *command)
{
    (void)peer;
    (void)command;
    void (*stop_once)(void);
    *(void **)&stop_once = of_probe("vchan_probe_stop_once");
    if (stop_once) {
        stop_once();
        answer("ok");
    }
}

// close
static void do_close(struct peer *peer, const struct command *command)
{
    (void)command;
    libxenvchan_close(peer->channel);
    peer->channel = NULL;
    answer("ok");
}

enum need { ANYTHING, NO_CHANNEL, CHANNEL };

struct handler {
    const char *name;
    enum need needs;
    void (*handle)(struct peer *, const struct command *);
};

static const struct handler handlers[] = {
    {"listen", NO_CHANNEL, do_listen}, {"connect", NO_CHANNEL, do_connect},
    {"race", NO_CHANNEL, do_race},     {"stop", NO_CHANNEL, do_stop},
    {"accept", CHANNEL, do_accept},    {"streams", CHANNEL, do_streams},
    {"write", CHANNEL, do_put},        {"send", CHANNEL, do_put},
    {"read", CHANNEL, do_take},        {"receive", CHANNEL, do_take},
    {"both", CHANNEL, do_both},        {"end", CHANNEL, do_end},
    {"drop", CHANNEL, do_drop},        {"close", CHANNEL, do_close},
    {"try-write", CHANNEL, do_try},    {"try-read", CHANNEL, do_try},
    {"open", CHANNEL, do_open},        {"events", ANYTHING, do_events},
    {"ping", CHANNEL, do_rounds},      {"echo", CHANNEL, do_rounds},
    {"reply", CHANNEL, do_reply},
};

static void obey(struct peer *peer, const struct command *command)
{
    for (size_t i = 0; i < sizeof handlers / sizeof *handlers; i++) {
        if (strcmp(word(command, 0), handlers[i].name) != 0)
            continue;
        if (handlers[i].needs == ANYTHING || (handlers[i].needs == CHANNEL) == !!peer->channel)
            handlers[i].handle(peer, command);
        else
            answer("failed %s: there is %s channel", handlers[i].name,
                   peer->channel ? "already a" : "no");
        return;
    }
    answer("failed unknown command '%s'", word(command, 0));
}

int main(void)
{
    static struct peer peer;
    char line[LONGEST_LINE];
    alarm(LIFETIME_SECONDS);
    while (fgets(line, sizeof line, stdin)) {
        struct command command = {0};
        char *rest = line;
        for (char *next; command.count < MOST_WORDS && (next = strtok_r(rest, " \n", &rest));)
            command.words[command.count++] = next;
        obey(&peer, &command);
    }
    if (peer.channel)
        libxenvchan_close(peer.channel);
    return 0;
}
