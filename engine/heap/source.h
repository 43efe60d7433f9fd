/* heap: the contract between any runtime and the graph: "these are the segments; this is what the
 * method table at this address means". The scanner knows nothing else about a runtime; a runtime
 * knows nothing about the scanner.
 *
 * Objects: the word at an object's start is its method table (low bits are marks to mask). An
 * object's bytes = base_size + component_size * u32 at (object + pointer_size), at least min_bytes;
 * the next object starts that many bytes on, rounded up to the segment's alignment. */
#ifndef HGR_HEAP_SOURCE_H
#define HGR_HEAP_SOURCE_H

#include <heapgraph/runtime.h>
#include "../dump/space.h"

/** A run of reference slots at fixed places: count pointers from the object's address + offset on.
 */
typedef struct hgr_slot_run {
    uint32_t offset; /* bytes from the object's address */
    uint32_t count;  /* pointers */
} hgr_slot_run;

enum {
    HGR_SHAPE_FREE = 1, /* Free objects: a gap in the heap, no node */
    HGR_SHAPE_FINALIZER = 2,
    HGR_SHAPE_BAD_GCDESC = 4 /* the pointer map cannot be: treated as without references */
};

typedef enum hgr_slots {
    HGR_SLOTS_NONE,
    HGR_SLOTS_FIXED,  /* runs: the same slots in every instance */
    HGR_SLOTS_ARRAY,  /* pointers from `start` on to the end: object bytes - tail_bytes */
    HGR_SLOTS_STRUCTS /* from `start` on: runs (offset = bytes to skip before, count = pointers)
                         repeated to the end */
} hgr_slots;

/**
 * What the scanner must know of one method table.
 *
 * Values   HGR_SLOTS_FIXED: runs ascend, each ends within base_size; the source has checked that.
 *          HGR_SLOTS_ARRAY: slots fill [start, object bytes - tail_bytes), unaligned object bytes.
 *          HGR_SLOTS_STRUCTS: begin at start; repeat { runs[0].count pointers, skip, runs[1].count
 *          pointers, skip, ... }: run i is `count` pointers followed by `offset` bytes to skip;
 * stop at object bytes - tail_bytes. The sum of one repetition is > 0.
 */
typedef struct hgr_shape {
    uint64_t method_table_addr;
    uint32_t base_size;
    uint32_t component_size; /* 0 = fixed size */
    uint32_t flags;          /* HGR_SHAPE_... */
    hgr_slots slots;
    uint32_t start;      /* ARRAY, STRUCTS */
    uint32_t tail_bytes; /* ARRAY, STRUCTS: bytes at the end that hold no slot (one header word) */
    uint32_t nruns;
    const hgr_slot_run *runs; /* borrowed from the source, valid as long as it is */
    uint64_t implied_addr;    /* object each instance keeps alive besides its slots, 0 = none */
} hgr_shape;

/** Unwalkable bytes inside a segment (allocation contexts), ascending. */
typedef struct hgr_gap {
    uint64_t start_addr, end_addr; /* continue the walk at end_addr */
} hgr_gap;

/** An implied reference that is in no slot: dependent handle primary -> secondary. Ascending by
 * from_addr. */
typedef struct hgr_implied {
    uint64_t from_addr, to_addr;
} hgr_implied;

typedef struct hgr_source {
    const hgr_space *space;
    const hgr_segment *segments; /* ascending, disjoint */
    size_t nsegments;
    const hgr_gap *gaps;
    size_t ngaps;
    const hgr_implied *implied;
    size_t nimplied;
    uint32_t min_bytes;   /* smallest object: 3 pointers */
    uint64_t mark_mask;   /* low bits of a method table word to clear: 7 on 64 bit, 3 on 32 */
    uint32_t large_align; /* alignment of LOH objects; all others: pointer_size */
    /**
     * Describe the method table at addr (marks cleared). Called by one thread at a time, once per
     * distinct value; must read the dump only.
     * HGR_NOT_FOUND: no method table (damage); anything else that is not HGR_OK stops the scan.
     */
    hgr_result (*describe)(void *self, uint64_t addr, hgr_shape *out, hgr_status *status);
    void *self;
} hgr_source;

#endif
