/* snapshot: strings by content.
 *
 * Input: a scanned heap. Output: (hash, node) of every string, equal ones side by side. Method:
 * count the strings of each block of nodes, prefix sum, hash each content into the block's slice;
 * scatter by the hash's top bits into buckets, block after block, so that equal strings stay in
 * node order; order each bucket by its next bits, then by insertion: hashes are uniform, so that is
 * linear. */
#include "snapshot.h"

#include <heapgraph/strings.h>
#include <stdlib.h>
#include <xxhash.h>

#include "../base/parallel.h"
#include "../base/status.h"

#define BLOCK_NODES 65536u
#define BUCKET_BITS 10u
#define BUCKETS     (1u << BUCKET_BITS)
#define PART_BITS   12u /* of a bucket's second order: some strings each in heaps of ten million */
#define PARTS       (1u << PART_BITS)
#define LONG_PART   32u

/* 96 bits of content hash and whose it is. */
typedef struct entry {
    uint64_t hash;
    uint32_t more;
    hgr_node node;
} entry;

struct hgr_strings {
    entry *entries; /* ascending by (hash, more, node) */
    size_t count;
    hgr_strings_totals totals;
};

/* One run of the phases. */
struct grouping {
    const hgr_snapshot *snapshot;
    const hgr_run *run;
    uint32_t threads, string_type;
    uint32_t n;
    size_t nblocks;
    uint64_t min_length;
    const uint64_t *among;      /* bit per node, NULL = all */
    uint64_t *first;            /* nblocks + 1: a block's slice of unordered */
    uint64_t *hashed;           /* nblocks: strings in the slice whose content is there */
    uint32_t *places;           /* nblocks x BUCKETS: counts, then where the block's next goes */
    uint64_t *bucket_first;     /* BUCKETS + 1 */
    hgr_strings_totals *totals; /* nblocks, then BUCKETS: summed up at the end */
    entry *unordered, *entries;
};

static bool is_among(const struct grouping *g, hgr_node node)
{
    return g->snapshot->heap->node_type[node] == g->string_type &&
           (!g->among || (g->among[node >> 6] >> (node & 63) & 1));
}

static hgr_node block_end(const struct grouping *g, size_t block)
{
    uint64_t end = ((uint64_t)block + 1) * BLOCK_NODES;
    return end < g->n ? (hgr_node)end : g->n;
}

/* ---- phase 1: count ---- */

static void count_block(struct grouping *g, size_t block)
{
    uint64_t count = 0;
    for (hgr_node node = (hgr_node)(block * BLOCK_NODES); node < block_end(g, block); node++)
        count += is_among(g, node);
    g->first[block] = count;
}

/* ---- phase 2: hash ---- */

/* len bytes at addr. Strings of a block lie in one range mostly: *near is the last one that held
 * some. */
static const uint8_t *view_near(const hgr_space *space, const hgr_range **near, uint64_t addr,
                                uint64_t len)
{
    const hgr_range *range = *near;
    if (!range || addr < range->start_addr || addr >= range->end_addr || space->trace)
        range = *near = hgr_space_find(space, addr);
    if (!range || space->trace || len > range->end_addr - addr)
        return hgr_space_view(space, addr, len);
    return range->bytes + (addr - range->start_addr);
}

/* The content of a string and its length; false when it is not in the dump. */
static bool hash_string(const struct grouping *g, const hgr_range **near, hgr_node node, entry *out,
                        uint32_t *length)
{
    const hgr_space *space = g->snapshot->runtime->space;
    uint64_t addr = hgr_node_address(g->snapshot, node) + space->pointer_size;
    const uint8_t *head = view_near(space, near, addr, sizeof *length);
    *length = 0;
    if (!head)
        return false;
    memcpy(length, head, sizeof *length);
    const uint8_t *whole = view_near(space, near, addr, sizeof *length + 2 * (uint64_t)*length);
    if (!whole)
        return false;
    XXH128_hash_t hash = XXH3_128bits(whole + sizeof *length, 2 * (size_t)*length);
    *out = (entry){hash.low64, (uint32_t)hash.high64, node};
    return true;
}

static void hash_block(struct grouping *g, size_t block)
{
    uint32_t *counts = g->places + block * BUCKETS;
    entry *slice = g->unordered + g->first[block];
    uint64_t hashed = 0;
    const hgr_range *near = NULL;
    hgr_strings_totals totals = {0};
    for (hgr_node node = (hgr_node)(block * BLOCK_NODES); node < block_end(g, block); node++) {
        uint32_t length;
        if (!is_among(g, node))
            continue;
        bool is_there = hash_string(g, &near, node, &slice[hashed], &length);
        if (is_there && length < g->min_length)
            continue;
        totals.strings++;
        totals.bytes += hgr_node_bytes(g->snapshot, node);
        totals.absent += !is_there;
        totals.longest = length > totals.longest ? length : totals.longest;
        if (is_there)
            counts[slice[hashed++].hash >> (64 - BUCKET_BITS)]++;
    }
    g->hashed[block] = hashed;
    g->totals[block] = totals;
}

