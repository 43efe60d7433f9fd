/* Fast answers equal their definitions on thousands of random graphs. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "answers/class_totals.h"
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
    if (hgr_run_create(1, &run, NULL) != HGR_OK)
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

/* Roots in three groups by their place; the last of them in none. */
static uint32_t group_of(const struct small_graph *g, uint32_t i)
{
    return i + 1 == g->nroots ? HGR_MANY_GROUPS : i % 3;
}

/* The definition: a group owns what the other roots do not reach. */
static const char *owners_are_what_removal_frees(const struct small_graph *g)
{
    hgr_graph *graph = small_graph_build(g, run);
    uint32_t groups[SMALL_ROOTS], *owners = NULL;
    const char *wrong = NULL;
    for (uint32_t i = 0; i < g->nroots; i++)
        groups[i] = group_of(g, i);
    if (!graph || hgr_root_owners_create(graph, g->roots, groups, g->nroots, run, &owners, NULL))
        wrong = "owners: refused";
    hgr_reach *all = NULL;
    if (!wrong && hgr_reach_create(graph, g->roots, g->nroots, NULL, run, &all, NULL))
        wrong = "reach: refused";
    for (uint32_t group = 0; group < 3 && !wrong; group++) {
        hgr_node others[SMALL_ROOTS];
        size_t count = 0;
        hgr_reach *reach = NULL;
        for (uint32_t i = 0; i < g->nroots; i++)
            if (groups[i] != group)
                others[count++] = g->roots[i];
        if (hgr_reach_create(graph, others, count, NULL, run, &reach, NULL))
            wrong = "reach: refused";
        for (hgr_node u = 0; u < g->n && !wrong; u++)
            if ((owners[u] == group) != (hgr_reach_has(all, u) && !hgr_reach_has(reach, u)))
                wrong = "owner";
        hgr_reach_free(reach);
    }
    for (hgr_node u = 0; u < g->n && !wrong; u++)
        if ((owners[u] == HGR_NO_GROUP) != !hgr_reach_has(all, u))
            wrong = "unreached";
    hgr_reach_free(all);
    hgr_root_owners_free(owners);
    hgr_graph_free(graph);
    return wrong;
}

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

/* A reference goes backward in the order only when it closes a cycle: its target reaches its
 * source. */
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

/* ---- classes ---- */

static const char *compare_totals(const struct small_graph *g, const hgr_graph *graph,
                                  const hgr_class_totals_options *options)
{
    hgr_domtree *tree = NULL;
    hgr_class_totals *totals = NULL, slow[SMALL_CLASSES + 1];
    const char *wrong = "refused";
    class_totals_slow(graph, g->roots, g->nroots, g->class_of, g->nclasses, g->bytes, slow);
    if (hgr_domtree_create(graph, g->roots, g->nroots, run, &tree, NULL) == HGR_OK &&
        hgr_class_totals_find(graph, tree, g->roots, g->nroots, g->class_of, g->nclasses,
                              small_graph_bytes, g->bytes, options, run, &totals, NULL) == HGR_OK)
        wrong = memcmp(slow, totals, (g->nclasses + 1) * sizeof *slow) ? "totals" : NULL;
    hgr_class_totals_free(totals);
    hgr_domtree_free(tree);
    return wrong;
}

/* By interned sets; then with no room for sets and no visits: by bits. */
static const char *class_totals_are_what_removal_frees(const struct small_graph *g)
{
    static const hgr_class_totals_options no_room = {.max_members = 1},
                                          no_visits = {.max_visits = 1};
    hgr_graph *graph = small_graph_build(g, run);
    const char *wrong = compare_totals(g, graph, NULL);
    if (!wrong)
        wrong = compare_totals(g, graph, &no_room) ? "no room" : NULL;
    if (!wrong)
        wrong = compare_totals(g, graph, &no_visits) ? "no visits" : NULL;
    hgr_graph_free(graph);
    return wrong;
}

/* ---- sets ---- */

static bool is_class_0(const void *small, hgr_node u)
{
    return ((const struct small_graph *)small)->class_of[u] == 0;
}

static const char *compare_set(const hgr_set *set, const bool *want, uint32_t n)
{
    uint64_t count = 0;
    for (hgr_node u = 0; u < n; u++) {
        count += want[u];
        if (hgr_set_has(set, u) != want[u])
            return "member";
    }
    return hgr_set_count(set) == count ? NULL : "count";
}

