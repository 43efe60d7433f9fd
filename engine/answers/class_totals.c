/* answers: exact retained bytes of every class at once. graph + dominator tree + classes → sums.
 *
 * v dies with class c when every root path to v passes a node of c. With A(v) = the set of such
 * classes,
 *     A(v) = {class of v} ∪ ⋂ A(u) over v's reachable referrers u (a root refers with the empty
 * set), and the sets wanted are the greatest solution. Proof: the classes common to all paths
 * satisfy the equation; and if c is in a solution's A(v) but some path to v avoids c, follow that
 * path back: c is not its nodes' class, so it is in A of each node before, down to the root object,
 * where the empty set contradicts it.
 *
 * Solved from above (all classes) by chaotic iteration in reverse postorder. A heap has few
 * distinct sets, so they are interned: a node's value is one number, union and meet are memo
 * look-ups, and retained(c) is a sum over sets, not over nodes. What is stored is the meet alone,
 * without the node's own class: a leaf needs no set of its own then.
 *
 * Where sets grow beyond their share of memory or the iteration beyond its steps, class_wide.c
 * takes over: same equation, 64 classes per pass.
 *
 * Source: own; the equation is the "must pass" data flow problem of Kildall, POPL 1973,
 * doi:10.1145/512927.512945. */
#include "class_totals.h"

#include "class_sets.h"
#include "class_wide.h"
#include "roots.h"
#include "sweep.h"

#define MEMBERS_BASE     ((size_t)4 << 20) /* members of all sets: 16 MB and 4 bytes per node */
#define VISITS_PER_NODE  64

struct solver {
    const hgr_graph      *graph;
    const uint32_t       *class_of;
    uint32_t             *through; /* per node: set of classes that every path passes before it */
    struct hgr_class_sets sets;
};

/* Offer v the set of one referrer. */
static bool lower(struct solver *solver, hgr_node v, uint32_t offered, struct hgr_sweep *sweep)
{
    uint32_t had = solver->through[v];
    if (had == offered)
        return true;
    if (had == HGR_CLASSES_ALL) {
        solver->through[v] = offered;
        return true; /* first seen, hence not yet visited: due anyway */
    }
    uint32_t now = hgr_class_sets_meet(&solver->sets, had, offered);
    if (now == had)
        return true;
    if (now == HGR_CLASSES_FULL)
        return false;
    solver->through[v] = now;
    hgr_sweep_wake(sweep, v);
    return true;
}

static bool visit(void *user, hgr_node u, struct hgr_sweep *sweep)
{
    struct solver *solver = user;
    uint32_t offered =
        hgr_class_sets_insert(&solver->sets, solver->through[u], solver->class_of[u]);
    if (offered == HGR_CLASSES_FULL)
        return false;
    for (uint32_t e = solver->graph->row[u]; e < solver->graph->row[u + 1]; e++)
        if (!lower(solver, solver->graph->col[e], offered, sweep))
            return false;
    return true;
}

static hgr_result solve(struct solver *solver, const hgr_domtree *tree, const hgr_node *roots,
                        size_t nroots, uint64_t max_visits, const hgr_run *run, hgr_status *status)
{
    for (hgr_node u = 0; u < tree->n; u++)
        solver->through[u] = HGR_CLASSES_ALL;
    for (size_t r = 0; r < nroots; r++)
        solver->through[roots[r]] = HGR_CLASSES_NONE;
    struct hgr_sweep sweep = {.graph = solver->graph, .tree = tree, .visit = visit, .user = solver,
                              .values = solver->through, .value_bytes = sizeof *solver->through,
                              .max_visits = max_visits};
    hgr_result result = hgr_sweep_run(&sweep, run, status);
    if (result == HGR_TOO_LARGE && solver->sets.result == HGR_NO_MEMORY) {
        if (status)
            *status = solver->sets.status;
        return HGR_NO_MEMORY;
    }
    return result;
}

/* A node counts for the classes its paths pass, and for its own. */
static hgr_result add_retained(struct solver *solver, const hgr_domtree *tree,
                               hgr_node_bytes_fn *bytes, const void *user, hgr_class_totals *totals,
                               hgr_status *status)
{
    const struct hgr_class_sets *sets = &solver->sets;
    uint64_t *set_bytes = NULL;
    hgr_result result = hgr_alloc(sets->run, sets->count, sizeof *set_bytes, "bytes of class sets",
                                  &set_bytes, status);
    if (result != HGR_OK)
        return result;
    for (hgr_node u = 0; u < tree->n; u++) {
        if (tree->idom[u] == HGR_NO_NODE)
            continue;
        uint64_t shallow = bytes(user, u);
        set_bytes[solver->through[u]] += shallow;
        if (!hgr_class_sets_has(sets, solver->through[u], solver->class_of[u]))
            totals[solver->class_of[u]].retained_bytes += shallow;
    }
    for (uint32_t set = 0; set < sets->count; set++)
        for (uint32_t k = sets->first[set]; k < sets->first[set + 1]; k++)
            totals[sets->members[k]].retained_bytes += set_bytes[set];
    hgr_free(set_bytes);
    return HGR_OK;
}

