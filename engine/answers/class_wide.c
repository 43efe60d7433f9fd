/* answers: retained bytes of classes by bits. The fixpoint of class_totals.c for 64 classes at
 * once: a word per node, meet is AND. Slower by the number of groups, but no heap can make it use
 * more memory. */
#include "class_wide.h"

#include "sweep.h"

#define ALL UINT64_MAX /* "no path seen yet" */

struct wide {
    const hgr_graph *graph;
    const uint32_t  *class_of;
    const uint8_t   *bit_of;  /* class → its bit in this group, 64 = not in it */
    uint64_t        *through; /* per node: classes that every path passes before it */
};

static uint64_t with_own(const struct wide *wide, hgr_node u)
{
    uint8_t bit = wide->bit_of[wide->class_of[u]];
    return wide->through[u] | (bit < 64 ? UINT64_C(1) << bit : 0);
}

static bool visit(void *user, hgr_node u, struct hgr_sweep *sweep)
{
    struct wide *wide = user;
    uint64_t offered = with_own(wide, u);
    for (uint32_t e = wide->graph->row[u]; e < wide->graph->row[u + 1]; e++) {
        hgr_node v = wide->graph->col[e];
        if ((wide->through[v] & offered) == wide->through[v])
            continue;
        wide->through[v] &= offered;
        hgr_sweep_wake(sweep, v);
    }
    return true;
}

static hgr_result solve_group(struct wide *wide, const hgr_domtree *tree, const hgr_node *roots,
                              size_t nroots, const hgr_run *run, hgr_status *status)
{
    for (hgr_node u = 0; u < tree->n; u++)
        wide->through[u] = ALL;
    for (size_t r = 0; r < nroots; r++)
        wide->through[roots[r]] = 0;
    struct hgr_sweep sweep = {.graph = wide->graph, .tree = tree, .visit = visit, .user = wide,
                              .values = wide->through, .value_bytes = sizeof *wide->through,
                              .max_visits = UINT64_MAX};
    return hgr_sweep_run(&sweep, run, status);
}

static void add_group(const struct wide *wide, const hgr_domtree *tree, const uint32_t *classes,
                      uint32_t count, hgr_node_bytes_fn *bytes, const void *user,
                      hgr_class_totals *totals)
{
    uint64_t group = count < 64 ? (UINT64_C(1) << count) - 1 : ALL;
    for (hgr_node u = 0; u < tree->n; u++) {
        if (tree->idom[u] == HGR_NO_NODE)
            continue;
        uint64_t left = with_own(wide, u) & group, shallow = left ? bytes(user, u) : 0;
        for (; left; left &= left - 1)
            totals[classes[__builtin_ctzll(left)]].retained_bytes += shallow;
    }
}

hgr_result hgr_class_totals_wide(const hgr_graph *graph, const hgr_domtree *tree,
                                 const hgr_node *roots, size_t nroots, const uint32_t *class_of,
                                 uint32_t nclasses, hgr_node_bytes_fn *bytes, const void *user,
                                 const hgr_run *run, hgr_class_totals *totals, hgr_status *status)
{
    uint8_t *bit_of = NULL;
    struct wide wide = {.graph = graph, .class_of = class_of};
    hgr_result result = hgr_alloc(run, nclasses, sizeof *bit_of, "class bits", &bit_of, status);
    if (result == HGR_OK)
        result =
            hgr_alloc(run, graph->n, sizeof *wide.through, "classes passed", &wide.through, status);
    wide.bit_of = bit_of;
    for (uint32_t next = 0; result == HGR_OK && next < nclasses;) {
        uint32_t classes[64], count = 0;
        for (uint32_t c = 0; c < nclasses; c++)
            bit_of[c] = 64;
        for (; next < nclasses && count < 64; next++)
            if (totals[next].reachable_count > 0) {
                bit_of[next] = (uint8_t)count; /* below 64 */
                classes[count++] = next;
            }
        result = solve_group(&wide, tree, roots, nroots, run, status);
        if (result == HGR_OK)
            add_group(&wide, tree, classes, count, bytes, user, totals);
    }
    hgr_free(wide.through);
    hgr_free(bit_of);
    return result;
}
