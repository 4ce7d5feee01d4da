// SPDX-License-Identifier: Apache-2.0
//
// Prints every number and place of a field that Ioctl.java knows, as the kernel's headers have it.
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/ioctl.h>

// The headers of the devices name these types of the hypervisor's, and include none of its headers.
typedef uint16_t domid_t;
typedef uint32_t grant_ref_t;

#include <xen/evtchn.h>
#include <xen/gntalloc.h>
#include <xen/gntdev.h>

#define PRINT(name, value) printf("%s %ld\n", name, (long)(value))

static void print_gntalloc(void)
{
    PRINT("ALLOC_GREF", IOCTL_GNTALLOC_ALLOC_GREF);
    PRINT("DEALLOC_GREF", IOCTL_GNTALLOC_DEALLOC_GREF);
    PRINT("SET_UNMAP_NOTIFY", IOCTL_GNTALLOC_SET_UNMAP_NOTIFY);
    PRINT("ALLOC_DOMAIN", offsetof(struct ioctl_gntalloc_alloc_gref, domid));
    PRINT("ALLOC_FLAGS", offsetof(struct ioctl_gntalloc_alloc_gref, flags));
    PRINT("ALLOC_COUNT", offsetof(struct ioctl_gntalloc_alloc_gref, count));
    PRINT("ALLOC_INDEX", offsetof(struct ioctl_gntalloc_alloc_gref, index));
    PRINT("ALLOC_REFS", offsetof(struct ioctl_gntalloc_alloc_gref, gref_ids));
    PRINT("ALLOC_MIN_BYTES", sizeof(struct ioctl_gntalloc_alloc_gref));
    PRINT("ALLOC_WRITABLE", GNTALLOC_FLAG_WRITABLE);
    PRINT("RELEASE_INDEX", offsetof(struct ioctl_gntalloc_dealloc_gref, index));
    PRINT("RELEASE_COUNT", offsetof(struct ioctl_gntalloc_dealloc_gref, count));
    PRINT("RELEASE_BYTES", sizeof(struct ioctl_gntalloc_dealloc_gref));
    PRINT("NOTIFY_INDEX", offsetof(struct ioctl_gntalloc_unmap_notify, index));
    PRINT("NOTIFY_ACTION", offsetof(struct ioctl_gntalloc_unmap_notify, action));
    PRINT("NOTIFY_PORT", offsetof(struct ioctl_gntalloc_unmap_notify, event_channel_port));
    PRINT("NOTIFY_BYTES", sizeof(struct ioctl_gntalloc_unmap_notify));
}

// What both devices have is the same for both; a line that differs from the first fails the test.
static void print_gntdev(void)
{
    PRINT("MAP_GRANT_REF", IOCTL_GNTDEV_MAP_GRANT_REF);
    PRINT("UNMAP_GRANT_REF", IOCTL_GNTDEV_UNMAP_GRANT_REF);
    PRINT("SET_UNMAP_NOTIFY", IOCTL_GNTDEV_SET_UNMAP_NOTIFY);
    PRINT("MAP_COUNT", offsetof(struct ioctl_gntdev_map_grant_ref, count));
    PRINT("MAP_INDEX", offsetof(struct ioctl_gntdev_map_grant_ref, index));
    PRINT("MAP_REFS", offsetof(struct ioctl_gntdev_map_grant_ref, refs));
    PRINT("MAP_REF_BYTES", sizeof(struct ioctl_gntdev_grant_ref));
    PRINT("MAP_REF_DOMAIN", offsetof(struct ioctl_gntdev_grant_ref, domid));
    PRINT("MAP_REF_REF", offsetof(struct ioctl_gntdev_grant_ref, ref));
    PRINT("RELEASE_INDEX", offsetof(struct ioctl_gntdev_unmap_grant_ref, index));
    PRINT("RELEASE_COUNT", offsetof(struct ioctl_gntdev_unmap_grant_ref, count));
    PRINT("RELEASE_BYTES", sizeof(struct ioctl_gntdev_unmap_grant_ref));
    PRINT("NOTIFY_INDEX", offsetof(struct ioctl_gntdev_unmap_notify, index));
    PRINT("NOTIFY_ACTION", offsetof(struct ioctl_gntdev_unmap_notify, action));
    PRINT("NOTIFY_PORT", offsetof(struct ioctl_gntdev_unmap_notify, event_channel_port));
    PRINT("NOTIFY_BYTES", sizeof(struct ioctl_gntdev_unmap_notify));
    PRINT("CLEAR_BYTE", UNMAP_NOTIFY_CLEAR_BYTE);
    PRINT("SEND_EVENT", UNMAP_NOTIFY_SEND_EVENT);
}

static void print_evtchn(void)
{
    PRINT("BIND_INTERDOMAIN", IOCTL_EVTCHN_BIND_INTERDOMAIN);
    PRINT("BIND_UNBOUND_PORT", IOCTL_EVTCHN_BIND_UNBOUND_PORT);
    PRINT("UNBIND", IOCTL_EVTCHN_UNBIND);
    PRINT("NOTIFY", IOCTL_EVTCHN_NOTIFY);
    PRINT("RESET", IOCTL_EVTCHN_RESET);
}

int main(void)
{
    print_gntalloc();
    print_gntdev();
    print_evtchn();
    return 0;
}