static const char *set_retained_is_what_removal_frees(const struct small_graph *g)
{
    hgr_graph *graph = small_graph_build(g, run);
    hgr_set *set = NULL, *retained = NULL;
    bool blocked[SMALL_NODES], seen[SMALL_NODES], without[SMALL_NODES];
    const char *wrong = "refused";
    for (hgr_node u = 0; u < g->n; u++)
        blocked[u] = is_class_0(g, u);
    reach_slow(graph, g->roots, g->nroots, NULL, seen);
    reach_slow(graph, g->roots, g->nroots, blocked, without);
    for (hgr_node u = 0; u < g->n; u++)
        seen[u] = seen[u] && !without[u];
    if (hgr_set_where(g->n, is_class_0, g, run, &set, NULL) == HGR_OK &&
        hgr_set_retained(graph, g->roots, g->nroots, set, run, &retained, NULL) == HGR_OK)
        wrong = compare_set(set, blocked, g->n) ? "where" : compare_set(retained, seen, g->n);
    hgr_set_free(retained);
    hgr_set_free(set);
    hgr_graph_free(graph);
    return wrong;
}

static const char *neighbours_are_one_reference_away(const struct small_graph *g)
{
    hgr_graph *graph = small_graph_build(g, run);
    hgr_set *set = NULL, *targets = NULL, *sources = NULL;
    bool is_target[SMALL_NODES] = {false}, is_source[SMALL_NODES] = {false};
    const char *wrong = "refused";
    for (uint32_t e = 0; e < g->m; e++) {
        is_target[g->to[e]] |= is_class_0(g, g->from[e]);
        is_source[g->from[e]] |= is_class_0(g, g->to[e]);
    }
    if (hgr_set_where(g->n, is_class_0, g, run, &set, NULL) == HGR_OK &&
        hgr_set_neighbours(graph, set, false, run, &targets, NULL) == HGR_OK &&
        hgr_set_neighbours(graph, set, true, run, &sources, NULL) == HGR_OK)
        wrong = compare_set(targets, is_target, g->n) ? "targets"
                                                      : compare_set(sources, is_source, g->n);
    hgr_set_free(sources);
    hgr_set_free(targets);
    hgr_set_free(set);
    hgr_graph_free(graph);
    return wrong;
}

/* ---- paths ---- */

static bool is_path(const struct small_graph *g, const hgr_path *path, hgr_node target)
{
    if (path->root >= g->nroots || path->nodes[0] != g->roots[path->root] ||
        path->nodes[path->length - 1] != target)
        return false;
    for (uint32_t k = 0; k + 1 < path->length; k++) {
        uint32_t e = 0;
        while (e < g->m && (g->from[e] != path->nodes[k] || g->to[e] != path->nodes[k + 1]))
            e++;
        if (e == g->m)
            return false;
    }
    return true;
}

/* Length of the shortest path from root r alone, 0 = none or an earlier root has the same object.
 */
static uint32_t length_from(const struct small_graph *g, const hgr_graph *graph, uint32_t r,
                            hgr_node target)
{
    uint32_t distance[SMALL_NODES], root[SMALL_NODES];
    hgr_node parent[SMALL_NODES];
    for (uint32_t earlier = 0; earlier < r; earlier++)
        if (g->roots[earlier] == g->roots[r])
            return 0;
    paths_slow(graph, &g->roots[r], 1, distance, root, parent);
    return distance[target];
}

static const char *compare_paths(const struct small_graph *g, const hgr_graph *graph,
                                 const hgr_paths *paths, hgr_node target)
{
    size_t index = 0;
    for (uint32_t length = 1; length <= g->n; length++)
        for (uint32_t r = 0; r < g->nroots; r++) {
            if (length_from(g, graph, r, target) != length)
                continue;
            const hgr_path *path = hgr_paths_get(paths, index++);
            if (!path || path->root != r || path->length != length || !is_path(g, path, target))
                return "path";
        }
    if (hgr_paths_get(paths, index) || hgr_paths_count(paths) != index)
        return "more paths";
    return hgr_paths_total(paths) == index ? NULL : "total";
}

