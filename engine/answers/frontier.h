/* answers: the queue of a breadth-first walk. Level by level; a level is one slice of the queue.
 *
 * Wide levels are expanded in parallel: each thread collects what it claimed in a buffer and moves
 * it to the queue's end in one piece. The order within a level then depends on the schedule, hence
 * no answer may depend on it. */
#ifndef HGR_ANSWERS_FRONTIER_H
#define HGR_ANSWERS_FRONTIER_H

#include <stdatomic.h>
#include <string.h>
#include "../base/parallel.h"
#include "../graph/graph.h"

#define HGR_FRONTIER_BLOCK  1024u /* nodes of a level that one thread expands at a time */
#define HGR_FRONTIER_SERIAL 8192u /* levels below this stay with one thread */
#define HGR_FRONTIER_BUFFER 1024u /* claimed nodes a thread collects */

struct hgr_frontier {
    hgr_node         *queue; /* n: every node enters once */
    uint32_t          first, end; /* the level being expanded */
    _Atomic uint32_t  tail; /* where the next level ends so far */
};

/** What one thread has claimed and not yet moved to the queue. */
struct hgr_claimed {
    struct hgr_frontier *frontier;
    uint32_t             count;
    hgr_node             nodes[HGR_FRONTIER_BUFFER];
};

static inline void hgr_claimed_flush(struct hgr_claimed *claimed)
{
    /* Relaxed: the places are disjoint, and the end of the parallel region orders the writes. */
    uint32_t at = atomic_fetch_add_explicit(&claimed->frontier->tail, claimed->count,
                                            memory_order_relaxed);
    memcpy(claimed->frontier->queue + at, claimed->nodes, claimed->count * sizeof(hgr_node));
    claimed->count = 0;
}

static inline void hgr_claimed_add(struct hgr_claimed *claimed, hgr_node u)
{
    claimed->nodes[claimed->count++] = u;
    if (claimed->count == HGR_FRONTIER_BUFFER)
        hgr_claimed_flush(claimed);
}

/** Threads for the current level: one where waking the others costs more than the level. */
static inline uint32_t hgr_frontier_threads(const struct hgr_frontier *frontier, const hgr_run *run)
{
    uint32_t nodes = frontier->end - frontier->first;
    return nodes < HGR_FRONTIER_SERIAL ? 1 : hgr_run_threads_for(run, nodes, HGR_FRONTIER_BLOCK);
}

/** Fetch early what expanding the nodes soon to come will touch: row, then targets. */
static inline void hgr_frontier_prefetch(const hgr_graph *graph, const hgr_node *queue, uint32_t i,
                                         uint32_t end)
{
    if (end - i > 16)
        __builtin_prefetch(&graph->row[queue[i + 16]]);
    if (end - i > 8)
        __builtin_prefetch(&graph->col[graph->row[queue[i + 8]]]);
}

#endif
