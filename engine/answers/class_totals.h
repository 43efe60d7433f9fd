/* answers: the knobs of class totals, for tests. */
#ifndef HGR_ANSWERS_CLASS_TOTALS_H
#define HGR_ANSWERS_CLASS_TOTALS_H

#include <heapgraph/answers.h>

/** Zero = the defaults. */
typedef struct hgr_class_totals_options {
    size_t   max_members; /* of all interned sets together, before the bit-parallel way is taken */
    uint64_t max_visits;  /* of the fixpoint, likewise */
} hgr_class_totals_options;

HGR_MUST_CHECK hgr_result hgr_class_totals_find(
    const hgr_graph *graph, const hgr_domtree *tree, const hgr_node *roots, size_t nroots,
    const uint32_t *class_of, uint32_t nclasses, hgr_node_bytes_fn *bytes, const void *user,
    const hgr_class_totals_options *options, const hgr_run *run, hgr_class_totals **out,
    hgr_status *status);

#endif
