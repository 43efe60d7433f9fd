/* heapgraph: results and the one status type every failing call fills. */
#ifndef HEAPGRAPH_STATUS_H
#define HEAPGRAPH_STATUS_H

#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#if defined(__GNUC__)
#define HGR_API        __attribute__((visibility("default")))
#define HGR_MUST_CHECK __attribute__((warn_unused_result))
#else
#define HGR_API
#define HGR_MUST_CHECK
#endif

/** What a call returned. HGR_OK is zero; everything else left the outputs untouched. */
typedef enum hgr_result {
    HGR_OK = 0,
    HGR_NO_MEMORY,    /* the system or run's memory limit refused an allocation */
    HGR_IO,           /* the operating system refused; os_error says why */
    HGR_BAD_DATA,     /* bytes that contradict their format */
    HGR_UNSUPPORTED,  /* well formed, but nothing here reads it */
    HGR_TRUNCATED,    /* the file ends before what it promises */
    HGR_TOO_LARGE,    /* over a documented maximum */
    HGR_NOT_FOUND,    /* what was asked for is not there */
    HGR_BAD_ARGUMENT, /* the caller's mistake */
    HGR_CANCELLED,    /* hgr_run_cancel was called */
    HGR_INTERNAL      /* a broken promise of this library: please report */
} hgr_result;

/** What hgr_status.at means. */
enum { HGR_AT_NOWHERE = 0, HGR_AT_FILE = 1, HGR_AT_ADDR = 2 };

/**
 * Why a call failed. Owned by the caller, fixed size: filling it cannot fail, allocate or race.
 * Every function that takes one accepts NULL ("no text wanted").
 */
typedef struct hgr_status {
    hgr_result code;      /* what the function returned */
    int        os_error;  /* errno, or 0 */
    uint64_t   at;        /* file offset or target address, by at_kind */
    uint32_t   at_kind;   /* HGR_AT_NOWHERE, HGR_AT_FILE, HGR_AT_ADDR */
    char       text[236]; /* one line: what, where, seen, expected; no trailing newline */
} hgr_status;

/** The name of a result, for example "HGR_BAD_DATA"; "HGR_?" for an unknown value. Never NULL. */
HGR_API const char *hgr_result_name(hgr_result result);

#ifdef __cplusplus
}
#endif
#endif
