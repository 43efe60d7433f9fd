/* heap: where to go on: measuring one object out of line, and finding the next plausible one.
 *
 * Used after damage, after absent memory, and to guess where the walk of a block in the middle of a
 * segment may begin. A word is a plausible object start when the source accepts it as a method
 * table and the chain of sizes from it holds for CHAIN objects, or ends exactly at a gap or at the
 * end of the segment. Effort is bounded by address, not by luck: words that point nowhere or into
 * the heap are passed over cheaply, and of the others at most CANDIDATES are tried in each 4 MiB,
 * then the search moves on to the next 4 MiB. So the answer depends on the dump alone, and hostile
 * heaps cost a bounded factor. */
#include "walk.h"

#include "../base/status.h"

#define CHAIN      8u                  /* objects in a row */
#define CANDIDATES 4096u               /* words tried in one 4 MiB stretch */
#define AHEAD_MAX  (UINT64_C(1) << 20) /* objects stepped over by one hgr_walk_ahead */

size_t hgr_implied_from(const hgr_source *source, uint64_t addr)
{
    size_t lo = 0, hi = source->nimplied;
    while (lo < hi) {
        size_t mid = lo + (hi - lo) / 2;
        if (source->implied[mid].from_addr < addr)
            lo = mid + 1;
        else
            hi = mid;
    }
    return lo;
}

/* First gap that starts at or above addr. */
static size_t gap_from(const hgr_source *source, uint64_t addr)
{
    size_t lo = 0, hi = source->ngaps;
    while (lo < hi) {
        size_t mid = lo + (hi - lo) / 2;
        if (source->gaps[mid].start_addr < addr)
            lo = mid + 1;
        else
            hi = mid;
    }
    return lo;
}

void hgr_walk_aim(hgr_walk *walk, const hgr_block *block, uint64_t addr)
{
    const hgr_segment *segment = &walk->source->segments[block->segment];
    uint32_t pointer_size = walk->source->space->pointer_size;
    walk->segment_end = segment->end_addr;
    walk->align = segment->generation == HGR_LOH ? walk->source->large_align : pointer_size;
    if (walk->align < pointer_size || walk->align & (walk->align - 1))
        walk->align = pointer_size;
    walk->gap = gap_from(walk->source, addr);
    walk->implied = hgr_implied_from(walk->source, addr);
}

/* Where the next gap starts, or UINT64_MAX. */
static uint64_t next_gap(const hgr_walk *walk, uint64_t addr)
{
    size_t gap = gap_from(walk->source, addr);
    return gap < walk->source->ngaps ? walk->source->gaps[gap].start_addr : UINT64_MAX;
}

bool hgr_walk_measure(hgr_walk *walk, uint64_t addr, hgr_type_slot **out_type, uint64_t *out_bytes,
                      uint64_t *out_advance, hgr_finding *out_why)
{
    const hgr_space *space = walk->source->space;
    uint64_t word = 0;
    uint32_t components = 0;
    *out_why = (hgr_finding){HGR_FOUND_ABSENT_MEMORY, addr, 0, 0};
    if (!hgr_window_ptr(&walk->window, space, addr, &word))
        return false;
    *out_why = (hgr_finding){HGR_FOUND_BAD_METHOD_TABLE, addr, word, 0};
    hgr_type_slot *type;
    hgr_result result =
        hgr_type_cache_find(&walk->cache, word & walk->table_mask, &type, &walk->status);
    if (result != HGR_OK) {
        if (result != HGR_NOT_FOUND)
            walk->result = result;
        return false;
    }
    if (type->component_size && !hgr_space_u32(space, addr + space->pointer_size, &components)) {
        *out_why = (hgr_finding){HGR_FOUND_ABSENT_MEMORY, addr, 0, 0};
        return false;
    }
    /* u32 + u32 * u32 cannot overflow 64 bits. */
    uint64_t bytes = type->base_size + (uint64_t)type->component_size * components;
    if (bytes < walk->source->min_bytes)
        bytes = walk->source->min_bytes;
    uint64_t room = walk->segment_end - addr;
    *out_why = (hgr_finding){HGR_FOUND_BAD_SIZE, addr, bytes, 0};
    if (bytes > room)
        return false;
    uint64_t padding = -bytes & (walk->align - 1);
    *out_type = type;
    *out_bytes = bytes;
    *out_advance = padding < room - bytes ? bytes + padding : room;
    return true;
}

