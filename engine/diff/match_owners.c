/* diff: whose new objects are: each goes to its nearest dominator that was there before.
 *
 * In tree order a dominator comes before what it dominates, so its owner is known. Below no
 * survivor, the topmost new object stands for its root. */
#include <stdlib.h>

#include "../base/status.h"
#include "match.h"

struct owners {
    const hgr_match *match;
    const hgr_match_view *view;
    const hgr_domtree *tree;
    const hgr_node *idom;
    hgr_node *owner; /* n: a survivor, or a topmost new object: then with the node's own number */
    uint64_t *sums;  /* n + 1: bytes that new objects dominate; example */
    uint32_t *row;   /* n: row of an owner, or UINT32_MAX */
    hgr_new_owner *rows;
    size_t count, capacity;
};

static bool is_new(const struct owners *owners, hgr_node u)
{
    return hgr_match_fate_of(&owners->match->side[1], u) == HGR_FATE_GONE;
}

/* Owner of each new node; nodes that are not new own what is below them. */
static void find_owners(struct owners *owners)
{
    const hgr_node *order = hgr_domtree_order(owners->tree);
    uint32_t count = hgr_domtree_reachable(owners->tree), n = owners->match->side[1].n;
    for (uint32_t i = 0; i < count; i++) {
        hgr_node u = order[i], above = owners->idom[u];
        if (!is_new(owners, u))
            owners->owner[u] = u;
        else
            owners->owner[u] = above == n ? u : owners->owner[above];
    }
}

static hgr_result add_row(struct owners *owners, hgr_node u, const hgr_run *run, hgr_status *status)
{
    hgr_node owner = owners->owner[u];
    hgr_result result = HGR_OK;
    if (owners->row[owner] == UINT32_MAX) {
        result = hgr_grow(run, &owners->rows, &owners->capacity, owners->count + 1, UINT32_MAX,
                          sizeof *owners->rows, "owners", status);
        if (result != HGR_OK)
            return result;
        owners->row[owner] = (uint32_t)owners->count; /* below UINT32_MAX: hgr_grow's limit */
        owners->rows[owners->count++] = (hgr_new_owner){
            .owner = is_new(owners, owner) ? HGR_NO_NODE : owner, .example = HGR_NO_NODE};
    }
    hgr_new_owner *row = &owners->rows[owners->row[owner]];
    row->count++;
    row->bytes += owners->view->bytes(owners->view->user, u);
    bool top = owners->idom[u] == owner || u == owner;
    if (top && (row->example == HGR_NO_NODE || owners->sums[u] > owners->sums[row->example]))
        row->example = u;
    return result;
}

static int by_bytes(const void *left, const void *right)
{
    const hgr_new_owner *a = left, *b = right;
    if (a->bytes != b->bytes)
        return a->bytes > b->bytes ? -1 : 1;
    hgr_node x = a->owner == HGR_NO_NODE ? a->example : a->owner;
    hgr_node y = b->owner == HGR_NO_NODE ? b->example : b->owner;
    return (x > y) - (x < y);
}

static hgr_result list_owners(struct owners *owners, const hgr_run *run, hgr_status *status)
{
    uint32_t n = owners->match->side[1].n;
    hgr_result result = hgr_alloc(run, n, sizeof *owners->row, "owners", &owners->row, status);
    for (hgr_node u = 0; result == HGR_OK && u < n; u++)
        owners->row[u] = UINT32_MAX;
    for (hgr_node u = 0; result == HGR_OK && u < n; u++)
        if (owners->idom[u] != HGR_NO_NODE && is_new(owners, u))
            result = add_row(owners, u, run, status);
    if (result == HGR_OK && owners->count > 1)
        qsort(owners->rows, owners->count, sizeof *owners->rows, by_bytes);
    return result;
}

hgr_result hgr_match_new_owners(const hgr_match *match, const hgr_match_view *after,
                                const hgr_domtree *tree, const hgr_run *run, hgr_new_owner **out,
                                size_t *out_count, hgr_status *status)
{
    struct owners owners = {
        .match = match, .view = after, .tree = tree, .idom = hgr_domtree_idom(tree)};
    hgr_result result =
        hgr_alloc(run, match->side[1].n, sizeof *owners.owner, "owners", &owners.owner, status);
    if (result == HGR_OK)
        result = hgr_grow(run, &owners.rows, &owners.capacity, 1, UINT32_MAX, sizeof *owners.rows,
                          "owners", status);
    if (result == HGR_OK)
        result = hgr_retained_create(tree, after->bytes, after->user, run, &owners.sums, status);
    if (result == HGR_OK) {
        find_owners(&owners);
        result = list_owners(&owners, run, status);
    }
    hgr_retained_free(owners.sums);
    hgr_free(owners.row);
    hgr_free(owners.owner);
    if (result != HGR_OK) {
        hgr_free(owners.rows);
        return result;
    }
    *out = owners.rows;
    *out_count = owners.count;
    return HGR_OK;
}

void hgr_new_owners_free(hgr_new_owner *owners)
{
    hgr_free(owners);
}
