/* state: sets of address ranges with labels, painted one over the other. Internal to this stage. */
#ifndef HGR_STATE_STATE_PIECES_H
#define HGR_STATE_STATE_PIECES_H

#include <heapgraph/state.h>
#include "../base/alloc.h"

typedef struct hgr_pieces {
    const hgr_run *run;
    hgr_memory_region *list;
    size_t count, capacity;
} hgr_pieces;

void hgr_pieces_fini(hgr_pieces *pieces);
/** Add a range in any order; an empty one is left out. label is borrowed. */
HGR_MUST_CHECK hgr_result hgr_pieces_add(hgr_pieces *pieces, uint64_t start, uint64_t end,
                                         hgr_memory_kind kind, const char *label,
                                         hgr_status *status);
/** Ascending and disjoint; of two that overlap the one that starts first keeps the common part. */
void hgr_pieces_settle(hgr_pieces *pieces);
/**
 * Paint below: what of `more` (settled) lies outside of `pieces` (settled) joins them; with within
 * (settled) only what lies inside that.
 *
 * Cost     linear in all three.
 */
HGR_MUST_CHECK hgr_result hgr_pieces_add_below(hgr_pieces *pieces, const hgr_pieces *more,
                                               const hgr_pieces *within, hgr_status *status);

#endif
