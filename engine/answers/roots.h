/* answers: the one check every kernel makes on its root nodes. */
#ifndef HGR_ANSWERS_ROOTS_H
#define HGR_ANSWERS_ROOTS_H

#include "../base/status.h"
#include "../graph/graph.h"

/** HGR_BAD_ARGUMENT unless every root is a node of the graph and the root index fits 32 bits. */
static inline hgr_result hgr_roots_check(const hgr_graph *graph, const hgr_node *roots,
                                         size_t nroots, hgr_status *status)
{
    if (nroots >= UINT32_MAX)
        return hgr_fail(status, HGR_BAD_ARGUMENT, "roots: %zu, at most 4294967294", nroots);
    for (size_t r = 0; r < nroots; r++)
        if (roots[r] >= graph->n)
            return hgr_fail(status, HGR_BAD_ARGUMENT, "roots[%zu]: node %u, the graph has %u", r,
                            roots[r], graph->n);
    return HGR_OK;
}

#endif