/* The one shortest path is what the reach tree says, and the first of all. */
static const char *compare_shortest(const struct small_graph *g, const hgr_graph *graph,
                                    const hgr_paths *one, const hgr_paths *all, hgr_node target)
{
    uint32_t distance[SMALL_NODES], root[SMALL_NODES];
    hgr_node parent[SMALL_NODES];
    const hgr_path *path = hgr_paths_get(one, 0), *same = hgr_paths_get(all, 0);
    paths_slow(graph, g->roots, g->nroots, distance, root, parent);
    if (hgr_paths_count(one) != 1 || path->length != distance[target] || path->root != root[target])
        return "shortest";
    for (uint32_t k = path->length; k-- > 0; target = parent[target])
        if (path->nodes[k] != target || same->nodes[k] != target)
            return "shortest: node";
    return NULL;
}

static const char *paths_are_shortest(const struct small_graph *g)
{
    hgr_graph *graph = small_graph_build(g, run);
    bool seen[SMALL_NODES];
    const char *wrong = NULL;
    reach_slow(graph, g->roots, g->nroots, NULL, seen);
    for (hgr_node target = 0; target < g->n && !wrong; target += 3) {
        hgr_paths *one = NULL, *all = NULL;
        hgr_result result =
            hgr_paths_create(graph, g->roots, g->nroots, target, 1, run, &one, NULL);
        hgr_result again =
            hgr_paths_create(graph, g->roots, g->nroots, target, SIZE_MAX, run, &all, NULL);
        if (result != again || result != (seen[target] ? HGR_OK : HGR_NOT_FOUND))
            wrong = "result";
        else if (seen[target])
            wrong = compare_paths(g, graph, all, target);
        if (!wrong && seen[target])
            wrong = compare_shortest(g, graph, one, all, target);
        hgr_paths_free(all);
        hgr_paths_free(one);
    }
    hgr_graph_free(graph);
    return wrong;
}

/* ---- branches ---- */

#define LABELS 4 /* few, so that branches fold */

static uint64_t root_label(const void *small, uint32_t root)
{
    return ((const struct small_graph *)small)->roots[root] % 2;
}

static uint64_t node_label(const void *small, uint32_t u)
{
    return ((const struct small_graph *)small)->class_of[u] % LABELS;
}

static uint64_t branch_bytes(const void *small, hgr_node u)
{
    return ((const struct small_graph *)small)->bytes[u];
}

/* Root label, then the labels along u's path, a run of equal ones once. Returns how many. */
static uint32_t labels_of_node(const struct small_graph *g, const uint32_t *root,
                               const hgr_node *parent, hgr_node u, uint64_t *labels)
{
    uint64_t up[SMALL_NODES];
    uint32_t length = 0, count = 1;
    labels[0] = root_label(g, root[u]);
    for (; u != g->n; u = parent[u])
        up[length++] = node_label(g, u);
    while (length-- > 0)
        if (count == 1 || labels[count - 1] != up[length])
            labels[count++] = up[length];
    return count;
}

static uint32_t labels_of_branch(const struct small_graph *g, const hgr_branches *branches,
                                 size_t index, uint64_t *labels)
{
    const hgr_branch *branch = hgr_branches_get(branches, index);
    uint32_t count = branch->depth + 1;
    for (; branch->parent != UINT32_MAX; branch = hgr_branches_get(branches, branch->parent))
        labels[branch->depth] = node_label(g, branch->example);
    labels[0] = root_label(g, branch->root);
    return count;
}

/* Each branch counts exactly the members whose labels start with its own. */
static const char *compare_branch(const struct small_graph *g, const hgr_branches *branches,
                                  size_t index, const uint32_t *distance, const uint32_t *root,
                                  const hgr_node *parent, uint64_t *ends)
{
    const hgr_branch *branch = hgr_branches_get(branches, index);
    uint64_t own[SMALL_NODES + 1], labels[SMALL_NODES + 1], count = 0, bytes = 0;
    uint32_t depth = labels_of_branch(g, branches, index, own);
    for (hgr_node u = 0; u < g->n; u++) {
        if (g->class_of[u] != 0 || !distance[u])
            continue;
        uint32_t length = labels_of_node(g, root, parent, u, labels);
        if (length < depth || memcmp(own, labels, depth * sizeof *own) != 0)
            continue;
        *ends += length == depth;
        count++;
        bytes += g->bytes[u];
    }
    if (branch->parent != UINT32_MAX && branch->example_parent != HGR_NO_NODE &&
        parent[branch->example] != branch->example_parent)
        return "example";
    return count > 0 && count == branch->count && bytes == branch->bytes ? NULL : "sums";
}

