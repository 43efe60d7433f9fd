/* heap: address <-> node.
 *
 * Input: one mark for each object start. Output: node of an address (a bit test, one rank, one
 * population count), the node before an address, address of a node (a sample, a short search in the
 * ranks, a select inside one word). Cost: 1 bit for each pointer-sized slot of present heap plus 32
 * bits of rank for each 64 slots: 2.3 % of a 64-bit heap, about 2 bytes an object, and 1/16 byte of
 * samples. Source: rank over a bitmap as in Jacobson, FOCS 1989, doi:10.1109/SFCS.1989.63533, with
 * one rank for each word: a second level was measured 4 times slower than the word-wise one. */
#include "objects.h"

#include "../base/parallel.h"
#include "../base/status.h"

#define INDEX_WORDS     65536u /* bitmap words of one block of the index: 512 kB */
#define BLOCKS_A_THREAD 2u     /* below this a thread costs more than it does */

static bool has_popcnt(void)
{
#if defined(__x86_64__)
    return __builtin_cpu_supports("popcnt") != 0;
#else
    return false;
#endif
}

size_t hgr_segment_at(const hgr_segment *segments, size_t nsegments, uint64_t addr)
{
    size_t lo = 0, hi = nsegments;
    while (lo < hi) {
        size_t mid = lo + (hi - lo) / 2;
        if (segments[mid].end_addr <= addr)
            lo = mid + 1;
        else
            hi = mid;
    }
    return lo < nsegments && segments[lo].start_addr <= addr ? lo : SIZE_MAX;
}

static hgr_result add_leaf(hgr_objects *objects, const hgr_run *run, uint32_t *out,
                           hgr_status *status)
{
    size_t first = objects->nleaves, count = (size_t)1 << HGR_LEAF_BITS;
    hgr_result result = hgr_grow(run, &objects->leaves, &objects->leaves_capacity, first + count,
                                 (size_t)(HGR_TOP_ENTRIES + 1) << HGR_LEAF_BITS,
                                 sizeof *objects->leaves, "heap directory", status);
    if (result != HGR_OK)
        return result;
    memset(objects->leaves + first, 0xff, count * sizeof *objects->leaves);
    objects->nleaves += count;
    *out = (uint32_t)first; /* <= 2^26 */
    return HGR_OK;
}

/* Give the granule (counted from base_addr) the next number unless it has the last one already. */
static hgr_result add_granule(hgr_objects *objects, const hgr_run *run, uint64_t granule,
                              hgr_status *status)
{
    size_t n = objects->ngranules;
    uint64_t top = granule >> HGR_LEAF_BITS;
    if ((n && objects->granules[n - 1] >= granule) || top >= HGR_TOP_ENTRIES)
        return HGR_OK;
    hgr_result result =
        hgr_grow(run, &objects->granules, &objects->granules_capacity, n + 1, HGR_GRANULES_MAX,
                 sizeof *objects->granules, "4 MiB pieces of present heap", status);
    if (result == HGR_OK && objects->top[top] == 0)
        result = add_leaf(objects, run, &objects->top[top], status);
    if (result != HGR_OK)
        return result;
    objects->granules[n] = granule;
    size_t entry = objects->top[top] + (granule & ((1u << HGR_LEAF_BITS) - 1));
    objects->leaves[entry] = (uint32_t)n; /* < HGR_GRANULES_MAX */
    objects->ngranules = n + 1;
    return HGR_OK;
}

/* Only granules with bytes in the dump count: what a hostile header promises costs nothing. */
static hgr_result add_segment(hgr_objects *objects, const hgr_run *run, const hgr_space *space,
                              const hgr_segment *segment, hgr_status *status)
{
    const hgr_range *end = space->ranges + space->count;
    const hgr_range *range = hgr_space_next(space, segment->start_addr);
    for (; range && range < end && range->start_addr < segment->end_addr; range++) {
        uint64_t from =
            range->start_addr > segment->start_addr ? range->start_addr : segment->start_addr;
        uint64_t to = range->end_addr < segment->end_addr ? range->end_addr : segment->end_addr;
        uint64_t first = (from - objects->base_addr) >> HGR_GRANULE_BITS;
        uint64_t last = (to - 1 - objects->base_addr) >> HGR_GRANULE_BITS;
        for (uint64_t granule = first; granule <= last; granule++) {
            hgr_result result = add_granule(objects, run, granule, status);
            if (result != HGR_OK)
                return result;
        }
    }
    return HGR_OK;
}

