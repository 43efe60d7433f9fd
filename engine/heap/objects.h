/* heap: address <-> node, internals: what the scan fills and the inline look-ups of its inner
 * loops.
 *
 * A slot is one pointer-sized place where an object can start. Heaps are scattered over terabytes
 * of address space, so slots are numbered densely: granules of 4 MiB (a basic GC region) that hold
 * any present heap byte get consecutive numbers in address order; a two-level directory maps
 * address to granule in two loads that stay in the first-level cache, with no probing and no
 * branch. */
#ifndef HGR_HEAP_OBJECTS_H
#define HGR_HEAP_OBJECTS_H

#include <string.h>

#include "heap.h"

#define HGR_GRANULE_BITS  22u
#define HGR_GRANULE_BYTES (UINT64_C(1) << HGR_GRANULE_BITS)
#define HGR_LEAF_BITS     13u   /* one leaf of the directory covers 32 GiB */
#define HGR_TOP_ENTRIES   8192u /* 2^48 bytes from the lowest segment to the highest */
#define HGR_GRANULES_MAX  (UINT64_C(1) << 19) /* 2 TiB of present heap: bitmap words stay 32 bits  \
                                               */
#define HGR_NO_GRANULE   UINT32_MAX
#define HGR_NO_SLOT      UINT64_MAX
#define HGR_SAMPLE_NODES 64u

struct hgr_objects {
    uint32_t n;         /* nodes, after hgr_objects_index */
    uint32_t slot_bits; /* log2 of the pointer size: 3 or 2 */
    bool popcnt;        /* the processor counts bits in one instruction */
    uint64_t base_addr; /* granule-aligned, at or below the lowest segment */
    uint32_t *top;    /* HGR_TOP_ENTRIES + 1: where the leaf starts in leaves; the last is empty */
    uint32_t *leaves; /* leaf 0 is empty; granule number or HGR_NO_GRANULE */
    size_t nleaves, leaves_capacity; /* entries */
    uint64_t *granules; /* ngranules: (address - base_addr) >> HGR_GRANULE_BITS, ascending */
    size_t ngranules, granules_capacity;
    size_t nwords;               /* of the bitmap */
    uint64_t *bits;              /* one per slot: an object starts here */
    uint32_t *rank;              /* nwords + 1: set bits before the word */
    uint32_t *samples;           /* word that holds node 64 k; one more at the end */
    const hgr_segment *segments; /* borrowed from the source */
    size_t nsegments;
};

/**
 * Lay out the slots of all present heap memory; no object is marked yet.
 *
 * Errors   HGR_NO_MEMORY, HGR_TOO_LARGE (over 2 TiB of heap in the dump).
 * Owner    hgr_objects_free; borrows source's segments.
 */
HGR_MUST_CHECK hgr_result hgr_objects_create(const hgr_source *source, const hgr_run *run,
                                             hgr_objects **out, hgr_status *status);
/** Count the marked slots: rank directory, samples, n. Parallel. HGR_TOO_LARGE over 2^32 - 2. */
HGR_MUST_CHECK hgr_result hgr_objects_index(hgr_objects *objects, const hgr_run *run,
                                            hgr_status *status);
void hgr_objects_free(hgr_objects *objects);

static inline uint32_t hgr_bits_count(uint64_t word, bool popcnt)
{
#if defined(__x86_64__)
    /* Not every x86-64 has it and the library is built for all of them; a call-free instruction
     * here is worth 3 ns for each reference. */
    if (popcnt) {
        uint64_t count;
        __asm__("popcnt %1, %0" : "=r"(count) : "r"(word) : "cc");
        return (uint32_t)count; /* <= 64 */
    }
#else
    (void)popcnt;
#endif
    return (uint32_t)__builtin_popcountll(word);
}

/** Granule number of addr, or HGR_NO_GRANULE. */
static inline uint32_t hgr_objects_granule(const hgr_objects *objects, uint64_t addr)
{
    uint64_t off = addr - objects->base_addr; /* wraps below base: then above every entry */
    uint64_t top = off >> (HGR_GRANULE_BITS + HGR_LEAF_BITS);
    top = top < HGR_TOP_ENTRIES ? top : HGR_TOP_ENTRIES;
    return objects
        ->leaves[objects->top[top] + ((off >> HGR_GRANULE_BITS) & ((1u << HGR_LEAF_BITS) - 1))];
}

/** Dense slot of addr, or HGR_NO_SLOT; low bits of addr below a slot are dropped. */
static inline uint64_t hgr_objects_slot(const hgr_objects *objects, uint64_t addr)
{
    uint32_t granule = hgr_objects_granule(objects, addr);
    if (granule == HGR_NO_GRANULE)
        return HGR_NO_SLOT;
    return (((uint64_t)granule << HGR_GRANULE_BITS) | (addr & (HGR_GRANULE_BYTES - 1))) >>
           objects->slot_bits;
}

/** Node that starts at the slot, or HGR_NO_NODE. */
static inline hgr_node hgr_objects_node(const hgr_objects *objects, uint64_t slot, bool popcnt)
{
    uint64_t word = objects->bits[slot >> 6];
    if (!(word >> (slot & 63) & 1))
        return HGR_NO_NODE;
    return objects->rank[slot >> 6] +
           hgr_bits_count(word & ((UINT64_C(1) << (slot & 63)) - 1), popcnt);
}

/** Address of a slot. */
static inline uint64_t hgr_objects_slot_address(const hgr_objects *objects, uint64_t slot)
{
    uint64_t bytes = slot << objects->slot_bits;
    return objects->base_addr + (objects->granules[bytes >> HGR_GRANULE_BITS] << HGR_GRANULE_BITS) +
           (bytes & (HGR_GRANULE_BYTES - 1));
}

/**
 * Can the bounds of segment s be? Ask for s = 0, 1, 2 ... with *previous_end = 0 at first. Segments
 * that are not sound are neither walked nor looked up.
 */
static inline bool hgr_segment_is_sound(const hgr_source *source, size_t s, uint64_t *previous_end)
{
    const hgr_segment *segment = &source->segments[s];
    if (segment->start_addr >= segment->end_addr || segment->start_addr < *previous_end ||
        segment->start_addr % source->space->pointer_size != 0 ||
        segment->end_addr - source->segments[0].start_addr >= UINT64_C(1) << 48)
        return false;
    *previous_end = segment->end_addr;
    return true;
}

/** Index of the segment that holds addr, or SIZE_MAX. */
size_t hgr_segment_at(const hgr_segment *segments, size_t nsegments, uint64_t addr);

#endif
