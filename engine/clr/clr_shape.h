/* clr: the heap of a collector with segments, found by the shape of its own memory: no symbol, no
 * export, no table of globals, no descriptor. Internal to this stage. */
#ifndef HGR_CLR_CLR_SHAPE_H
#define HGR_CLR_CLR_SHAPE_H

#include "clr_open.h"

/* ---- clr_shape_segments.c ---- */

/** A heap_segment: pointers in this order, at the start of a page; objects begin a page behind it. */
typedef struct hgr_shape_segment {
    uint64_t addr;
    uint64_t allocated, committed, reserved, used, mem, flags, next;
} hgr_shape_segment;

typedef struct hgr_shape_segments {
    hgr_shape_segment *items; /* ascending by address, pairwise disjoint */
    size_t             count;
} hgr_shape_segments;

/**
 * Every segment in the dump, whatever list it is in, none is in, or its list is damaged.
 *
 * granule: what the operating system aligns reservations to, a multiple of the page size.
 * Cost     reads one word at each granule of memory that may be written, seven of those that pass.
 * Threads  parallel over address ranges; same result for every thread count.
 * Errors   HGR_NO_MEMORY, HGR_CANCELLED, HGR_TOO_LARGE.
 * Owner    caller frees with hgr_shape_segments_fini.
 */
HGR_MUST_CHECK hgr_result hgr_shape_segments_find(const hgr_space *space, const hgr_run *run,
                                                  uint64_t granule, hgr_shape_segments *out,
                                                  hgr_status *status);
void hgr_shape_segments_fini(hgr_shape_segments *segments);
/** The segment whose record lies at addr, or NULL. */
const hgr_shape_segment *hgr_shape_segment_at(const hgr_shape_segments *segments, uint64_t addr);
/** Gen0 to gen2 live here, large and pinned objects elsewhere. */
bool hgr_shape_segment_is_small(const hgr_shape_segment *segment);

/* ---- clr_shape_types.c ---- */

/** Object, String and Free, and what is known of every other word that was taken for a type. */
typedef struct hgr_shape_types {
    const hgr_space *space;
    uint64_t object_mt, string_mt, free_mt;
    hgr_map verdicts; /* address -> 1 no type, 2 a type */
} hgr_shape_types;

/** Find the three by what lies at the segments' starts. HGR_NOT_FOUND: no heap. Free with _fini. */
HGR_MUST_CHECK hgr_result hgr_shape_types_find(const hgr_space *space, const hgr_run *run,
                                               const hgr_shape_segments *segments,
                                               hgr_shape_types *out, hgr_status *status);
void hgr_shape_types_fini(hgr_shape_types *types);
/** A method table with a chain of parents that ends at System.Object, or Free. Cached.
 * Errors: HGR_NO_MEMORY. */
HGR_MUST_CHECK hgr_result hgr_shape_is_type(hgr_shape_types *types, uint64_t addr, bool *out,
                                            hgr_status *status);

/** A method table of another runtime in the same process: its Free, or one whose parents end at its
 * System.Object. What is no method table at all is damage, and foreign to nobody. */
bool hgr_shape_is_foreign(const hgr_shape_types *types, uint64_t addr);

/** The head of a method table, the same in every runtime with segments. */
typedef struct hgr_shape_type_head {
    uint32_t flags, base_size;
    uint64_t parent;
} hgr_shape_type_head;
bool hgr_shape_type_head_read(const hgr_space *space, uint64_t addr, hgr_shape_type_head *out);

/* ---- clr_shape_walk.c ---- */

/** Where the objects of an ephemeral segment end, and the zeroed stretches between them. */
typedef struct hgr_shape_walk {
    uint64_t end_addr;
    uint64_t objects;
    hgr_gap *gaps; /* caller's, grows */
    size_t   ngaps, capacity;
} hgr_shape_walk;

/** Walk [segment->mem, used): out->gaps gets more entries. Errors: HGR_NO_MEMORY. */
HGR_MUST_CHECK hgr_result hgr_shape_walk_segment(hgr_shape_types *types, const hgr_run *run,
                                                 const hgr_shape_segment *segment,
                                                 hgr_shape_walk *out, hgr_status *status);

