/* graph: referrers: u -> v here becomes v -> u there.
 *
 * Input: a graph. Output: its transpose; rows ascend by referrer, repeated references stay
 * repeated. Method: propagation blocking in two parallel phases without atomics. Targets are cut
 * into bins of 2^16 nodes, sources into parts of about equal work (cut by the graph, never by the
 * thread count). Phase 1 counts references per (part, bin), a prefix sum gives each pair its slice,
 * phase 2 drops each reference into its slice as {low 16 bits of the target, source}; phase 3 sorts
 * one bin at a time by counting, which stays inside the second-level cache. Parts are in source
 * order and both steps are stable, so rows come out ascending. Source: Beamer, Asanovic, Patterson,
 * IPDPS 2017, doi:10.1109/IPDPS.2017.112; the split of the pair into two narrow arrays (6 bytes a
 * reference instead of 8) is ours. */
#include "graph.h"

#include <stdlib.h>
#include <string.h>

#include "../base/parallel.h"
#include "../base/status.h"

#define BIN_BITS  16u
#define BIN_NODES (1u << BIN_BITS)
#define PARTS_MAX 256u
#define PART_WORK (1u << 18) /* nodes + references: below this a part is not worth a thread */

struct transpose {
    const hgr_graph *graph;
    const hgr_run *run;
    uint32_t nparts, nbins;
    uint32_t threads;     /* 1 for a small graph: waking others costs more than it saves */
    uint32_t *part_first; /* nparts + 1: first source of each part */
    uint64_t *slice;      /* [bin][part], + 1: counts, then where the pair's slice starts */
    uint16_t *low;        /* m: low bits of targets, by bin, then part, then source */
    uint32_t *source;     /* m, in the same order */
    uint32_t *row;        /* the answer */
    hgr_node *col;
};

/* First node u with row[u] + u >= work: cuts sources into parts of equal nodes + references. */
static uint32_t node_at_work(const hgr_graph *graph, uint64_t work)
{
    uint32_t lo = 0, hi = graph->n;
    while (lo < hi) {
        uint32_t mid = lo + (hi - lo) / 2;
        if ((uint64_t)graph->row[mid] + mid < work)
            lo = mid + 1;
        else
            hi = mid;
    }
    return lo;
}

static void cut_parts(struct transpose *t)
{
    uint64_t work = (uint64_t)t->graph->m + t->graph->n;
    for (uint32_t p = 0; p < t->nparts; p++)
        t->part_first[p] = node_at_work(t->graph, work / t->nparts * p);
    t->part_first[0] = 0;
    t->part_first[t->nparts] = t->graph->n;
}

static void count_part(struct transpose *t, uint32_t part)
{
    const uint32_t *row = t->graph->row;
    const hgr_node *col = t->graph->col;
    for (uint32_t e = row[t->part_first[part]]; e < row[t->part_first[part + 1]]; e++)
        t->slice[(uint64_t)(col[e] >> BIN_BITS) * t->nparts + part]++;
}

/* Afterwards slice[bin][part] is the end of its slice, which is where the next one starts. */
static void drop_part(struct transpose *t, uint32_t part)
{
    const uint32_t *row = t->graph->row;
    const hgr_node *col = t->graph->col;
    for (uint32_t u = t->part_first[part]; u < t->part_first[part + 1]; u++)
        for (uint32_t e = row[u]; e < row[u + 1]; e++) {
            uint64_t at = t->slice[(uint64_t)(col[e] >> BIN_BITS) * t->nparts + part]++;
            t->low[at] = (uint16_t)col[e]; /* the bin knows the high half */
            t->source[at] = u;
        }
}

/* cursor: BIN_NODES numbers of the calling thread. */
static void sort_bin(struct transpose *t, uint32_t bin, uint32_t *cursor)
{
    uint32_t lo = bin << BIN_BITS;
    uint32_t nodes = t->graph->n - lo < BIN_NODES ? t->graph->n - lo : BIN_NODES;
    uint64_t first = bin ? t->slice[(uint64_t)bin * t->nparts - 1] : 0;
    uint64_t last = t->slice[(uint64_t)(bin + 1) * t->nparts - 1];
    memset(cursor, 0, nodes * sizeof *cursor);
    for (uint64_t i = first; i < last; i++)
        cursor[t->low[i]]++;
    uint32_t at = (uint32_t)first; /* <= m, which is 32 bits */
    for (uint32_t v = 0; v < nodes; v++) {
        uint32_t count = cursor[v];
        t->row[lo + v] = at;
        cursor[v] = at;
        at += count;
    }
    for (uint64_t i = first; i < last; i++)
        t->col[cursor[t->low[i]]++] = t->source[i];
}

static void count_parts(struct transpose *t)
{
/* No race: part p writes only column p of slice.
 * Deterministic: parts are cut by the graph, not by thread. */
#pragma omp parallel for default(none) shared(t) schedule(dynamic, 1) num_threads(t->threads)
    for (uint32_t p = 0; p < t->nparts; p++)
        if (!hgr_run_cancelled(t->run))
            count_part(t, p);
}

static void drop_parts(struct transpose *t)
{
/* No race: each (bin, part) slice is written by the thread of that part alone.
 * Deterministic: the slices' places come from the prefix sum. */
#pragma omp parallel for default(none) shared(t) schedule(dynamic, 1) num_threads(t->threads)
    for (uint32_t p = 0; p < t->nparts; p++)
        if (!hgr_run_cancelled(t->run))
            drop_part(t, p);
}

