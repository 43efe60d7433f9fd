/* heap: one block, object after object, serial.
 *
 * Input: a block and where its first object lies. Output: scratch: per object type, bytes and
 * references as dense slots; start bits; instances per type; findings. Method: the fast loop does
 * what is ordinary, a stride of heap at a time so that it need not ask for room; whatever it leaves
 * is done by one careful step (step.c), which always moves on, so the walk ends. */
#include "walk_fast.h"

#include "../base/status.h"

#define STRIDE_BYTES (UINT64_C(1) << 19) /* the fast loop gets room for this much heap at a time   \
                                          */
#define FIRST_OBJECTS 32768u
#define FIRST_REFS    (4 * STRIDE_BYTES / 4)

static uint64_t walk_types_8(hgr_walk *walk, uint64_t addr, uint64_t stop)
{
    return walk_fast(walk, addr, stop, false, false, 8);
}

static uint64_t walk_types_4(hgr_walk *walk, uint64_t addr, uint64_t stop)
{
    return walk_fast(walk, addr, stop, false, false, 4);
}

static uint64_t walk_graph_8(hgr_walk *walk, uint64_t addr, uint64_t stop)
{
    return walk_fast(walk, addr, stop, true, false, 8);
}

static uint64_t walk_graph_4(hgr_walk *walk, uint64_t addr, uint64_t stop)
{
    return walk_fast(walk, addr, stop, true, false, 4);
}

static uint64_t walk_wide_8(hgr_walk *walk, uint64_t addr, uint64_t stop)
{
    return walk_fast(walk, addr, stop, true, true, 8);
}

static uint64_t walk_wide_4(hgr_walk *walk, uint64_t addr, uint64_t stop)
{
    return walk_fast(walk, addr, stop, true, true, 4);
}

hgr_result hgr_walk_init(hgr_walk *walk, const hgr_source *source, hgr_types *types,
                         const hgr_objects *objects, bool wide, const hgr_run *run,
                         hgr_status *status)
{
    bool is_64 = source->space->pointer_size == 8;
    *walk = (hgr_walk){.source = source,
                       .run = run,
                       .objects = objects,
                       .wide = wide,
                       .table_mask = ~(source->mark_mask | 1)}; /* bit 0: see hgr_type_slot.key */
    walk->least_bytes = source->min_bytes > source->space->pointer_size
                            ? source->min_bytes
                            : source->space->pointer_size;
    if (!objects)
        walk->fast = is_64 ? walk_types_8 : walk_types_4;
    else if (wide)
        walk->fast = is_64 ? walk_wide_8 : walk_wide_4;
    else
        walk->fast = is_64 ? walk_graph_8 : walk_graph_4;
    return hgr_type_cache_init(&walk->cache, types, status);
}

void hgr_walk_fini(hgr_walk *walk)
{
    hgr_type_cache_fini(&walk->cache);
}

/* ---- scratch ---- */

void hgr_scratch_fini(hgr_scratch *scratch)
{
    hgr_free(scratch->findings.list);
    hgr_free(scratch->bigs);
    hgr_free(scratch->frees);
    hgr_free(scratch->tallies);
    hgr_free(scratch->implied);
    hgr_free(scratch->bits);
    hgr_free(scratch->refs);
    hgr_free(scratch->items);
    *scratch = (hgr_scratch){0};
}

void hgr_walk_fail(hgr_walk *walk, hgr_result result)
{
    if (walk->result == HGR_OK)
        walk->result = result;
}

bool hgr_walk_make_room(hgr_walk *walk, uint64_t nobjects, uint64_t nrefs)
{
    hgr_scratch *out = walk->out;
    hgr_result result = HGR_OK;
    if (out->nobjects + nobjects > out->object_capacity) {
        size_t wanted = out->object_capacity ? out->object_capacity * 2 : FIRST_OBJECTS;
        if (wanted < out->nobjects + nobjects)
            wanted = out->nobjects + (size_t)nobjects;
        result = hgr_resize(walk->run, &out->items, wanted, sizeof *out->items, "block objects",
                            &walk->status);
        if (result == HGR_OK)
            out->object_capacity = wanted;
    }
    if (result == HGR_OK && nrefs > UINT32_MAX - 1 - out->nrefs)
        result = hgr_fail(&walk->status, HGR_TOO_LARGE, "heap: over 4294967294 references");
    if (result == HGR_OK && out->nrefs + nrefs > out->ref_capacity) {
        size_t wanted = out->ref_capacity ? out->ref_capacity * 2 : FIRST_REFS;
        if (wanted < out->nrefs + nrefs)
            wanted = out->nrefs + (size_t)nrefs;
        result = hgr_resize(walk->run, &out->refs, wanted, walk->wide ? 8 : 4, "block references",
                            &walk->status);
        if (result == HGR_OK)
            out->ref_capacity = wanted;
    }
    hgr_walk_fail(walk, result);
    return result == HGR_OK;
}

