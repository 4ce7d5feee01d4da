// SPDX-License-Identifier: Apache-2.0
//
// Preloaded between libxenvchan and whatever stands in for Xen's libraries: counts the events that
// the library sends, and can stop the process at a moment that nobody outside can hit: when a client
// has read ring-ref and has not read event-channel yet. SIGCONT lets it go on.
#define _GNU_SOURCE
#include <dlfcn.h>
#include <signal.h>
#include <string.h>
#include <xenevtchn.h>
#include <xenstore.h>

static unsigned long events_sent;
static bool to_be_stopped;

unsigned long vchan_probe_events_sent(void);
void vchan_probe_stop_once(void);

unsigned long vchan_probe_events_sent(void)
{
    return events_sent;
}

void vchan_probe_stop_once(void)
{
    to_be_stopped = true;
}

int xenevtchn_notify(xenevtchn_handle *handle, evtchn_port_t port)
{
    int (*next)(xenevtchn_handle *, evtchn_port_t);
    *(void **)&next = dlsym(RTLD_NEXT, "xenevtchn_notify");
    events_sent++;
    return next(handle, port);
}

static bool ends_with(const char *text, const char *end)
{
    size_t length = strlen(text);
    return length >= strlen(end) && strcmp(text + length - strlen(end), end) == 0;
}

void *xs_read(struct xs_handle *handle, xs_transaction_t transaction, const char *path,
              unsigned int *length)
{
    void *(*next)(struct xs_handle *, xs_transaction_t, const char *, unsigned int *);
    *(void **)&next = dlsym(RTLD_NEXT, "xs_read");
    void *value = next(handle, transaction, path, length);
    if (value && to_be_stopped && ends_with(path, "/ring-ref")) {
        to_be_stopped = false;
        raise(SIGSTOP);
    }
    return value;
}
