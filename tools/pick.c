/* tools: largest rows. Rows below the least of `limit` rows seen are refused at once; the others
 * are gathered until the array is full, then sorted and cut: O(n) when the order is not hostile,
 * O(n log limit) at worst. */
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
    if (pick->count > 0 && pick->count == pick->limit) {
        pick->has_floor = true;
        pick->floor = pick->rows[pick->count - 1];
    }
}

/* After a cut: can this row still be among the first `limit`? */
static bool belongs(const tool_pick *pick, uint64_t key, uint32_t id)
{
    if (!pick->has_floor)
        return true;
    return key > pick->floor.key || (key == pick->floor.key && id < pick->floor.id);
}

void pick_add(tool_pick *pick, uint64_t key, uint32_t id)
{
    if (!belongs(pick, key, id))
        return;
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
