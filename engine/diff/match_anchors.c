/* diff: pair the objects whose structure hash occurs once in each dump.
 *
 * A radix join: node ids are dealt into parts by the top bits of their hash (count, prefix sum,
 * fill), then every part is joined alone in a small table, in parallel. Parts hold nodes in
 * ascending order, so nothing depends on threads. Cost: two passes over the hashes, 4 bytes a node.
 */
#include "match.h"

#include <string.h>

#include "../base/parallel.h"

#define PART_BITS_MAX 12u
#define PART_NODES    (1u << 13) /* of one side: hashes and table stay in the second-level cache */
#define TABLE_FIRST   (1u << 15) /* entries: twice those of a part, both sides different */

#define MANY (UINT32_MAX - 1)

struct entry {
    uint64_t hash;
    hgr_node node[2]; /* HGR_NO_NODE = none, MANY = several */
};

struct table {
    struct entry *entries;
    size_t capacity, count; /* capacity: power of two */
};

struct join {
    struct hgr_match *match;
    uint32_t bits;      /* parts = 1 << bits */
    uint64_t *first[2]; /* parts + 1: where the part begins in nodes */
    hgr_node *nodes[2];
};

static uint32_t part_of(uint64_t hash, uint32_t bits)
{
    return bits ? (uint32_t)(hash >> (64 - bits)) : 0;
}

static bool is_empty(const struct entry *entry)
{
    return entry->node[0] == HGR_NO_NODE && entry->node[1] == HGR_NO_NODE;
}

static struct entry *find(const struct table *table, uint64_t hash)
{
    size_t at = (size_t)hash & (table->capacity - 1);
    while (!is_empty(&table->entries[at]) && table->entries[at].hash != hash)
        at = (at + 1) & (table->capacity - 1);
    return &table->entries[at];
}

static hgr_result renew(struct table *table, size_t capacity, const hgr_run *run,
                        hgr_status *status)
{
    struct table fresh = {.capacity = capacity, .count = table->count};
    hgr_result result =
        hgr_alloc(run, capacity, sizeof *fresh.entries, "join table", &fresh.entries, status);
    if (result != HGR_OK)
        return result;
    memset(fresh.entries, 0xff, capacity * sizeof *fresh.entries);
    for (size_t i = 0; i < table->capacity; i++)
        if (!is_empty(&table->entries[i]))
            *find(&fresh, table->entries[i].hash) = table->entries[i];
    hgr_free(table->entries);
    *table = fresh;
    return HGR_OK;
}

static hgr_result enter(struct table *table, uint64_t hash, int side, hgr_node node,
                        const hgr_run *run, hgr_status *status)
{
    struct entry *entry = find(table, hash);
    if (is_empty(entry)) {
        if (table->count * 2 >= table->capacity) {
            hgr_result result = renew(table, table->capacity * 2, run, status);
            if (result != HGR_OK)
                return result;
            entry = find(table, hash);
        }
        entry->hash = hash;
        table->count++;
    }
    entry->node[side] = entry->node[side] == HGR_NO_NODE ? node : MANY;
    return HGR_OK;
}

static hgr_result join_part(struct join *join, uint32_t part, struct table *table,
                            const hgr_run *run, hgr_status *status)
{
    hgr_result result = HGR_OK;
    memset(table->entries, 0xff, table->capacity * sizeof *table->entries);
    table->count = 0;
    for (int s = 0; s < 2; s++) {
        const uint64_t *hashes = join->match->side[s].structure;
        for (uint64_t i = join->first[s][part]; result == HGR_OK && i < join->first[s][part + 1];
             i++) {
            hgr_node u = join->nodes[s][i];
            if (i + 8 < join->first[s][part + 1])
                __builtin_prefetch(&hashes[join->nodes[s][i + 8]]);
            result = enter(table, hashes[u], s, u, run, status);
        }
    }
    for (size_t i = 0; result == HGR_OK && i < table->capacity; i++) {
        const struct entry *entry = &table->entries[i];
        if (entry->node[0] < MANY && entry->node[1] < MANY)
            hgr_match_pair(join->match, entry->node[0], entry->node[1], HGR_MATCH_STRUCTURE,
                           HGR_FATE_SURE);
    }
    return result;
}

