/* Dominators by definition: d dominates v when v is unreachable once d is removed. The immediate
 * dominator of v is the one that all other dominators of v dominate: the one with most of its own.
 */
#include "reference.h"

#include <stdlib.h>

void dominators_slow(const hgr_graph *graph, const hgr_node *roots, size_t nroots, hgr_node *idom)
{
    uint32_t n = hgr_graph_nodes(graph);
    bool *seen = calloc((size_t)n + 1, 1), *blocked = calloc((size_t)n + 1, 1);
    bool *without = calloc((size_t)n + 1, 1), *dominates = calloc((size_t)n * n + 1, 1);
    uint32_t *count =
        calloc((size_t)n + 1, sizeof *count); /* dominators of a node, itself included */
    reach_slow(graph, roots, nroots, NULL, seen);
    for (hgr_node d = 0; d < n; d++) {
        blocked[d] = true;
        reach_slow(graph, roots, nroots, blocked, without);
        blocked[d] = false;
        for (hgr_node v = 0; v < n; v++) {
            dominates[(size_t)d * n + v] = seen[v] && !without[v];
            count[v] += dominates[(size_t)d * n + v];
        }
    }
    for (hgr_node v = 0; v < n; v++) {
        idom[v] = seen[v] ? n : HGR_NO_NODE;
        for (hgr_node d = 0; d < n; d++)
            if (d != v && dominates[(size_t)d * n + v] &&
                (idom[v] == n || count[d] > count[idom[v]]))
                idom[v] = d;
    }
    idom[n] = n;
    free(count);
    free(dominates);
    free(without);
    free(blocked);
    free(seen);
}
