/* heap: all blocks, a wave at a time.
 *
 * Input: blocks. Output: nodes, references and totals of the whole heap, references still as dense
 * slots. Method: three steps for each wave of some blocks a thread. (1) In parallel, each block is
 * walked into a scratch of its own, from a known start or from a guessed one. (2) In block order,
 * guesses are compared with where the block before really landed; a wrong one is walked again from
 * there, so luck changes nothing but time. Counts become places. (3) In parallel, scratches are
 * moved to their places. Scratches stay in the cache and the final arrays are touched once, in
 * order: fresh pages cost more than the copy. With one thread there is nothing to guess. */
#include "scan.h"

#include "../base/parallel.h"
#include "../base/status.h"

/* Blocks a thread in one wave: what one thread may idle is an eighth. Counting types only keeps next
 * to nothing of a block, so its waves are longer. */
#define WAVE_BLOCKS  8u
#define TYPES_BLOCKS 64u
/* 16 MiB: below, starting a thread costs more than it does. */
#define BLOCKS_A_THREAD 4u
/* At least 64 MiB of the dump asked for before the walk; with a warm cache it costs 1 %. */
#define AHEAD_BLOCKS 16u
#define GROW_SLACK   65536u

static bool is_first(const hgr_scan *scan, size_t b)
{
    return b == 0 || scan->blocks[b - 1].segment != scan->blocks[b].segment;
}

/* ---- step 1: walk ---- */

/* Starts that need no guess: the segment's start, after the block before, or by stepping over large
 * objects. */
static hgr_result know_starts(hgr_scan *scan, size_t from, size_t to, hgr_status *status)
{
    for (size_t b = from; b < to; b++) {
        hgr_block *block = &scan->blocks[b], *before = block - 1;
        const hgr_segment *segment = &scan->source->segments[block->segment];
        if (is_first(scan, b)) {
            block->walk_addr = segment->start_addr;
        } else if (b == from) {
            block->walk_addr = before->landing_addr;
        } else if (segment->generation == HGR_LOH && before->walk_addr != HGR_NO_START) {
            uint64_t ahead;
            hgr_result result = hgr_walk_ahead(&scan->walks[0], block, before->walk_addr,
                                               block->start_addr, &ahead, status);
            if (result != HGR_OK)
                return result;
            if (ahead >= block->start_addr)
                block->walk_addr = ahead;
        }
    }
    return HGR_OK;
}

static void walk_one(hgr_scan *scan, hgr_walk *walk, size_t b, hgr_scratch *scratch,
                     hgr_first_error *error)
{
    hgr_block *block = &scan->blocks[b];
    hgr_status status = {0};
    hgr_result result = HGR_OK;
    if (hgr_run_skips(scan->run, error, b))
        return;
    if (block->walk_addr == HGR_NO_START)
        result = hgr_walk_guess(walk, block, &block->walk_addr, &status);
    if (result == HGR_OK && block->walk_addr != HGR_NO_START)
        result = hgr_walk_block(walk, block, scratch, &status);
    if (result != HGR_OK)
        hgr_first_error_set(error, b, &status);
}

static hgr_result walk_wave(hgr_scan *scan, size_t from, size_t to, hgr_status *status)
{
    hgr_first_error error;
    hgr_first_error_init(&error);
    if (scan->nwalks == 1) /* the stitch walks each block when its start is known */
        return hgr_run_check_cancel(scan->run, status);
    hgr_result result = know_starts(scan, from, to, status);
    if (result != HGR_OK)
        return result;
/* No race: a block, its scratch and the thread's walker have one writer.
 * Deterministic: what a walk gives depends on its start, which the stitch checks. */
#pragma omp parallel for default(none) shared(scan, from, to, error) schedule(dynamic, 1)          \
    num_threads((int)scan->nwalks)
    for (size_t b = from; b < to; b++)
        walk_one(scan, &scan->walks[hgr_thread_index()], b, &scan->scratches[b - from], &error);
    return hgr_first_error_result(scan->run, &error, status);
}

/* ---- step 2: stitch ---- */

