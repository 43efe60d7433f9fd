/* diff: give every object of one dump to a step of the owner paths and add its bytes there.
 *
 * Three passes over the nodes: (1) parallel: by which field its dominator holds it; (2) in tree
 * order, a dominator before what it dominates: step of the dominator + type + field → step, through
 * a table of the transitions met so far, so that names are read once per kind of transition and not
 * per object; (3) parallel: count and bytes per step. 8 bytes per node, no path is ever stored. */
#include "diff.h"

#include <string.h>

#include "../base/parallel.h"
#include "../base/status.h"

#define NODES_BLOCK (1u << 15) /* nodes per block of the parallel loops */
#define SUMS_MAX_BYTES ((size_t)256 << 20) /* of all threads' own sums together */

struct paths {
    hgr_diff            *diff;
    const hgr_run       *run;
    const hgr_diff_view *view;
    const uint32_t      *row_of;  /* view's type -> row */
    const hgr_node      *idom;
    uint32_t             n;
    uint32_t            *place;   /* n: field by which the dominator holds the node */
    uint32_t            *step;    /* n; before pass 2: index of the first root at the node */
    hgr_triples          known;   /* (step, view's type, place) -> step */
    hgr_triples          fields;  /* (holder's type, place, 0) -> label */
    char                *name;    /* HGR_DIFF_NAME_MAX */
};

/* ---- pass 1: fields ---- */

struct holder {
    struct paths   *paths;
    hgr_node        node;
    const hgr_node *targets;
    uint32_t        count;
};

static void note_place(void *user, uint32_t e, uint32_t place)
{
    const struct holder *holder = user;
    if (e >= holder->count)
        return;
    hgr_node target = holder->targets[e];
    uint32_t *to = &holder->paths->place[target];
    if (holder->paths->idom[target] == holder->node && *to == HGR_PLACE_JOINT)
        *to = place;
}

static void place_block(struct paths *paths, uint32_t first, uint32_t end)
{
    for (hgr_node u = first; u < end; u++) {
        struct holder holder = {.paths = paths, .node = u};
        holder.targets = hgr_graph_targets(paths->view->graph, u, &holder.count);
        bool dominates = false;
        for (uint32_t e = 0; e < holder.count && !dominates; e++)
            dominates = paths->idom[holder.targets[e]] == u;
        if (dominates)
            paths->view->places(paths->view->user, u, note_place, &holder);
    }
}

static uint32_t block_end(const struct paths *paths, uint32_t block)
{
    uint64_t end = ((uint64_t)block + 1) * NODES_BLOCK;
    return end < paths->n ? (uint32_t)end : paths->n;
}

static hgr_result find_places(struct paths *paths, const hgr_run *run, hgr_status *status)
{
    uint32_t nblocks = paths->n / NODES_BLOCK + (paths->n % NODES_BLOCK != 0);
    uint32_t threads = hgr_run_threads_for(run, nblocks, 1);
    hgr_first_error none;
    hgr_first_error_init(&none);
    memset(paths->place, 0xff, (size_t)paths->n * sizeof *paths->place);
    /* No race: place[v] is written by the block of v's dominator only.
     * Deterministic: the first reference in row order wins, whatever the schedule. */
    #pragma omp parallel for default(none) shared(paths, nblocks, run, none) \
            schedule(dynamic, 1) num_threads(threads)
    for (uint32_t b = 0; b < nblocks; b++)
        if (!hgr_run_skips(run, &none, b))
            place_block(paths, b * NODES_BLOCK, block_end(paths, b));
    return hgr_first_error_result(run, &none, status);
}

/* ---- pass 2: steps ---- */

static hgr_result named_step(struct paths *paths, const char *name, size_t len, uint32_t *out,
                             hgr_status *status)
{
    uint32_t label;
    hgr_result result = hgr_diff_intern(paths->diff, name, len, &label, status);
    if (result == HGR_OK)
        result = hgr_diff_step_below(paths->diff, HGR_DIFF_TOP, UINT32_MAX, label, out, status);
    return result;
}

/* The first root of each node; roots are sorted by kind, statics first. */
static void mark_roots(struct paths *paths)
{
    memset(paths->step, 0xff, (size_t)paths->n * sizeof *paths->step);
    for (size_t r = paths->view->nroots; r-- > 0;)
        paths->step[paths->view->roots[r]] = (uint32_t)r; /* fewer than 2^32: hgr_domtree_create */
}

