/* answers: breadth-first spanning tree. graph + roots → distance, root and parent of every node.
 *
 * Level by level. Of the references that reach a node from the level above, the one with the
 * earliest root, then the smallest parent wins: both are one 64-bit number, kept inverted, so that
 * "nothing yet" is zero and the best is the largest. Its maximum does not depend on the order in
 * which a level is expanded, so neither does the tree depend on the threads. */
#include "reach.h"

#include "frontier.h"
#include "leaves.h"
#include "roots.h"

#define CANCEL_STRIDE (1u << 18) /* nodes of narrow levels between two looks at the cancel flag */

struct walk {
    const hgr_graph    *graph;
    const uint64_t     *blocked;
    hgr_reach          *reach;
    uint32_t            level; /* distance of the nodes found now */
    struct hgr_frontier frontier;
};

static uint64_t make_origin(uint32_t root, hgr_node parent)
{
    return ~((uint64_t)root << 32 | parent);
}

static bool may_enter(const struct walk *walk, hgr_node u)
{
    return !walk->blocked || !hgr_bit(walk->blocked, u);
}

/* Offer v a place below origin's parent; true when v is new. Only where no other thread works. */
static bool offer_alone(const struct walk *walk, hgr_node v, uint64_t origin)
{
    uint32_t distance = atomic_load_explicit(&walk->reach->distance[v], memory_order_relaxed);
    if (distance == 0 && may_enter(walk, v)) {
        atomic_store_explicit(&walk->reach->distance[v], walk->level, memory_order_relaxed);
        atomic_store_explicit(&walk->reach->origin[v], origin, memory_order_relaxed);
        return true;
    }
    if (distance == walk->level &&
        origin > atomic_load_explicit(&walk->reach->origin[v], memory_order_relaxed))
        atomic_store_explicit(&walk->reach->origin[v], origin, memory_order_relaxed);
    return false;
}

/* The same among threads. Relaxed: a level reads only origins that the level before wrote, and the
 * end of the parallel region lies between the two. */
static bool offer(const struct walk *walk, hgr_node v, uint64_t origin)
{
    _Atomic uint32_t *distance = &walk->reach->distance[v];
    _Atomic uint64_t *kept = &walk->reach->origin[v];
    uint32_t seen = atomic_load_explicit(distance, memory_order_relaxed);
    bool fresh = false;
    if (seen == 0 && may_enter(walk, v)) {
        fresh = atomic_compare_exchange_strong_explicit(distance, &seen, walk->level,
                                                        memory_order_relaxed, memory_order_relaxed);
        seen = walk->level; /* ours, or another thread's of this very level */
    }
    if (seen != walk->level)
        return false;
    uint64_t best = atomic_load_explicit(kept, memory_order_relaxed);
    while (origin > best && !atomic_compare_exchange_weak_explicit(
                                kept, &best, origin, memory_order_relaxed, memory_order_relaxed)) {
    }
    return fresh;
}

static void enter_roots(struct walk *walk, const hgr_node *roots, size_t nroots)
{
    uint32_t tail = 0;
    walk->level = 1;
    for (size_t r = 0; r < nroots; r++)
        if (offer_alone(walk, roots[r], make_origin((uint32_t)r, walk->graph->n)))
            walk->frontier.queue[tail++] = roots[r];
    atomic_store_explicit(&walk->frontier.tail, tail, memory_order_relaxed);
}

/* Same root as u, u as parent. */
static uint64_t origin_below(const struct walk *walk, hgr_node u)
{
    uint64_t above = ~atomic_load_explicit(&walk->reach->origin[u], memory_order_relaxed);
    return make_origin((uint32_t)(above >> 32), u);
}

static void expand_alone(struct walk *walk)
{
    const hgr_graph *graph = walk->graph;
    hgr_node *queue = walk->frontier.queue;
    uint32_t tail = walk->frontier.end;
    for (uint32_t i = walk->frontier.first; i < walk->frontier.end; i++) {
        hgr_frontier_prefetch(graph, queue, i, walk->frontier.end);
        uint64_t origin = origin_below(walk, queue[i]);
        for (uint32_t e = graph->row[queue[i]]; e < graph->row[queue[i] + 1]; e++)
            if (offer_alone(walk, graph->col[e], origin))
                queue[tail++] = graph->col[e];
    }
    atomic_store_explicit(&walk->frontier.tail, tail, memory_order_relaxed);
}

static void expand_block(struct walk *walk, uint32_t block)
{
    const hgr_graph *graph = walk->graph;
    const hgr_node *queue = walk->frontier.queue;
    uint32_t first = walk->frontier.first + block * HGR_FRONTIER_BLOCK;
    uint32_t end = walk->frontier.end - first > HGR_FRONTIER_BLOCK ? first + HGR_FRONTIER_BLOCK
                                                                   : walk->frontier.end;
    struct hgr_claimed claimed;
    claimed.frontier = &walk->frontier;
    claimed.count = 0;
    for (uint32_t i = first; i < end; i++) {
        hgr_frontier_prefetch(graph, queue, i, end);
        uint64_t origin = origin_below(walk, queue[i]);
        for (uint32_t e = graph->row[queue[i]]; e < graph->row[queue[i] + 1]; e++)
            if (offer(walk, graph->col[e], origin))
                hgr_claimed_add(&claimed, graph->col[e]);
    }
    hgr_claimed_flush(&claimed);
}

