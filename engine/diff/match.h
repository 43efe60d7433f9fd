/* diff: what the matcher holds while it works.
 *
 * Stages: hash (match_hash.c) → anchors (match_anchors.c) → unmoved places (match_place.c) → order
 * between neighbours (match_order.c) ⇄ references (match_reference.c) → fates (match_fate.c). Each
 * adds pairs to `mate` of both sides; match.c runs them. */
#ifndef HGR_DIFF_MATCH_H
#define HGR_DIFF_MATCH_H

#include <heapgraph/match.h>
#include "../base/alloc.h"

/** Nodes per block of the parallel loops. */
#define HGR_MATCH_BLOCK (1u << 15)

struct hgr_match_side {
    const hgr_match_view *view;
    const hgr_graph *graph;
    uint32_t n;
    uint64_t *structure; /* n: hash over two levels of references; until anchors are found */
    uint32_t *likeness;  /* n: what is left of structure then; freed at the end */
    uint32_t *content;   /* n: hash of type, size and own bytes; freed at the end */
    hgr_node
        *holder; /* n: the only referrer, HGR_MATCH_NO_HOLDER, HGR_MATCH_MANY; freed at the end */
    hgr_node *mate; /* n: node of the other side, or HGR_NO_NODE */
    uint8_t *fate;  /* n: hgr_match_reason << 4 | HGR_MATCH_PINNED | hgr_fate */
    hgr_match_totals totals;
};

/** In fate: this one stayed while those around it were moved. It is nobody's neighbour. */
#define HGR_MATCH_PINNED 8u

#define HGR_MATCH_NO_HOLDER UINT32_MAX
#define HGR_MATCH_MANY      (UINT32_MAX - 1)

struct hgr_match {
    const hgr_run *run;
    struct hgr_match_side side[2];
    hgr_node
        *stay; /* older dump's n: node at the same address in the newer one; freed at the end */
    hgr_node *hint; /* older dump's n: what pairs that refer to it would have it be, or
                       HGR_MATCH_NO_HOLDER, HGR_MATCH_MANY; freed at the end */
};

static inline uint64_t hgr_match_mix(uint64_t x)
{
    x ^= x >> 32;
    x *= UINT64_C(0xd6e8feb86659fd93);
    x ^= x >> 32;
    x *= UINT64_C(0xd6e8feb86659fd93);
    return x ^ x >> 32;
}

static inline unsigned hgr_match_fate_of(const struct hgr_match_side *side, hgr_node u)
{
    return side->fate[u] & 7u;
}

/** Paired, and a neighbour to those beside it. */
static inline bool hgr_match_is_neighbour(const struct hgr_match_side *side, hgr_node u)
{
    return side->mate[u] != HGR_NO_NODE && !(side->fate[u] & HGR_MATCH_PINNED);
}

static inline bool hgr_match_free_node(const struct hgr_match_side *side, hgr_node u)
{
    return side->mate[u] == HGR_NO_NODE;
}

static inline void hgr_match_pair(struct hgr_match *match, hgr_node before, hgr_node after,
                                  hgr_match_reason reason, hgr_fate fate)
{
    match->side[0].mate[before] = after;
    match->side[1].mate[after] = before;
    match->side[0].fate[before] = match->side[1].fate[after] =
        (uint8_t)((unsigned)reason << 4 | (unsigned)fate);
}

static inline void hgr_match_part(struct hgr_match *match, hgr_node before)
{
    hgr_node after = match->side[0].mate[before];
    match->side[0].mate[before] = match->side[1].mate[after] = HGR_NO_NODE;
    match->side[0].fate[before] = match->side[1].fate[after] = 0;
}

/** Call fn for blocks of HGR_MATCH_BLOCK of nodes 0 .. n - 1, in parallel; asks for a cancel
 * between them. The caller says why there is no race; blocks are cut by node number, so nothing
 * depends on threads. */
typedef void hgr_match_block_fn(void *user, hgr_node first, hgr_node end);
HGR_MUST_CHECK hgr_result hgr_match_each_block(uint32_t n, hgr_match_block_fn *fn, void *user,
                                               const hgr_run *run, hgr_status *status);

/** Same type and size, and no text: may be one object even where the content differs. */
bool hgr_match_may_have_changed(const struct hgr_match *match, hgr_node before, hgr_node after);

/* ---- match_hash.c ---- */

