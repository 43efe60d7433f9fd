/* answers: what a dominator tree holds, and its check. */
#ifndef HGR_ANSWERS_DOMTREE_H
#define HGR_ANSWERS_DOMTREE_H

#include <heapgraph/answers.h>
#include "../base/alloc.h"

struct hgr_domtree {
    uint32_t  n, reachable;
    hgr_node *idom;  /* n + 1 */
    hgr_node *order; /* reachable nodes, each after its dominator; reverse postorder of a search */
};

/**
 * Check a dominator tree against its graph: every reference u → v with u reachable has v reachable
 * and idom(v) among u's dominators or u itself (then idom(v) dominates v), root objects hang below
 * the virtual root; the order names every reachable node once, after its dominator and, but for
 * references that close a cycle, after its referrers.
 *
 * What it does not prove: that no lower node dominates v as well. Removal does, on samples: nodes
 * of the tree are blocked and what then is unreachable must be their subtree.
 *
 * Cost     O(n + m) time, 12 bytes per node; `samples` blocked walks.
 * Errors   HGR_INTERNAL with the first violation, HGR_NO_MEMORY, HGR_CANCELLED.
 */
HGR_MUST_CHECK hgr_result hgr_domtree_check(const hgr_domtree *tree, const hgr_graph *graph,
                                            const hgr_node *roots, size_t nroots, uint32_t samples,
                                            const hgr_run *run, hgr_status *status);

#endif
