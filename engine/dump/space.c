/* dump: the address space: add, seal, look up.
 *
 * Sealing sweeps over the addresses with two queues: ranges still to come, by start, and ranges
 * open here, by rank (dump before module file, then the order added). Between two starts or ends
 * the open range of the best rank gives the bytes: O(n log n) whatever overlaps whatever. Ranges
 * that come ascending and disjoint, as every honest core has them, skip the sweep. */
#include "space.h"

#include "../base/status.h"
#include "id_queue.h"
#include "limits.h"

void hgr_space_init(hgr_space *space, const hgr_run *run, uint32_t pointer_size)
{
    *space = (hgr_space){.run = run, .pointer_size = pointer_size};
}

void hgr_space_fini(hgr_space *space)
{
    hgr_space_trace_end(space);
    hgr_free(space->ranges);
    hgr_free(space->starts);
    *space = (hgr_space){.run = space->run, .pointer_size = space->pointer_size};
}

hgr_result hgr_space_add(hgr_space *space, const hgr_range *range, hgr_status *status)
{
    if (range->end_addr <= range->start_addr)
        return hgr_fail_addr(status, HGR_BAD_DATA, range->start_addr,
                             "range at %#llx ends at %#llx, expected an end above its start",
                             (unsigned long long)range->start_addr,
                             (unsigned long long)range->end_addr);
    hgr_result result = hgr_grow(space->run, &space->ranges, &space->capacity, space->count + 1,
                                 HGR_MAX_RANGES, sizeof *range, "memory ranges", status);
    if (result == HGR_OK)
        space->ranges[space->count++] = *range;
    return result;
}

/* ---- sealing ---- */

static bool starts_before(const void *user, uint32_t a, uint32_t b)
{
    const hgr_range *ranges = user;
    if (ranges[a].start_addr != ranges[b].start_addr)
        return ranges[a].start_addr < ranges[b].start_addr;
    return a < b;
}

static bool ranks_before(const void *user, uint32_t a, uint32_t b)
{
    const hgr_range *ranges = user;
    if (ranges[a].origin != ranges[b].origin)
        return ranges[a].origin < ranges[b].origin;
    return a < b;
}

static bool is_disjoint(const hgr_range *ranges, size_t count)
{
    for (size_t i = 1; i < count; i++)
        if (ranges[i].start_addr < ranges[i - 1].end_addr)
            return false;
    return true;
}

static bool continues(const hgr_range *left, const hgr_range *right)
{
    return left->end_addr == right->start_addr && left->access == right->access &&
           left->origin == right->origin &&
           left->bytes + (left->end_addr - left->start_addr) == right->bytes;
}

/* Put a piece behind the pieces already there, as part of the last one where it continues it. */
static size_t append_piece(hgr_range *pieces, size_t count, const hgr_range *piece)
{
    if (count && continues(&pieces[count - 1], piece)) {
        pieces[count - 1].end_addr = piece->end_addr;
        return count;
    }
    pieces[count] = *piece;
    return count + 1;
}

static hgr_range cut_range(const hgr_range *range, uint64_t start, uint64_t end)
{
    hgr_range piece = *range;
    piece.bytes += start - range->start_addr;
    piece.start_addr = start;
    piece.end_addr = end;
    return piece;
}

struct sweep {
    const hgr_range *ranges;
    size_t count;
    uint32_t *coming; /* ids by start */
    uint32_t *open;   /* queue of ids by rank */
    size_t nopen, next;
    hgr_range *pieces; /* room for 2 * count */
    size_t npieces;
};

/* Every step opens a range, closes one, or reaches the end or start of one: at most 3 * count. */
static void run_sweep(struct sweep *sweep)
{
    const hgr_range *ranges = sweep->ranges;
    uint64_t at = 0;
    while (sweep->nopen || sweep->next < sweep->count) {
        if (!sweep->nopen && ranges[sweep->coming[sweep->next]].start_addr > at)
            at = ranges[sweep->coming[sweep->next]].start_addr;
        while (sweep->next < sweep->count && ranges[sweep->coming[sweep->next]].start_addr <= at)
            hgr_queue_push(sweep->open, &sweep->nopen, sweep->coming[sweep->next++], ranks_before,
                           ranges);
        const hgr_range *best = &ranges[sweep->open[0]];
        if (best->end_addr <= at) {
            hgr_queue_pop(sweep->open, &sweep->nopen, ranks_before, ranges);
            continue;
        }
        uint64_t end = best->end_addr;
        if (sweep->next < sweep->count && ranges[sweep->coming[sweep->next]].start_addr < end)
            end = ranges[sweep->coming[sweep->next]].start_addr;
        hgr_range piece = cut_range(best, at, end);
        sweep->npieces = append_piece(sweep->pieces, sweep->npieces, &piece);
        at = end;
    }
}

