/* tools: largest rows. Up to twice the limit is kept, then the lower half is dropped: O(n log limit). */
#include "pick.h"

#include <stdlib.h>

#include "strbuf.h"

static int compare_rows(const void *left, const void *right)
{
    const pick_row *a = left, *b = right;
    if (a->key != b->key)
        return a->key > b->key ? -1 : 1;
    return (a->id > b->id) - (a->id < b->id);
}

void pick_init(tool_pick *pick, uint64_t limit)
{
    *pick = (struct tool_pick){.limit = limit};
}

void pick_sort(tool_pick *pick)
{
    if (pick->count > 1)
        qsort(pick->rows, pick->count, sizeof *pick->rows, compare_rows);
    if (pick->count > pick->limit)
        pick->count = (size_t)pick->limit; /* limit < count */
}

void pick_add(tool_pick *pick, uint64_t key, uint32_t id)
{
    if (pick->count == pick->capacity) {
        if (pick->limit < pick->capacity / 2)
            pick_sort(pick); /* at most half remain */
        if (pick->count == pick->capacity) {
            pick->capacity = pick->capacity ? pick->capacity * 2 : 256;
            pick->rows = must_resize(pick->rows, pick->capacity, sizeof *pick->rows);
        }
    }
    pick->rows[pick->count++] = (pick_row){key, id};
}

void pick_fini(tool_pick *pick)
{
    free(pick->rows);
    *pick = (struct tool_pick){0};
}
