/* heap: walking one block: what goes in, what comes out, what a thread keeps between blocks. */
#ifndef HGR_HEAP_WALK_H
#define HGR_HEAP_WALK_H

#include "objects.h"
#include "slots.h"
#include "types.h"

#define HGR_BLOCK_BYTES                                                                            \
    HGR_GRANULE_BYTES /* blocks are cut at multiples: a block never straddles granules */
#define HGR_LARGE_BYTES                                                                            \
    (UINT64_C(1) << 19) /* Free blocks from here on are reported; objects go out of line */
#define HGR_NO_START UINT64_MAX

/** One piece of a segment: the objects that start in [start_addr, limit_addr). */
typedef struct hgr_block {
    uint64_t start_addr, limit_addr;
    size_t segment;
    uint64_t walk_addr;    /* where its walk began; at or above limit_addr: an earlier object covers
                              it;    HGR_NO_START: not walked yet */
    uint64_t landing_addr; /* where its walk ended: the next object's place */
    uint32_t first_node, nnodes;
    uint64_t first_ref, nrefs;
} hgr_block;

/** Findings as they are made: all counted, the first of each kind kept. */
typedef struct hgr_finding_list {
    uint64_t count[HGR_FINDING_KINDS];
    uint64_t bytes[HGR_FINDING_KINDS];
    uint32_t kept[HGR_FINDING_KINDS];
    hgr_finding *list;
    size_t nlist, capacity;
} hgr_finding_list;

/** Count a finding; keep it while there are fewer than HGR_FINDINGS_KEPT of its kind. */
HGR_MUST_CHECK hgr_result hgr_finding_add(hgr_finding_list *findings, const hgr_run *run,
                                          const hgr_finding *finding, hgr_status *status);
/** Append `more` (later addresses) to findings. */
HGR_MUST_CHECK hgr_result hgr_finding_merge(hgr_finding_list *findings, const hgr_run *run,
                                            const hgr_finding_list *more, hgr_status *status);

/** Instances of one type in one block. */
typedef struct hgr_tally {
    uint32_t type; /* in order of discovery */
    uint64_t count, bytes;
} hgr_tally;

/** One object of a block. */
typedef struct hgr_item {
    uint32_t type;      /* in order of discovery */
    uint32_t bytes;     /* UINT32_MAX = in bigs */
    uint32_t first_ref; /* index into the block's refs */
} hgr_item;

/** What walking one block found. Reused from block to block, hence the capacities. */
typedef struct hgr_scratch {
    hgr_item *items;
    size_t nobjects, object_capacity;
    void *refs; /* nrefs dense slots: u32, or u64 in wide mode */
    size_t nrefs, ref_capacity;
    uint64_t *bits;    /* start bits of the granule that holds the block */
    uint32_t *implied; /* ascending indices into refs */
    size_t nimplied, implied_capacity;
    hgr_tally *tallies;
    size_t ntallies, tally_capacity;
    hgr_free_block *frees;
    size_t nfrees, free_capacity;
    struct hgr_big *bigs; /* node counts within the block */
    size_t nbigs, big_capacity;
    hgr_finding_list findings;
    uint64_t walked_bytes; /* aligned bytes of objects and Free */
    uint64_t lost_bytes;   /* of [walk_addr, landing_addr): not understood or absent */
} hgr_scratch;

void hgr_scratch_fini(hgr_scratch *scratch);

struct hgr_walk;
typedef uint64_t hgr_walk_fast_fn(struct hgr_walk *walk, uint64_t addr, uint64_t stop);

/** One thread's walker. */
typedef struct hgr_walk {
    const hgr_source *source;
    const hgr_run *run;
    const hgr_objects *objects; /* NULL: types only */
    bool wide;                  /* dense slots need more than 32 bits */
    uint64_t table_mask;        /* of a method table word: without its marks */
    uint64_t least_bytes;       /* no two objects begin nearer to each other */
    hgr_walk_fast_fn *fast;
    hgr_type_cache cache;
    /* the block at hand */
    hgr_scratch *out;
    uint64_t segment_end, align;
    size_t gap, implied; /* next ones at or above the address */
    hgr_window window;
    hgr_result result; /* not HGR_OK: stop the scan; status says why */
    hgr_status status;
} hgr_walk;

HGR_MUST_CHECK hgr_result hgr_walk_init(hgr_walk *walk, const hgr_source *source, hgr_types *types,
                                        const hgr_objects *objects, bool wide, const hgr_run *run,
                                        hgr_status *status);
void hgr_walk_fini(hgr_walk *walk);

/**
 * Walk block from walk_addr on. Serial; fills out (emptied first) and block's landing and counts.
 * Damage is a finding in out.
 */
HGR_MUST_CHECK hgr_result hgr_walk_block(hgr_walk *walk, hgr_block *block, hgr_scratch *out,
                                         hgr_status *status);

/**
 * A probable object start at or after block's start, or HGR_NO_START. A guess: right only if the
 * walk before it lands there.
 */
HGR_MUST_CHECK hgr_result hgr_walk_guess(hgr_walk *walk, const hgr_block *block, uint64_t *out,
                                         hgr_status *status);

/**
 * Step over objects from addr (an object start in block's segment) without looking inside, until at
 * or above limit; stops early at damage. For large objects: a step a millisecond of walking.
 */
HGR_MUST_CHECK hgr_result hgr_walk_ahead(hgr_walk *walk, const hgr_block *block, uint64_t addr,
                                         uint64_t limit, uint64_t *out, hgr_status *status);

/** Remember the first error of the walk. */
void hgr_walk_fail(hgr_walk *walk, hgr_result result);
/** Room in the scratch for so many more objects and references; false when there is none. */
bool hgr_walk_make_room(hgr_walk *walk, uint64_t nobjects, uint64_t nrefs);

/* ---- step.c ---- */

/** Handle whatever lies at addr, which the fast loop would not take. Returns an address above addr,
 *  or addr itself after an error. */
uint64_t hgr_walk_step(hgr_walk *walk, uint64_t addr);

/* ---- resume.c ---- */

/** Point the walker at block's segment, gaps and implied references from addr on. */
void hgr_walk_aim(hgr_walk *walk, const hgr_block *block, uint64_t addr);
/** Bytes of the object at addr and the distance to the next; false when there is no walkable
 * object. */
bool hgr_walk_measure(hgr_walk *walk, uint64_t addr, hgr_type_slot **out_type, uint64_t *out_bytes,
                      uint64_t *out_advance, hgr_finding *out_why);
/**
 * The first plausible object at or after from (or the start of a gap, or absent memory), at most
 * `end`. max_words: give up (HGR_NO_START) after so many words.
 */
uint64_t hgr_walk_resume(hgr_walk *walk, uint64_t from, uint64_t end, uint64_t max_words);

#endif