/* ---- phase 3: scatter into buckets ---- */

/* counts[block][bucket] -> where that block's first entry of the bucket goes. Fewer than 2^32
 * nodes. */
static void place_buckets(struct grouping *g)
{
    uint64_t next = 0;
    for (size_t bucket = 0; bucket < BUCKETS; bucket++) {
        g->bucket_first[bucket] = next;
        for (size_t block = 0; block < g->nblocks; block++) {
            uint32_t *place = &g->places[block * BUCKETS + bucket], count = *place;
            *place = (uint32_t)next;
            next += count;
        }
    }
    g->bucket_first[BUCKETS] = next;
}

static void scatter_block(struct grouping *g, size_t block)
{
    uint32_t *places = g->places + block * BUCKETS;
    const entry *slice = g->unordered + g->first[block];
    for (uint64_t i = 0; i < g->hashed[block]; i++)
        g->entries[places[slice[i].hash >> (64 - BUCKET_BITS)]++] = slice[i];
}

/* ---- phase 4: order each bucket ---- */

static bool is_less(const entry *a, const entry *b)
{
    return a->hash != b->hash ? a->hash < b->hash : a->more < b->more;
}

static bool is_equal(const entry *a, const entry *b)
{
    return a->hash == b->hash && a->more == b->more;
}

static uint32_t part_of(const entry *e)
{
    return (uint32_t)(e->hash >> (64 - BUCKET_BITS - PART_BITS)) & (PARTS - 1);
}

static int compare(const void *left, const void *right)
{
    const entry *a = left, *b = right;
    if (!is_equal(a, b))
        return is_less(a, b) ? -1 : 1;
    return (a->node > b->node) - (a->node < b->node);
}

/* Stable. A part has few entries; only copies of one string, or a hostile heap, make it long. */
static void sort_part(entry *entries, uint64_t count)
{
    if (count > LONG_PART) {
        qsort(entries, (size_t)count, sizeof *entries, compare);
        return;
    }
    for (uint64_t i = 1; i < count; i++) {
        entry moving = entries[i];
        uint64_t at = i;
        for (; at > 0 && is_less(&moving, &entries[at - 1]); at--)
            entries[at] = entries[at - 1];
        entries[at] = moving;
    }
}

static void count_groups(struct grouping *g, const entry *entries, uint64_t count,
                         hgr_strings_totals *totals)
{
    for (uint64_t i = 0; i < count;) {
        uint64_t end = i + 1;
        while (end < count && is_equal(&entries[end], &entries[i]))
            end++;
        totals->distinct++;
        totals->repeated += end - i > 1;
        totals->wasted_bytes +=
            (end - i - 1) * hgr_node_bytes(g->snapshot, entries[i].node); /* equal: of one size */
        i = end;
    }
}

static void order_bucket(struct grouping *g, size_t bucket)
{
    uint32_t next[PARTS + 1] = {0}; /* 16 KiB */
    uint64_t from = g->bucket_first[bucket], count = g->bucket_first[bucket + 1] - from;
    entry *entries = g->entries + from, *spare = g->unordered + from;
    hgr_strings_totals *totals = &g->totals[g->nblocks + bucket];
    for (uint64_t i = 0; i < count; i++)
        next[part_of(&entries[i]) + 1]++;
    for (uint32_t part = 1; part <= PARTS; part++)
        next[part] += next[part - 1];
    for (uint64_t i = 0; i < count; i++)
        spare[next[part_of(&entries[i])]++] = entries[i];
    for (uint32_t part = 0, begin = 0; part < PARTS; begin = next[part], part++)
        sort_part(spare + begin, next[part] - begin);
    memcpy(entries, spare, count * sizeof *entries);
    count_groups(g, entries, count, totals);
}

/* ---- the phases, each in parallel ---- */

typedef void phase_fn(struct grouping *g, size_t index);

/* No race: each index writes its own slices only. Deterministic: blocks are cut by node, buckets by
 * hash, not by thread. */
static hgr_result run_phase(struct grouping *g, size_t count, phase_fn *phase, hgr_status *status)
{
#pragma omp parallel for default(none) shared(g, count, phase) schedule(dynamic, 4)                \
    num_threads(g->threads)
    for (size_t i = 0; i < count; i++)
        if (!hgr_run_cancelled(g->run))
            phase(g, i);
    return hgr_run_cancelled(g->run) ? hgr_fail(status, HGR_CANCELLED, "cancelled") : HGR_OK;
}

