// SPDX-License-Identifier: Apache-2.0
/* The store: one file for a node, held by one process. */
#define _GNU_SOURCE
#include "check.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/stat.h>

#define NODE "/local/domain/0/data/vchan/1/t"
#define KEYS "store" NODE "/.keys"

static bool write_text(struct xs_handle *xs, xs_transaction_t t, const char *path,
                       const char *text) {
    return xs_write(xs, t, path, text, (unsigned)strlen(text));
}

static bool reads(struct xs_handle *xs, const char *path, const char *text) {
    unsigned length;
    char *found = xs_read(xs, 0, path, &length);
    bool equal = found != NULL && strcmp(found, text) == 0 && length == strlen(text);
    free(found);
    return equal;
}

static bool publish(struct xs_handle *xs, const char *ref, const char *port) {
    struct xs_permissions perms[] = {{OWN, XS_PERM_NONE}, {1, XS_PERM_READ}};
    xs_transaction_t t = xs_transaction_start(xs);
    return t != 0 && write_text(xs, t, NODE "/ring-ref", ref) &&
           xs_set_permissions(xs, t, NODE "/ring-ref", perms, 2) &&
           write_text(xs, t, NODE "/event-channel", port) &&
           xs_set_permissions(xs, t, NODE "/event-channel", perms, 2) &&
           xs_transaction_end(xs, t, false);
}

static void put_file(const char *path, const char *text) {
    char whole[PATH_MAX];
    snprintf(whole, sizeof whole, "%s/%s", getenv("VCHAN_DIR"), path);
    CHECK(make_directories(whole, false) == 0);
    int fd = open(whole, O_WRONLY | O_CREAT | O_TRUNC, 0600);
    CHECK(fd >= 0 && write(fd, text, strlen(text)) == (ssize_t)strlen(text));
    close(fd);
}

CASE(aTransactionPublishesAllItsLeavesInOneFile) {
    struct xs_handle *xs = xs_open(0);
    xs_transaction_t t = xs_transaction_start(xs);
    CHECK(write_text(xs, t, NODE "/ring-ref", "512"));
    CHECK(!is_there(KEYS));
    char *own = xs_read(xs, t, NODE "/ring-ref", NULL);
    CHECK(own != NULL && strcmp(own, "512") == 0);
    free(own);
    CHECK(!reads(xs, NODE "/ring-ref", "512"));
    CHECK(write_text(xs, t, NODE "/event-channel", "7"));
    CHECK(xs_transaction_end(xs, t, false));
    CHECK(reads(xs, NODE "/ring-ref", "512") && reads(xs, NODE "/event-channel", "7"));
    xs_close(xs);
    /* What was written stays when the handle is closed. */
    xs = xs_open(0);
    CHECK(reads(xs, "data/vchan/1/t/ring-ref", "512"));
    CHECK(xs_rm(xs, 0, NODE));
    CHECK(!is_there("store/local"));
    xs_close(xs);
}

CASE(theFileIsTheOneOfTheFormat) {
    struct xs_handle *xs = xs_open(0);
    CHECK(publish(xs, "1934592256", "77041823"));
    char path[PATH_MAX], text[200], wanted[200];
    snprintf(path, sizeof path, "%s/" KEYS, getenv("VCHAN_DIR"));
    FILE *file = fopen(path, "r");
    size_t length = fread(text, 1, sizeof text - 1, file);
    text[length] = 0;
    fclose(file);
    snprintf(wanted, sizeof wanted, ".server=0\n.client=1\n.pid=%d\n", getpid());
    CHECK(strncmp(text, wanted, strlen(wanted)) == 0);
    CHECK(strstr(text, "\nring-ref=1934592256\n") && strstr(text, "\nevent-channel=77041823\n"));
    CHECK(xs_rm(xs, 0, NODE));
    xs_close(xs);
}

CASE(anAbandonedTransactionDoesNothing) {
    struct xs_handle *xs = xs_open(0);
    xs_transaction_t t = xs_transaction_start(xs);
    CHECK(write_text(xs, t, NODE "/ring-ref", "512"));
    CHECK(xs_transaction_end(xs, t, true));
    CHECK_FAILS(!xs_transaction_end(xs, t, false), ENOENT);
    t = xs_transaction_start(xs);
    CHECK(write_text(xs, t, NODE "/ring-ref", "512"));
    xs_close(xs);
    CHECK(names_left() == 0);
}

CASE(onlyTheClientThatIsNamedMayRead) {
    struct xs_handle *xs = xs_open(0);
    put_file(KEYS, ".server=3\n.client=4\nring-ref=512\n");
    CHECK_FAILS(!xs_read(xs, 0, NODE "/ring-ref", NULL), EACCES);
    put_file(KEYS, ".server=3\n.client=0\nring-ref=512\n");
    CHECK(reads(xs, NODE "/ring-ref", "512"));
    CHECK_FAILS(!xs_read(xs, 0, NODE "/event-channel", NULL), ENOENT);
    CHECK_FAILS(!xs_read(xs, 0, NODE "/.client", NULL), EINVAL);
    shim_enter();
    remove_leftovers();
    shim_leave();
    xs_close(xs);
}