static hgr_result add_tallies(hgr_scan *scan, const hgr_block *block, const hgr_scratch *scratch,
                              hgr_status *status)
{
    hgr_result result =
        hgr_grow(scan->run, &scan->tallies, &scan->tally_capacity, scan->types.count,
                 HGR_TYPES_MAX * 2, sizeof *scan->tallies, "types", status);
    if (result != HGR_OK)
        return result;
    hgr_segment_totals *segment = &scan->segment_totals[block->segment];
    uint8_t generation = scan->source->segments[block->segment].generation;
    for (size_t i = 0; i < scratch->ntallies; i++) {
        const hgr_tally *tally = &scratch->tallies[i];
        hgr_heap_type *type = &scan->tallies[tally->type];
        bool is_free = (scan->types.shapes[tally->type]->flags & HGR_SHAPE_FREE) != 0;
        type->count[generation < HGR_GENERATIONS ? generation : HGR_GEN2] += tally->count;
        type->bytes[generation < HGR_GENERATIONS ? generation : HGR_GEN2] += tally->bytes;
        *(is_free ? &segment->free_count : &segment->objects) += tally->count;
        *(is_free ? &segment->free_bytes : &segment->bytes) += tally->bytes;
    }
    segment->walked_bytes += block->landing_addr - block->walk_addr - scratch->lost_bytes;
    scan->totals.aligned_bytes += scratch->walked_bytes;
    return HGR_OK;
}

/* Lists that few blocks have: implied references, large objects, large Free blocks. */
static hgr_result add_lists(hgr_scan *scan, const hgr_scratch *scratch, hgr_status *status)
{
    const hgr_run *run = scan->run;
    hgr_result result = HGR_OK;
    if (scratch->nimplied)
        result = hgr_grow(run, &scan->implied, &scan->implied_capacity,
                          scan->nimplied + scratch->nimplied, UINT32_MAX, sizeof *scan->implied,
                          "implied references", status);
    if (result == HGR_OK && scratch->nbigs)
        result = hgr_grow(run, &scan->bigs, &scan->big_capacity, scan->nbigs + scratch->nbigs,
                          UINT32_MAX, sizeof *scan->bigs, "large objects", status);
    if (result == HGR_OK && scratch->nfrees)
        result = hgr_grow(run, &scan->frees, &scan->free_capacity, scan->nfrees + scratch->nfrees,
                          UINT32_MAX, sizeof *scan->frees, "free blocks", status);
    if (result != HGR_OK)
        return result;
    for (size_t i = 0; i < scratch->nimplied; i++)
        scan->implied[scan->nimplied++] = (uint32_t)scan->m + scratch->implied[i];
    for (size_t i = 0; i < scratch->nbigs; i++)
        scan->bigs[scan->nbigs++] =
            (struct hgr_big){(uint32_t)scan->n + scratch->bigs[i].node, scratch->bigs[i].bytes};
    for (size_t i = 0; i < scratch->nfrees; i++)
        scan->frees[scan->nfrees++] = scratch->frees[i];
    return HGR_OK;
}

static hgr_result stitch_one(hgr_scan *scan, size_t b, hgr_scratch *scratch, hgr_status *status)
{
    hgr_block *block = &scan->blocks[b];
    uint64_t start = is_first(scan, b) ? block->start_addr : scan->blocks[b - 1].landing_addr;
    hgr_result result = HGR_OK;
    if (block->walk_addr != start) {
        block->walk_addr = start;
        result = hgr_walk_block(&scan->walks[0], block, scratch, status);
    }
    if (result != HGR_OK)
        return result;
    block->first_node = (uint32_t)scan->n; /* checked below for all before */
    block->first_ref = scan->m;
    if (scan->n + block->nnodes >= HGR_NO_NODE || scan->m + block->nrefs >= UINT32_MAX)
        return hgr_fail(status, HGR_TOO_LARGE,
                        "heap: over %llu objects, %llu references; limit 4294967294",
                        (unsigned long long)(scan->n + block->nnodes),
                        (unsigned long long)(scan->m + block->nrefs));
    result = add_tallies(scan, block, scratch, status);
    if (result == HGR_OK)
        result = add_lists(scan, scratch, status);
    if (result == HGR_OK)
        result = hgr_finding_merge(&scan->findings, scan->run, &scratch->findings, status);
    if (is_first(scan, b) && scan->segment_first)
        scan->segment_first[block->segment] = block->first_node;
    scan->n += block->nnodes;
    scan->m += block->nrefs;
    return result;
}

static hgr_result stitch_wave(hgr_scan *scan, size_t from, size_t to, hgr_status *status)
{
    for (size_t b = from; b < to; b++) {
        hgr_result result = hgr_run_check_cancel(scan->run, status);
        if (result == HGR_OK)
            result = stitch_one(scan, b, &scan->scratches[b - from], status);
        if (result != HGR_OK)
            return result;
    }
    return HGR_OK;
}

/* ---- step 3: move ---- */

/* Where nothing can be reserved: what `have` will have become at the end of the heap, if the rest
 * is as the part walked so far. */
