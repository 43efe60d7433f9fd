/* clr: pointer map (CGCDesc) -> slots of a shape.
 *
 * The map grows down from the method table, in words w of the target: [-1w] the number of series n.
 *   n > 0   n series of {size, start}, first at [-3w]: slots [start, start + size + object bytes).
 *           One size fits all instances of a class; for an array of references the size is negative
 *           so that the sum is the length of its data.
 *   n < 0   array of structures: start at [-2w], then -n items going down from [-3w]:
 *           {pointers, bytes to skip}, two halves of a word, repeated to the end of the array.
 * Source: the layout facts in tests/fixtures' runtimes; checked against an independent reader's
 * edges. */
#include "gcdesc.h"

#include <stdlib.h>

typedef struct map_reader {
    const hgr_space *space;
    hgr_arena *arena;
    hgr_shape *shape;
    uint32_t word;  /* bytes of a target pointer */
    uint32_t count; /* of series or items */
} map_reader;

/* The word `index` words before the method table, sign-extended. */
static bool read_word(const map_reader *map, uint64_t index, int64_t *out)
{
    uint64_t back = index * map->word, value;
    if (back > map->shape->method_table_addr ||
        !hgr_space_ptr(map->space, map->shape->method_table_addr - back, &value))
        return false;
    *out = map->word == 8 ? (int64_t)value : (int32_t)(uint32_t)value;
    return true;
}

static int by_offset(const void *left, const void *right)
{
    const hgr_slot_run *a = left, *b = right;
    return (a->offset > b->offset) - (a->offset < b->offset);
}

/* Series i of a class: does it lie inside the instance, behind its method table word? */
static bool read_fixed_run(const map_reader *map, uint32_t i, hgr_slot_run *run)
{
    int64_t size, start;
    if (!read_word(map, 3 + 2 * (uint64_t)i, &size) || !read_word(map, 2 + 2 * (uint64_t)i, &start))
        return false;
    int64_t word = map->word, end = (int64_t)map->shape->base_size - word;
    if (start < word || start % word || start >= end || size < -(int64_t)map->shape->base_size)
        return false;
    if (size > 0) /* slots of a class end before its last word: the size is relative to base_size */
        return false;
    int64_t bytes = size + (int64_t)map->shape->base_size;
    if (bytes <= 0 || bytes % word || bytes > end - start)
        return false;
    run->offset = (uint32_t)start;
    run->count = (uint32_t)(bytes / word); /* < base_size */
    return true;
}

/* Sorted runs: join neighbours; false when two overlap. */
static bool join_runs(const map_reader *map, hgr_slot_run *runs, uint32_t *count)
{
    uint32_t kept = 0;
    for (uint32_t i = 1; i < *count; i++) {
        uint32_t end = runs[kept].offset + runs[kept].count * map->word; /* <= base_size */
        if (runs[i].offset < end)
            return false;
        if (runs[i].offset == end)
            runs[kept].count += runs[i].count;
        else
            runs[++kept] = runs[i];
    }
    *count = kept + 1;
    return true;
}

static hgr_result read_fixed(const map_reader *map, bool *good, hgr_status *status)
{
    hgr_slot_run *runs = hgr_arena_alloc(map->arena, map->count * sizeof *runs, status);
    if (!runs)
        return HGR_NO_MEMORY;
    for (uint32_t i = 0; i < map->count; i++)
        if (!read_fixed_run(map, i, &runs[i]))
            return HGR_OK;
    qsort(runs, map->count, sizeof *runs, by_offset);
    uint32_t count = map->count;
    if (!join_runs(map, runs, &count))
        return HGR_OK;
    map->shape->slots = HGR_SLOTS_FIXED;
    map->shape->runs = runs;
    map->shape->nruns = count;
    *good = true;
    return HGR_OK;
}

/* An array whose elements are nothing but references: one series. */
static void read_array(const map_reader *map, bool *good)
{
    int64_t size, start, word = map->word, base = map->shape->base_size;
    if (map->count != 1 || !read_word(map, 3, &size) || !read_word(map, 2, &start))
        return;
    if (start < 2 * word || start % word || start > base - word || size > -start || size < -base)
        return;
    int64_t tail = -(size + start);
    if (tail < word || tail % word || start + tail != base ||
        map->shape->component_size % map->word)
        return;
    map->shape->slots = HGR_SLOTS_ARRAY;
    map->shape->start = (uint32_t)start;
    map->shape->tail_bytes = (uint32_t)tail;
    *good = true;
}

/* Item i: pointers, then bytes to skip; halves of the word that lies 3 + i words down. */
static bool read_item(const map_reader *map, uint32_t i, hgr_slot_run *run)
{
    int64_t value;
    if (!read_word(map, 3 + (uint64_t)i, &value))
        return false;
    uint32_t half = map->word * 4; /* bits */
    uint64_t bits = (uint64_t)value;
    run->count = (uint32_t)(bits & ((UINT64_C(1) << half) - 1));
    run->offset = (uint32_t)(bits >> half & ((UINT64_C(1) << half) - 1));
    return run->count > 0 && run->count <= map->shape->component_size / map->word &&
           run->offset <= map->shape->component_size && run->offset % map->word == 0;
}

static hgr_result read_structs(const map_reader *map, bool *good, hgr_status *status)
{
    int64_t start, word = map->word;
    if (map->shape->component_size == 0 || map->count > map->shape->component_size / map->word ||
        !read_word(map, 2, &start) || start < 2 * word || start % word ||
        start > (int64_t)map->shape->base_size - word + map->shape->component_size)
        return HGR_OK;
    hgr_slot_run *runs = hgr_arena_alloc(map->arena, map->count * sizeof *runs, status);
    if (!runs)
        return HGR_NO_MEMORY;
    uint64_t bytes = 0;
    for (uint32_t i = 0; i < map->count; i++) {
        if (!read_item(map, i, &runs[i]))
            return HGR_OK;
        bytes += (uint64_t)runs[i].count * map->word + runs[i].offset; /* <= 2^16 * 2^17 */
    }
    if (bytes != map->shape->component_size) /* one round is one element */
        return HGR_OK;
    map->shape->slots = HGR_SLOTS_STRUCTS;
    map->shape->start = (uint32_t)start;
    map->shape->tail_bytes = map->word;
    map->shape->runs = runs;
    map->shape->nruns = map->count;
    *good = true;
    return HGR_OK;
}

hgr_result hgr_gcdesc_read(const hgr_space *space, hgr_arena *arena, hgr_shape *shape,
                           hgr_status *status)
{
    map_reader map = {.space = space, .arena = arena, .shape = shape, .word = space->pointer_size};
    hgr_result result = HGR_OK;
    bool good = false;
    int64_t count;
    shape->slots = HGR_SLOTS_NONE;
    if (!read_word(&map, 1, &count) || count == 0 || count > (int64_t)HGR_GCDESC_MAX_RUNS ||
        count < -(int64_t)HGR_GCDESC_MAX_RUNS)
        goto done;
    map.count = (uint32_t)(count < 0 ? -count : count);
    if (count < 0)
        result = read_structs(&map, &good, status);
    else if (shape->component_size)
        read_array(&map, &good);
    else
        result = read_fixed(&map, &good, status);
done:
    if (result == HGR_OK && !good)
        shape->flags |= HGR_SHAPE_BAD_GCDESC;
    return result;
}