static uint64_t dump_bytes(const hgr_range *ranges, size_t count)
{
    uint64_t sum = 0;
    for (size_t i = 0; i < count; i++)
        if (ranges[i].origin == HGR_ORIGIN_DUMP)
            sum += ranges[i].end_addr -
                   ranges[i].start_addr; /* modulo 2^64: only a difference counts */
    return sum;
}

static hgr_result cut_overlaps(hgr_space *space, hgr_status *status)
{
    hgr_result result;
    struct sweep sweep = {.ranges = space->ranges, .count = space->count};
    if ((result = hgr_alloc(space->run, space->count, sizeof *sweep.coming, "order of ranges",
                            &sweep.coming, status)) != HGR_OK ||
        (result = hgr_alloc(space->run, space->count, sizeof *sweep.open, "open ranges",
                            &sweep.open, status)) != HGR_OK ||
        (result = hgr_alloc(space->run, space->count, 2 * sizeof *sweep.pieces, "memory ranges",
                            &sweep.pieces, status)) != HGR_OK)
        goto done;
    for (size_t i = 0; i < space->count; i++)
        sweep.coming[i] = (uint32_t)i; /* count <= HGR_MAX_RANGES */
    hgr_ids_sort(sweep.coming, sweep.count, starts_before, space->ranges);
    run_sweep(&sweep);
    space->overlap_bytes +=
        dump_bytes(space->ranges, space->count) - dump_bytes(sweep.pieces, sweep.npieces);
    hgr_free(space->ranges);
    space->ranges = sweep.pieces;
    space->capacity = 2 * space->count;
    space->count = sweep.npieces;
    sweep.pieces = NULL;
done:
    hgr_free(sweep.pieces);
    hgr_free(sweep.open);
    hgr_free(sweep.coming);
    return result;
}

hgr_result hgr_space_seal(hgr_space *space, hgr_status *status)
{
    hgr_space_trace_end(space); /* its pages belong to the ranges as they were */
    if (is_disjoint(space->ranges, space->count)) {
        size_t kept = 0;
        for (size_t i = 0; i < space->count; i++)
            kept = append_piece(space->ranges, kept, &space->ranges[i]);
        space->count = kept;
    } else {
        hgr_result result = cut_overlaps(space, status);
        if (result != HGR_OK)
            return result;
    }
    hgr_result result = hgr_resize(space->run, &space->starts, space->count, sizeof *space->starts,
                                   "starts of ranges", status);
    if (result != HGR_OK)
        return result;
    for (size_t i = 0; i < space->count; i++)
        space->starts[i] = space->ranges[i].start_addr;
    return HGR_OK;
}

/* ---- lookups ---- */

/* Index of the last range that starts at or below addr; the caller knows there is a range.
 * Branch-free inside: which way a search goes is a coin toss that no predictor learns. */
static size_t last_start_below(const hgr_space *space, uint64_t addr)
{
    const uint64_t *starts = space->starts;
    size_t at = 0;
    for (size_t left = space->count; left > 1;) {
        size_t half = left / 2;
        at = starts[at + half] <= addr ? at + half : at;
        left -= half;
    }
    return at;
}

const hgr_range *hgr_space_find(const hgr_space *space, uint64_t addr)
{
    if (space->count == 0)
        return NULL;
    const hgr_range *range = &space->ranges[last_start_below(space, addr)];
    return addr >= range->start_addr && addr < range->end_addr ? range : NULL;
}

const hgr_range *hgr_space_next(const hgr_space *space, uint64_t addr)
{
    if (space->count == 0)
        return NULL;
    const hgr_range *range = &space->ranges[last_start_below(space, addr)];
    if (range->end_addr <= addr)
        range++;
    return range < space->ranges + space->count ? range : NULL;
}

/* Does the range behind this one begin where it ends? Then that range, else NULL. */
static const hgr_range *neighbour(const hgr_space *space, const hgr_range *range)
{
    const hgr_range *right = range + 1;
    if (right == space->ranges + space->count || right->start_addr != range->end_addr)
        return NULL;
    return right;
}

uint64_t hgr_space_present(const hgr_space *space, uint64_t addr, uint64_t limit)
{
    const hgr_range *range = hgr_space_find(space, addr);
    uint64_t present = 0;
    while (range && present < limit) {
        present = range->end_addr - addr;
        range = neighbour(space, range);
    }
    return present < limit ? present : limit;
}

