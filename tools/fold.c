/* tools: fold a dominator tree by type.
 *
 * The nodes come in an order where each follows its dominator, so one pass suffices: the row of a
 * node is (row of its dominator, type, itself if it is large), found in a hash table. Depth is
 * limited, so rows are few. */
#include "fold.h"

#include <stdlib.h>
#include <string.h>

#define NO_ROW UINT32_MAX

/* Open addressing from (parent row, type, single) to row. */
struct index {
    uint32_t *slots; /* row, or NO_ROW */
    size_t capacity; /* power of two */
};

static size_t hash_key(uint32_t parent, uint32_t type, hgr_node single)
{
    uint64_t key = ((uint64_t)parent << 32 | type) ^ (uint64_t)single << 16;
    return (size_t)((key ^ key >> 29) * UINT64_C(0x9e3779b97f4a7c15) >> 20);
}

static void store_row(struct index *index, const tool_fold *fold, uint32_t row)
{
    size_t slot = hash_key(fold->rows[row].parent, fold->rows[row].type, fold->rows[row].single) &
                  (index->capacity - 1);
    while (index->slots[slot] != NO_ROW)
        slot = (slot + 1) & (index->capacity - 1);
    index->slots[slot] = row;
}

static void widen(struct index *index, const tool_fold *fold)
{
    index->capacity = index->capacity ? index->capacity * 2 : 1024;
    free(index->slots);
    index->slots = must_alloc(index->capacity, sizeof *index->slots);
    memset(index->slots, 0xff, index->capacity * sizeof *index->slots);
    for (size_t row = 0; row < fold->count; row++)
        store_row(index, fold, (uint32_t)row);
}

static uint32_t find_row(struct index *index, tool_fold *fold, uint32_t parent, uint32_t type,
                         hgr_node single, hgr_node example)
{
    if (fold->count * 2 >= index->capacity)
        widen(index, fold);
    size_t slot = hash_key(parent, type, single) & (index->capacity - 1);
    for (; index->slots[slot] != NO_ROW; slot = (slot + 1) & (index->capacity - 1)) {
        const fold_row *row = &fold->rows[index->slots[slot]];
        if (row->parent == parent && row->type == type && row->single == single)
            return index->slots[slot];
    }
    if (fold->count == fold->capacity) {
        fold->capacity = fold->capacity ? fold->capacity * 2 : 256;
        fold->rows = must_resize(fold->rows, fold->capacity, sizeof *fold->rows);
    }
    uint32_t row = (uint32_t)fold->count++;
    fold->rows[row] = (fold_row){.parent = parent,
                                 .depth = parent == NO_ROW ? 0 : fold->rows[parent].depth + 1,
                                 .type = type,
                                 .single = single,
                                 .example = example};
    index->slots[slot] = row;
    return row;
}

void fold_create(tool_fold *fold, const tool_session *session, hgr_node top, uint32_t max_depth,
                 uint64_t own_row_bytes)
{
    const hgr_node *idom = hgr_domtree_idom(session->tree);
    const hgr_node *order = hgr_domtree_order(session->tree);
    uint32_t n = session_nodes(session);
    struct index index = {0};
    *fold = (struct tool_fold){0};
    uint32_t *row_of = must_alloc((size_t)n + 1, sizeof *row_of);
    memset(row_of, 0xff, ((size_t)n + 1) * sizeof *row_of);
    for (uint32_t i = 0; i < hgr_domtree_reachable(session->tree); i++) {
        hgr_node u = order[i];
        uint32_t parent = row_of[idom[u]];
        bool below_top = top == n ? idom[u] == n : u == top;
        if (!below_top && (parent == NO_ROW || fold->rows[parent].depth + 1 >= max_depth))
            continue;
        hgr_node single = session->retained[u] >= own_row_bytes ? u : HGR_NO_NODE;
        uint32_t row = find_row(&index, fold, below_top ? NO_ROW : parent,
                                hgr_node_type(session->snapshot, u), single, u);
        row_of[u] = row;
        fold->rows[row].count++;
        fold->rows[row].bytes += hgr_node_bytes(session->snapshot, u);
        fold->rows[row].retained_bytes += session->retained[u];
    }
    free(row_of);
    free(index.slots);
}

void fold_free(tool_fold *fold)
{
    free(fold->rows);
    *fold = (struct tool_fold){0};
}

/* Siblings side by side, the largest first. qsort has no argument, so the key is copied in. */
struct sibling {
    uint64_t retained_bytes;
    uint32_t parent, type;
    hgr_node example;
    uint32_t row;
};

static int compare_siblings(const void *left, const void *right)
{
    const struct sibling *a = left, *b = right;
    if (a->parent != b->parent)
        return a->parent < b->parent ? -1 : 1;
    if (a->retained_bytes != b->retained_bytes)
        return a->retained_bytes > b->retained_bytes ? -1 : 1;
    if (a->type != b->type)
        return a->type < b->type ? -1 : 1;
    return (a->example > b->example) - (a->example < b->example);
}

/* Push the children of a row, the largest last to go in, so that it comes out first. */
static size_t push_children(const struct sibling *siblings, size_t count, const size_t *first,
                            uint32_t parent, uint32_t *stack, size_t depth)
{
    size_t begin = first[parent == NO_ROW ? count : parent], end = begin;
    while (end < count && siblings[end].parent == parent)
        end++;
    while (end > begin)
        stack[depth++] = siblings[--end].row;
    return depth;
}

uint32_t *fold_order(const tool_fold *fold)
{
    size_t count = fold->count, depth = 0, out = 0;
    uint32_t *order = must_alloc(count, sizeof *order), *stack = must_alloc(count, sizeof *stack);
    struct sibling *siblings = must_alloc(count, sizeof *siblings);
    /* Where the children of a row begin among the siblings; entry count: those of the top. */
    size_t *first = must_alloc(count + 1, sizeof *first);
    for (size_t r = 0; r < count; r++) {
        const fold_row *row = &fold->rows[r];
        siblings[r] = (struct sibling){row->retained_bytes, row->parent, row->type, row->example,
                                       (uint32_t)r};
    }
    for (size_t r = 0; r <= count; r++)
        first[r] = count;
    if (count > 1)
        qsort(siblings, count, sizeof *siblings, compare_siblings);
    for (size_t i = count; i-- > 0;)
        first[siblings[i].parent == NO_ROW ? count : siblings[i].parent] = i;
    depth = push_children(siblings, count, first, NO_ROW, stack, depth);
    while (depth) {
        uint32_t row = stack[--depth];
        order[out++] = row;
        depth = push_children(siblings, count, first, row, stack, depth);
    }
    free(first);
    free(siblings);
    free(stack);
    return order;
}
