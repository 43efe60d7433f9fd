/* Retained bytes by definition: what becomes unreachable once d is removed. */
#include "reference.h"

#include <stdlib.h>

void retained_slow(const hgr_graph *graph, const hgr_node *roots, size_t nroots,
                   const uint64_t *bytes, uint64_t *retained)
{
    uint32_t n = hgr_graph_nodes(graph);
    bool *seen = calloc((size_t)n + 1, 1), *blocked = calloc((size_t)n + 1, 1);
    bool *without = calloc((size_t)n + 1, 1);
    reach_slow(graph, roots, nroots, NULL, seen);
    for (hgr_node d = 0; d <= n; d++) {
        retained[d] = 0;
        if (d < n) {
            blocked[d] = true;
            reach_slow(graph, roots, nroots, blocked, without);
            blocked[d] = false;
        }
        for (hgr_node v = 0; v < n; v++)
            if (seen[v] && (d == n || !without[v]))
                retained[d] += bytes[v];
    }
    free(without);
    free(blocked);
    free(seen);
}
