/* Fast answers equal their definitions on thousands of random graphs. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "answers/domtree.h"
#include "answers/semi_nca.h"
#include "base/run.h"
#include "property/small_graph.h"
#include "reference/reference.h"

#define GRAPHS 12000

static hgr_run *run;

static int open_run(void **state)
{
    (void)state;
    if (hgr_run_create(2, &run, NULL) != HGR_OK)
        return -1;
    hgr_run_set_check_level(run, 2);
    return 0;
}

static int close_run(void **state)
{
    (void)state;
    bool leaked = hgr_run_memory_bytes(run) != 0;
    hgr_run_free(run);
    return leaked ? -1 : 0;
}

/* ---- reachability ---- */

static const char *compare_reach(const struct small_graph *g, const hgr_graph *graph,
                                 const hgr_reach *reach)
{
    uint32_t distance[SMALL_NODES], root[SMALL_NODES], count = 0;
    hgr_node parent[SMALL_NODES];
    paths_slow(graph, g->roots, g->nroots, distance, root, parent);
    for (hgr_node u = 0; u < g->n; u++) {
        count += distance[u] != 0;
        if (hgr_reach_distance(reach, u) != distance[u])
            return "distance";
        if (hgr_reach_has(reach, u) != (distance[u] != 0))
            return "has";
        if (hgr_reach_parent(reach, u) != parent[u])
            return "parent";
        if (hgr_reach_root(reach, u) != root[u])
            return "root";
    }
    return hgr_reach_count(reach) == count ? NULL : "count";
}

static const char *reach_is_shortest(const struct small_graph *g)
{
    hgr_graph *graph = small_graph_build(g, run);
    hgr_reach *reach = NULL;
    const char *wrong = "refused";
    if (hgr_reach_create(graph, g->roots, g->nroots, NULL, run, &reach, NULL) == HGR_OK)
        wrong = compare_reach(g, graph, reach);
    hgr_reach_free(reach);
    hgr_graph_free(graph);
    return wrong;
}

static const char *reach_respects_blocked(const struct small_graph *g)
{
    hgr_graph *graph = small_graph_build(g, run);
    hgr_reach *reach = NULL;
    bool blocked[SMALL_NODES], seen[SMALL_NODES];
    uint64_t bits[1] = {0};
    for (hgr_node u = 0; u < g->n; u++) {
        blocked[u] = g->class_of[u] == 0;
        bits[0] |= (uint64_t)blocked[u] << u;
    }
    reach_slow(graph, g->roots, g->nroots, blocked, seen);
    const char *wrong = "refused";
    if (hgr_reach_create(graph, g->roots, g->nroots, bits, run, &reach, NULL) == HGR_OK) {
        wrong = NULL;
        for (hgr_node u = 0; u < g->n; u++)
            if (hgr_reach_has(reach, u) != seen[u])
                wrong = "has";
    }
    hgr_reach_free(reach);
    hgr_graph_free(graph);
    return wrong;
}

/* ---- dominators and retained bytes ---- */

static const char *dominators_are_what_removal_says(const struct small_graph *g)
{
    hgr_graph *graph = small_graph_build(g, run);
    hgr_domtree *tree = NULL;
    hgr_node idom[SMALL_NODES + 1];
    const char *wrong = "refused";
    dominators_slow(graph, g->roots, g->nroots, idom);
    if (hgr_domtree_create(graph, g->roots, g->nroots, run, &tree, NULL) == HGR_OK)
        wrong = memcmp(idom, hgr_domtree_idom(tree), (g->n + 1) * sizeof *idom) ? "idom" : NULL;
    hgr_domtree_free(tree);
    hgr_graph_free(graph);
    return wrong;
}