/* The fast loop over [addr, stop), with room for whatever it may find there. */
static uint64_t stride(hgr_walk *walk, uint64_t addr, uint64_t stop)
{
    uint32_t pointer_size = walk->source->space->pointer_size;
    while (addr < stop) {
        uint64_t until = stop - addr < STRIDE_BYTES ? stop : addr + STRIDE_BYTES;
        uint64_t reach = until - addr + HGR_LARGE_BYTES; /* the last object may end beyond */
        if (walk->objects && !hgr_walk_make_room(walk, (until - addr) / walk->least_bytes + 2,
                                                 reach / pointer_size + 1))
            return addr;
        addr = walk->fast(walk, addr, until);
        if (addr < until)
            break; /* something that is not ordinary */
    }
    return addr;
}

static hgr_result scratch_reset(hgr_walk *walk, hgr_scratch *out, hgr_status *status)
{
    out->nobjects = out->nrefs = out->nimplied = out->ntallies = out->nfrees = out->nbigs = 0;
    out->walked_bytes = out->lost_bytes = 0;
    memset(out->findings.count, 0, sizeof out->findings.count);
    memset(out->findings.bytes, 0, sizeof out->findings.bytes);
    memset(out->findings.kept, 0, sizeof out->findings.kept);
    out->findings.nlist = 0;
    walk->out = out;
    if (!walk->objects)
        return HGR_OK;
    size_t words = (size_t)1 << (HGR_GRANULE_BITS - walk->objects->slot_bits - 6);
    if (out->bits) {
        memset(out->bits, 0, words * sizeof *out->bits);
        return HGR_OK;
    }
    return hgr_alloc(walk->run, words, sizeof *out->bits, "block starts", &out->bits, status);
}

/* ---- the block ---- */

/* Where the fast loop has to stop: the block's end, the next gap or implied reference, the last
 * place in the window where an object's header can be read. */
static uint64_t next_stop(hgr_walk *walk, uint64_t addr, uint64_t limit)
{
    const hgr_source *source = walk->source;
    while (walk->gap < source->ngaps && source->gaps[walk->gap].start_addr < addr)
        walk->gap++;
    while (walk->implied < source->nimplied && source->implied[walk->implied].from_addr < addr)
        walk->implied++;
    uint64_t stop = limit;
    if (walk->gap < source->ngaps && source->gaps[walk->gap].start_addr < stop)
        stop = source->gaps[walk->gap].start_addr;
    if (walk->implied < source->nimplied && source->implied[walk->implied].from_addr < stop)
        stop = source->implied[walk->implied].from_addr;
    if (!hgr_window_move(&walk->window, source->space, addr))
        return addr;
    uint64_t header = 2 * (uint64_t)source->space->pointer_size;
    if (walk->window.end_addr - walk->window.start_addr < header)
        return addr;
    uint64_t last = walk->window.end_addr - header + 1;
    return last < stop ? last : stop;
}

/* Move the counts of the thread's type slots to the block. */
static void drain_tallies(hgr_walk *walk)
{
    hgr_scratch *out = walk->out;
    hgr_type_cache *cache = &walk->cache;
    hgr_result result =
        hgr_grow(walk->run, &out->tallies, &out->tally_capacity, cache->ntouched,
                 (size_t)HGR_TYPES_MAX * 4, sizeof *out->tallies, "block types", &walk->status);
    hgr_walk_fail(walk, result);
    for (size_t i = 0; i < cache->ntouched; i++) {
        hgr_type_slot *type = &cache->slots[cache->touched[i]];
        if (result == HGR_OK)
            out->tallies[out->ntallies++] = (hgr_tally){type->type, type->nblock, type->bytes};
        type->nblock = 0;
        type->bytes = 0;
    }
    cache->ntouched = 0;
}

hgr_result hgr_walk_block(hgr_walk *walk, hgr_block *block, hgr_scratch *out, hgr_status *status)
{
    walk->result = HGR_OK;
    hgr_result result = scratch_reset(walk, out, status);
    if (result != HGR_OK)
        return result;
    uint64_t addr = block->walk_addr;
    hgr_walk_aim(walk, block, addr);
    while (addr < block->limit_addr && walk->result == HGR_OK) {
        uint64_t stop = next_stop(walk, addr, block->limit_addr);
        addr = stride(walk, addr, stop);
        if (addr >= block->limit_addr || walk->result != HGR_OK)
            break;
        /* next_stop again: the fast loop may have moved past a gap's start. */
        next_stop(walk, addr, block->limit_addr);
        addr = hgr_walk_step(walk, addr);
    }
    drain_tallies(walk);
    block->landing_addr = addr;
    block->nnodes = (uint32_t)out->nobjects; /* at most HGR_BLOCK_BYTES / pointer size */
    block->nrefs = out->nrefs;
    if (walk->result != HGR_OK && status)
        *status = walk->status;
    return walk->result;
}
