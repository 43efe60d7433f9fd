/* heap: one block, object after object, serial.
 *
 * Input: a block and where its first object lies. Output: scratch: per object type, bytes and
 * references as dense slots; start bits; instances per type; findings. Method: the fast loop does what is
 * ordinary; whatever it leaves is done here by one careful step: gaps, implied references, large objects,
 * objects that straddle two windows of the dump, absent bytes, bad references, damage. A careful
 * step always moves on, so the walk ends. */
#include "walk_fast.h"

#include "../base/status.h"

#define STRIDE_BYTES  (UINT64_C(1) << 19) /* the fast loop gets room for this much heap at a time */
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
    *walk = (hgr_walk){.source = source, .run = run, .objects = objects, .wide = wide,
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

static void fail(hgr_walk *walk, hgr_result result)
{
    if (walk->result == HGR_OK)
        walk->result = result;
}

/* Room for so many more objects and references. */
static bool make_room(hgr_walk *walk, uint64_t nobjects, uint64_t nrefs)
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
    fail(walk, result);
    return result == HGR_OK;
}

/* The fast loop over [addr, stop), with room for whatever it may find there. */
static uint64_t stride(hgr_walk *walk, uint64_t addr, uint64_t stop)
{
    uint32_t pointer_size = walk->source->space->pointer_size;
    while (addr < stop) {
        uint64_t until = stop - addr < STRIDE_BYTES ? stop : addr + STRIDE_BYTES;
        uint64_t reach = until - addr + HGR_LARGE_BYTES; /* the last object may end beyond */
        if (walk->objects &&
            !make_room(walk, (until - addr) / walk->least_bytes + 2, reach / pointer_size + 1))
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

static void find(hgr_walk *walk, hgr_finding_kind kind, uint64_t addr, uint64_t value,
                 uint64_t bytes)
{
    hgr_finding finding = {kind, addr, value, bytes};
    fail(walk, hgr_finding_add(&walk->out->findings, walk->run, &finding, &walk->status));
}

/* ---- one object, carefully ---- */

struct careful {
    hgr_walk *walk;
    uint64_t  addr;
};

static void emit_one(hgr_walk *walk, uint64_t object_addr, uint64_t value)
{
    hgr_scratch *out = walk->out;
    uint64_t slot = hgr_objects_slot(walk->objects, value);
    if (slot == HGR_NO_SLOT || value & (walk->source->space->pointer_size - 1))
        find(walk, HGR_FOUND_BAD_REFERENCE, object_addr, value, 0);
    else if (walk->wide)
        ((uint64_t *)out->refs)[out->nrefs++] = slot;
    else
        ((uint32_t *)out->refs)[out->nrefs++] = (uint32_t)slot; /* not wide: below 2^32 */
}

static bool emit_window(hgr_walk *walk, uint64_t addr, uint64_t count)
{
    uint32_t pointer_size = walk->source->space->pointer_size;
    if (!hgr_window_move(&walk->window, walk->source->space, addr) ||
        (walk->window.end_addr - addr) / pointer_size < count)
        return false;
    const uint8_t *slots = walk->window.bytes + (addr - walk->window.start_addr);
    if (pointer_size == 8)
        return walk->wide ? emit_good_run(walk, slots, count, true, 8)
                          : emit_good_run(walk, slots, count, false, 8);
    return walk->wide ? emit_good_run(walk, slots, count, true, 4)
                      : emit_good_run(walk, slots, count, false, 4);
}

/* hgr_run_fn: absent slots are passed over (the object's absent bytes are counted as a whole). */
static bool emit_careful_run(void *user, uint64_t offset, uint64_t count)
{
    struct careful *c = user;
    hgr_walk *walk = c->walk;
    uint32_t pointer_size = walk->source->space->pointer_size;
    /* One more: the fast loop writes before it knows that a slot is null. */
    if (!make_room(walk, 0, count + 1))
        return false;
    if (emit_window(walk, c->addr + offset, count))
        return true;
    for (uint64_t i = 0; i < count && walk->result == HGR_OK; i++) {
        uint64_t value, at = c->addr + offset + i * pointer_size;
        if (hgr_window_ptr(&walk->window, walk->source->space, at, &value)) {
            if (value)
                emit_one(walk, c->addr, value);
            continue;
        }
        /* Jump over the hole: one look-up, however large it is. */
        const hgr_range *next = hgr_space_next(walk->source->space, at + pointer_size);
        uint64_t to = next && next->start_addr > at ? next->start_addr : at + pointer_size;
        if (!next || (to - at) / pointer_size >= count - i)
            return true;
        i += (to - at + pointer_size - 1) / pointer_size - 1;
    }
    return walk->result == HGR_OK;
}

static void emit_implied(hgr_walk *walk, uint64_t object_addr, uint64_t target)
{
    hgr_scratch *out = walk->out;
    if (!make_room(walk, 0, 1))
        return;
    size_t before = out->nrefs;
    emit_one(walk, object_addr, target);
    if (out->nrefs == before)
        return;
    hgr_result result =
        hgr_grow(walk->run, &out->implied, &out->implied_capacity, out->nimplied + 1, UINT32_MAX,
                 sizeof *out->implied, "implied references", &walk->status);
    if (result == HGR_OK)
        out->implied[out->nimplied++] = (uint32_t)before; /* make_room: below 2^32 */
    fail(walk, result);
}

static void keep_big(hgr_walk *walk, uint64_t bytes)
{
    hgr_scratch *out = walk->out;
    hgr_result result = hgr_grow(walk->run, &out->bigs, &out->big_capacity, out->nbigs + 1,
                                 UINT32_MAX, sizeof *out->bigs, "large objects", &walk->status);
    if (result == HGR_OK)
        out->bigs[out->nbigs++] = (struct hgr_big){(hgr_node)out->nobjects, bytes};
    fail(walk, result);
}

static void keep_node(hgr_walk *walk, uint64_t addr, const hgr_type_slot *type, uint64_t bytes)
{
    hgr_scratch *out = walk->out;
    const hgr_source *source = walk->source;
    struct careful careful = {walk, addr};
    if (!make_room(walk, 1, 0))
        return;
    uint32_t first_ref = (uint32_t)out->nrefs; /* make_room: below 2^32 */
    hgr_each_run(type->shape, bytes, source->space->pointer_size, emit_careful_run, &careful);
    if (type->shape->implied_addr)
        emit_implied(walk, addr, type->shape->implied_addr);
    for (size_t i = hgr_implied_from(source, addr);
         i < source->nimplied && source->implied[i].from_addr == addr; i++)
        if (source->implied[i].to_addr)
            emit_implied(walk, addr, source->implied[i].to_addr);
    if (bytes >= UINT32_MAX)
        keep_big(walk, bytes);
    if (walk->result != HGR_OK)
        return;
    out->items[out->nobjects] = (hgr_item){
        type->type, bytes < UINT32_MAX ? (uint32_t)bytes : UINT32_MAX, first_ref};
    uint64_t slot = (addr & (HGR_GRANULE_BYTES - 1)) >> walk->objects->slot_bits;
    out->bits[slot >> 6] |= UINT64_C(1) << (slot & 63);
    out->nobjects++;
}

static void keep_free(hgr_walk *walk, uint64_t addr, uint64_t bytes)
{
    hgr_scratch *out = walk->out;
    if (bytes < HGR_LARGE_BYTES)
        return;
    hgr_result result = hgr_grow(walk->run, &out->frees, &out->free_capacity, out->nfrees + 1,
                                 UINT32_MAX, sizeof *out->frees, "free blocks", &walk->status);
    if (result == HGR_OK)
        out->frees[out->nfrees++] = (hgr_free_block){addr, bytes, 0, UINT32_MAX};
    fail(walk, result);
}

/* Bytes of [addr, addr + bytes) that the dump lacks. */
static uint64_t absent_in(hgr_walk *walk, uint64_t addr, uint64_t bytes, uint64_t *out_first)
{
    const hgr_space *space = walk->source->space;
    uint64_t absent = 0, end = addr + bytes; /* inside the segment: no overflow */
    if (hgr_window_move(&walk->window, space, addr) && walk->window.end_addr >= end)
        return 0;
    for (const hgr_range *range = hgr_space_next(space, addr); addr < end;
         range = range < space->ranges + space->count - 1 ? range + 1 : NULL) {
        uint64_t from = range && range->start_addr < end ? range->start_addr : end;
        if (from > addr) {
            if (absent == 0)
                *out_first = addr;
            absent += from - addr;
        }
        addr = range && range->end_addr < end ? range->end_addr : end;
        if (!range)
            break;
    }
    return absent;
}

static uint64_t step_object(hgr_walk *walk, uint64_t addr, hgr_type_slot *type, uint64_t bytes,
                            uint64_t advance)
{
    hgr_scratch *out = walk->out;
    uint64_t hole = 0, absent = absent_in(walk, addr, bytes, &hole);
    if (absent) {
        find(walk, HGR_FOUND_ABSENT_MEMORY, hole, addr, absent);
        out->lost_bytes += absent;
    }
    if (type->nblock++ == 0)
        touch(&walk->cache, type);
    type->bytes += bytes;
    out->walked_bytes += advance;
    if (!type->is_node)
        keep_free(walk, addr, bytes);
    else if (walk->objects)
        keep_node(walk, addr, type, bytes);
    return addr + advance;
}

/* Absent memory at addr: go on at the next present byte, at a known start if there is one. */
static uint64_t step_absent(hgr_walk *walk, uint64_t addr)
{
    const hgr_source *source = walk->source;
    const hgr_range *next = hgr_space_next(source->space, addr + 1);
    uint64_t to = walk->segment_end;
    if (next && next->start_addr > addr && next->start_addr < to)
        to = next->start_addr;
    else if (next && next->start_addr <= addr && next->end_addr < to)
        to = next->end_addr; /* a word cut off by the end of its range */
    bool at_gap = walk->gap < source->ngaps && source->gaps[walk->gap].start_addr > addr &&
                  source->gaps[walk->gap].start_addr <= to;
    if (at_gap)
        to = source->gaps[walk->gap].start_addr;
    find(walk, HGR_FOUND_ABSENT_MEMORY, addr, 0, to - addr);
    walk->out->lost_bytes += to - addr;
    if (at_gap || to == walk->segment_end)
        return to;
    uint64_t found = hgr_walk_resume(walk, to, walk->segment_end, UINT64_MAX);
    if (found > to) {
        find(walk, HGR_FOUND_BAD_METHOD_TABLE, to, 0, found - to);
        walk->out->lost_bytes += found - to;
    }
    return found;
}

/* Whatever lies at addr, which the fast loop would not take. Returns an address above addr. */
static uint64_t step(hgr_walk *walk, uint64_t addr)
{
    const hgr_source *source = walk->source;
    const hgr_gap *gap = walk->gap < source->ngaps ? &source->gaps[walk->gap] : NULL;
    if (gap && gap->start_addr == addr && gap->end_addr > addr)
        return gap->end_addr < walk->segment_end ? gap->end_addr : walk->segment_end;
    hgr_type_slot *type;
    uint64_t bytes, advance;
    hgr_finding why;
    if (hgr_walk_measure(walk, addr, &type, &bytes, &advance, &why))
        return step_object(walk, addr, type, bytes, advance);
    if (walk->result != HGR_OK)
        return addr;
    if (why.kind == HGR_FOUND_ABSENT_MEMORY)
        return step_absent(walk, addr);
    uint64_t found = hgr_walk_resume(walk, addr + source->space->pointer_size, walk->segment_end,
                                     UINT64_MAX);
    find(walk, why.kind, addr, why.value, found - addr);
    walk->out->lost_bytes += found - addr;
    return found;
}

/* ---- the block ---- */

/* Where the fast loop has to stop: the block's end, the next gap or implied reference, the last place
 * in the window where an object's header can be read. */
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
    fail(walk, result);
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
        addr = step(walk, addr);
    }
    drain_tallies(walk);
    block->landing_addr = addr;
    block->nnodes = (uint32_t)out->nobjects; /* at most HGR_BLOCK_BYTES / pointer size */
    block->nrefs = out->nrefs;
    if (walk->result != HGR_OK && status)
        *status = walk->status;
    return walk->result;
}
