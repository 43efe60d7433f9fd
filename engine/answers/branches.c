/* answers: merged shortest root paths of a set. graph + roots + set → a trie with counts and bytes.
 *
 * The members' paths are paths of one breadth-first tree. Only nodes above members matter: they are
 * marked from the members upward, each once, put in the order (distance, id) and then folded
 * downward: a node's branch is the child of its parent's branch with the node's label, or that very
 * branch when the labels agree. So the cost is the marked part of the tree, however many members
 * share it. The order makes the examples the nearest nodes, whatever the threads do. */
#include "branch_trie.h"
#include "leaves.h"
#include "reach.h"
#include "sets.h"
#include "../base/run.h"

struct hgr_branches {
    size_t      count;
    hgr_branch *rows;
};

struct merging {
    const hgr_run     *run;
    uint32_t           n;
    hgr_reach         *reach;
    uint64_t          *members; /* bit per node */
    uint64_t          *marked;  /* bit per node: above a member, or one */
    hgr_node          *order;   /* the marked nodes by (distance, id) */
    uint32_t           count;
    uint32_t           deepest;
    uint32_t          *branch_of; /* of marked nodes */
    struct hgr_trie    trie;
    hgr_label_fn      *root_label, *node_label;
    hgr_node_bytes_fn *bytes;
    const void        *user;
};

static void merging_fini(struct merging *merging)
{
    hgr_trie_fini(&merging->trie);
    hgr_free(merging->branch_of);
    hgr_free(merging->order);
    hgr_free(merging->marked);
    hgr_free(merging->members);
    hgr_reach_free(merging->reach);
}

static void mark_up(struct merging *merging, hgr_node u)
{
    for (; u != merging->n && !hgr_bit(merging->marked, u);
         u = hgr_reach_parent(merging->reach, u)) {
        merging->marked[u >> 6] |= UINT64_C(1) << (u & 63);
        merging->count++;
    }
}

static hgr_result mark_paths(struct merging *merging, hgr_status *status)
{
    size_t words = ((size_t)merging->n + 63) / 64;
    hgr_result result = hgr_alloc(merging->run, words, sizeof *merging->marked, "path marks",
                                  &merging->marked, status);
    if (result != HGR_OK)
        return result;
    for (hgr_node u = 0; u < merging->n; u++) {
        if (!hgr_bit(merging->members, u) || !hgr_reach_has(merging->reach, u))
            continue;
        uint32_t distance = hgr_reach_distance(merging->reach, u);
        merging->deepest = distance > merging->deepest ? distance : merging->deepest;
        mark_up(merging, u);
    }
    return hgr_run_check_cancel(merging->run, status);
}

/* Counting sort by distance of nodes that come by id. */
static hgr_result sort_marked(struct merging *merging, hgr_status *status)
{
    uint32_t *place = NULL;
    hgr_result result = hgr_alloc(merging->run, (size_t)merging->deepest + 2, sizeof *place,
                                  "levels", &place, status);
    if (result == HGR_OK)
        result = hgr_alloc(merging->run, merging->count, sizeof *merging->order, "path nodes",
                           &merging->order, status);
    if (result != HGR_OK)
        goto done;
    for (hgr_node u = 0; u < merging->n; u++)
        if (hgr_bit(merging->marked, u))
            place[hgr_reach_distance(merging->reach, u) + 1]++;
    for (uint32_t level = 1; level <= merging->deepest + 1; level++)
        place[level] += place[level - 1];
    for (hgr_node u = 0; u < merging->n; u++)
        if (hgr_bit(merging->marked, u))
            merging->order[place[hgr_reach_distance(merging->reach, u)]++] = u;
done:
    hgr_free(place);
    return result;
}

/* The branch that u's own branch hangs below. */
static hgr_result find_above(struct merging *merging, hgr_node u, uint32_t *out, hgr_status *status)
{
    hgr_node parent = hgr_reach_parent(merging->reach, u);
    if (parent != merging->n) {
        *out = merging->branch_of[parent];
        return HGR_OK;
    }
    uint32_t root = hgr_reach_root(merging->reach, u);
    hgr_branch top = {.root = root, .example = HGR_NO_NODE, .example_parent = HGR_NO_NODE};
    hgr_result result = hgr_trie_child(&merging->trie, HGR_BRANCH_TOP,
                                       merging->root_label(merging->user, root), &top, out, status);
    if (result == HGR_OK && root < merging->trie.branches[*out].branch.root)
        merging->trie.branches[*out].branch.root = root;
    return result;
}

