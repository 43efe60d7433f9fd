/* answers: what a breadth-first spanning tree holds. */
#ifndef HGR_ANSWERS_REACH_H
#define HGR_ANSWERS_REACH_H

#include <stdatomic.h>
#include <heapgraph/answers.h>
#include "../base/alloc.h"

struct hgr_reach {
    uint32_t          n;
    uint64_t          count;
    _Atomic uint32_t *distance; /* 0 = not reached */
    _Atomic uint64_t *origin; /* ~(root << 32 | parent), 0 = not reached; a larger one is better */
};

/** As hgr_reach_create, but the walk ends with the level of `target` (HGR_NO_NODE: walk
 * everything). */
HGR_MUST_CHECK hgr_result hgr_reach_until(const hgr_graph *graph, const hgr_node *roots,
                                          size_t nroots, const uint64_t *blocked, hgr_node target,
                                          const hgr_run *run, hgr_reach **out, hgr_status *status);

#endif
