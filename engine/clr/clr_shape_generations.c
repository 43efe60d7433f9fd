/* clr: generation tables by their shape.
 *
 * Input: segments, the Free method table. Output: a table per heap. Method: a generation keeps
 * {.., start_segment, .., allocation_start, ..}; gen0 and gen1 start in the same (ephemeral)
 * segment, each at a Free object; the table's entries have one size, and its fourth begins in a
 * segment of large objects. So: search all memory outside the segments for words that are the
 * address of a segment and are followed by an allocation start, then look for three of them at
 * equal distances. */
#include "clr_shape.h"

#include <stdlib.h>

#include "../base/status.h"
#include "clr_limits.h"

#define PAGE_BYTES  UINT64_C(0x1000)
#define MIN_BYTES   0x40u /* of a generation */
#define MAX_BYTES   0x400u
#define MAX_STEPS   2u /* words from start_segment to allocation_start */
#define FLAG_LARGE  0x8u
#define FLAG_PINNED 0x200u

struct context {
    const hgr_space *space;
    const hgr_shape_segments *segments;
    uint64_t free_mt;
    uint64_t low, high; /* of segment addresses */
};

/* Does a page hold a word that is page-aligned and between the first and the last segment? Hardly
 * any does, so this is what the search costs: one pass without branches. */
static bool page_may_hold_8(const uint8_t *bytes, uint64_t len, uint64_t low, uint64_t span)
{
    uint64_t hit = 0;
#pragma omp simd reduction(| : hit)
    for (uint64_t off = 0; off < len / 8; off++) {
        uint64_t word;
        memcpy(&word, bytes + 8 * off, sizeof word);
        hit |= (uint64_t)((word & 0xfff) == 0) & (uint64_t)(word - low <= span);
    }
    return hit != 0;
}

static bool page_may_hold_4(const uint8_t *bytes, uint64_t len, uint32_t low, uint32_t span)
{
    uint32_t hit = 0;
#pragma omp simd reduction(| : hit)
    for (uint64_t off = 0; off < len / 4; off++) {
        uint32_t word;
        memcpy(&word, bytes + 4 * off, sizeof word);
        hit |= (uint32_t)((word & 0xfff) == 0) & (uint32_t)(word - low <= span);
    }
    return hit != 0;
}

static bool page_may_hold(const struct context *context, const uint8_t *bytes, uint64_t len)
{
    uint64_t span = context->high - context->low;
    return context->space->pointer_size == 8
               ? page_may_hold_8(bytes, len, context->low, span)
               : page_may_hold_4(bytes, len, (uint32_t)context->low, (uint32_t)span);
}

static uint64_t word_at(const uint8_t *bytes, uint32_t pointer_size)
{
    uint64_t word = 0;
    memcpy(&word, bytes, pointer_size);
    return word;
}

/* Objects refer to no heap_segment: skip what lies inside one. */
static uint64_t skip_segments(const hgr_shape_segments *segments, uint64_t addr)
{
    size_t low = 0, high = segments->count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (segments->items[middle].reserved <= addr)
            low = middle + 1;
        else
            high = middle;
    }
    return low < segments->count && segments->items[low].addr <= addr
               ? segments->items[low].reserved
               : addr;
}

static size_t search_page(const struct context *context, uint64_t addr, const uint8_t *bytes,
                          uint64_t len, uint64_t *out, size_t capacity)
{
    uint32_t p = context->space->pointer_size;
    size_t count = 0;
    for (uint64_t off = 0; off + p <= len; off += p) {
        uint64_t word = word_at(bytes + off, p);
        if (word < context->low || word > context->high || word % PAGE_BYTES != 0 ||
            !hgr_shape_segment_at(context->segments, word))
            continue;
        if (count < capacity)
            out[count] = addr + off;
        count++;
    }
    return count;
}

static size_t search_words(const void *user, const hgr_shape_piece *piece, uint64_t *out,
                           size_t capacity)
{
    const struct context *context = user;
    size_t count = 0;
    for (uint64_t off = 0; off < piece->len; off += PAGE_BYTES) { /* a piece begins on a page */
        uint64_t next = skip_segments(context->segments, piece->addr + off);
        if (next - piece->addr >= piece->len)
            break;
        off = (next - piece->addr) & ~(PAGE_BYTES - 1);
        uint64_t left = piece->len - off, len = left < PAGE_BYTES ? left : PAGE_BYTES;
        if (page_may_hold(context, piece->bytes + off, len))
            count += search_page(context, piece->addr + off, piece->bytes + off, len,
                                 capacity > count ? out + count : NULL,
                                 capacity > count ? capacity - count : 0);
    }
    return count;
}

/* The generation at addr starts in this segment, at a Free object; its start, or 0. */
static uint64_t start_of(const struct context *context, uint64_t addr, uint32_t step,
                         const hgr_shape_segment *segment)
{
    const hgr_space *space = context->space;
    uint64_t p = space->pointer_size, seen, start, mt;
    if (!hgr_space_ptr(space, addr, &seen) || seen != segment->addr ||
        !hgr_space_ptr(space, addr + step * p, &start) || start % p != 0 || start < segment->mem ||
        start >= segment->reserved || !hgr_space_ptr(space, start, &mt))
        return 0;
    return (mt & ~(p - 1)) == context->free_mt ? start : 0;
}

