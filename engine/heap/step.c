/* heap: one careful step of the walk.
 *
 * Input: an address that the fast loop would not take. Output: the same as the fast loop's, in the
 * walker's scratch, and the next address. Handles gaps, implied references, large objects, objects
 * that straddle two windows of the dump, absent bytes, bad references and damage. Nothing here is
 * tuned but the references of large objects; each step moves on by at least one pointer. */
#include "walk_fast.h"

static void find(hgr_walk *walk, hgr_finding_kind kind, uint64_t addr, uint64_t value,
                 uint64_t bytes)
{
    hgr_finding finding = {kind, addr, value, bytes};
    hgr_walk_fail(walk, hgr_finding_add(&walk->out->findings, walk->run, &finding, &walk->status));
}

struct careful {
    hgr_walk *walk;
    uint64_t addr;
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
    if (!hgr_walk_make_room(walk, 0, count + 1))
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
    if (!hgr_walk_make_room(walk, 0, 1))
        return;
    size_t before = out->nrefs;
    emit_one(walk, object_addr, target);
    if (out->nrefs == before)
        return;
    hgr_result result =
        hgr_grow(walk->run, &out->implied, &out->implied_capacity, out->nimplied + 1, UINT32_MAX,
                 sizeof *out->implied, "implied references", &walk->status);
    if (result == HGR_OK)
        out->implied[out->nimplied++] = (uint32_t)before; /* hgr_walk_make_room: below 2^32 */
    hgr_walk_fail(walk, result);
}

static void keep_big(hgr_walk *walk, uint64_t bytes)
{
    hgr_scratch *out = walk->out;
    hgr_result result = hgr_grow(walk->run, &out->bigs, &out->big_capacity, out->nbigs + 1,
                                 UINT32_MAX, sizeof *out->bigs, "large objects", &walk->status);
    if (result == HGR_OK)
        out->bigs[out->nbigs++] = (struct hgr_big){(hgr_node)out->nobjects, bytes};
    hgr_walk_fail(walk, result);
}

static void keep_node(hgr_walk *walk, uint64_t addr, const hgr_type_slot *type, uint64_t bytes)
{
    hgr_scratch *out = walk->out;
    const hgr_source *source = walk->source;
    struct careful careful = {walk, addr};
    if (!hgr_walk_make_room(walk, 1, 0))
        return;
    uint32_t first_ref = (uint32_t)out->nrefs; /* hgr_walk_make_room: below 2^32 */
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
    out->items[out->nobjects] =
        (hgr_item){type->type, bytes < UINT32_MAX ? (uint32_t)bytes : UINT32_MAX, first_ref};
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
    hgr_walk_fail(walk, result);
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

uint64_t hgr_walk_step(hgr_walk *walk, uint64_t addr)
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
    uint64_t found =
        hgr_walk_resume(walk, addr + source->space->pointer_size, walk->segment_end, UINT64_MAX);
    find(walk, why.kind, addr, why.value, found - addr);
    walk->out->lost_bytes += found - addr;
    return found;
}
