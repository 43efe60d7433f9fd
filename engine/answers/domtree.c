/* answers: the dominator tree as its users see it. */
#include "domtree.h"

#include "roots.h"
#include "semi_nca.h"
#include "../base/run.h"

#define CHECK_SAMPLES 16 /* blocked walks at check level 2 */

hgr_result hgr_domtree_create(const hgr_graph *graph, const hgr_node *roots, size_t nroots,
                              const hgr_run *run, hgr_domtree **out, hgr_status *status)
{
    hgr_domtree *tree = NULL;
    hgr_dominators found = {0};
    hgr_phase_timer timer = hgr_phase_begin(run, "dominators");
    hgr_result result = hgr_roots_check(graph, roots, nroots, status);
    if (result == HGR_OK)
        result = hgr_alloc(run, 1, sizeof *tree, "dominator tree", &tree, status);
    if (result == HGR_OK)
        result = hgr_dominators_find(graph, roots, nroots, NULL, run, &found, status);
    if (result != HGR_OK)
        goto done;
    *tree = (hgr_domtree){graph->n, found.reachable, found.idom, found.order};
    hgr_phase_end(&timer, 0, graph->n, graph->m);
    if (run->check_level >= 2)
        result = hgr_domtree_check(tree, graph, roots, nroots, CHECK_SAMPLES, run, status);
    if (result != HGR_OK)
        goto done;
    *out = tree;
    tree = NULL;
done:
    hgr_domtree_free(tree);
    return result;
}

void hgr_domtree_free(hgr_domtree *tree)
{
    if (!tree)
        return;
    hgr_free(tree->order);
    hgr_free(tree->idom);
    hgr_free(tree);
}

const hgr_node *hgr_domtree_idom(const hgr_domtree *tree)
{
    return tree->idom;
}

uint32_t hgr_domtree_nodes(const hgr_domtree *tree)
{
    return tree->n;
}

uint32_t hgr_domtree_reachable(const hgr_domtree *tree)
{
    return tree->reachable;
}

const hgr_node *hgr_domtree_order(const hgr_domtree *tree)
{
    return tree->order;
}