/* ---- clr_shape_generations.c ---- */

/** A generation table: gen0, gen1, gen2, LOH and perhaps POH, `size` bytes apart. */
typedef struct hgr_shape_generations {
    uint64_t addr;                   /* of gen0's start_segment */
    uint64_t ephemeral_segment_addr; /* gen0 starts in it */
    uint32_t size;                   /* from one generation to the next */
    uint32_t allocation_start;       /* from start_segment */
    uint32_t count;                  /* 4, or 5 with POH */
} hgr_shape_generations;

/** Search the runtime's module, where a workstation collector has its table; when none is there,
 * all memory that may be written, but no segment. One table a heap, ascending by ephemeral segment.
 * Cost: a pass over that memory. Caller frees *out with hgr_free. */
HGR_MUST_CHECK hgr_result hgr_shape_generations_find(const hgr_space *space, const hgr_run *run,
                                                     const hgr_module *module,
                                                     const hgr_shape_segments *segments,
                                                     uint64_t free_mt, hgr_shape_generations **out,
                                                     size_t *out_count, hgr_status *status);

/* ---- clr_shape_handles.c ---- */

/** Addresses of handle segments: 64 KiB, named by their table, which names one of them.
 * nblocks: of handles in a segment. Caller frees *out with hgr_free. */
HGR_MUST_CHECK hgr_result hgr_shape_handles_find(const hgr_runtime *runtime, uint64_t **out,
                                                 size_t *out_count, hgr_status *status);

/* ---- clr_shape_pages.c: the pass over memory that the searches share ---- */

/** Bytes of one piece of memory, in address order; addr is a multiple of the page size. */
typedef struct hgr_shape_piece {
    uint64_t       addr;
    const uint8_t *bytes;
    uint64_t       len;
} hgr_shape_piece;

/** Write up to capacity hits of a piece and return how many there are; out may be NULL (capacity 0).
 * A hit is an address. */
typedef size_t hgr_shape_search_fn(const void *user, const hgr_shape_piece *piece, uint64_t *out,
                                   size_t capacity);

/** What to search: memory that may be written, from low on up to high. */
typedef struct hgr_shape_bounds {
    uint64_t low, high;
} hgr_shape_bounds;
#define HGR_SHAPE_EVERYWHERE ((hgr_shape_bounds){0, UINT64_MAX})

/** Call search for every piece of memory within bounds, in parallel; all hits, ascending.
 * Errors: HGR_NO_MEMORY, HGR_CANCELLED, HGR_TOO_LARGE (more hits than limit). */
HGR_MUST_CHECK hgr_result hgr_shape_search(const hgr_space *space, const hgr_run *run,
                                           hgr_shape_bounds bounds, hgr_shape_search_fn *search,
                                           const void *user, size_t limit, uint64_t **out,
                                           size_t *out_count, hgr_status *status);

/* ---- clr_shape.c ---- */

/**
 * Fill runtime->gc, segments and gaps, and the method tables of Object, String and Free.
 *
 * Errors   HGR_NOT_FOUND (no segment, or no type: no heap of this kind), HGR_NO_MEMORY, HGR_CANCELLED.
 */
HGR_MUST_CHECK hgr_result hgr_clr_shape_read(hgr_runtime *runtime, const hgr_module *module,
                                             hgr_status *status);
/** Fill runtime->gaps by a walk through the youngest generation, where no allocation context is known.
 * Errors: HGR_NO_MEMORY. */
HGR_MUST_CHECK hgr_result hgr_clr_shape_gaps(hgr_runtime *runtime, hgr_status *status);
/** Cross-check: each segment in the dump is among the runtime's, and the other way round; what is
 * not becomes a warning. Errors: HGR_NO_MEMORY, HGR_CANCELLED. */
HGR_MUST_CHECK hgr_result hgr_clr_shape_compare(hgr_runtime *runtime, hgr_status *status);

#endif
