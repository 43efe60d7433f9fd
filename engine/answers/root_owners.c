/* answers: which group of roots alone reaches each node.
 *
 * Input: a graph, roots with the number of their group. Output: for each node the one group whose
 * roots reach it, HGR_MANY_GROUPS, or HGR_NO_GROUP. Method: groups flow along references; where two
 * meet the node belongs to many, and that flows on. A node changes at most twice, so every
 * reference is followed at most twice. The result is a fixed point that no order can change. */
#include <heapgraph/answers.h>

#include "../base/alloc.h"
#include "../base/status.h"

struct flow {
    const hgr_graph *graph;
    uint32_t *owner;
    hgr_node *waiting; /* nodes whose targets have not heard of their group; each at most once */
    uint64_t *queued;  /* one bit a node */
    size_t count;
};

static void join(struct flow *flow, hgr_node u, uint32_t group)
{
    uint32_t *owner = &flow->owner[u];
    if (*owner == group || *owner == HGR_MANY_GROUPS)
        return;
    *owner = *owner == HGR_NO_GROUP ? group : HGR_MANY_GROUPS;
    if (flow->queued[u >> 6] >> (u & 63) & 1)
        return;
    flow->queued[u >> 6] |= UINT64_C(1) << (u & 63);
    flow->waiting[flow->count++] = u;
}

static void spread(struct flow *flow)
{
    while (flow->count > 0) {
        hgr_node u = flow->waiting[--flow->count];
        uint32_t count;
        const hgr_node *targets = hgr_graph_targets(flow->graph, u, &count);
        flow->queued[u >> 6] &= ~(UINT64_C(1) << (u & 63));
        for (uint32_t e = 0; e < count; e++)
            join(flow, targets[e], flow->owner[u]);
    }
}

hgr_result hgr_root_owners_create(const hgr_graph *graph, const hgr_node *roots,
                                  const uint32_t *groups, size_t nroots, const hgr_run *run,
                                  uint32_t **out, hgr_status *status)
{
    uint32_t n = hgr_graph_nodes(graph);
    struct flow flow = {.graph = graph};
    hgr_result result = hgr_alloc(run, n, sizeof *flow.owner, "owners", &flow.owner, status);
    if (result == HGR_OK)
        result = hgr_alloc(run, n, sizeof *flow.waiting, "owners", &flow.waiting, status);
    if (result == HGR_OK)
        result = hgr_alloc(run, ((size_t)n + 63) / 64, sizeof *flow.queued, "owners", &flow.queued,
                           status);
    for (uint32_t u = 0; result == HGR_OK && u < n; u++)
        flow.owner[u] = HGR_NO_GROUP;
    for (size_t i = 0; result == HGR_OK && i < nroots; i++) {
        if (roots[i] >= n)
            result =
                hgr_fail(status, HGR_BAD_ARGUMENT, "root %zu is node %u of %u", i, roots[i], n);
        else
            join(&flow, roots[i], groups[i]);
    }
    if (result == HGR_OK)
        spread(&flow);
    hgr_free(flow.queued);
    hgr_free(flow.waiting);
    if (result == HGR_OK)
        *out = flow.owner;
    else
        hgr_free(flow.owner);
    return result;
}

void hgr_root_owners_free(uint32_t *owners)
{
    hgr_free(owners);
}
