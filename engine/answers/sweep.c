/* answers: chaotic iteration over the reachable nodes.
 *
 * Reverse postorder first: on a graph without cycles one pass is all. Then passes backward and
 * forward in turn while they find much to do, because changes run along lists in both directions;
 * then a queue, so that a change that creeps through a long list costs its length, not passes. */
#include "sweep.h"

#include "../base/run.h"
#include "../base/status.h"

#define PASSES_MAX    8         /* whole passes before the queue takes over */
#define QUEUE_SHARE   32 /* the queue takes over when fewer than one node in so many is due */
#define CANCEL_STRIDE (1u << 18) /* nodes between two looks at the cancel flag */

static bool visit(struct hgr_sweep *sweep, hgr_node u)
{
    sweep->settled[u >> 6] |= UINT64_C(1) << (u & 63);
    sweep->due[u >> 6] &= ~(UINT64_C(1) << (u & 63));
    sweep->pending--;
    return ++sweep->visits <= sweep->max_visits && sweep->visit(sweep->user, u, sweep);
}

/* Rows of the nodes soon to come, then their targets' numbers, then the targets' values. */
static void prefetch(const struct hgr_sweep *sweep, const hgr_node *order, uint32_t left)
{
    const hgr_graph *graph = sweep->graph;
    if (left > 24)
        __builtin_prefetch(&graph->row[order[24]]);
    if (left > 16)
        __builtin_prefetch(&graph->col[graph->row[order[16]]]);
    if (left > 8) {
        uint32_t e = graph->row[order[8]], end = graph->row[order[8] + 1];
        for (uint32_t stop = end - e > 4 ? e + 4 : end; e < stop; e++)
            __builtin_prefetch((const char *)sweep->values + graph->col[e] * sweep->value_bytes);
    }
}

static hgr_result sweep_forward(struct hgr_sweep *sweep, bool everything, const hgr_run *run,
                                hgr_status *status)
{
    const hgr_node *order = sweep->tree->order;
    uint32_t reachable = sweep->tree->reachable;
    for (uint32_t i = 0; i < reachable && sweep->pending > 0; i++) {
        if (everything)
            prefetch(sweep, order + i, reachable - i);
        if (hgr_bit(sweep->due, order[i]) && !visit(sweep, order[i]))
            return hgr_fail(status, HGR_TOO_LARGE, "class sets: too many");
        if (i % CANCEL_STRIDE == 0 && hgr_run_cancelled(run))
            return hgr_run_check_cancel(run, status);
    }
    return HGR_OK;
}

static hgr_result sweep_backward(struct hgr_sweep *sweep, const hgr_run *run, hgr_status *status)
{
    const hgr_node *order = sweep->tree->order;
    for (uint32_t i = sweep->tree->reachable; i-- > 0 && sweep->pending > 0;) {
        if (hgr_bit(sweep->due, order[i]) && !visit(sweep, order[i]))
            return hgr_fail(status, HGR_TOO_LARGE, "class sets: too many");
        if (i % CANCEL_STRIDE == 0 && hgr_run_cancelled(run))
            return hgr_run_check_cancel(run, status);
    }
    return HGR_OK;
}

static hgr_result run_queue(struct hgr_sweep *sweep, const hgr_run *run, hgr_status *status)
{
    sweep->capacity = sweep->tree->reachable; /* each node is in at most once */
    hgr_result result = hgr_alloc(run, sweep->capacity, sizeof *sweep->queue, "nodes due",
                                  &sweep->queue, status);
    if (result != HGR_OK)
        return result;
    for (uint32_t i = 0; i < sweep->tree->reachable; i++)
        if (hgr_bit(sweep->due, sweep->tree->order[i]))
            sweep->queue[sweep->tail++] = sweep->tree->order[i];
    while (sweep->head < sweep->tail) {
        if (sweep->head % CANCEL_STRIDE == 0 && hgr_run_cancelled(run))
            return hgr_run_check_cancel(run, status);
        if (!visit(sweep, sweep->queue[sweep->head++ % sweep->capacity]))
            return hgr_fail(status, HGR_TOO_LARGE, "class sets: too many");
    }
    return HGR_OK;
}

/* Nodes without references have nobody to tell: never due. */
static hgr_result make_all_due(struct hgr_sweep *sweep, const hgr_run *run, hgr_status *status)
{
    const uint32_t *row = sweep->graph->row;
    size_t words = ((size_t)sweep->graph->n + 63) / 64;
    hgr_result result = hgr_alloc(run, words, sizeof *sweep->due, "nodes due", &sweep->due, status);
    if (result == HGR_OK)
        result = hgr_alloc(run, words, sizeof *sweep->settled, "settled nodes", &sweep->settled,
                           status);
    if (result != HGR_OK)
        return result;
    for (hgr_node u = 0; u < sweep->graph->n; u++) {
        bool due = row[u] != row[u + 1] && sweep->tree->idom[u] != HGR_NO_NODE;
        sweep->due[u >> 6] |= (uint64_t)due << (u & 63);
        sweep->pending += due;
    }
    return HGR_OK;
}

hgr_result hgr_sweep_run(struct hgr_sweep *sweep, const hgr_run *run, hgr_status *status)
{
    sweep->visits = sweep->pending = sweep->head = sweep->tail = 0;
    hgr_result result = make_all_due(sweep, run, status);
    if (result == HGR_OK)
        result = sweep_forward(sweep, true, run, status);
    for (int pass = 1; result == HGR_OK && pass < PASSES_MAX &&
                       sweep->pending > sweep->tree->reachable / QUEUE_SHARE; pass++)
        result = pass % 2 ? sweep_backward(sweep, run, status)
                          : sweep_forward(sweep, false, run, status);
    if (result == HGR_OK && sweep->pending > 0)
        result = run_queue(sweep, run, status);
    hgr_free(sweep->queue);
    hgr_free(sweep->settled);
    hgr_free(sweep->due);
    sweep->queue = NULL;
    sweep->due = sweep->settled = NULL;
    return result;
}