/* Does a chain of objects begin at addr? */
static bool chain_holds(hgr_walk *walk, uint64_t addr, uint64_t gap)
{
    for (unsigned i = 0; i < CHAIN; i++) {
        hgr_type_slot *type;
        uint64_t bytes, advance;
        hgr_finding why;
        if (addr == gap || addr == walk->segment_end)
            return i > 0;
        if (!hgr_walk_measure(walk, addr, &type, &bytes, &advance, &why))
            return i >= CHAIN / 2 && why.kind == HGR_FOUND_ABSENT_MEMORY;
        addr += advance;
        if (gap < addr)
            gap = next_gap(walk, addr);
    }
    return true;
}

/* Can this word be a method table at all? Cheap, and the same whatever is known already. */
static bool may_be_method_table(const hgr_walk *walk, uint64_t word)
{
    const hgr_source *source = walk->source;
    const hgr_space *space = source->space;
    if (word == 0 || space->count == 0 || word < space->ranges[0].start_addr ||
        word >= space->ranges[space->count - 1].end_addr)
        return false;
    return hgr_segment_at(source->segments, source->nsegments, word) == SIZE_MAX &&
           hgr_space_find(space, word) != NULL;
}

uint64_t hgr_walk_resume(hgr_walk *walk, uint64_t from, uint64_t end, uint64_t max_words)
{
    const hgr_source *source = walk->source;
    uint32_t pointer_size = source->space->pointer_size;
    uint64_t gap = next_gap(walk, from);
    uint64_t stretch = from / HGR_BLOCK_BYTES, tried = 0, words = 0;
    uint64_t rest = from % pointer_size;
    uint64_t addr = rest ? from + (pointer_size - rest) : from;
    for (; addr < end && addr < gap; addr += pointer_size) {
        uint64_t word;
        if (++words > max_words)
            return HGR_NO_START;
        if (!hgr_window_ptr(&walk->window, source->space, addr, &word))
            return addr;
        if (!may_be_method_table(walk, word & walk->table_mask))
            continue;
        if (addr / HGR_BLOCK_BYTES != stretch) {
            stretch = addr / HGR_BLOCK_BYTES;
            tried = 0;
        }
        if (tried++ == CANDIDATES) {
            addr = (stretch + 1) * HGR_BLOCK_BYTES - pointer_size;
            continue;
        }
        if (chain_holds(walk, addr, gap))
            return addr;
        if (walk->result != HGR_OK)
            return end;
    }
    return gap < end ? gap : end;
}

hgr_result hgr_walk_guess(hgr_walk *walk, const hgr_block *block, uint64_t *out, hgr_status *status)
{
    enum { GUESS_WORDS = 16384 }; /* 128 kB: a small object ends before that */
    const hgr_source *source = walk->source;
    uint64_t from = block->start_addr;
    size_t gap = gap_from(source, from);
    if (gap > 0 && source->gaps[gap - 1].end_addr > from) /* inside a gap: it says where to go on */
        from = source->gaps[gap - 1].end_addr;
    *out = HGR_NO_START;
    if (from >= block->limit_addr) {
        *out = from;
        return HGR_OK;
    }
    hgr_walk_aim(walk, block, from);
    walk->result = HGR_OK;
    uint64_t found = hgr_walk_resume(walk, from, block->limit_addr, GUESS_WORDS);
    if (walk->result != HGR_OK) {
        if (status)
            *status = walk->status;
        return walk->result;
    }
    if (found < block->limit_addr)
        *out = found;
    return HGR_OK;
}

hgr_result hgr_walk_ahead(hgr_walk *walk, const hgr_block *block, uint64_t addr, uint64_t limit,
                          uint64_t *out, hgr_status *status)
{
    hgr_walk_aim(walk, block, addr);
    walk->result = HGR_OK;
    for (uint64_t step = 0; addr < limit && step < AHEAD_MAX; step++) {
        hgr_type_slot *type;
        uint64_t bytes, advance;
        hgr_finding why;
        size_t gap = gap_from(walk->source, addr);
        if (gap < walk->source->ngaps && walk->source->gaps[gap].start_addr == addr &&
            walk->source->gaps[gap].end_addr > addr) {
            addr = walk->source->gaps[gap].end_addr;
            continue;
        }
        if (!hgr_walk_measure(walk, addr, &type, &bytes, &advance, &why))
            break;
        addr += advance;
    }
    *out = addr;
    if (walk->result != HGR_OK && status)
        *status = walk->status;
    return walk->result;
}
