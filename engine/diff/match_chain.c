/* diff: part the few pairs that stand against many.
 *
 * Survivors that were slid together are a chain: pairs that ascend in both dumps and are no further
 * apart than they were. A short chain between two longer ones that fit together, itself elsewhere,
 * is made of look-alikes: objects equal by chance, or made since in the likeness of dead ones.
 * Serial: one pass over the pairs, then one over the chains. 16 bytes a chain meanwhile. */
#include "match.h"

#include <stdint.h>

#define SLACK         16 /* objects that may have come between two pairs, in a hole that was swept */
#define STRAYS_MAX    512 /* chains that one may hide */
#define SOLID_ANCHORS 3   /* of a chain that is no accident */
#define STRAY_PAIRS                                                                                \
    32 /* of a chain that may be parted: more are not alike by chance, anchors or not */

struct chain {
    hgr_node first, last; /* older dump's nodes */
    uint32_t pairs, anchors;
};

struct chains {
    const struct hgr_match *match;
    struct chain *chains;
    size_t count, capacity;
};

/* Can u1 < u2 have been slid together? */
static bool is_together(const struct hgr_match_side *side, hgr_node u1, hgr_node u2)
{
    hgr_node w1 = side->mate[u1], w2 = side->mate[u2];
    return w1 < w2 && (uint64_t)(w2 - w1) <= (uint64_t)(u2 - u1) + SLACK;
}

static hgr_result list_chains(struct chains *chains, const hgr_run *run, hgr_status *status)
{
    const struct hgr_match_side *side = &chains->match->side[0];
    struct chain *last = NULL;
    for (hgr_node u = 0; u < side->n; u++) {
        if (!hgr_match_is_neighbour(side, u))
            continue;
        uint32_t anchor = side->fate[u] >> 4 == HGR_MATCH_STRUCTURE;
        if (last && is_together(side, last->last, u)) {
            last->last = u;
            last->pairs++;
            last->anchors += anchor;
            continue;
        }
        hgr_result result = hgr_grow(run, &chains->chains, &chains->capacity, chains->count + 1,
                                     UINT32_MAX - 1, sizeof *chains->chains, "chains", status);
        if (result != HGR_OK)
            return result;
        last = &chains->chains[chains->count++];
        *last = (struct chain){u, u, 1, anchor};
    }
    return HGR_OK;
}

static void part_chain(struct hgr_match *match, const struct chain *chain)
{
    for (hgr_node u = chain->first; u <= chain->last; u++)
        if (hgr_match_is_neighbour(&match->side[0], u))
            hgr_match_part(match, u);
}

/* Some objects may have been moved elsewhere together. Anchors are found one by one, so several in
 * a row are no accident; what was paired because of them proves nothing. */
static bool is_solid(const struct chain *chain)
{
    return chain->anchors >= SOLID_ANCHORS || chain->pairs > STRAY_PAIRS;
}

/* How many chains at the end of the list, all shorter than `next`, hide one that fits together with
 * it. */
static size_t count_strays(const struct chains *chains, const struct chain *next)
{
    uint32_t longest = 0;
    for (size_t strays = 0; strays < chains->count && strays <= STRAYS_MAX; strays++) {
        const struct chain *at = &chains->chains[chains->count - 1 - strays];
        if (at->pairs > longest && longest < next->pairs &&
            is_together(&chains->match->side[0], at->last, next->first))
            return strays;
        longest = at->pairs > longest ? at->pairs : longest;
        if (longest >= next->pairs || is_solid(at))
            break;
    }
    return SIZE_MAX;
}

/* Chains that are kept stay in front; each next one continues the last, or hides strays, or begins
 * anew. */
hgr_result hgr_match_part_strays(struct hgr_match *match, const hgr_run *run, hgr_status *status)
{
    struct chains chains = {.match = match};
    hgr_match_mark_pinned(match);
    hgr_result result = list_chains(&chains, run, status);
    size_t count = chains.count;
    chains.count = 0;
    for (size_t i = 0; result == HGR_OK && i < count; i++) {
        struct chain next = chains.chains[i];
        size_t strays = count_strays(&chains, &next);
        for (size_t k = 0; strays != SIZE_MAX && k < strays; k++)
            part_chain(match, &chains.chains[--chains.count]);
        if (strays != SIZE_MAX) {
            chains.chains[chains.count - 1].last = next.last;
            chains.chains[chains.count - 1].pairs += next.pairs;
            chains.chains[chains.count - 1].anchors += next.anchors;
        } else {
            chains.chains[chains.count++] = next;
        }
    }
    hgr_free(chains.chains);
    return result;
}
