/* answers: reachability as a bitmap. graph + roots − blocked nodes → bits. */
#include "mark.h"

#include "frontier.h"
#include "leaves.h"

#define CANCEL_STRIDE (1u << 18) /* nodes of narrow levels between two looks at the cancel flag */

struct marking {
    const hgr_graph     *graph;
    const uint64_t      *blocked;
    _Atomic uint64_t    *bits; /* relaxed: each bit stands for itself */
    struct hgr_frontier  frontier;
};

static bool is_blocked(const struct marking *marking, hgr_node u)
{
    return marking->blocked && hgr_bit(marking->blocked, u);
}

static bool is_marked(const struct marking *marking, hgr_node u)
{
    return atomic_load_explicit(&marking->bits[u >> 6], memory_order_relaxed) >> (u & 63) & 1;
}

/* Only where no other thread is at work. */
static void mark_alone(struct marking *marking, hgr_node u)
{
    _Atomic uint64_t *word = &marking->bits[u >> 6];
    uint64_t bit = UINT64_C(1) << (u & 63);
    atomic_store_explicit(word, atomic_load_explicit(word, memory_order_relaxed) | bit,
                          memory_order_relaxed);
}

static void mark_roots(struct marking *marking, const hgr_node *roots, size_t nroots)
{
    uint32_t tail = 0;
    for (size_t r = 0; r < nroots; r++) {
        if (is_marked(marking, roots[r]) || is_blocked(marking, roots[r]))
            continue;
        mark_alone(marking, roots[r]);
        marking->frontier.queue[tail++] = roots[r];
    }
    atomic_store_explicit(&marking->frontier.tail, tail, memory_order_relaxed);
}

static void expand_alone(struct marking *marking)
{
    const hgr_graph *graph = marking->graph;
    struct hgr_frontier *frontier = &marking->frontier;
    hgr_node *queue = frontier->queue;
    uint32_t tail = frontier->end;
    for (uint32_t i = frontier->first; i < frontier->end; i++) {
        hgr_frontier_prefetch(graph, queue, i, frontier->end);
        for (uint32_t e = graph->row[queue[i]]; e < graph->row[queue[i] + 1]; e++) {
            hgr_node v = graph->col[e];
            if (is_marked(marking, v) || is_blocked(marking, v))
                continue;
            mark_alone(marking, v);
            queue[tail++] = v;
        }
    }
    atomic_store_explicit(&frontier->tail, tail, memory_order_relaxed);
}

static void expand_block(struct marking *marking, uint32_t block)
{
    const hgr_graph *graph = marking->graph;
    const struct hgr_frontier *frontier = &marking->frontier;
    uint32_t first = frontier->first + block * HGR_FRONTIER_BLOCK;
    uint32_t end = frontier->end - first > HGR_FRONTIER_BLOCK ? first + HGR_FRONTIER_BLOCK
                                                              : frontier->end;
    struct hgr_claimed claimed;
    claimed.frontier = &marking->frontier;
    claimed.count = 0;
    for (uint32_t i = first; i < end; i++) {
        hgr_frontier_prefetch(graph, frontier->queue, i, end);
        for (uint32_t e = graph->row[frontier->queue[i]]; e < graph->row[frontier->queue[i] + 1];
             e++) {
            hgr_node v = graph->col[e];
            if (is_marked(marking, v) || is_blocked(marking, v))
                continue;
            uint64_t bit = UINT64_C(1) << (v & 63);
            if (!(atomic_fetch_or_explicit(&marking->bits[v >> 6], bit, memory_order_relaxed) &
                  bit))
                hgr_claimed_add(&claimed, v);
        }
    }
    hgr_claimed_flush(&claimed);
}

static void expand_level(struct marking *marking, const hgr_run *run)
{
    struct hgr_frontier *frontier = &marking->frontier;
    uint32_t threads = hgr_frontier_threads(frontier, run);
    if (threads == 1) {
        expand_alone(marking);
        return;
    }
    uint32_t nodes = frontier->end - frontier->first;
    uint32_t nblocks = (nodes + HGR_FRONTIER_BLOCK - 1) / HGR_FRONTIER_BLOCK;
    hgr_first_error none;
    hgr_first_error_init(&none);
    /* No race: a bit is claimed by fetch-or, and its claimer alone queues the node.
     * Deterministic: the set of claimed nodes does not depend on who claims them. */
    #pragma omp parallel for default(none) shared(marking, nblocks, run, none) \
            schedule(dynamic, 1) num_threads(threads)
    for (uint32_t b = 0; b < nblocks; b++)
        if (!hgr_run_skips(run, &none, b))
            expand_block(marking, b);
}

static hgr_result walk(struct marking *marking, const hgr_run *run, hgr_status *status)
{
    struct hgr_frontier *frontier = &marking->frontier;
    uint32_t next_look = 0;
    for (;;) {
        uint32_t end = atomic_load_explicit(&frontier->tail, memory_order_relaxed);
        frontier->end = end;
        if (end == frontier->first)
            return hgr_run_check_cancel(run, status);
        if (end >= next_look) {
            hgr_result result = hgr_run_check_cancel(run, status);
            if (result != HGR_OK)
                return result;
            next_look = end > UINT32_MAX - CANCEL_STRIDE ? UINT32_MAX : end + CANCEL_STRIDE;
        }
        expand_level(marking, run);
        frontier->first = end;
    }
}

hgr_result hgr_mark(const hgr_graph *graph, const hgr_node *roots, size_t nroots,
                    const uint64_t *blocked, const hgr_run *run, uint64_t **out_bits,
                    uint64_t *out_count, hgr_status *status)
{
    uint64_t *bits = NULL;
    struct marking marking = {.graph = graph, .blocked = blocked};
    size_t words = ((size_t)graph->n + 63) / 64;
    hgr_result result = hgr_alloc(run, words, sizeof *bits, "marks", &bits, status);
    marking.bits = (_Atomic uint64_t *)bits; /* plain again once the walk is over */
    if (result == HGR_OK)
        result =
            hgr_alloc(run, graph->n, sizeof(hgr_node), "queue", &marking.frontier.queue, status);
    if (result != HGR_OK)
        goto done;
    mark_roots(&marking, roots, nroots);
    result = walk(&marking, run, status);
    if (result != HGR_OK)
        goto done;
    *out_count = marking.frontier.first;
    *out_bits = bits;
    bits = NULL;
done:
    hgr_free(marking.frontier.queue);
    hgr_free(bits);
    return result;
}