/* Phase 4 by jump pointers from the first step on. */
static const char *jumps_change_nothing(const struct small_graph *g)
{
    hgr_graph *graph = small_graph_build(g, run);
    hgr_dominators plain = {0}, jumps = {0};
    hgr_dominators_options options = {.max_steps = 1};
    const char *wrong = "refused";
    if (hgr_dominators_find(graph, g->roots, g->nroots, NULL, run, &plain, NULL) == HGR_OK &&
        hgr_dominators_find(graph, g->roots, g->nroots, &options, run, &jumps, NULL) == HGR_OK)
        wrong = memcmp(plain.idom, jumps.idom, (g->n + 1) * sizeof *plain.idom) ? "idom" : NULL;
    hgr_free(plain.idom);
    hgr_free(plain.order);
    hgr_free(jumps.idom);
    hgr_free(jumps.order);
    hgr_graph_free(graph);
    return wrong;
}

static const char *plain_lengauer_tarjan_agrees(const struct small_graph *g)
{
    hgr_graph *graph = small_graph_build(g, run), *referrers = NULL;
    hgr_node slow[SMALL_NODES + 1], plain[SMALL_NODES + 1];
    const char *wrong = "refused";
    dominators_slow(graph, g->roots, g->nroots, slow);
    if (hgr_graph_transpose(graph, run, &referrers, NULL) == HGR_OK &&
        lengauer_tarjan(graph, referrers, g->roots, g->nroots, plain))
        wrong = memcmp(slow, plain, (g->n + 1) * sizeof *slow) ? "idom" : NULL;
    hgr_graph_free(referrers);
    hgr_graph_free(graph);
    return wrong;
}

static const char *retained_is_what_removal_frees(const struct small_graph *g)
{
    hgr_graph *graph = small_graph_build(g, run);
    hgr_domtree *tree = NULL;
    uint64_t *retained = NULL, slow[SMALL_NODES + 1];
    const char *wrong = "refused";
    retained_slow(graph, g->roots, g->nroots, g->bytes, slow);
    if (hgr_domtree_create(graph, g->roots, g->nroots, run, &tree, NULL) == HGR_OK &&
        hgr_retained_create(tree, small_graph_bytes, g->bytes, run, &retained, NULL) == HGR_OK)
        wrong = memcmp(slow, retained, (g->n + 1) * sizeof *slow) ? "bytes" : NULL;
    hgr_retained_free(retained);
    hgr_domtree_free(tree);
    hgr_graph_free(graph);
    return wrong;
}

/* A reference goes backward in the order only when it closes a cycle: its target reaches its source. */
static const char *order_is_topological_but_for_cycles(const struct small_graph *g)
{
    hgr_graph *graph = small_graph_build(g, run);
    hgr_domtree *tree = NULL;
    uint32_t place[SMALL_NODES] = {0};
    bool seen[SMALL_NODES];
    const char *wrong = "refused";
    if (hgr_domtree_create(graph, g->roots, g->nroots, run, &tree, NULL) == HGR_OK) {
        wrong = NULL;
        for (uint32_t i = 0; i < hgr_domtree_reachable(tree); i++)
            place[hgr_domtree_order(tree)[i]] = i;
        for (uint32_t e = 0; e < g->m && !wrong; e++) {
            if (hgr_domtree_idom(tree)[g->from[e]] == HGR_NO_NODE ||
                place[g->from[e]] < place[g->to[e]])
                continue;
            reach_slow(graph, &g->to[e], 1, NULL, seen);
            wrong = seen[g->from[e]] ? NULL : "order";
        }
    }
    hgr_domtree_free(tree);
    hgr_graph_free(graph);
    return wrong;
}

static void properties_hold(void **state)
{
    (void)state;
    assert_true(small_graph_holds("reach", GRAPHS, reach_is_shortest));
    assert_true(small_graph_holds("reach, blocked", GRAPHS, reach_respects_blocked));
    assert_true(small_graph_holds("dominators", GRAPHS, dominators_are_what_removal_says));
    assert_true(small_graph_holds("jumps", GRAPHS, jumps_change_nothing));
    assert_true(small_graph_holds("lengauer-tarjan", GRAPHS, plain_lengauer_tarjan_agrees));
    assert_true(small_graph_holds("retained", GRAPHS, retained_is_what_removal_frees));
    assert_true(small_graph_holds("order", GRAPHS, order_is_topological_but_for_cycles));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(properties_hold),
    };
    return cmocka_run_group_tests(tests, open_run, close_run);
}
