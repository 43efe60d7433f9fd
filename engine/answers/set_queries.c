/* answers: sets found in a graph: by a test, one reference away, kept alive by a set. */
#include "leaves.h"
#include "mark.h"
#include "roots.h"
#include "sets.h"
#include "../base/parallel.h"

#define BLOCK (1u << 16) /* nodes per block of a parallel loop; whole words of the result */

static uint32_t block_count(uint32_t n)
{
    return (uint32_t)(((uint64_t)n + BLOCK - 1) / BLOCK);
}

/* Half open, clipped to n. */
static uint32_t block_end(uint32_t n, uint32_t block)
{
    uint64_t end = ((uint64_t)block + 1) * BLOCK;
    return end < n ? (uint32_t)end : n;
}

/* ---- by a test ---- */

static void test_block(uint32_t n, uint32_t block, hgr_node_test_fn *test, const void *user,
                       uint64_t *bits)
{
    for (hgr_node u = block * BLOCK; u < block_end(n, block); u++)
        if (test(user, u))
            bits[u >> 6] |= UINT64_C(1) << (u & 63);
}

hgr_result hgr_set_where(uint32_t n, hgr_node_test_fn *test, const void *user, const hgr_run *run,
                         hgr_set **out, hgr_status *status)
{
    uint64_t *bits = NULL;
    hgr_result result =
        hgr_alloc(run, ((size_t)n + 63) / 64, sizeof *bits, "set bits", &bits, status);
    if (result != HGR_OK)
        return result;
    uint32_t nblocks = block_count(n), threads = hgr_run_threads_for(run, nblocks, 1);
    hgr_first_error none;
    hgr_first_error_init(&none);
    /* No race: a block is whole words of bits.
     * Deterministic: each bit depends on its node alone. */
    #pragma omp parallel for default(none) shared(n, test, user, bits, nblocks, run, none) \
            schedule(dynamic, 1) num_threads(threads)
    for (uint32_t b = 0; b < nblocks; b++)
        if (!hgr_run_skips(run, &none, b))
            test_block(n, b, test, user, bits);
    result = hgr_first_error_result(run, &none, status);
    if (result == HGR_OK)
        result = hgr_set_from_bits(bits, n, run, out, status);
    hgr_free(bits);
    return result;
}

/* ---- one reference away ---- */

static void add_targets(const hgr_graph *graph, const uint64_t *members, uint64_t *found)
{
    for (uint32_t word = 0; (uint64_t)word * 64 < graph->n; word++)
        for (uint64_t left = members[word]; left; left &= left - 1) {
            hgr_node u = word * 64 + (uint32_t)__builtin_ctzll(left);
            for (uint32_t e = graph->row[u]; e < graph->row[u + 1]; e++)
                found[graph->col[e] >> 6] |= UINT64_C(1) << (graph->col[e] & 63);
        }
}

static void add_referrers_of_block(const hgr_graph *graph, uint32_t block, const uint64_t *members,
                                   uint64_t *found)
{
    for (hgr_node u = block * BLOCK; u < block_end(graph->n, block); u++)
        for (uint32_t e = graph->row[u]; e < graph->row[u + 1]; e++)
            if (hgr_bit(members, graph->col[e])) {
                found[u >> 6] |= UINT64_C(1) << (u & 63);
                break;
            }
}

static hgr_result add_referrers(const hgr_graph *graph, const uint64_t *members, const hgr_run *run,
                                uint64_t *found, hgr_status *status)
{
    uint32_t nblocks = block_count(graph->n), threads = hgr_run_threads_for(run, nblocks, 1);
    hgr_first_error none;
    hgr_first_error_init(&none);
    /* No race: a block is whole words of found, members are only read.
     * Deterministic: each bit depends on its node alone. */
    #pragma omp parallel for default(none) shared(graph, members, found, nblocks, run, none) \
            schedule(dynamic, 1) num_threads(threads)
    for (uint32_t b = 0; b < nblocks; b++)
        if (!hgr_run_skips(run, &none, b))
            add_referrers_of_block(graph, b, members, found);
    return hgr_first_error_result(run, &none, status);
}

hgr_result hgr_set_neighbours(const hgr_graph *graph, const hgr_set *set, bool referrers,
                              const hgr_run *run, hgr_set **out, hgr_status *status)
{
    uint64_t *members = NULL, *found = NULL;
    hgr_result result = hgr_set_to_bits(set, graph->n, run, &members, status);
    if (result == HGR_OK)
        result = hgr_alloc(run, ((size_t)graph->n + 63) / 64, sizeof *found, "set bits", &found,
                           status);
    if (result != HGR_OK)
        goto done;
    if (referrers)
        result = add_referrers(graph, members, run, found, status);
    else
        add_targets(graph, members, found);
    if (result == HGR_OK)
        result = hgr_set_from_bits(found, graph->n, run, out, status);
done:
    hgr_free(found);
    hgr_free(members);
    return result;
}

/* ---- kept alive by a set ---- */

hgr_result hgr_set_retained(const hgr_graph *graph, const hgr_node *roots, size_t nroots,
                            const hgr_set *set, const hgr_run *run, hgr_set **out,
                            hgr_status *status)
{
    uint64_t *blocked = NULL, *all = NULL, *left = NULL, count;
    hgr_result result = hgr_roots_check(graph, roots, nroots, status);
    if (result == HGR_OK)
        result = hgr_set_to_bits(set, graph->n, run, &blocked, status);
    if (result == HGR_OK)
        result = hgr_mark(graph, roots, nroots, NULL, run, &all, &count, status);
    if (result == HGR_OK)
        result = hgr_mark(graph, roots, nroots, blocked, run, &left, &count, status);
    if (result != HGR_OK)
        goto done;
    for (size_t word = 0; word < ((size_t)graph->n + 63) / 64; word++)
        all[word] &= ~left[word];
    result = hgr_set_from_bits(all, graph->n, run, out, status);
done:
    hgr_free(left);
    hgr_free(all);
    hgr_free(blocked);
    return result;
}
