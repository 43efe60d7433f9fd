/* diff: a map of three u32; grows at two thirds. */
#include "triples.h"

#include <string.h>

#define TRIPLES_MIN 64

void hgr_triples_clear(hgr_triples *map)
{
    if (map->capacity)
        memset(map->slots, 0xff, map->capacity * sizeof *map->slots);
    map->count = 0;
}

void hgr_triples_fini(hgr_triples *map)
{
    hgr_free(map->slots);
    *map = (hgr_triples){.run = map->run};
}

static void place(hgr_triples *map, hgr_triple triple)
{
    size_t at = hgr_triples_slot(triple.a, triple.b, triple.c, map->capacity);
    while (map->slots[at].value != HGR_TRIPLE_NONE)
        at = (at + 1) & (map->capacity - 1);
    map->slots[at] = triple;
}

static hgr_result grow(hgr_triples *map, hgr_status *status)
{
    hgr_triples bigger = {.run = map->run, .count = map->count};
    if (map->capacity > SIZE_MAX / 2)
        return HGR_NO_MEMORY;
    bigger.capacity = map->capacity ? 2 * map->capacity : TRIPLES_MIN;
    hgr_result result = hgr_alloc(map->run, bigger.capacity, sizeof *bigger.slots, "path table",
                                  &bigger.slots, status);
    if (result != HGR_OK)
        return result;
    memset(bigger.slots, 0xff, bigger.capacity * sizeof *bigger.slots);
    for (size_t i = 0; i < map->capacity; i++)
        if (map->slots[i].value != HGR_TRIPLE_NONE)
            place(&bigger, map->slots[i]);
    hgr_free(map->slots);
    *map = bigger;
    return HGR_OK;
}

hgr_result hgr_triples_put(hgr_triples *map, uint32_t a, uint32_t b, uint32_t c, uint32_t value,
                           hgr_status *status)
{
    if (3 * (map->count + 1) > 2 * map->capacity) {
        hgr_result result = grow(map, status);
        if (result != HGR_OK)
            return result;
    }
    place(map, (hgr_triple){a, b, c, value});
    map->count++;
    return HGR_OK;
}
