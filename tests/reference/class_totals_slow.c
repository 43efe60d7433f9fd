/* Class totals by definition: what becomes unreachable once a whole class is removed. */
#include "reference.h"

#include <stdlib.h>

void class_totals_slow(const hgr_graph *graph, const hgr_node *roots, size_t nroots,
                       const uint32_t *class_of, uint32_t nclasses, const uint64_t *bytes,
                       hgr_class_totals *totals)
{
    uint32_t n = hgr_graph_nodes(graph);
    bool *seen = calloc((size_t)n + 1, 1), *blocked = calloc((size_t)n + 1, 1);
    bool *without = calloc((size_t)n + 1, 1);
    hgr_node *idom = calloc((size_t)n + 1, sizeof *idom);
    reach_slow(graph, roots, nroots, NULL, seen);
    dominators_slow(graph, roots, nroots, idom);
    for (uint32_t c = 0; c <= nclasses; c++) {
        totals[c] = (hgr_class_totals){0};
        for (hgr_node v = 0; v < n; v++)
            blocked[v] = c == nclasses || class_of[v] == c;
        reach_slow(graph, roots, nroots, blocked, without);
        for (hgr_node v = 0; v < n; v++) {
            if (!seen[v])
                continue;
            uint32_t owner = idom[v] == n ? nclasses : class_of[idom[v]];
            totals[c].retained_bytes += without[v] ? 0 : bytes[v];
            totals[c].owned_bytes += owner == c ? bytes[v] : 0;
            totals[c].reachable_count += blocked[v];
            totals[c].reachable_bytes += blocked[v] ? bytes[v] : 0;
        }
    }
    free(idom);
    free(without);
    free(blocked);
    free(seen);
}
