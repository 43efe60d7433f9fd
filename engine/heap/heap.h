/* heap: the scanned heap as the rest of the engine sees it. Stage: source -> (types, objects,
 * references, findings). */
#ifndef HGR_HEAP_HEAP_H
#define HGR_HEAP_HEAP_H

#include <heapgraph/snapshot.h>
#include "../base/arena.h"
#include "source.h"

/** Address <-> node: start bitmap (1 bit per slot of pointer_size... see objects.c) with a rank
 * directory. */
typedef struct hgr_objects hgr_objects;

uint32_t hgr_objects_count(const hgr_objects *objects);
/** Node whose object starts at addr, or HGR_NO_NODE. */
hgr_node hgr_objects_at(const hgr_objects *objects, uint64_t addr);
/** Node whose start is the greatest <= addr within the same segment, or HGR_NO_NODE (the caller
 * checks its size). */
hgr_node hgr_objects_before(const hgr_objects *objects, uint64_t addr);
uint64_t hgr_objects_address(const hgr_objects *objects, hgr_node node);
/** The addresses of nodes first .. end - 1; about 2 ns each. */
void hgr_objects_addresses(const hgr_objects *objects, hgr_node first, hgr_node end, uint64_t *out);

/** Per type of the scan: ascending by method table address. */
typedef struct hgr_heap_type {
    hgr_shape shape;
    uint64_t count[HGR_GENERATIONS];
    uint64_t bytes[HGR_GENERATIONS];
} hgr_heap_type;

typedef struct hgr_findings {
    uint64_t count[HGR_FINDING_KINDS];
    uint64_t bytes[HGR_FINDING_KINDS];
    hgr_finding *first; /* ascending by address, at most HGR_FINDINGS_KEPT of each kind */
    size_t nfirst;
} hgr_findings;
#define HGR_FINDINGS_KEPT 1000

typedef struct hgr_heap {
    const hgr_run *run;
    hgr_totals totals;
    hgr_segment_totals *segment_totals; /* nsegments */
    hgr_heap_type *types;               /* Free excluded */
    uint32_t ntypes;
    hgr_free_block *free_blocks;
    size_t nfree_blocks;
    hgr_findings findings;
    /* below: only after HGR_SCAN_GRAPH */
    hgr_objects *objects;
    uint32_t *node_type;  /* n: index into types */
    uint32_t *node_bytes; /* n: shallow bytes; UINT32_MAX = look in big */
    struct hgr_big *big;  /* objects of 4 GiB - 1 and more, ascending by node */
    size_t nbig;
    uint32_t *segment_first; /* nsegments + 1: first node of each segment */
    hgr_graph *graph;
} hgr_heap;

struct hgr_big {
    hgr_node node;
    uint64_t bytes;
};

/**
 * Walk all segments of source.
 *
 * Cost     one pass over the heap's bytes. b11 (11.5 M objects, 1.07 GB of heap, page cache), CPU of
 *          one thread: types 0.11 s, graph 0.27 to 0.37 s, of that 0.06 s translating; fresh pages
 *          are the largest single item. Kept: 14 + 4 m/n bytes an object; peak 1 to 5 more.
 * Threads  run->threads at most, one for each 16 MiB of heap; same bytes for every thread count.
 * Errors   HGR_NO_MEMORY, HGR_CANCELLED (asked once per block of 4 MiB), HGR_TOO_LARGE (2^32 - 2
 *          objects or references, 2 TiB of present heap), or what source->describe stops with.
 *          *out untouched. Damage is a finding. References to no object are dropped and counted.
 * Owner    hgr_heap_free; the heap borrows source's segments, slot runs and space.
 * Checked  tests/reference/walk_slow.c, resume_slow.c, refer_slow.c on random heaps.
 */
HGR_MUST_CHECK hgr_result hgr_heap_scan(const hgr_source *source, hgr_scan_depth depth,
                                        const hgr_run *run, hgr_heap **out, hgr_status *status);
void hgr_heap_free(hgr_heap *heap);
uint64_t hgr_heap_node_bytes(const hgr_heap *heap, hgr_node node);

/**
 * Visit the reference slots of one object as the scan does: in slot order, null slots skipped,
 * values that are no object skipped, then the implied ones: shape.implied_addr, then
 * source->implied in its order, with slot_offset UINT32_MAX. Reads the dump. Until visit returns
 * false.
 */
typedef bool hgr_slot_visit_fn(void *user, uint64_t slot_offset, uint64_t value, bool implied);
void hgr_heap_visit_slots(const hgr_heap *heap, const hgr_source *source, hgr_node node,
                          hgr_slot_visit_fn *visit, void *user);

#endif