static hgr_result fold_node(struct merging *merging, hgr_node u, hgr_status *status)
{
    uint32_t branch = 0;
    hgr_result result = find_above(merging, u, &branch, status);
    if (result != HGR_OK)
        return result;
    hgr_node parent = hgr_reach_parent(merging->reach, u);
    uint64_t label = merging->node_label(merging->user, u);
    const struct hgr_trie_branch *above = &merging->trie.branches[branch];
    if (above->branch.parent == HGR_BRANCH_TOP || above->label != label) {
        hgr_branch step = {.root = UINT32_MAX, .example = u,
                           .example_parent = parent == merging->n ? HGR_NO_NODE : parent};
        result = hgr_trie_child(&merging->trie, branch, label, &step, &branch, status);
        if (result != HGR_OK)
            return result;
    }
    merging->branch_of[u] = branch;
    if (hgr_bit(merging->members, u)) {
        merging->trie.branches[branch].branch.count++;
        merging->trie.branches[branch].branch.bytes += merging->bytes(merging->user, u);
    }
    return HGR_OK;
}

static hgr_result fold(struct merging *merging, hgr_status *status)
{
    hgr_result result = hgr_alloc(merging->run, merging->n, sizeof *merging->branch_of,
                                  "branches of nodes", &merging->branch_of, status);
    for (uint32_t i = 0; result == HGR_OK && i < merging->count; i++) {
        result = fold_node(merging, merging->order[i], status);
        if (result == HGR_OK && i % (1u << 18) == 0)
            result = hgr_run_check_cancel(merging->run, status);
    }
    return result;
}

static hgr_result take_branches(struct merging *merging, hgr_branches **out, hgr_status *status)
{
    hgr_branches *branches = NULL;
    hgr_result result = hgr_alloc(merging->run, 1, sizeof *branches, "branches", &branches, status);
    if (result != HGR_OK)
        return result;
    branches->count = merging->trie.count;
    result = hgr_alloc(merging->run, branches->count, sizeof *branches->rows, "branches",
                       &branches->rows, status);
    if (result == HGR_OK) {
        hgr_trie_sum_up(&merging->trie);
        result = hgr_trie_flatten(&merging->trie, branches->rows, status);
    }
    if (result == HGR_OK)
        *out = branches;
    else
        hgr_branches_free(branches);
    return result;
}

hgr_result hgr_branches_create(const hgr_graph *graph, const hgr_node *roots, size_t nroots,
                               const hgr_set *set, hgr_label_fn *root_label,
                               hgr_label_fn *node_label, hgr_node_bytes_fn *bytes,
                               const void *user, const hgr_run *run, hgr_branches **out,
                               hgr_status *status)
{
    struct merging merging = {.run = run, .n = hgr_graph_nodes(graph), .trie = {.run = run},
                              .root_label = root_label, .node_label = node_label, .bytes = bytes,
                              .user = user};
    hgr_result result =
        hgr_reach_create(graph, roots, nroots, NULL, run, &merging.reach, status);
    hgr_phase_timer timer = hgr_phase_begin(run, "branches");
    if (result == HGR_OK)
        result = hgr_set_to_bits(set, merging.n, run, &merging.members, status);
    if (result == HGR_OK)
        result = mark_paths(&merging, status);
    if (result == HGR_OK)
        result = sort_marked(&merging, status);
    if (result == HGR_OK)
        result = fold(&merging, status);
    if (result == HGR_OK)
        result = take_branches(&merging, out, status);
    if (result == HGR_OK)
        hgr_phase_end(&timer, 0, merging.count, 0);
    merging_fini(&merging);
    return result;
}

void hgr_branches_free(hgr_branches *branches)
{
    if (!branches)
        return;
    hgr_free(branches->rows);
    hgr_free(branches);
}

size_t hgr_branches_count(const hgr_branches *branches)
{
    return branches->count;
}

const hgr_branch *hgr_branches_get(const hgr_branches *branches, size_t index)
{
    return index < branches->count ? &branches->rows[index] : NULL;
}
