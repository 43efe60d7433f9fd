/* clr: the GC's segment lists → pieces to walk, ascending and disjoint; allocation contexts → gaps.
 *
 * Input: hgr_clr_gc (heaps, generations), memory. Output: runtime->segments, runtime->gaps, byte
 * totals. Regions: a piece per region, its generation is the list it is in. Segments: gen0, gen1
 * and gen2 share one list; the ephemeral segment holds all three and is cut where each generation's
 * allocation starts. Lists are capped and every heap_segment is taken once, so a cycle ends; a
 * segment whose bounds cannot be, or that overlaps another, is skipped with a warning. */
#include "clr_open.h"

#include <stdlib.h>

#include "../base/status.h"
#include "clr_limits.h"

/* heap_segment as dac_heap_segment publishes it: pointers, in this order. */
enum {
    SEGMENT_ALLOCATED,
    SEGMENT_COMMITTED,
    SEGMENT_RESERVED,
    SEGMENT_USED,
    SEGMENT_MEM,
    SEGMENT_FLAGS,
    SEGMENT_NEXT,
    SEGMENT_WORDS
};
#define SEGMENT_READ_ONLY 1
#define PAGE_MASK         UINT64_C(0xfff)

struct walk {
    hgr_runtime *runtime;
    hgr_status *status;
    hgr_map seen; /* heap_segment address → 1 */
    size_t capacity;
    uint32_t skipped;
};

static bool read_words(const hgr_space *space, uint64_t addr, uint64_t *out, size_t count)
{
    if (space->pointer_size == 8)
        return hgr_space_read(space, addr, out, count * sizeof *out);
    for (size_t i = 0; i < count; i++)
        if (!hgr_space_ptr(space, addr + i * space->pointer_size, &out[i]))
            return false;
    return true;
}

static hgr_result add_piece(struct walk *walk, const hgr_segment *piece)
{
    hgr_runtime *runtime = walk->runtime;
    hgr_result result =
        hgr_grow(runtime->run, &runtime->segments, &walk->capacity, runtime->nsegments + 1,
                 HGR_CLR_MAX_SEGMENTS, sizeof *piece, "GC segments", walk->status);
    if (result == HGR_OK)
        runtime->segments[runtime->nsegments++] = *piece;
    return result;
}

static uint64_t allocation_start(const hgr_runtime *runtime, const hgr_clr_heap *heap, uint32_t gen)
{
    const hgr_clr_gc *gc = &runtime->gc;
    uint64_t addr = 0;
    if (gc->allocation_start == HGR_NO_OFFSET ||
        !hgr_space_ptr(
            runtime->space,
            heap->generation_table_addr + gen * gc->generation_size + gc->allocation_start, &addr))
        return 0;
    return addr;
}

/* gen2 | gen1 | gen0, in address order; a start outside its place leaves the piece whole, as gen0.
 */
static hgr_result add_ephemeral(struct walk *walk, const hgr_clr_heap *heap, hgr_segment whole)
{
    uint64_t start1 = allocation_start(walk->runtime, heap, 1);
    uint64_t start0 = allocation_start(walk->runtime, heap, 0);
    whole.generation = HGR_GEN0;
    if (!(whole.start_addr <= start1 && start1 <= start0 && start0 <= whole.end_addr)) {
        hgr_runtime_warn(walk->runtime,
                         "segment 0x%llx: generations start at 0x%llx and 0x%llx, outside of it; "
                         "all of it is counted as gen0",
                         (unsigned long long)whole.segment_addr, (unsigned long long)start1,
                         (unsigned long long)start0);
        return add_piece(walk, &whole);
    }
    const uint64_t ends[3] = {start1, start0, whole.end_addr};
    hgr_segment piece = whole;
    hgr_result result = HGR_OK;
    for (int i = 0; i < 3 && result == HGR_OK; i++) {
        piece.end_addr = ends[i];
        piece.generation = (uint8_t)(HGR_GEN2 - i);
        piece.committed_addr = i == 2 ? whole.committed_addr : ends[i];
        piece.reserved_addr = i == 2 ? whole.reserved_addr : ends[i];
        if (piece.start_addr < piece.end_addr || i == 2)
            result = add_piece(walk, &piece);
        piece.start_addr = piece.end_addr;
    }
    return result;
}