static size_t foresee(const hgr_scan *scan, uint64_t have, uint64_t done_bytes)
{
    double share = (double)done_bytes / (double)scan->block_bytes;
    double total = (double)have / (share > 0.01 ? share : 0.01);
    uint64_t wanted = (uint64_t)(total * 1.02) + GROW_SLACK;
    uint64_t doubled = have * 2 + GROW_SLACK;
    return (size_t)(wanted < doubled || share > 0.05 ? wanted : doubled);
}

/* Room for `need` elements: counted where address space is reserved, else resized to `wanted`. */
static hgr_result grow_one(hgr_scan *scan, void *pointer_to_pointer, uint64_t need, uint64_t wanted,
                           size_t size, const char *what, hgr_status *status)
{
    void *block;
    if (!scan->reserved)
        return hgr_resize(scan->run, pointer_to_pointer, (size_t)wanted, size, what, status);
    memcpy(&block, pointer_to_pointer, sizeof block);
    return hgr_commit(scan->run, block, (size_t)need, size, what, status);
}

static hgr_result grow_arrays(hgr_scan *scan, uint64_t done_bytes, hgr_status *status)
{
    hgr_result result = HGR_OK;
    uint64_t need = scan->n + 1;
    if (scan->reserved || need > scan->node_capacity) {
        uint64_t wanted = foresee(scan, need, done_bytes);
        result = grow_one(scan, &scan->node_type, need, wanted, 4, "node types", status);
        if (result == HGR_OK)
            result = grow_one(scan, &scan->node_bytes, need, wanted, 4, "node sizes", status);
        if (result == HGR_OK)
            result = grow_one(scan, &scan->row, need, wanted, 4, "graph rows", status);
        if (result == HGR_OK)
            scan->node_capacity = wanted;
    }
    if (result == HGR_OK && (scan->reserved || scan->m > scan->ref_capacity)) {
        uint64_t wanted = foresee(scan, scan->m, done_bytes);
        result = grow_one(scan, &scan->col, scan->m, wanted, scan->wide ? 8 : 4, "graph references",
                          status);
        if (result == HGR_OK)
            scan->ref_capacity = wanted;
    }
    return result;
}

/* Address space for the most nodes and references that the present heap can hold: resizing would
 * move huge pages, which splits them, and touch everything again. */
static void reserve_arrays(hgr_scan *scan)
{
    uint32_t pointer_size = scan->source->space->pointer_size;
    uint64_t present =
        (uint64_t)scan->nblocks * HGR_BLOCK_BYTES; /* see blocks.c: nblocks is bounded */
    if (present > scan->block_bytes)
        present = scan->block_bytes;
    uint64_t nodes = present / scan->walks[0].least_bytes + scan->nblocks + 1;
    uint64_t refs = present / pointer_size + nodes + scan->source->nimplied;
    nodes = nodes < UINT32_MAX ? nodes : UINT32_MAX;
    refs = refs < UINT32_MAX ? refs : UINT32_MAX;
    size_t n = (size_t)nodes, m = (size_t)refs;
    const hgr_run *run = scan->run;
    scan->reserved =
        !scan->tuning.moving &&
        hgr_reserve(run, n, 4, "node types", &scan->node_type, NULL) == HGR_OK &&
        hgr_reserve(run, n, 4, "node sizes", &scan->node_bytes, NULL) == HGR_OK &&
        hgr_reserve(run, n, 4, "graph rows", &scan->row, NULL) == HGR_OK &&
        hgr_reserve(run, m, scan->wide ? 8 : 4, "graph references", &scan->col, NULL) == HGR_OK;
    if (scan->reserved)
        return;
    hgr_free(scan->row);
    hgr_free(scan->node_bytes);
    hgr_free(scan->node_type);
    scan->row = scan->node_bytes = scan->node_type = NULL;
}

/* First and last word may belong to two blocks where segments meet inside a word. */
static void move_bits(hgr_objects *objects, const hgr_block *block, const hgr_scratch *scratch)
{
    uint64_t slot = hgr_objects_slot(objects, block->start_addr);
    if (slot == HGR_NO_SLOT)
        return;
    size_t granule_words = (size_t)1 << (HGR_GRANULE_BITS - objects->slot_bits - 6);
    size_t first = (size_t)(slot >> 6), in_granule = first & (granule_words - 1);
    uint64_t room = HGR_GRANULE_BYTES - (block->start_addr & (HGR_GRANULE_BYTES - 1));
    uint64_t bytes = block->limit_addr - block->start_addr;
    uint64_t last_slot = slot + (((bytes < room ? bytes : room) - 1) >> objects->slot_bits);
    size_t count = (size_t)(last_slot >> 6) - first + 1;
    uint64_t *to = objects->bits + first;
    const uint64_t *bits = scratch->bits + in_granule;
    for (size_t w = 1; w + 1 < count; w++)
        to[w] = bits[w];
    __atomic_fetch_or(&to[0], bits[0], __ATOMIC_RELAXED);
    if (count > 1)
        __atomic_fetch_or(&to[count - 1], bits[count - 1], __ATOMIC_RELAXED);
}

