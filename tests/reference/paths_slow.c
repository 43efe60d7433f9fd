/* Shortest paths by repeated relaxation: (distance, root, parent), the smallest triple wins. */
#include "reference.h"

static bool better(uint32_t distance, uint32_t root, hgr_node parent, const uint32_t *kept)
{
    if (kept[0] == 0 || distance != kept[0])
        return kept[0] == 0 || distance < kept[0];
    return root != kept[1] ? root < kept[1] : parent < kept[2];
}

void paths_slow(const hgr_graph *graph, const hgr_node *roots, size_t nroots, uint32_t *distance,
                uint32_t *root, hgr_node *parent)
{
    uint32_t n = hgr_graph_nodes(graph);
    for (hgr_node u = 0; u < n; u++) {
        distance[u] = 0;
        root[u] = parent[u] = HGR_NO_NODE;
    }
    for (size_t r = nroots; r-- > 0;) {
        distance[roots[r]] = 1;
        root[roots[r]] = (uint32_t)r;
        parent[roots[r]] = n;
    }
    for (bool changed = true; changed;) {
        changed = false;
        for (hgr_node u = 0; u < n; u++) {
            uint32_t count = 0;
            const hgr_node *targets = hgr_graph_targets(graph, u, &count);
            for (uint32_t e = 0; distance[u] && e < count; e++) {
                hgr_node v = targets[e];
                const uint32_t kept[] = {distance[v], root[v], parent[v]};
                if (!better(distance[u] + 1, root[u], u, kept))
                    continue;
                distance[v] = distance[u] + 1;
                root[v] = root[u];
                parent[v] = u;
                changed = true;
            }
        }
    }
}