hgr_result hgr_objects_create(const hgr_source *source, const hgr_run *run, hgr_objects **out,
                              hgr_status *status)
{
    hgr_objects *objects = NULL;
    uint32_t empty;
    uint64_t previous_end = 0;
    hgr_result result = hgr_alloc(run, 1, sizeof *objects, "objects", &objects, status);
    if (result != HGR_OK)
        return result;
    objects->slot_bits = source->space->pointer_size == 4 ? 2 : 3;
    objects->popcnt = has_popcnt();
    objects->segments = source->segments;
    objects->nsegments = source->nsegments;
    if (source->nsegments)
        objects->base_addr = source->segments[0].start_addr & ~(HGR_GRANULE_BYTES - 1);
    result = hgr_alloc(run, HGR_TOP_ENTRIES + 1, sizeof *objects->top, "heap directory",
                       &objects->top, status);
    if (result == HGR_OK)
        result = add_leaf(objects, run, &empty, status); /* leaf 0: nothing there */
    for (size_t s = 0; result == HGR_OK && s < source->nsegments; s++)
        if (hgr_segment_is_sound(source, s, &previous_end))
            result = add_segment(objects, run, source->space, &source->segments[s], status);
    if (result == HGR_OK) {
        objects->nwords = objects->ngranules << (HGR_GRANULE_BITS - objects->slot_bits - 6);
        result = hgr_alloc(run, objects->nwords, sizeof *objects->bits, "object starts",
                           &objects->bits, status);
    }
    if (result == HGR_OK)
        result = hgr_alloc(run, objects->nwords + 1, sizeof *objects->rank, "object ranks",
                           &objects->rank, status);
    if (result == HGR_OK)
        *out = objects;
    else
        hgr_objects_free(objects);
    return result;
}

void hgr_objects_free(hgr_objects *objects)
{
    if (!objects)
        return;
    hgr_free(objects->samples);
    hgr_free(objects->rank);
    hgr_free(objects->bits);
    hgr_free(objects->granules);
    hgr_free(objects->leaves);
    hgr_free(objects->top);
    hgr_free(objects);
}

static uint64_t count_block(const hgr_objects *objects, size_t first, size_t last)
{
    uint64_t count = 0;
    bool popcnt = objects->popcnt;
    for (size_t w = first; w < last; w++)
        count += hgr_bits_count(objects->bits[w], popcnt);
    return count;
}

static void rank_block(hgr_objects *objects, size_t first, size_t last, uint32_t rank)
{
    bool popcnt = objects->popcnt;
    uint32_t sample = (rank + HGR_SAMPLE_NODES - 1) / HGR_SAMPLE_NODES;
    for (size_t w = first; w < last; w++) {
        objects->rank[w] = rank;
        rank += hgr_bits_count(objects->bits[w], popcnt);
        if ((uint64_t)sample * HGR_SAMPLE_NODES < rank) /* a word holds at most one such node */
            objects->samples[sample++] = (uint32_t)w;   /* < 2^32: HGR_GRANULES_MAX */
    }
}

static size_t block_end(const hgr_objects *objects, size_t block)
{
    size_t end = (block + 1) * INDEX_WORDS;
    return end < objects->nwords ? end : objects->nwords;
}

static void count_blocks(const hgr_objects *objects, uint64_t *counts, size_t nblocks,
                         const hgr_run *run)
{
    uint32_t threads = hgr_run_threads_for(run, nblocks, BLOCKS_A_THREAD);
/* No race: block b writes counts[b].
 * Deterministic: blocks are cut by address. */
#pragma omp parallel for default(none) shared(objects, counts, nblocks) schedule(static, 1)        \
    num_threads(threads)
    for (size_t b = 0; b < nblocks; b++)
        counts[b] = count_block(objects, b * INDEX_WORDS, block_end(objects, b));
}

static void rank_blocks(hgr_objects *objects, const uint64_t *counts, size_t nblocks,
                        const hgr_run *run)
{
    uint32_t threads = hgr_run_threads_for(run, nblocks, BLOCKS_A_THREAD);
/* No race: block b writes the ranks of its words and the samples of its nodes.
 * Deterministic: blocks are cut by address. */
#pragma omp parallel for default(none) shared(objects, counts, nblocks) schedule(static, 1)        \
    num_threads(threads)
    for (size_t b = 0; b < nblocks; b++)
        rank_block(objects, b * INDEX_WORDS, block_end(objects, b), (uint32_t)counts[b]);
}