static size_t clip(size_t len)
{
    return len < HGR_DIFF_NAME_MAX ? len : HGR_DIFF_NAME_MAX - 1;
}

static hgr_result root_step(struct paths *paths, hgr_node u, uint32_t *out, hgr_status *status)
{
    static const char several[] = "(several roots)";
    uint32_t root = paths->step[u];
    if (root == UINT32_MAX)
        return named_step(paths, several, sizeof several - 1, out, status);
    size_t len = paths->view->root_name(paths->view->user, root, paths->name, HGR_DIFF_NAME_MAX);
    return named_step(paths, paths->name, clip(len), out, status);
}

/* The field's name as a label: from the dominator's reference that pass 1 chose. */
static hgr_result label_place(struct paths *paths, hgr_node u, uint32_t *out, hgr_status *status)
{
    const hgr_diff_view *view = paths->view;
    hgr_node holder = paths->idom[u];
    uint32_t count = 0, e = 0;
    if (holder < paths->n && paths->place[u] == HGR_PLACE_JOINT) {
        *out = HGR_DIFF_JOINT;
        return HGR_OK;
    }
    if (holder >= paths->n) /* a root, or nobody */
        return hgr_diff_intern(paths->diff, "", 0, out, status);
    uint32_t type = view->type_of(view->user, holder);
    *out = hgr_triples_get(&paths->fields, type, paths->place[u], 0);
    if (*out != HGR_TRIPLE_NONE)
        return HGR_OK;
    const hgr_node *targets = hgr_graph_targets(view->graph, holder, &count);
    while (e < count && targets[e] != u)
        e++;
    size_t len = view->place_name(view->user, holder, e, paths->name, HGR_DIFF_NAME_MAX);
    hgr_result result = hgr_diff_intern(paths->diff, paths->name, clip(len), out, status);
    if (result == HGR_OK)
        result = hgr_triples_put(&paths->fields, type, paths->place[u], 0, *out, status);
    return result;
}

/* Too many steps: shorten all paths, those of this dump that are done already too. */
static hgr_result cut(struct paths *paths, const hgr_node *done, uint32_t ndone, uint32_t *step,
                      hgr_status *status)
{
    uint32_t *new_of = NULL;
    hgr_result result = hgr_alloc(paths->diff->run, paths->diff->nsteps, sizeof *new_of,
                                  "owner paths", &new_of, status);
    if (result == HGR_OK)
        result = hgr_diff_cut_steps(paths->diff, new_of, status);
    for (uint32_t i = 0; result == HGR_OK && i < ndone; i++)
        paths->step[done[i]] = new_of[paths->step[done[i]]];
    if (result == HGR_OK)
        *step = new_of[*step];
    hgr_triples_clear(&paths->known);
    hgr_free(new_of);
    return result;
}

static hgr_result walk_on(struct paths *paths, hgr_node u, uint32_t above, uint32_t *out,
                          hgr_status *status)
{
    uint32_t label, type = paths->view->type_of(paths->view->user, u), place = paths->place[u];
    uint32_t step = hgr_triples_get(&paths->known, above, type, place);
    if (step != HGR_TRIPLE_NONE) {
        *out = step;
        return HGR_OK;
    }
    hgr_result result = label_place(paths, u, &label, status);
    if (result == HGR_OK)
        result = hgr_diff_step_on(paths->diff, above, paths->row_of[type], label, &step, status);
    if (result == HGR_OK)
        result = hgr_triples_put(&paths->known, above, type, place, step, status);
    if (result == HGR_OK)
        *out = step;
    return result;
}

/* Nodes in an order in which each comes after its dominator. */
static hgr_result walk_tree(struct paths *paths, hgr_status *status)
{
    const hgr_diff *diff = paths->diff;
    const hgr_node *order = hgr_domtree_order(paths->view->tree);
    uint32_t count = hgr_domtree_reachable(paths->view->tree);
    for (uint32_t i = 0; i < count; i++) {
        hgr_node u = order[i], holder = paths->idom[u];
        uint32_t step = 0;
        if (i + 24 < count)
            __builtin_prefetch(&paths->idom[order[i + 24]]);
        if (i + 16 < count)
            __builtin_prefetch(&paths->place[order[i + 16]]);
        hgr_result result = HGR_OK;
        if (holder == paths->n)
            result = root_step(paths, u, &step, status);
        else
            step = paths->step[holder];
        if (result == HGR_OK)
            result = walk_on(paths, u, step, &step, status);
        if (result == HGR_OK && diff->nsteps > diff->options.max_paths && diff->depth_limit > 2)
            result = cut(paths, order, i, &step, status);
        if (result == HGR_OK && (i & 0xfffff) == 0)
            result = hgr_run_check_cancel(paths->run, status);
        if (result != HGR_OK)
            return result;
        paths->step[u] = step;
    }
    return HGR_OK;
}

