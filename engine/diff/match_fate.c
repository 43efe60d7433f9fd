/* diff: what became of each object: survived for sure or probably, gone (new), or unknown.
 *
 * An object without a pair is gone when nothing of the other dump can be it: nothing alike is left
 * between its neighbours' counterparts, nor beside them. Where something is, nobody can tell. */
#include "match.h"

#define REACH       256u   /* nodes looked at for a paired neighbour */
#define BETWEEN_MAX 256u   /* unpaired nodes between two counterparts that are compared */
#define STRETCH_MAX 65536u /* further apart, two counterparts were not moved together */
#define BESIDE_MAX  16u    /* the same beside one counterpart */

struct decider {
    struct hgr_match *match;
    int side; /* whose nodes are decided */
};

/* Could `at` of the other side be u, as far as type, size and content tell? */
static bool is_alike(const struct decider *decider, hgr_node u, hgr_node at, bool shape_is_enough)
{
    const struct hgr_match_side *here = &decider->match->side[decider->side];
    const struct hgr_match_side *there = &decider->match->side[!decider->side];
    if (!hgr_match_free_node(there, at))
        return false;
    if (here->content[u] == there->content[at])
        return true;
    return shape_is_enough &&
           (decider->side == HGR_BEFORE ? hgr_match_may_have_changed(decider->match, u, at)
                                        : hgr_match_may_have_changed(decider->match, at, u));
}

static bool is_beside(const struct decider *decider, hgr_node u, hgr_node from, int step)
{
    const struct hgr_match_side *there = &decider->match->side[!decider->side];
    for (uint32_t i = 1; i <= BESIDE_MAX; i++) {
        if (step < 0 ? from < i : there->n - from <= i)
            return false;
        hgr_node at = step < 0 ? from - i : from + i;
        if (!hgr_match_free_node(there, at))
            return false;
        if (is_alike(decider, u, at, false))
            return true;
    }
    return false;
}

/* Paired neighbours of a run of unpaired nodes; HGR_NO_NODE where there is none near. */
struct between {
    hgr_node left, right; /* their counterparts */
};

/* Alike, between l and r of the other side? Of many, those near the ends are asked. */
static bool is_between(const struct decider *decider, hgr_node u, hgr_node l, hgr_node r)
{
    hgr_node count = r - l - 1, asked = count < BETWEEN_MAX ? count : BETWEEN_MAX / 2;
    for (hgr_node i = 1; i <= asked; i++)
        if (is_alike(decider, u, l + i, true) || is_alike(decider, u, r - i, true))
            return true;
    return false;
}

static bool is_anywhere(const struct decider *decider, hgr_node u, const struct between *between)
{
    hgr_node l = between->left, r = between->right;
    if (l != HGR_NO_NODE && r != HGR_NO_NODE && l < r && r - l <= STRETCH_MAX)
        return is_between(decider, u, l, r);
    return (l != HGR_NO_NODE && is_beside(decider, u, l, 1)) ||
           (r != HGR_NO_NODE && is_beside(decider, u, r, -1));
}

/* Counterpart of the nearest neighbour of u, or HGR_NO_NODE. */
static hgr_node left_of(const struct hgr_match_side *side, hgr_node u)
{
    for (hgr_node i = 1; i <= REACH && i <= u; i++)
        if (hgr_match_is_neighbour(side, u - i))
            return side->mate[u - i];
    return HGR_NO_NODE;
}

/* The same to the right, from u on; *out_known: it is so for all nodes below. */
static hgr_node right_of(const struct hgr_match_side *side, hgr_node u, hgr_node *out_known)
{
    hgr_node end = side->n - u > REACH ? u + REACH : side->n, at = u;
    while (at < end && !hgr_match_is_neighbour(side, at))
        at++;
    *out_known = at < end ? at : at + 1;
    return at < end ? side->mate[at] : HGR_NO_NODE;
}

static void decide_block(void *user, hgr_node first, hgr_node end)
{
    const struct decider *decider = user;
    struct hgr_match_side *side = &decider->match->side[decider->side];
    struct between between = {left_of(side, first), HGR_NO_NODE};
    hgr_node known = first; /* between.right is that of nodes below this */
    for (hgr_node u = first; u < end; u++) {
        if (hgr_match_is_neighbour(side, u)) {
            between.left = side->mate[u];
            known = u + 1;
        }
        if (!hgr_match_free_node(side, u))
            continue;
        if (u >= known)
            between.right = right_of(side, u, &known);
        side->fate[u] = is_anywhere(decider, u, &between) ? HGR_FATE_UNKNOWN : HGR_FATE_GONE;
    }
}

/* A pair that its references or its neighbours do not support is no more than probable. */
static void doubt_block(void *user, hgr_node first, hgr_node end)
{
    struct hgr_match *match = ((struct decider *)user)->match;
    struct hgr_match_side *side = &match->side[0];
    for (hgr_node u = first; u < end; u++) {
        hgr_node w = side->mate[u];
        unsigned reason = side->fate[u] >> 4, fate = hgr_match_fate_of(side, u);
        if (w == HGR_NO_NODE || (reason == HGR_MATCH_ADDRESS && fate == HGR_FATE_SURE))
            continue;
        hgr_votes votes = hgr_match_vote(match, u, w);
        if (reason == HGR_MATCH_ADDRESS && votes.differ == 0)
            fate = HGR_FATE_SURE;
        if (votes.differ > votes.agree || hgr_match_fit(match, u, w) < HGR_FIT_ONE)
            fate = HGR_FATE_PROBABLE;
        side->fate[u] = (uint8_t)((side->fate[u] & ~7u) | fate);
    }
}

/* Copy what was decided to the other side; what was marked meanwhile is no longer needed. */
static void settle(struct hgr_match *match)
{
    struct hgr_match_side *a = &match->side[0], *b = &match->side[1];
    for (hgr_node u = 0; u < a->n; u++) {
        if (hgr_match_free_node(a, u))
            continue;
        a->fate[u] &= (uint8_t)~HGR_MATCH_PINNED;
        b->fate[a->mate[u]] = a->fate[u];
    }
}

static void sum_up(struct hgr_match_side *side)
{
    for (hgr_node u = 0; u < side->n; u++) {
        unsigned fate = hgr_match_fate_of(side, u);
        side->totals.count[fate]++;
        side->totals.bytes[fate] += side->view->bytes(side->view->user, u);
        side->totals.reasons[side->fate[u] >> 4]++;
    }
    side->totals.reasons[HGR_MATCH_NONE] = 0;
}

/* No race: mates are only read, a block writes the fates of its own nodes. */
hgr_result hgr_match_decide(struct hgr_match *match, const hgr_run *run, hgr_status *status)
{
    struct decider deciders[2] = {{match, HGR_BEFORE}, {match, HGR_AFTER}};
    hgr_result result =
        hgr_match_each_block(match->side[0].n, doubt_block, &deciders[0], run, status);
    for (int s = 0; result == HGR_OK && s < 2; s++)
        result = hgr_match_each_block(match->side[s].n, decide_block, &deciders[s], run, status);
    if (result == HGR_OK)
        settle(match);
    for (int s = 0; result == HGR_OK && s < 2; s++)
        sum_up(&match->side[s]);
    return result;
}