static uint32_t find_string_type(const hgr_snapshot *snapshot)
{
    for (uint32_t type = 0; type < snapshot->heap->ntypes; type++)
        if (snapshot->type_infos[type].is_string)
            return type;
    return UINT32_MAX;
}

static hgr_result prepare(struct grouping *g, hgr_status *status)
{
    hgr_result result =
        hgr_alloc(g->run, g->nblocks + 1, sizeof *g->first, "string blocks", &g->first, status);
    if (result == HGR_OK)
        result =
            hgr_alloc(g->run, g->nblocks, sizeof *g->hashed, "string blocks", &g->hashed, status);
    if (result == HGR_OK)
        result = hgr_alloc(g->run, g->nblocks * BUCKETS, sizeof *g->places, "string buckets",
                           &g->places, status);
    if (result == HGR_OK)
        result = hgr_alloc(g->run, BUCKETS + 1, sizeof *g->bucket_first, "string buckets",
                           &g->bucket_first, status);
    if (result == HGR_OK)
        result = hgr_alloc(g->run, g->nblocks + BUCKETS, sizeof *g->totals, "string totals",
                           &g->totals, status);
    return result;
}

static hgr_result group(struct grouping *g, hgr_strings *out, hgr_status *status)
{
    hgr_result result = run_phase(g, g->nblocks, count_block, status);
    if (result != HGR_OK)
        return result;
    uint64_t most = hgr_prefix_sum(g->first, g->nblocks);
    result =
        hgr_alloc(g->run, (size_t)most, sizeof *g->unordered, "strings", &g->unordered, status);
    if (result == HGR_OK)
        result = run_phase(g, g->nblocks, hash_block, status);
    if (result != HGR_OK)
        return result;
    place_buckets(g);
    out->count = (size_t)g->bucket_first[BUCKETS];
    result = hgr_alloc(g->run, out->count, sizeof *g->entries, "strings", &g->entries, status);
    if (result == HGR_OK)
        result = run_phase(g, g->nblocks, scatter_block, status);
    if (result == HGR_OK)
        result = run_phase(g, BUCKETS, order_bucket, status);
    return result;
}

static void add_totals(const struct grouping *g, hgr_strings_totals *out)
{
    for (size_t i = 0; i < g->nblocks + BUCKETS; i++) {
        const hgr_strings_totals *each = &g->totals[i];
        out->strings += each->strings;
        out->bytes += each->bytes;
        out->distinct += each->distinct;
        out->repeated += each->repeated;
        out->wasted_bytes += each->wasted_bytes;
        out->absent += each->absent;
        out->longest = each->longest > out->longest ? each->longest : out->longest;
    }
}

hgr_result hgr_strings_create(const hgr_snapshot *snapshot, const hgr_strings_options *options,
                              const hgr_run *run, hgr_strings **out, hgr_status *status)
{
    hgr_strings *strings = NULL;
    uint32_t n = hgr_graph_nodes(snapshot->heap->graph);
    struct grouping g = {
        .snapshot = snapshot,
        .run = run,
        .threads = run->threads,
        .string_type = find_string_type(snapshot),
        .n = n,
        .nblocks = ((size_t)n + BLOCK_NODES - 1) / BLOCK_NODES,
        .min_length = options ? options->min_length : 0,
        .among = options ? options->among : NULL,
    };
    if (g.nblocks < g.threads)
        g.threads = g.nblocks ? (uint32_t)g.nblocks : 1;
    hgr_result result = hgr_alloc(run, 1, sizeof *strings, "strings", &strings, status);
    if (result == HGR_OK)
        result = prepare(&g, status);
    if (result == HGR_OK)
        result = group(&g, strings, status);
    if (result == HGR_OK) {
        add_totals(&g, &strings->totals);
        strings->entries = g.entries;
        *out = strings;
    } else {
        hgr_free(g.entries);
        hgr_free(strings);
    }
    hgr_free(g.unordered);
    hgr_free(g.totals);
    hgr_free(g.bucket_first);
    hgr_free(g.places);
    hgr_free(g.hashed);
    hgr_free(g.first);
    return result;
}

void hgr_strings_free(hgr_strings *strings)
{
    if (!strings)
        return;
    hgr_free(strings->entries);
    hgr_free(strings);
}

const hgr_strings_totals *hgr_strings_get_totals(const hgr_strings *strings)
{
    return &strings->totals;
}

bool hgr_strings_next(const hgr_strings *strings, size_t *cursor, hgr_string_group *out)
{
    if (*cursor >= strings->count)
        return false;
    const entry *first = &strings->entries[*cursor];
    size_t end = *cursor + 1;
    while (end < strings->count && is_equal(&strings->entries[end], first))
        end++;
    *out = (hgr_string_group){*cursor, end - *cursor, first->node, first->hash};
    *cursor = end;
    return true;
}

hgr_node hgr_strings_member(const hgr_strings *strings, size_t member)
{
    return strings->entries[member].node;
}
