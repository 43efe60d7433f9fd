/* answers: class totals, 64 classes at a time. */
#ifndef HGR_ANSWERS_CLASS_WIDE_H
#define HGR_ANSWERS_CLASS_WIDE_H

#include <heapgraph/answers.h>
#include "../graph/graph.h"

/**
 * Add to totals[c].retained_bytes of every class what interned sets would give, in bounded memory:
 * 8 bytes per node. One fixpoint for each 64 classes that have reachable nodes
 * (totals[c].reachable_count).
 */
HGR_MUST_CHECK hgr_result hgr_class_totals_wide(const hgr_graph *graph, const hgr_domtree *tree,
                                                const hgr_node *roots, size_t nroots,
                                                const uint32_t *class_of, uint32_t nclasses,
                                                hgr_node_bytes_fn *bytes, const void *user,
                                                const hgr_run *run, hgr_class_totals *totals,
                                                hgr_status *status);

#endif