/* Depth first; siblings by descending bytes, then ascending label, none twice. */
static const char *compare_order(const struct small_graph *g, const hgr_branches *branches,
                                 size_t index)
{
    const hgr_branch *branch = hgr_branches_get(branches, index);
    if (branch->parent != UINT32_MAX &&
        (branch->parent >= index ||
         hgr_branches_get(branches, branch->parent)->depth + 1 != branch->depth))
        return "parent";
    for (size_t before = index; before-- > 0;) {
        const hgr_branch *sibling = hgr_branches_get(branches, before);
        if (sibling->depth > branch->depth)
            continue;
        if (sibling->depth < branch->depth)
            return before == branch->parent ? NULL : "depth first";
        uint64_t labels[2][SMALL_NODES + 1];
        uint32_t last = labels_of_branch(g, branches, before, labels[0]) - 1;
        labels_of_branch(g, branches, index, labels[1]);
        bool ordered = sibling->bytes > branch->bytes ||
                       (sibling->bytes == branch->bytes && labels[0][last] < labels[1][last]);
        return ordered && sibling->parent == branch->parent ? NULL : "siblings";
    }
    return NULL;
}

static const char *branches_count_members(const struct small_graph *g)
{
    hgr_graph *graph = small_graph_build(g, run);
    hgr_set *set = NULL;
    hgr_branches *branches = NULL;
    uint32_t distance[SMALL_NODES], root[SMALL_NODES];
    hgr_node parent[SMALL_NODES];
    uint64_t ends = 0, members = 0;
    const char *wrong = "refused";
    paths_slow(graph, g->roots, g->nroots, distance, root, parent);
    for (hgr_node u = 0; u < g->n; u++)
        members += g->class_of[u] == 0 && distance[u];
    if (hgr_set_where(g->n, is_class_0, g, run, &set, NULL) == HGR_OK &&
        hgr_branches_create(graph, g->roots, g->nroots, set, root_label, node_label, branch_bytes,
                            g, run, &branches, NULL) == HGR_OK) {
        wrong = NULL;
        for (size_t k = 0; k < hgr_branches_count(branches) && !wrong; k++) {
            wrong = compare_branch(g, branches, k, distance, root, parent, &ends);
            if (!wrong)
                wrong = compare_order(g, branches, k);
        }
        if (!wrong && ends != members)
            wrong = "members on no branch, or on two";
    }
    hgr_branches_free(branches);
    hgr_set_free(set);
    hgr_graph_free(graph);
    return wrong;
}

static void properties_hold(void **state)
{
    (void)state;
    assert_true(small_graph_holds("reach", GRAPHS, reach_is_shortest));
    assert_true(small_graph_holds("reach, blocked", GRAPHS, reach_respects_blocked));
    assert_true(small_graph_holds("owners", GRAPHS, owners_are_what_removal_frees));
    assert_true(small_graph_holds("dominators", GRAPHS, dominators_are_what_removal_says));
    assert_true(small_graph_holds("jumps", GRAPHS, jumps_change_nothing));
    assert_true(small_graph_holds("lengauer-tarjan", GRAPHS, plain_lengauer_tarjan_agrees));
    assert_true(small_graph_holds("retained", GRAPHS, retained_is_what_removal_frees));
    assert_true(small_graph_holds("order", GRAPHS, order_is_topological_but_for_cycles));
    assert_true(small_graph_holds("class totals", GRAPHS, class_totals_are_what_removal_frees));
    assert_true(small_graph_holds("set retained", GRAPHS, set_retained_is_what_removal_frees));
    assert_true(small_graph_holds("neighbours", GRAPHS, neighbours_are_one_reference_away));
    assert_true(small_graph_holds("paths", GRAPHS, paths_are_shortest));
    assert_true(small_graph_holds("branches", GRAPHS, branches_count_members));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(properties_hold),
    };
    return cmocka_run_group_tests(tests, open_run, close_run);
}
