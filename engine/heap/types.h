/* heap: method table -> what the walk must know of it. One shared table, one small cache per
 * thread.
 *
 * The shared table asks the source once per distinct value, under a lock. Each thread copies what
 * its inner loop needs into an open hash of 64-byte slots, one cache line per type, which also
 * counts the instances of the block it walks. */
#ifndef HGR_HEAP_TYPES_H
#define HGR_HEAP_TYPES_H

#include "../base/arena.h"
#include "../base/map.h"
#include "source.h"

#define HGR_TYPES_MAX (1u << 24) /* distinct method tables: a real process has some 10,000 */
#define HGR_REFUSED_MAX                                                                            \
    (1u << 20) /* values remembered to be no method table; others are asked again */

typedef struct hgr_types {
    const hgr_source *source;
    const hgr_run *run;
    _Atomic int lock;
    hgr_arena arena;
    hgr_map index; /* method table -> number in order of discovery, or HGR_TYPE_REFUSED */
    const hgr_shape **shapes; /* by number; each stays where it is */
    size_t count, capacity;
    size_t refused;
} hgr_types;
#define HGR_TYPE_REFUSED (UINT32_MAX - 1)

void hgr_types_init(hgr_types *types, const hgr_source *source, const hgr_run *run);
void hgr_types_fini(hgr_types *types);
/**
 * What method_table_addr means. Any thread.
 * HGR_OK; HGR_NOT_FOUND (no method table, quick the second time); anything else stops the scan.
 */
HGR_MUST_CHECK hgr_result hgr_types_find(hgr_types *types, uint64_t method_table_addr,
                                         const hgr_shape **out, uint32_t *out_type,
                                         hgr_status *status);

/** How the inner loop finds the references of an object. */
typedef enum hgr_kind {
    HGR_KIND_NONE,
    HGR_KIND_RUN, /* one run of slots */
    HGR_KIND_RUNS,
    HGR_KIND_ARRAY,
    HGR_KIND_STRUCTS,
    HGR_KIND_GENERAL /* types with an implied reference: out of line */
} hgr_kind;

typedef struct hgr_type_slot {
    uint64_t key;       /* method table; 0 = empty */
    uint32_t base_size; /* fixed-size types: at least min_bytes; empty slots: UINT32_MAX, so that
                           the word 0, which finds one, ends the inner loop by its size */
    uint32_t component_size;
    uint32_t type;   /* number in order of discovery */
    uint8_t kind;    /* hgr_kind */
    uint8_t is_node; /* 0 for Free */
    uint8_t pad[2];
    uint32_t offset; /* RUN: of the first slot; ARRAY: start */
    uint32_t count;  /* RUN: slots; ARRAY: bytes at the end that hold none */
    uint64_t nblock; /* instances in the block being walked */
    uint64_t bytes;  /* their shallow bytes */
    const hgr_shape *shape;
    uint64_t pad2;
} hgr_type_slot;
_Static_assert(sizeof(hgr_type_slot) == 64, "one type, one cache line");

/** One thread's cache. */
typedef struct hgr_type_cache {
    hgr_types *types;
    hgr_type_slot *slots;
    uint32_t shift; /* 64 - log2(capacity) */
    size_t capacity, count;
    uint32_t *touched; /* slots with nblock > 0, at most `count` */
    size_t ntouched, touched_capacity;
} hgr_type_cache;

HGR_MUST_CHECK hgr_result hgr_type_cache_init(hgr_type_cache *cache, hgr_types *types,
                                              hgr_status *status);
void hgr_type_cache_fini(hgr_type_cache *cache);
/** The slot of a method table, asked from the shared table when new. Errors as hgr_types_find. */
HGR_MUST_CHECK hgr_result hgr_type_cache_find(hgr_type_cache *cache, uint64_t method_table_addr,
                                              hgr_type_slot **out, hgr_status *status);

static inline size_t hgr_type_cache_home(const hgr_type_cache *cache, uint64_t key)
{
    return (size_t)((key * UINT64_C(0x9e3779b97f4a7c15)) >> cache->shift);
}

/** The slot of a method table (not 0) seen before by this thread, or NULL. */
static inline hgr_type_slot *hgr_type_cache_get(const hgr_type_cache *cache, uint64_t key)
{
    size_t at = hgr_type_cache_home(cache, key);
    while (__builtin_expect(cache->slots[at].key != key, 0)) {
        if (cache->slots[at].key == 0)
            return NULL;
        at = (at + 1) & (cache->capacity - 1);
    }
    return &cache->slots[at];
}

#endif