static void sort_bins(struct transpose *t, uint32_t *cursors)
{
/* No race: bin b writes row and col of its own targets; the cursors belong to the thread.
 * Deterministic: a bin's content and order do not depend on who sorts it. */
#pragma omp parallel for default(none) shared(t, cursors) schedule(dynamic, 1)                     \
    num_threads(t->threads)
    for (uint32_t b = 0; b < t->nbins; b++)
        if (!hgr_run_cancelled(t->run))
            sort_bin(t, b, cursors + (size_t)hgr_thread_index() * BIN_NODES);
}

struct implied_pair {
    uint32_t target, source; /* in the given graph */
};

static int compare_pairs(const void *a, const void *b)
{
    const struct implied_pair *x = a, *y = b;
    if (x->target != y->target)
        return x->target < y->target ? -1 : 1;
    return x->source < y->source ? -1 : x->source > y->source;
}

/* First place in col[from, to) whose value is above u. */
static uint32_t upper_bound(const hgr_node *col, uint32_t from, uint32_t to, hgr_node u)
{
    while (from < to) {
        uint32_t mid = from + (to - from) / 2;
        if (col[mid] <= u)
            from = mid + 1;
        else
            to = mid;
    }
    return from;
}

/* Source of reference e. */
static uint32_t source_of(const hgr_graph *graph, uint32_t e)
{
    return upper_bound(graph->row, 0, graph->n + 1, e) - 1;
}

/* Implied references end their row, so of equal pairs (u, v) they are the last ones in v's row. */
static hgr_result carry_implied(const struct transpose *t, uint32_t **out, hgr_status *status)
{
    uint32_t n = t->graph->nimplied;
    struct implied_pair *pairs = NULL;
    uint32_t *implied = NULL;
    hgr_result result = hgr_alloc(t->run, n, sizeof *pairs, "implied references", &pairs, status);
    if (result == HGR_OK)
        result = hgr_alloc(t->run, n, sizeof *implied, "implied references", &implied, status);
    if (result != HGR_OK)
        goto done;
    for (uint32_t i = 0; i < n; i++) {
        uint32_t e = t->graph->implied[i];
        pairs[i] = (struct implied_pair){t->graph->col[e], source_of(t->graph, e)};
    }
    qsort(pairs, n, sizeof *pairs, compare_pairs);
    for (uint32_t i = 0, j; i < n; i = j) {
        for (j = i + 1; j < n && compare_pairs(&pairs[i], &pairs[j]) == 0; j++) {
        }
        uint32_t v = pairs[i].target;
        uint32_t end = upper_bound(t->col, t->row[v], t->row[v + 1], pairs[i].source);
        for (uint32_t k = i; k < j; k++)
            implied[k] = end - (j - k);
    }
    *out = implied;
done:
    hgr_free(pairs);
    return result;
}

static hgr_result alloc_all(struct transpose *t, uint32_t **cursors, hgr_status *status)
{
    uint32_t n = t->graph->n, m = t->graph->m;
    uint64_t work = (uint64_t)n + m;
    t->nparts = work / PART_WORK < PARTS_MAX ? (uint32_t)(work / PART_WORK) + 1 : PARTS_MAX;
    t->nbins = n / BIN_NODES + (n % BIN_NODES != 0);
    t->threads = hgr_run_threads_for(t->run, work, PART_WORK);
    size_t nslices = (size_t)t->nparts * t->nbins + 1;
    hgr_result result = hgr_alloc(t->run, t->nparts + 1, sizeof *t->part_first, "transpose parts",
                                  &t->part_first, status);
    if (result == HGR_OK)
        result =
            hgr_alloc(t->run, nslices, sizeof *t->slice, "transpose slices", &t->slice, status);
    if (result == HGR_OK)
        result = hgr_alloc(t->run, (size_t)t->threads * BIN_NODES, sizeof **cursors,
                           "transpose cursors", cursors, status);
    if (result == HGR_OK)
        result = hgr_alloc(t->run, m, sizeof *t->low, "transpose pairs", &t->low, status);
    if (result == HGR_OK)
        result = hgr_alloc(t->run, m, sizeof *t->source, "transpose pairs", &t->source, status);
    if (result == HGR_OK)
        result = hgr_alloc(t->run, (size_t)n + 1, sizeof *t->row, "referrer rows", &t->row, status);
    if (result == HGR_OK)
        result = hgr_alloc(t->run, m, sizeof *t->col, "referrers", &t->col, status);
    return result;
}

hgr_result hgr_graph_transpose(const hgr_graph *graph, const hgr_run *run, hgr_graph **out,
                               hgr_status *status)
{
    struct transpose t = {.graph = graph, .run = run};
    uint32_t *cursors = NULL, *implied = NULL;
    hgr_phase_timer timer = hgr_phase_begin(run, "referrers");
    hgr_result result = alloc_all(&t, &cursors, status);
    if (result != HGR_OK)
        goto done;
    cut_parts(&t);
    count_parts(&t);
    hgr_prefix_sum(t.slice, (size_t)t.nparts * t.nbins);
    drop_parts(&t);
    if ((result = hgr_run_check_cancel(run, status)) != HGR_OK)
        goto done;
    sort_bins(&t, cursors);
    t.row[graph->n] = graph->m;
    if ((result = hgr_run_check_cancel(run, status)) != HGR_OK)
        goto done;
    if (graph->nimplied && (result = carry_implied(&t, &implied, status)) != HGR_OK)
        goto done;
    result = hgr_graph_adopt(graph->n, graph->m, t.row, t.col, implied, graph->nimplied, run, out,
                             status);
done:
    if (result != HGR_OK) {
        hgr_free(implied);
        hgr_free(t.col);
        hgr_free(t.row);
    } else {
        hgr_phase_end(&timer, 0, graph->n, graph->m);
    }
    hgr_free(t.source);
    hgr_free(t.low);
    hgr_free(cursors);
    hgr_free(t.slice);
    hgr_free(t.part_first);
    return result;
}
