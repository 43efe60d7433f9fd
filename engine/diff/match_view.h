/* diff: a snapshot as the matcher reads it. */
#ifndef HGR_DIFF_MATCH_VIEW_H
#define HGR_DIFF_MATCH_VIEW_H

#include <heapgraph/match.h>

/** Bytes of the instances of one type that do not count as content: for tests, which hide the ids
 * they check pairs by. */
typedef struct hgr_match_mask {
    uint64_t method_table_addr;
    uint32_t offset, bytes; /* from the object's address */
    uint32_t stride;        /* 0 = once; else again after so many bytes, to the end (arrays) */
} hgr_match_mask;

/** hgr_match_view_create, with masks (borrowed), ascending by type. */
HGR_MUST_CHECK hgr_result hgr_match_view_masked(const hgr_snapshot *snapshot,
                                                const hgr_match_mask *masks, size_t nmasks,
                                                const hgr_run *run, hgr_match_view **out,
                                                hgr_status *status);

#endif