/* One table a thread, made when it is first needed. */
static hgr_result join_one(struct join *join, uint32_t part, struct table *table,
                           const hgr_run *run, hgr_status *status)
{
    hgr_result result = HGR_OK;
    if (!table->entries)
        result = renew(table, TABLE_FIRST, run, status);
    return result == HGR_OK ? join_part(join, part, table, run, status) : result;
}

static hgr_result join_parts(struct join *join, const hgr_run *run, hgr_status *status)
{
    uint32_t nparts = 1u << join->bits;
    uint32_t threads = hgr_run_threads_for(run, nparts, 4);
    struct table *tables = NULL;
    hgr_first_error first_error;
    hgr_first_error_init(&first_error);
    hgr_result result = hgr_alloc(run, threads, sizeof *tables, "join tables", &tables, status);
    if (result != HGR_OK)
        return result;
/* No race: a hash is in one part only, so no node is paired by two parts.
 * Deterministic: what is unique does not depend on the order. */
#pragma omp parallel for default(none) shared(join, nparts, run, first_error, tables)              \
    schedule(dynamic, 1) num_threads(threads)
    for (uint32_t p = 0; p < nparts; p++) {
        hgr_status why = {0};
        if (!hgr_run_skips(run, &first_error, p) &&
            join_one(join, p, &tables[hgr_thread_index()], run, &why) != HGR_OK)
            hgr_first_error_set(&first_error, p, &why);
    }
    for (uint32_t t = 0; t < threads; t++)
        hgr_free(tables[t].entries);
    hgr_free(tables);
    return hgr_first_error_result(run, &first_error, status);
}

/* Deal the nodes of one side into parts. */
static hgr_result deal(struct join *join, int s, const hgr_run *run, hgr_status *status)
{
    const struct hgr_match_side *side = &join->match->side[s];
    size_t nparts = (size_t)1 << join->bits;
    hgr_result result =
        hgr_alloc(run, nparts + 1, sizeof *join->first[s], "parts", &join->first[s], status);
    if (result == HGR_OK)
        result = hgr_alloc(run, side->n, sizeof *join->nodes[s], "parts", &join->nodes[s], status);
    if (result != HGR_OK)
        return result;
    uint64_t *first = join->first[s];
    for (hgr_node u = 0; u < side->n; u++)
        first[part_of(side->structure[u], join->bits)]++;
    hgr_prefix_sum(first, nparts);
    for (hgr_node u = 0; u < side->n; u++)
        join->nodes[s][first[part_of(side->structure[u], join->bits)]++] = u;
    memmove(first + 1, first, nparts * sizeof *first); /* each now stands at its end */
    first[0] = 0;
    return hgr_run_check_cancel(run, status);
}

/* From here on structure is only compared for equality: half of it will do, and half the memory. */
static hgr_result fold(struct hgr_match_side *side, const hgr_run *run, hgr_status *status)
{
    hgr_result result =
        hgr_alloc(run, side->n, sizeof *side->likeness, "hashes", &side->likeness, status);
    for (hgr_node u = 0; result == HGR_OK && u < side->n; u++)
        side->likeness[u] = (uint32_t)(side->structure[u] >> 32);
    hgr_free(side->structure);
    side->structure = NULL;
    return result;
}

hgr_result hgr_match_anchors(struct hgr_match *match, const hgr_run *run, hgr_status *status)
{
    struct join join = {.match = match};
    uint32_t larger = match->side[0].n > match->side[1].n ? match->side[0].n : match->side[1].n;
    while (join.bits < PART_BITS_MAX && larger >> join.bits > PART_NODES)
        join.bits++;
    hgr_result result = deal(&join, 0, run, status);
    if (result == HGR_OK)
        result = deal(&join, 1, run, status);
    if (result == HGR_OK)
        result = join_parts(&join, run, status);
    for (int s = 0; s < 2; s++) {
        hgr_free(join.nodes[s]);
        hgr_free(join.first[s]);
        if (result == HGR_OK)
            result = fold(&match->side[s], run, status);
    }
    return result;
}