/* Do len bytes from addr (in range) lie side by side in the mapping, beyond the end of range too?
 */
static bool is_side_by_side(const hgr_space *space, const hgr_range *range, uint64_t addr,
                            uint64_t len)
{
    while (len > range->end_addr - addr) {
        const hgr_range *right = neighbour(space, range);
        if (!right || right->bytes != range->bytes + (range->end_addr - range->start_addr))
            return false;
        len -= range->end_addr - addr;
        addr = range->end_addr;
        range = right;
    }
    return true;
}

/* ---- page trace ---- */

struct hgr_space_trace {
    uint64_t *first; /* per range: number of its first page in bits */
    _Atomic uint64_t *bits;
};

static uint64_t page_of(uint64_t addr)
{
    return addr / HGR_TRACE_PAGE_BYTES;
}

hgr_result hgr_space_trace_begin(hgr_space *space, hgr_status *status)
{
    hgr_space_trace_end(space);
    struct hgr_space_trace *trace = NULL;
    hgr_result result = hgr_alloc(space->run, 1, sizeof *trace, "page trace", &trace, status);
    if (result != HGR_OK)
        return result;
    uint64_t pages = 0;
    result = hgr_alloc(space->run, space->count, sizeof *trace->first, "page trace", &trace->first,
                       status);
    if (result != HGR_OK)
        goto done;
    for (size_t i = 0; i < space->count; i++) {
        trace->first[i] = pages;
        pages += page_of(space->ranges[i].end_addr - 1) - page_of(space->starts[i]) + 1;
    }
    result = hgr_alloc(space->run, (size_t)(pages / 64 + 1), sizeof *trace->bits, "page trace",
                       &trace->bits, status);
    if (result != HGR_OK)
        goto done;
    space->trace = trace;
    trace = NULL;
done:
    if (trace)
        hgr_free(trace->first);
    hgr_free(trace);
    return result;
}

void hgr_space_trace_end(hgr_space *space)
{
    if (!space->trace)
        return;
    hgr_free((void *)(uintptr_t)space->trace->bits);
    hgr_free(space->trace->first);
    hgr_free(space->trace);
    space->trace = NULL;
}

/* Relaxed: bits only ever get set, and they are read after the readers have been joined. */
static void mark_pages(const hgr_space *space, const hgr_range *range, uint64_t addr, uint64_t len)
{
    while (len) {
        uint64_t here = range->end_addr - addr < len ? range->end_addr - addr : len;
        uint64_t base = space->trace->first[range - space->ranges] - page_of(range->start_addr);
        for (uint64_t page = page_of(addr); page <= page_of(addr + here - 1); page++) {
            _Atomic uint64_t *word = &space->trace->bits[(base + page) / 64];
            uint64_t bit = UINT64_C(1) << ((base + page) % 64);
            if (!(atomic_load_explicit(word, memory_order_relaxed) & bit))
                atomic_fetch_or_explicit(word, bit, memory_order_relaxed);
        }
        addr += here;
        len -= here;
        range++; /* the caller knows that the next one continues this one */
    }
}

bool hgr_space_traced(const hgr_space *space, size_t index, uint64_t addr)
{
    if (!space->trace)
        return false;
    uint64_t page = space->trace->first[index] + page_of(addr) - page_of(space->starts[index]);
    return atomic_load_explicit(&space->trace->bits[page / 64], memory_order_relaxed) >>
               (page % 64) &
           1;
}

/* ---- views and reads ---- */

const uint8_t *hgr_space_view(const hgr_space *space, uint64_t addr, uint64_t len)
{
    const hgr_range *range = hgr_space_find(space, addr);
    if (!range || !is_side_by_side(space, range, addr, len))
        return NULL;
    if (__builtin_expect(space->trace != NULL, 0))
        mark_pages(space, range, addr, len);
    return range->bytes + (addr - range->start_addr);
}

bool hgr_space_read(const hgr_space *space, uint64_t addr, void *buffer, size_t len)
{
    const hgr_range *range = hgr_space_find(space, addr);
    if (!range)
        return len == 0;
    if (len > range->end_addr - addr && hgr_space_present(space, addr, len) < len)
        return false;
    if (__builtin_expect(space->trace != NULL, 0))
        mark_pages(space, range, addr, len);
    uint8_t *to = buffer;
    while (len > range->end_addr - addr) {
        size_t here = (size_t)(range->end_addr - addr); /* < len */
        memcpy(to, range->bytes + (addr - range->start_addr), here);
        to += here;
        len -= here;
        addr = range->end_addr;
        range++;
    }
    memcpy(to, range->bytes + (addr - range->start_addr), len);
    return true;
}