static hgr_result find_retained(const hgr_graph *graph, const hgr_domtree *tree,
                                const hgr_node *roots, size_t nroots, const uint32_t *class_of,
                                hgr_node_bytes_fn *bytes, const void *user,
                                const hgr_class_totals_options *options, const hgr_run *run,
                                hgr_class_totals *totals, hgr_status *status)
{
    struct solver solver = {.graph = graph, .class_of = class_of};
    size_t members = MEMBERS_BASE + graph->n;
    uint64_t visits = (uint64_t)VISITS_PER_NODE * graph->n;
    if (options && options->max_members)
        members = options->max_members;
    if (options && options->max_visits)
        visits = options->max_visits;
    members = members < UINT32_MAX ? members : UINT32_MAX - 1;
    hgr_result result = hgr_class_sets_init(&solver.sets, members, graph->n, run, status);
    if (result == HGR_OK)
        result = hgr_alloc(run, graph->n, sizeof *solver.through, "classes passed", &solver.through,
                           status);
    if (result == HGR_OK)
        result = solve(&solver, tree, roots, nroots, visits, run, status);
    if (result == HGR_OK)
        result = add_retained(&solver, tree, bytes, user, totals, status);
    hgr_free(solver.through);
    hgr_class_sets_fini(&solver.sets);
    return result;
}

/* Everything but the retained bytes of classes; the last row is the virtual root. */
static hgr_result add_plain_sums(const hgr_domtree *tree, const uint32_t *class_of,
                                 uint32_t nclasses, hgr_node_bytes_fn *bytes, const void *user,
                                 hgr_class_totals *totals, hgr_status *status)
{
    hgr_class_totals *all = &totals[nclasses];
    for (hgr_node u = 0; u < tree->n; u++) {
        if (tree->idom[u] == HGR_NO_NODE)
            continue;
        if (class_of[u] >= nclasses)
            return hgr_fail(status, HGR_BAD_ARGUMENT, "class totals: node %u has class %u of %u", u,
                            class_of[u], nclasses);
        uint64_t shallow = bytes(user, u);
        hgr_node dom = tree->idom[u];
        totals[dom == tree->n ? nclasses : class_of[dom]].owned_bytes += shallow;
        totals[class_of[u]].reachable_count++;
        totals[class_of[u]].reachable_bytes += shallow;
        all->reachable_count++;
        all->reachable_bytes += shallow;
    }
    all->retained_bytes = all->reachable_bytes;
    return HGR_OK;
}

hgr_result hgr_class_totals_find(const hgr_graph *graph, const hgr_domtree *tree,
                                 const hgr_node *roots, size_t nroots, const uint32_t *class_of,
                                 uint32_t nclasses, hgr_node_bytes_fn *bytes, const void *user,
                                 const hgr_class_totals_options *options, const hgr_run *run,
                                 hgr_class_totals **out, hgr_status *status)
{
    hgr_class_totals *totals = NULL;
    hgr_result result = hgr_roots_check(graph, roots, nroots, status);
    if (result == HGR_OK)
        result =
            hgr_alloc(run, (size_t)nclasses + 1, sizeof *totals, "class totals", &totals, status);
    if (result == HGR_OK)
        result = add_plain_sums(tree, class_of, nclasses, bytes, user, totals, status);
    if (result == HGR_OK)
        result = find_retained(graph, tree, roots, nroots, class_of, bytes, user, options, run,
                               totals, status);
    if (result == HGR_TOO_LARGE)
        result = hgr_class_totals_wide(graph, tree, roots, nroots, class_of, nclasses, bytes, user,
                                       run, totals, status);
    if (result == HGR_OK)
        *out = totals;
    else
        hgr_free(totals);
    return result;
}

hgr_result hgr_class_totals_create(const hgr_graph *graph, const hgr_domtree *tree,
                                   const hgr_node *roots, size_t nroots, const uint32_t *class_of,
                                   uint32_t nclasses, hgr_node_bytes_fn *bytes, const void *user,
                                   const hgr_run *run, hgr_class_totals **out, hgr_status *status)
{
    hgr_phase_timer timer = hgr_phase_begin(run, "class totals");
    hgr_result result = hgr_class_totals_find(graph, tree, roots, nroots, class_of, nclasses, bytes,
                                              user, NULL, run, out, status);
    if (result == HGR_OK)
        hgr_phase_end(&timer, 0, graph->n, graph->m);
    return result;
}

void hgr_class_totals_free(hgr_class_totals *totals)
{
    hgr_free(totals);
}