static uint64_t flags_at(const struct context *context, uint64_t addr)
{
    uint64_t segment;
    const hgr_shape_segment *found;
    if (!hgr_space_ptr(context->space, addr, &segment))
        return 0;
    found = hgr_shape_segment_at(context->segments, segment);
    return found ? found->flags : 0;
}

/* Is addr gen0's start_segment, with entries of this size and the allocation start `step` on? */
static bool is_table(const struct context *context, uint64_t addr, uint32_t size, uint32_t step,
                     const hgr_shape_segment *segment)
{
    uint64_t start0 = start_of(context, addr, step, segment);
    uint64_t start1 = start_of(context, addr + size, step, segment), gen2;
    return start0 != 0 && start1 != 0 && start1 < start0 &&
           hgr_space_ptr(context->space, addr + 2 * (uint64_t)size, &gen2) && gen2 != 0 &&
           (flags_at(context, addr + 3 * (uint64_t)size) & FLAG_LARGE);
}

static bool find_table(const struct context *context, const uint64_t *hits, size_t nhits, size_t at,
                       hgr_shape_generations *out)
{
    uint32_t p = context->space->pointer_size;
    uint64_t word;
    const hgr_shape_segment *segment = NULL;
    if (hgr_space_ptr(context->space, hits[at], &word))
        segment = hgr_shape_segment_at(context->segments, word);
    if (!segment || !hgr_shape_segment_is_small(segment))
        return false;
    for (size_t i = at + 1; i < nhits && hits[i] - hits[at] <= MAX_BYTES; i++) {
        uint32_t size = (uint32_t)(hits[i] - hits[at]); /* <= MAX_BYTES */
        for (uint32_t step = 1; size >= MIN_BYTES && step <= MAX_STEPS; step++) {
            if (!is_table(context, hits[at], size, step, segment))
                continue;
            bool pinned = flags_at(context, hits[at] + 4 * (uint64_t)size) & FLAG_PINNED;
            *out = (hgr_shape_generations){hits[at], segment->addr, size, step * p, pinned ? 5 : 4};
            return true;
        }
    }
    return false;
}

static int by_segment(const void *a, const void *b)
{
    const hgr_shape_generations *x = a, *y = b;
    if (x->ephemeral_segment_addr != y->ephemeral_segment_addr)
        return x->ephemeral_segment_addr < y->ephemeral_segment_addr ? -1 : 1;
    return x->addr < y->addr ? -1 : x->addr > y->addr;
}

/* A heap has one table: copies of it go, and tables of another shape than the first's. */
static size_t keep_one_each(hgr_shape_generations *tables, size_t count)
{
    size_t kept = 0;
    if (count > 1)
        qsort(tables, count, sizeof *tables, by_segment);
    for (size_t i = 0; i < count; i++)
        if (kept == 0 ||
            (tables[i].ephemeral_segment_addr != tables[kept - 1].ephemeral_segment_addr &&
             tables[i].size == tables[0].size && tables[i].count == tables[0].count &&
             tables[i].allocation_start == tables[0].allocation_start))
            tables[kept++] = tables[i];
    return kept;
}

static hgr_result find_within(const struct context *context, const hgr_run *run,
                              hgr_shape_bounds bounds, hgr_shape_generations **out,
                              size_t *out_count, hgr_status *status)
{
    uint64_t *hits = NULL;
    size_t nhits = 0, count = 0, capacity = 0;
    hgr_shape_generations *tables = NULL, table;
    hgr_result result = hgr_shape_search(context->space, run, bounds, search_words, context,
                                         HGR_CLR_MAX_SEGMENTS, &hits, &nhits, status);
    for (size_t i = 0; result == HGR_OK && i < nhits; i++) {
        if (!find_table(context, hits, nhits, i, &table))
            continue;
        result = hgr_grow(run, &tables, &capacity, count + 1, HGR_CLR_MAX_SEGMENTS, sizeof table,
                          "generation tables", status);
        if (result == HGR_OK)
            tables[count++] = table;
    }
    hgr_free(hits);
    if (result != HGR_OK) {
        hgr_free(tables);
        return result;
    }
    *out = tables;
    *out_count = keep_one_each(tables, count);
    return HGR_OK;
}

/* With the variables that have no place in the module's file. */
static hgr_shape_bounds bounds_of(const hgr_module *module)
{
    hgr_shape_bounds bounds = {module->base_addr, 0};
    if (!hgr_add_u64(module->base_addr, module->size_bytes, &bounds.high) ||
        !hgr_add_u64(bounds.high, HGR_CLR_BSS_BYTES, &bounds.high))
        bounds.high = UINT64_MAX;
    return bounds;
}

hgr_result hgr_shape_generations_find(const hgr_space *space, const hgr_run *run,
                                      const hgr_module *module, const hgr_shape_segments *segments,
                                      uint64_t free_mt, hgr_shape_generations **out,
                                      size_t *out_count, hgr_status *status)
{
    struct context context = {.space = space, .segments = segments, .free_mt = free_mt};
    if (segments->count > 0) {
        context.low = segments->items[0].addr;
        context.high = segments->items[segments->count - 1].addr;
    }
    hgr_result result = find_within(&context, run, bounds_of(module), out, out_count, status);
    if (result != HGR_OK || *out_count > 0)
        return result;
    hgr_free(*out);
    *out = NULL;
    return find_within(&context, run, HGR_SHAPE_EVERYWHERE, out, out_count, status);
}