static void skip_segment(struct walk *walk, uint64_t addr, const char *why)
{
    if (walk->skipped++ < 8)
        hgr_runtime_warn(walk->runtime, "segment 0x%llx: %s; skipped", (unsigned long long)addr,
                         why);
}

static bool bounds_possible(const hgr_space *space, const hgr_segment *s)
{
    uint64_t mask = space->pointer_size - 1;
    return s->start_addr != 0 && ((s->start_addr | s->end_addr) & mask) == 0 &&
           s->start_addr <= s->end_addr && s->end_addr <= s->committed_addr &&
           s->committed_addr <= s->reserved_addr;
}

static hgr_result add_segment(struct walk *walk, const hgr_clr_heap *heap, uint32_t heap_index,
                              uint32_t gen, uint64_t addr, const uint64_t *words)
{
    const hgr_clr_gc *gc = &walk->runtime->gc;
    bool ephemeral = addr == heap->ephemeral_segment_addr;
    hgr_segment segment = {
        .start_addr = words[SEGMENT_MEM],
        .end_addr = ephemeral && heap->alloc_allocated_addr ? heap->alloc_allocated_addr
                                                            : words[SEGMENT_ALLOCATED],
        .committed_addr = words[SEGMENT_COMMITTED],
        .reserved_addr = words[SEGMENT_RESERVED],
        .segment_addr = addr,
        .heap = heap_index,
        .generation = (uint8_t)gen, /* below gc->generations */
    };
    if (!bounds_possible(walk->runtime->space, &segment)) {
        skip_segment(walk, addr, "its bounds cannot be");
        return HGR_OK;
    }
    if (words[SEGMENT_FLAGS] & SEGMENT_READ_ONLY) {
        segment.generation = HGR_FROZEN;
        return add_piece(walk, &segment);
    }
    if (gc->allocation_start == HGR_NO_OFFSET || gen > HGR_GEN2)
        return add_piece(walk, &segment);
    if (ephemeral)
        return add_ephemeral(walk, heap, segment);
    segment.generation = HGR_GEN2;
    return add_piece(walk, &segment);
}

/* One list. Segments met before end it: the lists of gen0 to gen2 share their tail without regions.
 */
static hgr_result walk_list(struct walk *walk, const hgr_clr_heap *heap, uint32_t heap_index,
                            uint32_t gen, uint64_t first)
{
    const hgr_space *space = walk->runtime->space;
    hgr_result result = HGR_OK;
    for (uint64_t addr = first; addr != 0;) {
        uint64_t words[SEGMENT_WORDS];
        if (hgr_map_get(&walk->seen, addr) != HGR_MAP_NONE) {
            if (walk->runtime->gc.allocation_start == HGR_NO_OFFSET || gen > HGR_GEN2)
                skip_segment(walk, addr, "in two lists, or twice in one");
            return HGR_OK;
        }
        if (walk->seen.count >= HGR_CLR_MAX_SEGMENTS)
            return hgr_fail_addr(walk->status, HGR_TOO_LARGE, addr, "GC segments: more than %u",
                                 HGR_CLR_MAX_SEGMENTS);
        result = hgr_map_put(&walk->seen, addr, 1, walk->status);
        if (result != HGR_OK)
            return result;
        if (!read_words(space, addr, words, SEGMENT_WORDS)) {
            skip_segment(walk, addr, "not in the dump, the rest of its list is lost");
            return HGR_OK;
        }
        result = add_segment(walk, heap, heap_index, gen, addr, words);
        if (result != HGR_OK)
            return result;
        addr = words[SEGMENT_NEXT];
    }
    return HGR_OK;
}

