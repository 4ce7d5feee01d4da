// SPDX-License-Identifier: Apache-2.0
//
// libxenvchan: blocking, which sleeps for events, and polled, which never does.
#include <libxenvchan.h>
#include <stdio.h>
#include <string.h>

#include "contest.h"

enum { DOMAIN_A = 1, DOMAIN_B = 2 };

static struct libxenvchan *open_channel(enum side side, const char *meeting, size_t ring)
{
    char path[64];
    const char *name = strrchr(meeting, '/');
    snprintf(path, sizeof path, "/local/domain/%d/data/vchan/%d/%s", DOMAIN_A, DOMAIN_B,
             name ? name + 1 : meeting);
    if (side == SIDE_B) {
        struct libxenvchan *client;
        for (int tries = 0; !(client = libxenvchan_client_init(NULL, DOMAIN_A, path));) {
            if (!patient(&tries))
                return NULL;
        }
        client->blocking = -1;
        return client;
    }
    struct libxenvchan *server = libxenvchan_server_init(NULL, DOMAIN_B, path, ring, ring);
    if (!server)
        return NULL;
    server->blocking = -1;
    server->server_persist = 0;
    while (libxenvchan_is_open(server) == 2)
        libxenvchan_wait(server);
    return server;
}

static void *open_blocking(enum side side, const char *meeting, size_t ring)
{
    return open_channel(side, meeting, ring);
}

static void *open_polled(enum side side, const char *meeting, size_t ring)
{
    struct libxenvchan *channel = open_channel(side, meeting, ring);
    if (channel)
        channel->blocking = 0;
    return channel;
}

static bool send_blocking(void *end, const void *bytes, size_t size)
{
    return libxenvchan_write(end, bytes, size) == (int)size;
}

static long receive_blocking(void *end, void *bytes, size_t most)
{
    return libxenvchan_read(end, bytes, most);
}

static void relax(void)
{
#if defined(__x86_64__) || defined(__i386__)
    __builtin_ia32_pause();
#endif
}

static bool send_polled(void *end, const void *bytes, size_t size)
{
    for (size_t done = 0; done < size;) {
        int put = libxenvchan_write(end, (const char *)bytes + done, size - done);
        if (put < 0)
            return false;
        if (put == 0)
            relax();
        done += (size_t)put;
    }
    return true;
}

static long receive_polled(void *end, void *bytes, size_t most)
{
    int got;
    while ((got = libxenvchan_read(end, bytes, most)) == 0)
        relax();
    return got;
}

static void close_channel(void *end)
{
    libxenvchan_close(end);
}

const struct contestant contestants[] = {
    {"libxenvchan", open_blocking, send_blocking, receive_blocking, close_channel, false},
    {"libxenvchan-polled", open_polled, send_polled, receive_polled, close_channel, false},
    {0},
};