static void expand_level(struct walk *walk, const hgr_run *run)
{
    uint32_t threads = hgr_frontier_threads(&walk->frontier, run);
    if (threads == 1) {
        expand_alone(walk);
        return;
    }
    uint32_t nodes = walk->frontier.end - walk->frontier.first;
    uint32_t nblocks = (nodes + HGR_FRONTIER_BLOCK - 1) / HGR_FRONTIER_BLOCK;
    hgr_first_error none;
    hgr_first_error_init(&none);
/* No race: a node is claimed by compare-and-swap of its distance, its origin is an atomic maximum.
 * Deterministic: neither depends on the order of offers. */
#pragma omp parallel for default(none) shared(walk, nblocks, run, none) schedule(dynamic, 1)       \
    num_threads(threads)
    for (uint32_t b = 0; b < nblocks; b++)
        if (!hgr_run_skips(run, &none, b))
            expand_block(walk, b);
}

static hgr_result walk_levels(struct walk *walk, hgr_node target, const hgr_run *run,
                              hgr_status *status)
{
    struct hgr_frontier *frontier = &walk->frontier;
    uint32_t next_look = 0;
    for (;;) {
        frontier->end = atomic_load_explicit(&frontier->tail, memory_order_relaxed);
        uint32_t end = frontier->end;
        if (end == frontier->first)
            break;
        if (end >= next_look) {
            hgr_run_progress(run, "reach", end, walk->graph->n);
            hgr_result result = hgr_run_check_cancel(run, status);
            if (result != HGR_OK)
                return result;
            next_look = end > UINT32_MAX - CANCEL_STRIDE ? UINT32_MAX : end + CANCEL_STRIDE;
        }
        if (target != HGR_NO_NODE && hgr_reach_has(walk->reach, target))
            break;
        walk->level++;
        expand_level(walk, run);
        frontier->first = end;
    }
    walk->reach->count = frontier->end;
    return hgr_run_check_cancel(run, status);
}

hgr_result hgr_reach_until(const hgr_graph *graph, const hgr_node *roots, size_t nroots,
                           const uint64_t *blocked, hgr_node target, const hgr_run *run,
                           hgr_reach **out, hgr_status *status)
{
    struct walk walk = {.graph = graph, .blocked = blocked};
    hgr_phase_timer timer = hgr_phase_begin(run, "reach");
    hgr_result result = hgr_roots_check(graph, roots, nroots, status);
    if (result == HGR_OK)
        result = hgr_alloc(run, 1, sizeof *walk.reach, "reach", &walk.reach, status);
    if (result != HGR_OK)
        return result;
    hgr_reach *reach = walk.reach;
    reach->n = graph->n;
    result =
        hgr_alloc(run, graph->n, sizeof *reach->distance, "distances", &reach->distance, status);
    if (result == HGR_OK)
        result = hgr_alloc(run, graph->n, sizeof *reach->origin, "parents", &reach->origin, status);
    if (result == HGR_OK)
        result = hgr_alloc(run, graph->n, sizeof(hgr_node), "queue", &walk.frontier.queue, status);
    if (result != HGR_OK)
        goto done;
    enter_roots(&walk, roots, nroots);
    result = walk_levels(&walk, target, run, status);
    if (result != HGR_OK)
        goto done;
    hgr_phase_end(&timer, 0, graph->n, graph->m);
    *out = reach;
    reach = NULL;
done:
    hgr_free(walk.frontier.queue);
    hgr_reach_free(reach);
    return result;
}

hgr_result hgr_reach_create(const hgr_graph *graph, const hgr_node *roots, size_t nroots,
                            const uint64_t *blocked, const hgr_run *run, hgr_reach **out,
                            hgr_status *status)
{
    return hgr_reach_until(graph, roots, nroots, blocked, HGR_NO_NODE, run, out, status);
}

void hgr_reach_free(hgr_reach *reach)
{
    if (!reach)
        return;
    hgr_free(reach->origin);
    hgr_free(reach->distance);
    hgr_free(reach);
}

uint64_t hgr_reach_count(const hgr_reach *reach)
{
    return reach->count;
}

bool hgr_reach_has(const hgr_reach *reach, hgr_node u)
{
    return atomic_load_explicit(&reach->distance[u], memory_order_relaxed) != 0;
}

hgr_node hgr_reach_parent(const hgr_reach *reach, hgr_node u)
{
    return (hgr_node)~atomic_load_explicit(&reach->origin[u], memory_order_relaxed);
}

uint32_t hgr_reach_distance(const hgr_reach *reach, hgr_node u)
{
    return atomic_load_explicit(&reach->distance[u], memory_order_relaxed);
}

uint32_t hgr_reach_root(const hgr_reach *reach, hgr_node u)
{
    return (uint32_t)(~atomic_load_explicit(&reach->origin[u], memory_order_relaxed) >> 32);
}
