/* diff: hashes of objects that a move does not change.
 *
 * content = type, size and own bytes without references. structure = content refined twice by the
 * content of what is referred to, in slot order (Weisfeiler-Leman). Parallel over blocks of nodes;
 * each round reads the round before and writes its own array. */
#include "match.h"

#include <stdatomic.h>

#define PREFETCH 8 /* references ahead; a random read costs 30 ns, a round step 2 */

struct hashing {
    struct hgr_match_side *side;
    uint64_t *other; /* the other round */
};

static void hash_contents(struct hgr_match_side *side, hgr_node first, hgr_node end)
{
    const hgr_match_view *view = side->view;
    view->contents(view->user, first, end, side->structure + first);
    for (hgr_node u = first; u < end; u++) {
        uint64_t identity = view->type_identity(view->user, view->type_of(view->user, u));
        uint64_t hash = hgr_match_mix(side->structure[u] + identity) + view->bytes(view->user, u);
        side->structure[u] = hgr_match_mix(hash);
        side->content[u] = (uint32_t)side->structure[u];
    }
}

static void refine(const struct hgr_match_side *side, const uint64_t *from, uint64_t *to,
                   hgr_node first, hgr_node end)
{
    for (hgr_node u = first; u < end; u++) {
        uint32_t count;
        const hgr_node *targets = hgr_graph_targets(side->graph, u, &count);
        uint64_t hash = from[u];
        for (uint32_t e = 0; e < count; e++) {
            if (e + PREFETCH < count)
                __builtin_prefetch(&from[targets[e + PREFETCH]]);
            hash = hgr_match_mix(hash * 3 + from[targets[e]]);
        }
        to[u] = hash;
    }
}

static void content_block(void *user, hgr_node first, hgr_node end)
{
    hash_contents(((struct hashing *)user)->side, first, end);
}

static void first_round(void *user, hgr_node first, hgr_node end)
{
    const struct hashing *hashing = user;
    refine(hashing->side, hashing->side->structure, hashing->other, first, end);
}

static void second_round(void *user, hgr_node first, hgr_node end)
{
    const struct hashing *hashing = user;
    refine(hashing->side, hashing->other, hashing->side->structure, first, end);
}

/* No race: a block writes the hashes of its own nodes and reads those of the round before. */
hgr_result hgr_match_hash(struct hgr_match_side *side, const hgr_run *run, hgr_status *status)
{
    struct hashing hashing = {side, NULL};
    hgr_match_block_fn *const rounds[] = {content_block, first_round, second_round};
    hgr_result result =
        hgr_alloc(run, side->n, sizeof *hashing.other, "hashes", &hashing.other, status);
    for (int i = 0; result == HGR_OK && i < 3; i++)
        result = hgr_match_each_block(side->n, rounds[i], &hashing, run, status);
    hgr_free(hashing.other);
    return result;
}

/* ---- sole holders ---- */

/* Serial writers would race; the smallest and the number of holders do not depend on who comes
 * first. */
static void hold(_Atomic hgr_node *holder, hgr_node u)
{
    hgr_node seen = HGR_MATCH_NO_HOLDER;
    if (atomic_compare_exchange_strong_explicit(holder, &seen, u, memory_order_relaxed,
                                                memory_order_relaxed) ||
        seen == u || seen == HGR_MATCH_MANY)
        return;
    atomic_store_explicit(holder, HGR_MATCH_MANY, memory_order_relaxed);
}

static void hold_block(void *user, hgr_node first, hgr_node end)
{
    const struct hgr_match_side *side = user;
    _Atomic hgr_node *holder = (_Atomic hgr_node *)side->holder; /* same size and alignment */
    for (hgr_node u = first; u < end; u++) {
        uint32_t count;
        const hgr_node *targets = hgr_graph_targets(side->graph, u, &count);
        for (uint32_t e = 0; e < count; e++)
            hold(&holder[targets[e]], u);
    }
}

hgr_result hgr_match_find_holders(struct hgr_match_side *side, const hgr_run *run,
                                  hgr_status *status)
{
    hgr_result result =
        hgr_alloc(run, side->n, sizeof *side->holder, "holders", &side->holder, status);
    for (hgr_node u = 0; result == HGR_OK && u < side->n; u++)
        side->holder[u] = HGR_MATCH_NO_HOLDER;
    return result == HGR_OK ? hgr_match_each_block(side->n, hold_block, side, run, status) : result;
}
