/* answers: visit nodes until nothing changes any more (chaotic iteration). */
#ifndef HGR_ANSWERS_SWEEP_H
#define HGR_ANSWERS_SWEEP_H

#include "domtree.h"
#include "leaves.h"
#include "../graph/graph.h"

struct hgr_sweep;
/** Recompute u's value and offer it to its targets; hgr_sweep_wake those whose value changes. false
 * = stop. */
typedef bool hgr_sweep_visit_fn(void *user, hgr_node u, struct hgr_sweep *sweep);

struct hgr_sweep {
    const hgr_graph    *graph;
    const hgr_domtree  *tree;
    hgr_sweep_visit_fn *visit;
    void               *user;
    const void         *values;     /* of the nodes, fetched early */
    size_t              value_bytes;
    uint64_t            max_visits; /* more is HGR_TOO_LARGE */
    /* The sweep's own: */
    uint64_t *due;     /* bit per node: to be visited; never for nodes without references */
    uint64_t *settled; /* bit per node: visited, and not woken since */
    uint64_t  pending; /* nodes due */
    uint64_t  visits;
    hgr_node *queue;   /* ring of `capacity`, NULL during whole passes */
    uint64_t  head, tail, capacity;
};

/**
 * Visit every reachable node that has references, first in reverse postorder, then those that were
 * woken, until none is left.
 *
 * Errors   HGR_TOO_LARGE (max_visits reached, or visit returned false), HGR_NO_MEMORY,
 * HGR_CANCELLED.
 */
HGR_MUST_CHECK hgr_result hgr_sweep_run(struct hgr_sweep *sweep, const hgr_run *run,
                                        hgr_status *status);

/** u's value has changed: visit it (again). For nodes that were visited before; others are due
 * anyway. */
static inline void hgr_sweep_wake(struct hgr_sweep *sweep, hgr_node u)
{
    if (!hgr_bit(sweep->settled, u))
        return;
    sweep->settled[u >> 6] &= ~(UINT64_C(1) << (u & 63));
    sweep->due[u >> 6] |= UINT64_C(1) << (u & 63);
    sweep->pending++;
    if (sweep->queue)
        sweep->queue[sweep->tail++ % sweep->capacity] = u;
}

#endif
