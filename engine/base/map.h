/* base: hash map from a u64 key (an address) to a u32 value; open addressing, linear probing. */
#ifndef HGR_BASE_MAP_H
#define HGR_BASE_MAP_H

#include "alloc.h"

#define HGR_MAP_NONE UINT32_MAX

/** Zero-initialise and set run. Key 0 and value HGR_MAP_NONE cannot be stored. One writer, no readers meanwhile. */
typedef struct hgr_map {
    const hgr_run *run;
    uint64_t      *keys;   /* 0 = empty */
    uint32_t      *values;
    size_t         capacity; /* power of two, or 0 */
    size_t         count;
} hgr_map;

void hgr_map_init(hgr_map *map, const hgr_run *run);
void hgr_map_fini(hgr_map *map);
HGR_MUST_CHECK hgr_result hgr_map_put(hgr_map *map, uint64_t key, uint32_t value,
                                      hgr_status *status);

static inline size_t hgr_map_slot(uint64_t key, size_t capacity)
{
    /* Fibonacci hashing on the high bits: addresses differ in their middle bits. */
    return (size_t)((key * UINT64_C(0x9e3779b97f4a7c15)) >> 32) & (capacity - 1);
}

/** The value, or HGR_MAP_NONE. */
static inline uint32_t hgr_map_get(const hgr_map *map, uint64_t key)
{
    if (map->capacity == 0 || key == 0)
        return HGR_MAP_NONE;
    for (size_t slot = hgr_map_slot(key, map->capacity);; slot = (slot + 1) & (map->capacity - 1)) {
        if (map->keys[slot] == key)
            return map->values[slot];
        if (map->keys[slot] == 0)
            return HGR_MAP_NONE;
    }
}

#endif
