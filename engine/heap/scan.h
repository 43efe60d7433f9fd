/* heap: the phases of a scan. Each is one function over the same record, serial inside or one loop.
 */
#ifndef HGR_HEAP_SCAN_H
#define HGR_HEAP_SCAN_H

#include "walk.h"

/** A reference that turned out to point to no object, seen while translating. */
typedef struct hgr_bad_ref {
    uint64_t ref;  /* index into col */
    uint64_t slot; /* dense slot it points to */
} hgr_bad_ref;

typedef struct hgr_bad_refs { /* one thread's; 64 bytes apart */
    hgr_bad_ref *list;
    size_t count, capacity;
    uint64_t pad[5];
} hgr_bad_refs;

/** What tests change to reach every path on small heaps; {0} is what everybody else gets. */
typedef struct hgr_scan_tuning {
    bool wide;   /* 64-bit slots however small the heap is */
    bool eager;  /* a thread for each block: else a thread gets BLOCKS_A_THREAD */
    bool moving; /* arrays grow by resizing, as where address space cannot be reserved */
} hgr_scan_tuning;

typedef struct hgr_scan {
    const hgr_source *source;
    const hgr_run *run;
    hgr_scan_depth depth;
    hgr_scan_tuning tuning;
    bool wide;
    hgr_types types;
    hgr_objects *objects;
    hgr_block *blocks; /* ascending by address */
    size_t nblocks, block_capacity;
    uint64_t block_bytes; /* sum of limit - start */

    hgr_walk *walks; /* run->threads */
    size_t nwalks;
    hgr_scratch *scratches; /* one for each block of a wave */
    size_t wave;

    /* by node and reference, grown wave by wave */
    uint32_t *node_type; /* order of discovery until translated */
    uint32_t *node_bytes;
    uint32_t *row;
    void *col; /* dense slots (u32, wide: u64) until translated */
    size_t node_capacity, ref_capacity;
    bool reserved; /* the four arrays have address space for whatever may come */
    uint64_t n, m;
    uint32_t *implied;
    size_t nimplied, implied_capacity;
    struct hgr_big *bigs;
    size_t nbigs, big_capacity;

    hgr_heap_type *tallies; /* by order of discovery */
    size_t tally_capacity;
    hgr_free_block *frees;
    size_t nfrees, free_capacity;
    hgr_finding_list findings;
    hgr_totals totals;
    hgr_segment_totals *segment_totals;
    uint32_t *segment_first;
} hgr_scan;

/** hgr_heap_scan with tuning (for tests and benches). */
HGR_MUST_CHECK hgr_result hgr_heap_scan_tuned(const hgr_source *source, hgr_scan_depth depth,
                                              hgr_scan_tuning tuning, const hgr_run *run,
                                              hgr_heap **out, hgr_status *status);

/* ---- blocks.c ---- */

/** Cut all sound segments into blocks; a segment whose bounds cannot be is a finding. */
HGR_MUST_CHECK hgr_result hgr_scan_cut(hgr_scan *scan, hgr_status *status);

/** Ask the system to read the blocks' part of the dump file, without waiting for it. */
void hgr_scan_read_ahead(const hgr_scan *scan, size_t from, size_t to);

/* ---- waves.c ---- */

/** Walk all blocks, a wave at a time: walk in parallel, stitch in order, move to the arrays in
 * parallel. */
HGR_MUST_CHECK hgr_result hgr_scan_walk(hgr_scan *scan, hgr_status *status);

/* ---- translate.c ---- */

/** Dense slots become nodes, types get their final number (remap[discovery]); bad references go. */
HGR_MUST_CHECK hgr_result hgr_scan_translate(hgr_scan *scan, const uint32_t *remap,
                                             hgr_status *status);

#endif
