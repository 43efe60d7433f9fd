/* answers: the dominator kernel, in depth-first numbers. */
#ifndef HGR_ANSWERS_SEMI_NCA_H
#define HGR_ANSWERS_SEMI_NCA_H

#include "../graph/graph.h"

/** What the kernel gives: idom has n + 1 entries, order the reachable nodes in reverse postorder.
 */
typedef struct hgr_dominators {
    hgr_node *idom;
    hgr_node *order;
    uint32_t  reachable;
} hgr_dominators;

/** Test hook: how many parent steps the last phase may make before it builds jump pointers. */
typedef struct hgr_dominators_options {
    uint64_t max_steps; /* 0 = 8 per node */
} hgr_dominators_options;

/** roots are checked by the caller. On error *out is untouched; both arrays are freed by hgr_free.
 */
HGR_MUST_CHECK hgr_result hgr_dominators_find(const hgr_graph *graph, const hgr_node *roots,
                                              size_t nroots, const hgr_dominators_options *options,
                                              const hgr_run *run, hgr_dominators *out,
                                              hgr_status *status);

#endif