/** Fill content and structure of a side. 16 bytes a node meanwhile. */
HGR_MUST_CHECK hgr_result hgr_match_hash(struct hgr_match_side *side, const hgr_run *run,
                                         hgr_status *status);
/** Fill holder. */
HGR_MUST_CHECK hgr_result hgr_match_find_holders(struct hgr_match_side *side, const hgr_run *run,
                                                 hgr_status *status);

/* ---- match_anchors.c ---- */

/** Pair nodes whose structure hash is unique on both sides. 4 bytes a node meanwhile. */
HGR_MUST_CHECK hgr_result hgr_match_anchors(struct hgr_match *match, const hgr_run *run,
                                            hgr_status *status);

/* ---- match_chain.c ---- */

/** Tell the pinned from those whose whole neighbourhood stayed. Before every use of neighbours. */
void hgr_match_mark_pinned(struct hgr_match *match);
/** Part short chains of pairs that lie elsewhere than the longer ones around them. */
HGR_MUST_CHECK hgr_result hgr_match_part_strays(struct hgr_match *match, const hgr_run *run,
                                                hgr_status *status);

/* ---- match_place.c ---- */

/** Fill stay. */
HGR_MUST_CHECK hgr_result hgr_match_find_stays(struct hgr_match *match, const hgr_run *run,
                                               hgr_status *status);
/** Where the anchors did not move, pair what has the same address and content. */
HGR_MUST_CHECK hgr_result hgr_match_places(struct hgr_match *match, const hgr_run *run,
                                           hgr_status *status);

/* ---- match_fit.c: does a pair agree with its surroundings? ---- */

typedef enum hgr_fit {
    HGR_FIT_AGAINST, /* its neighbours are together elsewhere */
    HGR_FIT_OPEN,    /* no neighbour says anything */
    HGR_FIT_ONE,     /* the neighbour on one side is beside it */
    HGR_FIT_BOTH,    /* both are, but something died or was made between them */
    HGR_FIT_EXACT    /* both are, as far away as before: there is no other place for it */
} hgr_fit;
/** How the pair stands among the matched neighbours of both. Bounded steps. */
hgr_fit hgr_match_fit(const struct hgr_match *match, hgr_node before, hgr_node after);

/** References of a pair that lead to pairs, and that lead elsewhere; sole holders weigh more, both
 * ways. */
typedef struct hgr_votes {
    uint32_t agree, differ;
    uint32_t unlike; /* of what is held by it alone and not paired yet: looks different */
} hgr_votes;
hgr_votes hgr_match_vote(const struct hgr_match *match, hgr_node before, hgr_node after);

/** How many own words are the same and not zero; 0 where too many differ. Asked where content
 * changed. */
#define HGR_MATCH_ALIKE 2u /* such words are enough where places and references say little */
uint32_t hgr_match_likeness(const struct hgr_match *match, hgr_node before, hgr_node after);
/** Can the pair be, as far as places go? Where the neighbours stayed in place, it must have, too.
 */
bool hgr_match_place_holds(const struct hgr_match *match, hgr_node before, hgr_node after);
/** Were neighbours of u moved? Then nothing was put between them since. */
bool hgr_match_was_slid(const struct hgr_match *match, hgr_node before);

/** Part pairs against which their neighbours stand; last: those too that nothing but a hash holds.
 */
HGR_MUST_CHECK hgr_result hgr_match_part_misfits(struct hgr_match *match, bool last,
                                                 const hgr_run *run, hgr_status *status);

/* ---- match_order.c ---- */

/** What makes two nodes alike when sequences are aligned. */
typedef enum hgr_alike { HGR_ALIKE_CONTENT, HGR_ALIKE_SHAPE } hgr_alike;
/** Align what lies between matched neighbours. 4 bytes a node of the older dump meanwhile. */
HGR_MUST_CHECK hgr_result hgr_match_order(struct hgr_match *match, hgr_alike alike,
                                          const hgr_run *run, hgr_status *status);

/* ---- match_reference.c ---- */

/** Follow the references and sole holders of all pairs, as far as they lead. */
HGR_MUST_CHECK hgr_result hgr_match_follow(struct hgr_match *match, hgr_alike alike,
                                           const hgr_run *run, hgr_status *status);

/* ---- match_fate.c ---- */

/** Decide sure or probable, gone or unknown; sum up. */
HGR_MUST_CHECK hgr_result hgr_match_decide(struct hgr_match *match, const hgr_run *run,
                                           hgr_status *status);

#endif