static void is_absent(struct xs_handle *xs, const char *text) {
    put_file(KEYS, text);
    CHECK_FAILS(!xs_read(xs, 0, NODE "/ring-ref", NULL), ENOENT);
}

CASE(whatIsNotAsDescribedIsTakenAsAbsent) {
    struct xs_handle *xs = xs_open(0);
    char path[PATH_MAX], big[6000];
    snprintf(path, sizeof path, "%s/" KEYS, getenv("VCHAN_DIR"));
    memset(big, '\n', sizeof big - 1);
    big[sizeof big - 1] = 0;
    memcpy(big, ".server=0\n.client=0\nring-ref=5\n", 31);
    is_absent(xs, "");
    is_absent(xs, big);
    is_absent(xs, ".server=0\n.client=0\nring-ref=5\nnonsense\n");
    is_absent(xs, ".server=0\n.client=0\nring-ref=5\nring-ref=5\n");
    is_absent(xs, ".server=0\nring-ref=5\n");
    is_absent(xs, ".server=00\n.client=0\nring-ref=5\n");
    is_absent(xs, ".server=-1\n.client=0\nring-ref=5\n");
    is_absent(xs, ".server=99999\n.client=0\nring-ref=5\n");
    put_file(KEYS, "\n.server=0\n\n.client=0\nring-ref=5");
    CHECK(reads(xs, NODE "/ring-ref", "5"));
    unlink(path);
    CHECK(mkfifo(path, 0600) == 0);
    CHECK_FAILS(!xs_read(xs, 0, NODE "/ring-ref", NULL), ENOENT);
    unlink(path);
    CHECK(symlink("elsewhere", path) == 0);
    CHECK_FAILS(!xs_read(xs, 0, NODE "/ring-ref", NULL), ENOENT);
    CHECK(publish(xs, "512", "7"));
    CHECK(reads(xs, NODE "/ring-ref", "512"));
    CHECK(xs_rm(xs, 0, NODE));
    xs_close(xs);
}

CASE(namesAndValuesThatTheFormatCannotHoldAreRefused) {
    struct xs_handle *xs = xs_open(0);
    char big[5000] = {0};
    memset(big, 'x', sizeof big - 1);
    CHECK_FAILS(!write_text(xs, 0, "/a/.keys/b", "1"), EINVAL);
    CHECK_FAILS(!write_text(xs, 0, "/a//b", "1"), EINVAL);
    CHECK_FAILS(!write_text(xs, 0, "/a/b/", "1"), EINVAL);
    CHECK_FAILS(!write_text(xs, 0, "../b", "1"), EINVAL);
    CHECK_FAILS(!write_text(xs, 0, "/a/b", "1\n.client=3"), EINVAL);
    CHECK_FAILS(!write_text(xs, 0, "/a/b", big), E2BIG);
    CHECK(names_left() == 0);
    xs_close(xs);
}

static int holder(void *pipes) {
    const int *fds = pipes;
    char go;
    struct xs_handle *xs = xs_open(0);
    CHECK(publish(xs, "512", "7"));
    CHECK(write(fds[1], "r", 1) == 1 && read(fds[2], &go, 1) == 1);
    raise(SIGKILL);
    return 0;
}

CASE(aPathIsHeldByOneProcessAndInheritedFromTheDead) {
    int fds[4];
    char ready;
    CHECK(pipe(fds) == 0 && pipe(fds + 2) == 0);
    pid_t child = in_child(holder, fds);
    CHECK(read(fds[0], &ready, 1) == 1);
    struct xs_handle *xs = xs_open(0);
    CHECK_FAILS(!publish(xs, "768", "8"), EBUSY);
    CHECK(xs_rm(xs, 0, NODE) && is_there(KEYS));
    CHECK(write(fds[3], "g", 1) == 1);
    exit_of(child);
    CHECK(is_there(KEYS));
    CHECK(publish(xs, "768", "8"));
    CHECK(reads(xs, NODE "/ring-ref", "768"));
    CHECK(xs_rm(xs, 0, NODE));
    xs_close(xs);
    for (int i = 0; i < 4; i++) {
        close(fds[i]);
    }
}