static hgr_result walk_heap(struct walk *walk, uint32_t heap_index)
{
    const hgr_clr_gc *gc = &walk->runtime->gc;
    const hgr_clr_heap *heap = &gc->heaps[heap_index];
    for (uint32_t gen = 0; gen < gc->generations; gen++) {
        uint64_t at = heap->generation_table_addr + gen * gc->generation_size + gc->start_segment;
        uint64_t first;
        if (!hgr_space_ptr(walk->runtime->space, at, &first)) {
            hgr_runtime_warn(walk->runtime, "heap %u: generation %u is not in the dump", heap_index,
                             gen);
            continue;
        }
        hgr_result result = walk_list(walk, heap, heap_index, gen, first);
        if (result != HGR_OK)
            return result;
    }
    return HGR_OK;
}

static int by_address(const void *a, const void *b)
{
    const hgr_segment *x = a, *y = b;
    if (x->start_addr != y->start_addr)
        return x->start_addr < y->start_addr ? -1 : 1;
    if (x->end_addr != y->end_addr)
        return x->end_addr < y->end_addr ? -1 : 1;
    return x->segment_addr < y->segment_addr ? -1 : x->segment_addr > y->segment_addr;
}

/* After sorting: what begins before its predecessor's end goes. */
static void drop_overlaps(struct walk *walk)
{
    hgr_runtime *runtime = walk->runtime;
    size_t kept = 0;
    for (size_t i = 0; i < runtime->nsegments; i++) {
        const hgr_segment *segment = &runtime->segments[i];
        if (kept > 0 && segment->start_addr < runtime->segments[kept - 1].end_addr)
            skip_segment(walk, segment->segment_addr, "overlaps another");
        else
            runtime->segments[kept++] = *segment;
    }
    runtime->nsegments = kept;
}

static uint64_t absent_bytes(const hgr_space *space, uint64_t at, uint64_t end)
{
    uint64_t absent = 0;
    while (at < end) {
        const hgr_range *range = hgr_space_next(space, at);
        uint64_t from = range && range->start_addr < end ? range->start_addr : end;
        if (from > at)
            absent += from - at;
        at = range && range->end_addr < end ? range->end_addr : end;
    }
    return absent;
}

/* Where committed memory begins: at the page of the first object, or a page earlier where the
 * collector keeps its own record of the segment in front of it (segments, not regions). */
static uint64_t committed_start(const hgr_segment *s)
{
    bool in_front =
        s->segment_addr < s->start_addr && s->start_addr - s->segment_addr <= PAGE_MASK + 1;
    return in_front ? s->segment_addr : s->start_addr & ~PAGE_MASK;
}

void hgr_clr_segments_sum(hgr_runtime *runtime)
{
    hgr_runtime_info *info = &runtime->info;
    for (size_t i = 0; i < runtime->nsegments; i++) {
        const hgr_segment *s = &runtime->segments[i];
        bool inner = i > 0 && runtime->segments[i - 1].segment_addr == s->segment_addr;
        info->committed_bytes += s->committed_addr - (inner ? s->start_addr : committed_start(s));
        info->used_bytes += s->end_addr - s->start_addr;
        info->absent_bytes += absent_bytes(runtime->space, s->start_addr, s->end_addr);
    }
}

hgr_result hgr_clr_segments_read(hgr_runtime *runtime, hgr_status *status)
{
    struct walk walk = {.runtime = runtime, .status = status};
    hgr_result result = HGR_OK;
    hgr_map_init(&walk.seen, runtime->run);
    for (uint32_t i = 0; i < runtime->gc.nheaps && result == HGR_OK; i++)
        result = walk_heap(&walk, i);
    hgr_map_fini(&walk.seen);
    if (result != HGR_OK)
        return result;
    if (runtime->nsegments > 1)
        qsort(runtime->segments, runtime->nsegments, sizeof *runtime->segments, by_address);
    drop_overlaps(&walk);
    if (walk.skipped > 8)
        hgr_runtime_warn(runtime, "%u segments skipped in all", walk.skipped);
    hgr_clr_segments_sum(runtime);
    return HGR_OK;
}

const hgr_segment *hgr_clr_segment_at(const hgr_runtime *runtime, uint64_t addr)
{
    size_t low = 0, high = runtime->nsegments;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (runtime->segments[middle].end_addr <= addr)
            low = middle + 1;
        else
            high = middle;
    }
    if (low == runtime->nsegments || runtime->segments[low].start_addr > addr)
        return NULL;
    return &runtime->segments[low];
}
