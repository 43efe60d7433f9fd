/* base: fill and wrap the status of a failing call. All accept a NULL status. */
#ifndef HGR_BASE_STATUS_H
#define HGR_BASE_STATUS_H

#include <heapgraph/status.h>

/** Fill status with code and one line of text; returns code, so that `return hgr_fail(...)` reads well. */
hgr_result hgr_fail(hgr_status *status, hgr_result code, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
/** The same with the file offset at which the bad bytes lie. */
hgr_result hgr_fail_file(hgr_status *status, hgr_result code, uint64_t off, const char *format, ...)
    __attribute__((format(printf, 4, 5)));
/** The same with the target address. */
hgr_result hgr_fail_addr(hgr_status *status, hgr_result code, uint64_t addr, const char *format, ...)
    __attribute__((format(printf, 4, 5)));
/** HGR_IO with errno's text behind ours. */
hgr_result hgr_fail_errno(hgr_status *status, int os_error, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
/** Put context ("file: ") in front of the text already there; returns status's code (or code). */
hgr_result hgr_wrap(hgr_status *status, hgr_result code, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

#endif