CASE(whatWasAdvertisedIsNotFoundOnceSomethingElseIs) {
    struct xs_handle *xs = xs_open(0);
    xengntshr_handle *shr = xengntshr_open(NULL, 0);
    xenevtchn_handle *events = xenevtchn_open(NULL, 0);
    uint32_t refs[2];
    char ref[12], port[12];
    void *first = xengntshr_share_pages(shr, 1, 1, &refs[0], 1);
    int port_number = xenevtchn_bind_unbound_port(events, 1);
    CHECK(xengntshr_share_pages(shr, 1, 1, &refs[1], 1) != NULL);
    snprintf(ref, sizeof ref, "%u", refs[0]);
    snprintf(port, sizeof port, "%d", port_number);
    CHECK(publish(xs, ref, port));
    CHECK(publish(xs, ref, port));
    CHECK(names_left() == 4);
    snprintf(ref, sizeof ref, "%u", refs[1]);
    CHECK(publish(xs, ref, "1"));
    /* The first page and the port have lost their names; the second page and the leaves have not. */
    CHECK(names_left() == 2);
    CHECK(xengntshr_unshare(shr, first, 1) == 0);
    CHECK(xs_rm(xs, 0, NODE) && names_left() == 0);
    xengntshr_close(shr);
    xenevtchn_close(events);
    xs_close(xs);
}

static bool fires(struct xs_handle *xs, const char *path, const char *token) {
    unsigned count;
    CHECK(becomes_readable(xs_fileno(xs)));
    char **fired = xs_read_watch(xs, &count);
    bool right = fired != NULL && count == 2 && strcmp(fired[0], path) == 0 &&
                 strcmp(fired[1], token) == 0;
    free(fired);
    return right;
}

CASE(aWatchFiresAtOnceAndThenForEachChange) {
    struct xs_handle *xs = xs_open(0);
    struct xs_handle *writer = xs_open(0);
    CHECK(xs_watch(xs, NODE, "node"));
    CHECK(fires(xs, NODE, "node"));
    CHECK_FAILS(xs_check_watch(xs) == NULL, EAGAIN);
    CHECK(is_quiet(xs_fileno(xs)));
    for (int i = 0; i < 3; i++) {
        CHECK(publish(writer, i % 2 ? "512" : "768", "7"));
        CHECK(fires(xs, NODE, "node"));
        CHECK(xs_rm(writer, 0, NODE));
        CHECK(fires(xs, NODE, "node"));
    }
    CHECK(xs_unwatch(xs, NODE, "node"));
    CHECK_FAILS(!xs_unwatch(xs, NODE, "node"), ENOENT);
    CHECK(publish(writer, "512", "7"));
    CHECK(is_quiet(xs_fileno(xs)));
    CHECK(xs_rm(writer, 0, NODE));
    xs_close(writer);
    xs_close(xs);
}

CASE(aWatchSeesALeafAndWhatIsFarBelow) {
    struct xs_handle *xs = xs_open(0);
    CHECK(xs_watch(xs, NODE "/event-channel", "leaf") && fires(xs, NODE "/event-channel", "leaf"));
    CHECK(publish(xs, "512", "7"));
    CHECK(fires(xs, NODE "/event-channel", "leaf"));
    CHECK(xs_unwatch(xs, NODE "/event-channel", "leaf"));
    CHECK(xs_watch(xs, "/local/domain/0", "far") && fires(xs, "/local/domain/0", "far"));
    CHECK(xs_rm(xs, 0, NODE));
    CHECK(fires(xs, "/local/domain/0", "far"));
    CHECK(xs_watch(xs, "@releaseDomain", "gone") && fires(xs, "@releaseDomain", "gone"));
    xs_close(xs);
}

CASE(theStoreTellsOwnDomainAndWhatIsInANode) {
    struct xs_handle *xs = xs_open(0);
    unsigned count;
    CHECK(reads(xs, "domid", "0") && reads(xs, "/local/domain/77/domid", "77"));
    char *path = xs_get_domain_path(xs, 5);
    CHECK(strcmp(path, "/local/domain/5") == 0);
    free(path);
    CHECK(publish(xs, "512", "7"));
    char **names = xs_directory(xs, 0, "/local/domain/0/data", &count);
    CHECK(names != NULL && count == 1 && strcmp(names[0], "vchan") == 0);
    free(names);
    names = xs_directory(xs, 0, NODE, &count);
    CHECK(names != NULL && count == 2);
    free(names);
    struct xs_permissions *perms = xs_get_permissions(xs, 0, NODE "/ring-ref", &count);
    CHECK(perms != NULL && count == 2 && perms[0].id == OWN && perms[1].id == 1);
    free(perms);
    CHECK(xs_mkdir(xs, 0, "/local/domain/0/data/other"));
    CHECK(xs_rm(xs, 0, NODE "/ring-ref"));
    CHECK(!reads(xs, NODE "/ring-ref", "512") && reads(xs, NODE "/event-channel", "7"));
    CHECK(xs_rm(xs, 0, "/local/domain/0/data"));
    xs_close(xs);
}
