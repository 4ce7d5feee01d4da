// SPDX-License-Identifier: Apache-2.0
/*
 * What is implemented of the Xen libraries' interfaces. Own prototypes, so that a C compiler is all
 * that is needed; with XENSHIM_REAL_HEADERS the real ones stand in, and the compiler proves that
 * the two agree.
 */
#ifndef XENAPI_H
#define XENAPI_H

#include <stdbool.h>
#include <stdint.h>

#ifdef XENSHIM_REAL_HEADERS

#define XC_WANT_COMPAT_DEVICEMODEL_API
#include <xenctrl.h>
#include <xenevtchn.h>
#include <xengnttab.h>
#include <xenstore.h>

#else

struct xentoollog_logger;

typedef struct xenevtchn_handle xenevtchn_handle;
typedef uint32_t evtchn_port_t;
typedef int xenevtchn_port_or_error_t;
typedef uint16_t domid_t;

#define XENEVTCHN_NO_CLOEXEC (1 << 0)

xenevtchn_handle *xenevtchn_open(struct xentoollog_logger *logger, unsigned int flags);
xenevtchn_handle *xenevtchn_fdopen(struct xentoollog_logger *logger, int fd, unsigned flags);
int xenevtchn_close(xenevtchn_handle *handle);
int xenevtchn_fd(xenevtchn_handle *handle);
int xenevtchn_notify(xenevtchn_handle *handle, evtchn_port_t port);
xenevtchn_port_or_error_t xenevtchn_bind_unbound_port(xenevtchn_handle *handle, uint32_t domid);
xenevtchn_port_or_error_t xenevtchn_bind_interdomain(xenevtchn_handle *handle, uint32_t domid,
                                                     evtchn_port_t remote_port);
xenevtchn_port_or_error_t xenevtchn_bind_virq(xenevtchn_handle *handle, unsigned int virq);
int xenevtchn_unbind(xenevtchn_handle *handle, evtchn_port_t port);
xenevtchn_port_or_error_t xenevtchn_pending(xenevtchn_handle *handle);
int xenevtchn_unmask(xenevtchn_handle *handle, evtchn_port_t port);
int xenevtchn_restrict(xenevtchn_handle *handle, domid_t domid);

typedef struct xengntdev_handle xengnttab_handle;
typedef struct xengntdev_handle xengntshr_handle;
typedef struct xengnttab_grant_copy_segment xengnttab_grant_copy_segment_t;

xengnttab_handle *xengnttab_open(struct xentoollog_logger *logger, unsigned open_flags);
int xengnttab_close(xengnttab_handle *handle);
int xengnttab_fd(xengnttab_handle *handle);
int xengnttab_set_max_grants(xengnttab_handle *handle, uint32_t count);
void *xengnttab_map_grant_ref(xengnttab_handle *handle, uint32_t domid, uint32_t ref, int prot);
void *xengnttab_map_grant_refs(xengnttab_handle *handle, uint32_t count, uint32_t *domids,
                               uint32_t *refs, int prot);
void *xengnttab_map_domain_grant_refs(xengnttab_handle *handle, uint32_t count, uint32_t domid,
                                      uint32_t *refs, int prot);
void *xengnttab_map_grant_ref_notify(xengnttab_handle *handle, uint32_t domid, uint32_t ref,
                                     int prot, uint32_t notify_offset, evtchn_port_t notify_port);
int xengnttab_unmap(xengnttab_handle *handle, void *start_address, uint32_t count);
int xengnttab_grant_copy(xengnttab_handle *handle, uint32_t count,
                         xengnttab_grant_copy_segment_t *segments);
xengntshr_handle *xengntshr_open(struct xentoollog_logger *logger, unsigned open_flags);
int xengntshr_close(xengntshr_handle *handle);
int xengntshr_fd(xengntshr_handle *handle);
void *xengntshr_share_pages(xengntshr_handle *handle, uint32_t domid, int count, uint32_t *refs,
                            int writable);
