/* Reachability: repeat "targets of what is seen are seen" until nothing changes. */
#include "reference.h"

void reach_slow(const hgr_graph *graph, const hgr_node *roots, size_t nroots, const bool *blocked,
                bool *seen)
{
    uint32_t n = hgr_graph_nodes(graph);
    for (hgr_node u = 0; u < n; u++)
        seen[u] = false;
    for (size_t r = 0; r < nroots; r++)
        seen[roots[r]] = !(blocked && blocked[roots[r]]);
    for (bool changed = true; changed;) {
        changed = false;
        for (hgr_node u = 0; u < n; u++) {
            uint32_t count = 0;
            const hgr_node *targets = hgr_graph_targets(graph, u, &count);
            for (uint32_t e = 0; seen[u] && e < count; e++) {
                hgr_node v = targets[e];
                if (seen[v] || (blocked && blocked[v]))
                    continue;
                seen[v] = changed = true;
            }
        }
    }
}
