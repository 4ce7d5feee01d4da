// SPDX-License-Identifier: Apache-2.0
/* Which directories processes may meet in, and that the others are left as they are. */
#define _GNU_SOURCE
#include "check.h"

#include <sys/stat.h>

/* Opens a root beside the one of this case, as a new process would; returns why it cannot. */
static int opens(void *name) {
    char root[PATH_MAX];
    snprintf(root, sizeof root, "%s/../%s", getenv("VCHAN_DIR"), (const char *)name);
    CHECK(setenv("VCHAN_DIR", root, 1) == 0);
    errno = 0;
    xenevtchn_handle *handle = xenevtchn_open(NULL, 0);
    int why = handle == NULL ? errno : 0;
    if (handle != NULL) {
        CHECK(xenevtchn_close(handle) == 0);
    }
    return why;
}

#define OPENS(name) exit_of(in_child(opens, name))

static void shell(const char *line) {
    CHECK(system(line) == 0);
}

CASE(aRootIsMadePrivateWhateverTheUmaskSays) {
    shell("mkdir $VCHAN_DIR/../above");
    umask(0);
    CHECK(OPENS("above/new") == 0);
    shell("test \"$(stat -c %a $VCHAN_DIR/../above/new)\" = 700");
    shell("test \"$(stat -c %a $VCHAN_DIR/../above/new/locks)\" = 600");
}

CASE(aRootWhoseParentIsMissingIsRefusedAndNothingIsMade) {
    CHECK(OPENS("missing/root") == ENOENT);
    shell("test ! -e $VCHAN_DIR/../missing");
}

CASE(aRootInUseForSomethingElseIsRefusedAndLeftAsItIs) {
    shell("mkdir -m 700 $VCHAN_DIR/../used; touch $VCHAN_DIR/../used/file");
    CHECK(OPENS("used") == EEXIST);
    shell("test \"$(ls $VCHAN_DIR/../used)\" = file");
    /* What lies in one of ours has been put there since; it is left alone. */
    shell("rm $VCHAN_DIR/../used/file");
    CHECK(OPENS("used") == 0);
    shell("touch $VCHAN_DIR/../used/file");
    CHECK(OPENS("used") == 0);
    shell("test -e $VCHAN_DIR/../used/file");
}

CASE(aRootThatOthersCouldReachIntoIsRefusedAndLeftAsItIs) {
    static const char *const modes[] = {"755", "710", "1777", "500", NULL};
    shell("mkdir $VCHAN_DIR/../open");
    for (int i = 0; modes[i] != NULL; i++) {
        CHECK(setenv("MODE", modes[i], 1) == 0);
        shell("chmod $MODE $VCHAN_DIR/../open");
        CHECK(OPENS("open") == EACCES);
        shell("test \"$(stat -c %a $VCHAN_DIR/../open)\" = $MODE");
    }
    shell("chmod 700 $VCHAN_DIR/../open");
    CHECK(OPENS("open") == 0);
}

CASE(aRootThatIsALinkOrAFileIsRefused) {
    shell("mkdir -m 700 $VCHAN_DIR/../target; ln -s target $VCHAN_DIR/../link");
    shell("ln -s nowhere $VCHAN_DIR/../dangling; touch $VCHAN_DIR/../file");
    CHECK(OPENS("link") == ENOTDIR);
    CHECK(OPENS("dangling") == ENOTDIR);
    CHECK(OPENS("file") == ENOTDIR);
    CHECK(OPENS("target") == 0);
}

CASE(aRootOfSomebodyElseIsRefused) {
    if (geteuid() == 0) { /* Only root can give one away; for others, this is somebody else's. */
        shell("mkdir -m 700 $VCHAN_DIR/../foreign; chown 4711 $VCHAN_DIR/../foreign");
        CHECK(OPENS("foreign") == EACCES);
    } else {
        CHECK(OPENS("../..//usr") == EACCES);
    }
}