static hgr_result walk_unreachable(struct paths *paths, hgr_status *status)
{
    static const char nobody[] = "(unreachable)";
    uint32_t top = 0;
    bool any = hgr_domtree_reachable(paths->view->tree) < paths->n;
    hgr_result result = any ? named_step(paths, nobody, sizeof nobody - 1, &top, status) : HGR_OK;
    for (hgr_node u = 0; result == HGR_OK && any && u < paths->n; u++)
        if (paths->idom[u] == HGR_NO_NODE)
            result = walk_on(paths, u, top, &paths->step[u], status);
    return result;
}

/* ---- pass 3: sums ---- */

static void sum_block(const struct paths *paths, uint32_t first, uint32_t end, uint64_t (*sums)[2])
{
    for (hgr_node u = first; u < end; u++) {
        uint64_t *sum = sums[paths->step[u]];
        sum[0]++;
        sum[1] += paths->view->bytes(paths->view->user, u);
    }
}

static hgr_result add_sums(struct paths *paths, const hgr_run *run, hgr_status *status)
{
    hgr_diff *diff = paths->diff;
    uint64_t(*sums)[2] = NULL;
    size_t nsteps = diff->nsteps;
    uint32_t nblocks = paths->n / NODES_BLOCK + (paths->n % NODES_BLOCK != 0);
    uint32_t threads = hgr_run_threads_for(run, nblocks, 1);
    while (threads > 1 && threads > SUMS_MAX_BYTES / sizeof *sums / nsteps)
        threads--;
    hgr_first_error none;
    hgr_first_error_init(&none);
    hgr_result result = hgr_alloc(run, nsteps * threads, sizeof *sums, "path sums", &sums, status);
    if (result != HGR_OK)
        return result;
    /* No race: each thread adds to sums of its own.
     * Deterministic: they are added up afterwards, and addition does not mind the order. */
    #pragma omp parallel for default(none) shared(paths, nblocks, run, none, sums, nsteps) \
            schedule(dynamic, 1) num_threads(threads)
    for (uint32_t b = 0; b < nblocks; b++)
        if (!hgr_run_skips(run, &none, b))
            sum_block(paths, b * NODES_BLOCK, block_end(paths, b),
                      &sums[hgr_thread_index() * nsteps]);
    result = hgr_first_error_result(run, &none, status);
    for (size_t i = 0; result == HGR_OK && i < nsteps * threads; i++) {
        hgr_diff_amount *amount = &diff->step_amounts[i % nsteps * diff->sides + diff->added];
        amount->count += sums[i][0];
        amount->bytes += sums[i][1];
    }
    hgr_free(sums);
    return result;
}

hgr_result hgr_diff_add_paths(hgr_diff *diff, const hgr_diff_view *view, const uint32_t *row_of,
                              const hgr_run *run, hgr_status *status)
{
    struct paths paths = {.diff = diff,
                          .run = run,
                          .view = view,
                          .row_of = row_of,
                          .idom = hgr_domtree_idom(view->tree),
                          .n = hgr_graph_nodes(view->graph),
                          .known = {.run = run},
                          .fields = {.run = run}};
    hgr_result result =
        hgr_alloc(run, paths.n, sizeof *paths.place, "fields", &paths.place, status);
    if (result == HGR_OK)
        result = hgr_alloc(run, paths.n, sizeof *paths.step, "paths", &paths.step, status);
    if (result == HGR_OK)
        result = hgr_alloc(run, HGR_DIFF_NAME_MAX, 1, "names", &paths.name, status);
    if (result == HGR_OK)
        result = find_places(&paths, run, status);
    if (result == HGR_OK) {
        mark_roots(&paths);
        result = walk_tree(&paths, status);
    }
    if (result == HGR_OK)
        result = walk_unreachable(&paths, status);
    if (result == HGR_OK)
        result = add_sums(&paths, run, status);
    hgr_triples_fini(&paths.fields);
    hgr_triples_fini(&paths.known);
    hgr_free(paths.name);
    hgr_free(paths.step);
    hgr_free(paths.place);
    return result;
}
