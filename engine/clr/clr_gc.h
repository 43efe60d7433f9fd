/* clr: what the garbage collector publishes about itself, read once at open.
 *
 * GcDacVars is a small version header followed by pointers to the collector's variables; with
 * server GC the variables live in each gc_heap at published offsets instead. */
#ifndef HGR_CLR_CLR_GC_H
#define HGR_CLR_CLR_GC_H

#include <stdbool.h>
#include "../base/arena.h"
#include "../dump/space.h"

/** One GC heap; workstation GC has one. */
typedef struct hgr_clr_heap {
    uint64_t heap_addr;             /* gc_heap, 0 for workstation GC */
    uint64_t generation_table_addr; /* array of generations, gc->generation_size apart */
    uint64_t ephemeral_segment_addr;
    uint64_t alloc_allocated_addr; /* end of the objects in the ephemeral segment */
    uint64_t finalize_queue_addr;  /* CFinalize */
} hgr_clr_heap;

typedef struct hgr_clr_gc {
    uint64_t vars_addr; /* GcDacVars */
    uint32_t major, minor;
    uint64_t generation_size;
    uint32_t generations; /* 5: gen0, gen1, gen2, LOH, POH; before 5.0 without the last */
    uint32_t header_words; /* in front of the pointers to variables */
    uint32_t alloc_context, start_segment,
        allocation_start; /* in a generation; the last HGR_NO_OFFSET with regions */
    bool server, dynamic_adaptation, in_progress;
    uint64_t handle_table_map_addr;
    hgr_clr_heap *heaps; /* of the arena */
    uint32_t nheaps;
} hgr_clr_gc;

/** Do the bytes at addr look like GcDacVars of a version that is read here: 5.0 and later, which say how
 * many generations there are; or earlier ones, where the variables themselves must make sense? */
bool hgr_clr_gc_matches(const hgr_space *space, uint64_t addr);
bool hgr_clr_gc_matches_early(const hgr_space *space, uint64_t addr);
/** Errors: HGR_TRUNCATED (absent), HGR_BAD_DATA (impossible counts or offsets), HGR_NO_MEMORY. */
HGR_MUST_CHECK hgr_result hgr_clr_gc_read(const hgr_space *space, uint64_t addr, hgr_arena *arena,
                                          hgr_clr_gc *out, hgr_status *status);

#endif