void *xengntshr_share_page_notify(xengntshr_handle *handle, uint32_t domid, uint32_t *ref,
                                  int writable, uint32_t notify_offset, evtchn_port_t notify_port);
int xengntshr_unshare(xengntshr_handle *handle, void *start_address, uint32_t count);

struct xs_handle;
typedef uint32_t xs_transaction_t;
struct xs_permissions {
    unsigned int id;
    unsigned int perms;
};
#define XS_PERM_NONE 0x00
#define XS_PERM_READ 0x01
#define XS_PERM_WRITE 0x02

struct xs_handle *xs_open(unsigned long flags);
void xs_close(struct xs_handle *xs);
struct xs_handle *xs_daemon_open(void);
struct xs_handle *xs_domain_open(void);
struct xs_handle *xs_daemon_open_readonly(void);
void xs_daemon_close(struct xs_handle *xs);
void xs_daemon_destroy_postfork(struct xs_handle *xs);
char **xs_directory(struct xs_handle *xs, xs_transaction_t t, const char *path, unsigned int *num);
void *xs_read(struct xs_handle *xs, xs_transaction_t t, const char *path, unsigned int *len);
bool xs_write(struct xs_handle *xs, xs_transaction_t t, const char *path, const void *data,
              unsigned int len);
bool xs_mkdir(struct xs_handle *xs, xs_transaction_t t, const char *path);
bool xs_rm(struct xs_handle *xs, xs_transaction_t t, const char *path);
bool xs_restrict(struct xs_handle *xs, unsigned domid);
struct xs_permissions *xs_get_permissions(struct xs_handle *xs, xs_transaction_t t,
                                          const char *path, unsigned int *num);
bool xs_set_permissions(struct xs_handle *xs, xs_transaction_t t, const char *path,
                        struct xs_permissions *perms, unsigned int num_perms);
bool xs_watch(struct xs_handle *xs, const char *path, const char *token);
int xs_fileno(struct xs_handle *xs);
char **xs_check_watch(struct xs_handle *xs);
char **xs_read_watch(struct xs_handle *xs, unsigned int *num);
bool xs_unwatch(struct xs_handle *xs, const char *path, const char *token);
xs_transaction_t xs_transaction_start(struct xs_handle *xs);
bool xs_transaction_end(struct xs_handle *xs, xs_transaction_t t, bool abort);
char *xs_get_domain_path(struct xs_handle *xs, unsigned int domid);
bool xs_is_domain_introduced(struct xs_handle *xs, unsigned int domid);
bool xs_introduce_domain(struct xs_handle *xs, unsigned int domid, unsigned long mfn,
                         unsigned int eventchn);
bool xs_set_target(struct xs_handle *xs, unsigned int domid, unsigned int target);
bool xs_resume_domain(struct xs_handle *xs, unsigned int domid);
bool xs_release_domain(struct xs_handle *xs, unsigned int domid);
char *xs_control_command(struct xs_handle *xs, const char *command, void *data, unsigned int len);
char *xs_debug_command(struct xs_handle *xs, const char *command, void *data, unsigned int len);

typedef struct xc_interface_core xc_interface;
typedef struct xentoollog_logger xentoollog_logger;

/* The beginning of a longer structure; nothing behind this is touched. */
typedef struct xc_dominfo {
    uint32_t domid;
    uint32_t ssidref;
    unsigned int dying : 1, crashed : 1, shutdown : 1, paused : 1, blocked : 1, running : 1,
        hvm : 1, debugged : 1, xenstore : 1, hap : 1;
    unsigned int shutdown_reason;
} xc_dominfo_t;

xc_interface *xc_interface_open(xentoollog_logger *logger, xentoollog_logger *dombuild_logger,
                                unsigned open_flags);
int xc_interface_close(xc_interface *xch);
int xc_domain_getinfo(xc_interface *xch, uint32_t first_domid, unsigned int max_doms,
                      xc_dominfo_t *info);

#endif
#endif
