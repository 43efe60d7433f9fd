/* answers: the check of a dominator tree. tree + graph → holds, or the first violation.
 *
 * "idom(v) is v's referrer or dominates it, for every reference u → v" proves that idom(v)
 * dominates v (the parent property of Georgiadis & Tarjan, Dominator Tree Certification and
 * Divergent Spanning Trees, TALG 12(1), 2015, doi:10.1145/2764913). That nothing lower does is
 * shown for samples, by removal: with d blocked exactly d's subtree must become unreachable. */
#include "domtree.h"

#include "mark.h"
#include "../base/run.h"
#include "../base/status.h"

/* Preorder intervals of the dominator tree: v lies below d when first[d] <= first[v] < end[d]. */
struct intervals {
    uint32_t *first; /* n + 1 */
    uint32_t *end;
};

static void intervals_fini(struct intervals *in)
{
    hgr_free(in->end);
    hgr_free(in->first);
}

static hgr_result find_intervals(const hgr_domtree *tree, const hgr_run *run, struct intervals *in,
                                 hgr_status *status)
{
    uint32_t *next = NULL;
    size_t count = (size_t)tree->n + 1;
    hgr_result result = hgr_alloc(run, count, sizeof *next, "tree numbers", &next, status);
    if (result == HGR_OK)
        result = hgr_alloc(run, count, sizeof *in->first, "tree numbers", &in->first, status);
    if (result == HGR_OK)
        result = hgr_alloc(run, count, sizeof *in->end, "tree numbers", &in->end, status);
    if (result != HGR_OK)
        goto done;
    for (uint32_t i = tree->reachable; i-- > 0;) { /* end[v] = nodes below v, for now */
        hgr_node v = tree->order[i];
        in->end[tree->idom[v]] += in->end[v] + 1;
    }
    next[tree->n] = 1;
    in->end[tree->n] += 1;
    for (uint32_t i = 0; i < tree->reachable; i++) {
        hgr_node v = tree->order[i], dom = tree->idom[v];
        in->first[v] = next[dom];
        in->end[v] += in->first[v] + 1;
        next[dom] = in->end[v];
        next[v] = in->first[v] + 1;
    }
done:
    hgr_free(next);
    return result;
}

static hgr_result check_order(const hgr_domtree *tree, const hgr_run *run, hgr_status *status)
{
    uint8_t *seen = NULL;
    uint32_t reachable = 0;
    hgr_result result = hgr_alloc(run, (size_t)tree->n + 1, 1, "seen nodes", &seen, status);
    if (result != HGR_OK)
        return result;
    seen[tree->n] = 1;
    for (hgr_node v = 0; v < tree->n; v++)
        reachable += tree->idom[v] != HGR_NO_NODE;
    if (reachable != tree->reachable || tree->idom[tree->n] != tree->n)
        result = hgr_fail(status, HGR_INTERNAL, "dominators: %u nodes have one, %u are reachable",
                          reachable, tree->reachable);
    for (uint32_t i = 0; result == HGR_OK && i < tree->reachable; i++) {
        hgr_node v = tree->order[i];
        if (v >= tree->n || seen[v] || tree->idom[v] > tree->n || !seen[tree->idom[v]])
            result =
                hgr_fail(status, HGR_INTERNAL,
                         "dominators: order[%u] is node %u, twice or before its dominator", i, v);
        else
            seen[v] = 1;
    }
    hgr_free(seen);
    return result;
}

static hgr_result check_references(const hgr_domtree *tree, const hgr_graph *graph,
                                   const struct intervals *in, hgr_status *status)
{
    for (hgr_node u = 0; u < tree->n; u++) {
        if (tree->idom[u] == HGR_NO_NODE)
            continue;
        for (uint32_t e = graph->row[u]; e < graph->row[u + 1]; e++) {
            hgr_node dom = tree->idom[graph->col[e]];
            if (dom == HGR_NO_NODE)
                return hgr_fail(status, HGR_INTERNAL, "dominators: %u refers to %u, which has none",
                                u, graph->col[e]);
            if (in->first[u] < in->first[dom] || in->first[u] >= in->end[dom])
                return hgr_fail(
                    status, HGR_INTERNAL,
                    "dominators: %u refers to %u but does not lie below its dominator %u", u,
                    graph->col[e], dom);
        }
    }
    return HGR_OK;
}

static hgr_result check_removal(const hgr_domtree *tree, const hgr_graph *graph,
                                const hgr_node *roots, size_t nroots, const struct intervals *in,
                                hgr_node removed, const hgr_run *run, hgr_status *status)
{
    uint64_t *blocked = NULL, *bits = NULL, count = 0;
    size_t words = ((size_t)tree->n + 63) / 64;
    hgr_result result = hgr_alloc(run, words, sizeof *blocked, "blocked", &blocked, status);
    if (result != HGR_OK)
        return result;
    blocked[removed >> 6] |= UINT64_C(1) << (removed & 63);
    result = hgr_mark(graph, roots, nroots, blocked, run, &bits, &count, status);
    hgr_free(blocked);
    hgr_free(bits);
    uint32_t below = in->end[removed] - in->first[removed];
    if (result == HGR_OK && count + below != tree->reachable)
        return hgr_fail(
            status, HGR_INTERNAL,
            "dominators: without node %u %llu of %u nodes are reachable, its subtree has %u",
            removed, (unsigned long long)count, tree->reachable, below);
    return result;
}

hgr_result hgr_domtree_check(const hgr_domtree *tree, const hgr_graph *graph, const hgr_node *roots,
                             size_t nroots, uint32_t samples, const hgr_run *run,
                             hgr_status *status)
{
    struct intervals in = {0};
    hgr_result result = check_order(tree, run, status);
    for (size_t r = 0; result == HGR_OK && r < nroots; r++)
        if (tree->idom[roots[r]] != tree->n)
            result = hgr_fail(status, HGR_INTERNAL, "dominators: root object %u is below %u",
                              roots[r], tree->idom[roots[r]]);
    if (result == HGR_OK)
        result = find_intervals(tree, run, &in, status);
    if (result == HGR_OK)
        result = check_references(tree, graph, &in, status);
    for (uint32_t k = 0; result == HGR_OK && k < samples && tree->reachable > 0; k++) {
        uint64_t at = (uint64_t)tree->reachable * k / samples;
        result = check_removal(tree, graph, roots, nroots, &in, tree->order[at], run, status);
    }
    intervals_fini(&in);
    return result;
}
