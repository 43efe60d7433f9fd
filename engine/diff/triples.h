/* diff: hash map from three u32 to one; open addressing, linear probing, exact keys. */
#ifndef HGR_DIFF_TRIPLES_H
#define HGR_DIFF_TRIPLES_H

#include "../base/alloc.h"

typedef struct hgr_triple {
    uint32_t a, b, c;
    uint32_t value; /* HGR_TRIPLE_NONE = empty */
} hgr_triple;

#define HGR_TRIPLE_NONE UINT32_MAX

/** Zero-initialise and set run. One writer, no readers meanwhile. */
typedef struct hgr_triples {
    const hgr_run *run;
    hgr_triple    *slots;
    size_t         capacity, count; /* capacity: power of two, or 0 */
} hgr_triples;

/** Forget all keys, keep the memory. */
void hgr_triples_clear(hgr_triples *map);
void hgr_triples_fini(hgr_triples *map);
/** The key must be new, value not HGR_TRIPLE_NONE. */
HGR_MUST_CHECK hgr_result hgr_triples_put(hgr_triples *map, uint32_t a, uint32_t b, uint32_t c,
                                          uint32_t value, hgr_status *status);

static inline size_t hgr_triples_slot(uint32_t a, uint32_t b, uint32_t c, size_t capacity)
{
    uint64_t h = ((uint64_t)a << 32 | b) * UINT64_C(0x9e3779b97f4a7c15);
    h = (h ^ (h >> 29) ^ c) * UINT64_C(0xbf58476d1ce4e5b9);
    return (size_t)(h >> 20) & (capacity - 1);
}

/** The value, or HGR_TRIPLE_NONE. */
static inline uint32_t hgr_triples_get(const hgr_triples *map, uint32_t a, uint32_t b, uint32_t c)
{
    if (map->capacity == 0)
        return HGR_TRIPLE_NONE;
    for (size_t at = hgr_triples_slot(a, b, c, map->capacity);; at = (at + 1) & (map->capacity - 1)) {
        const hgr_triple *slot = &map->slots[at];
        if (slot->value == HGR_TRIPLE_NONE || (slot->a == a && slot->b == b && slot->c == c))
            return slot->value;
    }
}

#endif