static void move_block(hgr_scan *scan, const hgr_block *block, const hgr_scratch *scratch)
{
    size_t ref_bytes = scan->wide ? 8 : 4;
    if (block->nnodes == 0)
        return;
    uint32_t *restrict type = scan->node_type + block->first_node;
    uint32_t *restrict bytes = scan->node_bytes + block->first_node;
    uint32_t *restrict row = scan->row + block->first_node;
    const hgr_item *restrict items = scratch->items;
    uint32_t base = (uint32_t)block->first_ref; /* < 2^32: stitch_one */
    for (uint32_t i = 0; i < block->nnodes; i++) {
        type[i] = items[i].type;
        bytes[i] = items[i].bytes;
        row[i] = base + items[i].first_ref;
    }
    if (block->nrefs)
        memcpy((char *)scan->col + block->first_ref * ref_bytes, scratch->refs,
               (size_t)block->nrefs * ref_bytes);
    move_bits(scan->objects, block, scratch);
}

static void move_wave(hgr_scan *scan, size_t from, size_t to)
{
/* No race: each block has its own slice of every array; shared bitmap words are or-ed atomically.
 * Deterministic: the slices were laid out in block order. */
#pragma omp parallel for default(none) shared(scan, from, to) schedule(dynamic, 1)                 \
    num_threads((int)scan->nwalks)
    for (size_t b = from; b < to; b++)
        move_block(scan, &scan->blocks[b], &scan->scratches[b - from]);
}

/* ---- all waves ---- */

static hgr_result start_walks(hgr_scan *scan, hgr_status *status)
{
    uint32_t threads =
        hgr_run_threads_for(scan->run, scan->nblocks, scan->tuning.eager ? 1 : BLOCKS_A_THREAD);
    scan->wave = threads == 1 ? 1 : (size_t)threads * (scan->objects ? WAVE_BLOCKS : TYPES_BLOCKS);
    hgr_result result =
        hgr_alloc(scan->run, threads, sizeof *scan->walks, "walkers", &scan->walks, status);
    if (result == HGR_OK)
        result = hgr_alloc(scan->run, scan->wave, sizeof *scan->scratches, "walk scratch",
                           &scan->scratches, status);
    for (uint32_t t = 0; result == HGR_OK && t < threads; t++) {
        result = hgr_walk_init(&scan->walks[t], scan->source, &scan->types, scan->objects,
                               scan->wide, scan->run, status);
        scan->nwalks += result == HGR_OK;
    }
    return result;
}

static void stop_walks(hgr_scan *scan)
{
    for (size_t t = 0; t < scan->nwalks; t++)
        hgr_walk_fini(&scan->walks[t]);
    for (size_t i = 0; scan->scratches && i < scan->wave; i++)
        hgr_scratch_fini(&scan->scratches[i]);
    hgr_free(scan->scratches);
    hgr_free(scan->walks);
    scan->scratches = NULL;
    scan->walks = NULL;
}

hgr_result hgr_scan_walk(hgr_scan *scan, hgr_status *status)
{
    hgr_result result = start_walks(scan, status);
    uint64_t done_bytes = 0;
    size_t asked = 0;
    if (result == HGR_OK && scan->objects)
        reserve_arrays(scan);
    for (size_t from = 0, to; result == HGR_OK && from < scan->nblocks; from = to) {
        to = scan->nblocks - from < scan->wave ? scan->nblocks : from + scan->wave;
        size_t ahead = to + (scan->wave > AHEAD_BLOCKS ? scan->wave : AHEAD_BLOCKS);
        hgr_scan_read_ahead(scan, asked, ahead);
        asked = ahead;
        result = walk_wave(scan, from, to, status);
        if (result == HGR_OK)
            result = stitch_wave(scan, from, to, status);
        for (size_t b = from; b < to; b++)
            done_bytes += scan->blocks[b].limit_addr - scan->blocks[b].start_addr;
        if (result == HGR_OK && scan->objects) {
            result = grow_arrays(scan, done_bytes, status);
            if (result == HGR_OK)
                move_wave(scan, from, to);
        }
        hgr_run_progress(scan->run, "scan", done_bytes, scan->block_bytes);
    }
    stop_walks(scan);
    return result;
}
