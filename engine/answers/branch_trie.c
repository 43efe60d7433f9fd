/* answers: a trie with hashed children. A child is made after its parent, so that sums flow up in
 * one backward loop over the array; the depth-first order is made once, at the end, by sorting. */
#include "branch_trie.h"

#include <stdlib.h>

#define FIRST_SLOTS    64u
#define BRANCHES_LIMIT ((size_t)UINT32_MAX / 2)

struct ranked {
    uint64_t bytes, label;
    uint32_t parent, branch;
};

void hgr_trie_fini(struct hgr_trie *trie)
{
    hgr_free(trie->slots);
    hgr_free(trie->branches);
    *trie = (struct hgr_trie){0};
}

static size_t first_slot(const struct hgr_trie *trie, uint32_t parent, uint64_t label)
{
    uint64_t z = (label ^ (uint64_t)parent << 32) * UINT64_C(0x9e3779b97f4a7c15);
    z = (z ^ z >> 29) + parent;
    return (z * UINT64_C(0xbf58476d1ce4e5b9) >> 20) & (trie->nslots - 1);
}

/* The slot of (parent, label), or the empty one where it belongs. */
static uint32_t *find_slot(const struct hgr_trie *trie, uint32_t parent, uint64_t label)
{
    for (size_t at = first_slot(trie, parent, label);; at = (at + 1) & (trie->nslots - 1)) {
        uint32_t *slot = &trie->slots[at];
        if (*slot == 0)
            return slot;
        const struct hgr_trie_branch *seen = &trie->branches[*slot - 1];
        if (seen->label == label && seen->branch.parent == parent)
            return slot;
    }
}

static hgr_result grow_slots(struct hgr_trie *trie, hgr_status *status)
{
    uint32_t *slots = NULL;
    size_t nslots = trie->nslots ? trie->nslots * 2 : FIRST_SLOTS;
    hgr_result result = hgr_alloc(trie->run, nslots, sizeof *slots, "branches", &slots, status);
    if (result != HGR_OK)
        return result;
    hgr_free(trie->slots);
    trie->slots = slots;
    trie->nslots = nslots;
    for (size_t k = 0; k < trie->count; k++)
        *find_slot(trie, trie->branches[k].branch.parent, trie->branches[k].label) =
            (uint32_t)k + 1;
    return HGR_OK;
}

hgr_result hgr_trie_child(struct hgr_trie *trie, uint32_t parent, uint64_t label,
                          const hgr_branch *fresh, uint32_t *out_branch, hgr_status *status)
{
    hgr_result result = HGR_OK;
    if (trie->count * 2 >= trie->nslots)
        result = grow_slots(trie, status);
    if (result == HGR_OK)
        result = hgr_grow(trie->run, &trie->branches, &trie->capacity, trie->count + 1,
                          BRANCHES_LIMIT, sizeof *trie->branches, "branches", status);
    if (result != HGR_OK)
        return result;
    uint32_t *slot = find_slot(trie, parent, label);
    if (*slot == 0) {
        struct hgr_trie_branch made = {*fresh, label};
        made.branch.parent = parent;
        made.branch.depth = parent == HGR_BRANCH_TOP ? 0 : trie->branches[parent].branch.depth + 1;
        trie->branches[trie->count++] = made;
        *slot = (uint32_t)trie->count; /* below BRANCHES_LIMIT */
    }
    *out_branch = *slot - 1;
    return HGR_OK;
}

void hgr_trie_sum_up(struct hgr_trie *trie)
{
    for (size_t k = trie->count; k-- > 0;) {
        const hgr_branch *branch = &trie->branches[k].branch;
        if (branch->parent == HGR_BRANCH_TOP)
            continue;
        trie->branches[branch->parent].branch.count += branch->count;
        trie->branches[branch->parent].branch.bytes += branch->bytes;
    }
}

/* By parent, the top last; largest first, then by label. */
static int compare_ranked(const void *a, const void *b)
{
    const struct ranked *x = a, *y = b;
    if (x->parent != y->parent)
        return x->parent < y->parent ? -1 : 1;
    if (x->bytes != y->bytes)
        return x->bytes > y->bytes ? -1 : 1;
    return x->label < y->label ? -1 : x->label > y->label;
}

static void rank(const struct hgr_trie *trie, struct ranked *ranked)
{
    for (size_t k = 0; k < trie->count; k++) {
        const struct hgr_trie_branch *from = &trie->branches[k];
        ranked[k] =
            (struct ranked){from->branch.bytes, from->label, from->branch.parent, (uint32_t)k};
    }
    qsort(ranked, trie->count, sizeof *ranked, compare_ranked);
}

/* stack holds ranks; place[branch] its row in out; first[branch] the rank of its first child. */
static void lay_out(const struct hgr_trie *trie, const struct ranked *ranked, const size_t *first,
                    uint32_t *stack, uint32_t *place, hgr_branch *out)
{
    size_t count = trie->count, depth = 0, done = 0;
    for (size_t k = count; k-- > 0 && ranked[k].parent == HGR_BRANCH_TOP;)
        stack[depth++] = (uint32_t)k; /* the first rank ends up on top */
    while (depth > 0) {
        uint32_t branch = ranked[stack[--depth]].branch;
        hgr_branch *row = &out[done];
        *row = trie->branches[branch].branch;
        row->parent = row->parent == HGR_BRANCH_TOP ? HGR_BRANCH_TOP : place[row->parent];
        place[branch] = (uint32_t)done++;
        size_t end = first[branch];
        while (end < count && ranked[end].parent == branch)
            end++;
        while (end-- > first[branch])
            stack[depth++] = (uint32_t)end;
    }
}

hgr_result hgr_trie_flatten(const struct hgr_trie *trie, hgr_branch *out, hgr_status *status)
{
    struct ranked *ranked = NULL;
    size_t *first = NULL;
    uint32_t *stack = NULL, *place = NULL;
    hgr_result result =
        hgr_alloc(trie->run, trie->count, sizeof *ranked, "branch order", &ranked, status);
    if (result == HGR_OK)
        result = hgr_alloc(trie->run, trie->count, sizeof *first, "branch order", &first, status);
    if (result == HGR_OK)
        result = hgr_alloc(trie->run, trie->count, sizeof *stack, "branch order", &stack, status);
    if (result == HGR_OK)
        result = hgr_alloc(trie->run, trie->count, sizeof *place, "branch order", &place, status);
    if (result != HGR_OK)
        goto done;
    rank(trie, ranked);
    for (size_t k = 0; k < trie->count; k++)
        first[k] = trie->count; /* no children */
    for (size_t k = trie->count; k-- > 0;)
        if (ranked[k].parent != HGR_BRANCH_TOP)
            first[ranked[k].parent] = k;
    lay_out(trie, ranked, first, stack, place, out);
done:
    hgr_free(place);
    hgr_free(stack);
    hgr_free(first);
    hgr_free(ranked);
    return result;
}
