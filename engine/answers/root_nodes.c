/* answers: the nodes of a snapshot's roots, the start of every walk. */
#include <heapgraph/answers.h>
#include "../base/alloc.h"

hgr_result hgr_root_nodes(const hgr_snapshot *snapshot, const hgr_run *run, hgr_node **out,
                          size_t *out_count, hgr_status *status)
{
    size_t count = hgr_snapshot_roots(snapshot);
    hgr_node *nodes = NULL;
    hgr_result result = hgr_alloc(run, count, sizeof *nodes, "root nodes", &nodes, status);
    if (result != HGR_OK)
        return result;
    for (size_t r = 0; r < count; r++)
        nodes[r] = hgr_snapshot_root(snapshot, r)->node;
    *out = nodes;
    *out_count = count;
    return HGR_OK;
}

void hgr_nodes_free(hgr_node *nodes)
{
    hgr_free(nodes);
}