hgr_result hgr_objects_index(hgr_objects *objects, const hgr_run *run, hgr_status *status)
{
    size_t nblocks = (objects->nwords + INDEX_WORDS - 1) / INDEX_WORDS;
    uint64_t *counts = NULL;
    hgr_result result =
        hgr_alloc(run, nblocks + 1, sizeof *counts, "object counts", &counts, status);
    if (result != HGR_OK)
        return result;
    count_blocks(objects, counts, nblocks, run);
    uint64_t n = hgr_prefix_sum(counts, nblocks);
    if (n >= HGR_NO_NODE) {
        hgr_free(counts);
        return hgr_fail(status, HGR_TOO_LARGE, "heap: %llu objects, limit 4294967294",
                        (unsigned long long)n);
    }
    result = hgr_alloc(run, (size_t)(n / HGR_SAMPLE_NODES + 2), sizeof *objects->samples,
                       "object samples", &objects->samples, status);
    if (result == HGR_OK) {
        objects->n = (uint32_t)n;
        rank_blocks(objects, counts, nblocks, run);
        objects->rank[objects->nwords] = objects->n;
        objects->samples[(objects->n + HGR_SAMPLE_NODES - 1) / HGR_SAMPLE_NODES] =
            (uint32_t)(objects->nwords ? objects->nwords - 1 : 0);
    }
    hgr_free(counts);
    return result;
}

uint32_t hgr_objects_count(const hgr_objects *objects)
{
    return objects->n;
}

hgr_node hgr_objects_at(const hgr_objects *objects, uint64_t addr)
{
    uint64_t slot = hgr_objects_slot(objects, addr);
    if (slot == HGR_NO_SLOT || addr & ((1u << objects->slot_bits) - 1))
        return HGR_NO_NODE;
    return hgr_objects_node(objects, slot, objects->popcnt);
}

/* How many objects start at or below addr, in the whole heap. */
static uint32_t count_until(const hgr_objects *objects, uint64_t addr)
{
    uint64_t slot = hgr_objects_slot(objects, addr);
    if (slot != HGR_NO_SLOT) {
        uint64_t upto = ~UINT64_C(0) >> (63 - (slot & 63));
        return objects->rank[slot >> 6] +
               hgr_bits_count(objects->bits[slot >> 6] & upto, objects->popcnt);
    }
    /* Absent memory in the middle of the heap: all granules below count in full. */
    uint64_t granule = (addr - objects->base_addr) >> HGR_GRANULE_BITS;
    size_t lo = 0, hi = objects->ngranules;
    while (lo < hi) {
        size_t mid = lo + (hi - lo) / 2;
        if (objects->granules[mid] < granule)
            lo = mid + 1;
        else
            hi = mid;
    }
    return objects->rank[lo << (HGR_GRANULE_BITS - objects->slot_bits - 6)];
}

hgr_node hgr_objects_before(const hgr_objects *objects, uint64_t addr)
{
    size_t segment = hgr_segment_at(objects->segments, objects->nsegments, addr);
    if (segment == SIZE_MAX)
        return HGR_NO_NODE;
    uint32_t count = count_until(objects, addr);
    if (count == 0)
        return HGR_NO_NODE;
    uint64_t start = hgr_objects_address(objects, count - 1);
    return start >= objects->segments[segment].start_addr ? count - 1 : HGR_NO_NODE;
}

/* The word that holds node: the last one whose rank is <= node. */
static size_t word_of(const hgr_objects *objects, hgr_node node)
{
    size_t lo = objects->samples[node / HGR_SAMPLE_NODES];
    size_t hi = objects->samples[node / HGR_SAMPLE_NODES + 1];
    for (unsigned step = 0; step < 8; step++) { /* nearly always near: objects are small */
        if (objects->rank[lo + 1] > node)
            return lo;
        lo++;
    }
    while (lo < hi) {
        size_t mid = lo + (hi - lo + 1) / 2;
        if (objects->rank[mid] <= node)
            lo = mid;
        else
            hi = mid - 1;
    }
    return lo;
}

uint64_t hgr_objects_address(const hgr_objects *objects, hgr_node node)
{
    size_t w = word_of(objects, node);
    uint64_t word = objects->bits[w];
    for (uint32_t skip = node - objects->rank[w]; skip; skip--)
        word &= word - 1;
    return hgr_objects_slot_address(objects, ((uint64_t)w << 6) | (uint64_t)__builtin_ctzll(word));
}

void hgr_objects_addresses(const hgr_objects *objects, hgr_node first, hgr_node end, uint64_t *out)
{
    if (first >= end)
        return;
    size_t w = word_of(objects, first);
    uint64_t word = objects->bits[w];
    for (uint32_t skip = first - objects->rank[w]; skip; skip--)
        word &= word - 1;
    for (hgr_node node = first; node < end; node++) {
        while (word == 0) /* there are `n` set bits in all, so another follows */
            word = objects->bits[++w];
        *out++ = hgr_objects_slot_address(objects,
                                          ((uint64_t)w << 6) | (uint64_t)__builtin_ctzll(word));
        word &= word - 1;
    }
}
