/* diff: does a pair agree with its surroundings: with its neighbours in the heap, with its
 * references?
 *
 * A collector slides survivors together: two neighbours that survived are neighbours again, and
 * what lies between them then lay between them before. So the nearest pairs on both sides say where
 * an object must be. What was put in a dead object's place in a field lies elsewhere and is found
 * out. */
#include "match.h"

#include <string.h>

#define REACH       128 /* nodes looked at on each side for a neighbour that is paired */
#define SLACK       16  /* objects that may have come in between, in a hole that was swept */
#define VOTES_MAX   32u /* references that may vote */
#define WORDS_MAX   64u /* own words that are compared, 4 bytes each */
#define SOLE_WEIGHT 3u  /* of a reference to what nobody else holds */
#define LIKE_WEIGHT                                                                                \
    2u /* of such a one whose target is not paired yet, by whether both look alike */

bool hgr_match_may_have_changed(const struct hgr_match *match, hgr_node before, hgr_node after)
{
    const hgr_match_view *a = match->side[0].view, *b = match->side[1].view;
    uint32_t type = a->type_of(a->user, before);
    return a->bytes(a->user, before) == b->bytes(b->user, after) &&
           a->type_identity(a->user, type) ==
               b->type_identity(b->user, b->type_of(b->user, after)) &&
           !a->is_text(a->user, type);
}

/* The nearest paired node to the left (step -1) or right of u, or HGR_NO_NODE. */
static hgr_node neighbour(const struct hgr_match_side *side, hgr_node u, int step)
{
    for (hgr_node i = 1; i <= REACH; i++) {
        if (step < 0 ? u < i : side->n - u <= i)
            return HGR_NO_NODE;
        hgr_node at = step < 0 ? u - i : u + i;
        if (hgr_match_is_neighbour(side, at))
            return at;
    }
    return HGR_NO_NODE;
}

/* Do two pairs lie side by side? What was slid is never further apart than it was, but for what a
 * swept hole took in. */
static bool is_beside(int64_t here, int64_t there)
{
    return here > 0 && there > 0 && there <= here + SLACK;
}

/* As the neighbours of side s see it: distances to them in both dumps. */
static hgr_fit fit_from(const struct hgr_match *match, int s, hgr_node u, hgr_node w)
{
    const struct hgr_match_side *side = &match->side[s];
    hgr_node here = s == HGR_BEFORE ? u : w, there = s == HGR_BEFORE ? w : u;
    hgr_node near[2] = {neighbour(side, here, -1), neighbour(side, here, 1)};
    int64_t mine[2] = {0, 0}, theirs[2] = {0, 0};
    for (int k = 0; k < 2; k++) {
        if (near[k] == HGR_NO_NODE)
            continue;
        int64_t sign = k == 0 ? 1 : -1;
        mine[k] = sign * ((int64_t)here - near[k]);
        theirs[k] = sign * ((int64_t)there - side->mate[near[k]]);
    }
    bool left = is_beside(mine[0], theirs[0]), right = is_beside(mine[1], theirs[1]);
    if (left && right)
        return mine[0] == theirs[0] && mine[1] == theirs[1] ? HGR_FIT_EXACT : HGR_FIT_BOTH;
    if (near[0] != HGR_NO_NODE && near[1] != HGR_NO_NODE &&
        is_beside(mine[0] + mine[1], theirs[0] + theirs[1]))
        return HGR_FIT_AGAINST; /* the neighbours are together, but not around this pair */
    return left || right ? HGR_FIT_ONE : HGR_FIT_OPEN;
}

hgr_fit hgr_match_fit(const struct hgr_match *match, hgr_node before, hgr_node after)
{
    if (match->side[0].fate[before] & HGR_MATCH_PINNED)
        return HGR_FIT_ONE; /* it has no neighbours; its place is what speaks for it */
    hgr_fit forth = fit_from(match, HGR_BEFORE, before, after);
    if (forth >= HGR_FIT_BOTH || forth == HGR_FIT_AGAINST)
        return forth;
    hgr_fit back = fit_from(match, HGR_AFTER, before, after);
    if (back >= HGR_FIT_BOTH || back == HGR_FIT_AGAINST)
        return back;
    return forth > back ? forth : back;
}

/* A neighbour in the graph, u before and w after. */
static void vote(const struct hgr_match *match, hgr_node u, hgr_node w, bool sole, hgr_votes *votes)
{
    uint32_t weight = sole ? SOLE_WEIGHT : 1;
    if (match->side[0].mate[u] == w)
        votes->agree += weight;
    else if (match->side[0].mate[u] != HGR_NO_NODE || match->side[1].mate[w] != HGR_NO_NODE)
        votes->differ += weight;
    else if (sole && match->side[0].likeness[u] == match->side[1].likeness[w])
        votes->agree += LIKE_WEIGHT;
    else if (sole)
        votes->unlike += LIKE_WEIGHT;
}

/* Their only holders; that both are not paired yet says nothing. */
static void vote_holder(const struct hgr_match *match, hgr_node u, hgr_node w, hgr_votes *votes)
{
    if (match->side[0].mate[u] == w)
        votes->agree += SOLE_WEIGHT;
    else if (match->side[0].mate[u] != HGR_NO_NODE || match->side[1].mate[w] != HGR_NO_NODE)
        votes->differ += SOLE_WEIGHT;
}

static bool have_holders(const struct hgr_match *match, hgr_node u, hgr_node w)
{
    return match->side[0].holder[u] < HGR_MATCH_MANY && match->side[1].holder[w] < HGR_MATCH_MANY;
}

uint32_t hgr_match_likeness(const struct hgr_match *match, hgr_node before, hgr_node after)
{
    uint32_t words[2][WORDS_MAX], count[2], equal = 0, different = 0;
    const hgr_node nodes[2] = {before, after};
    for (int s = 0; s < 2; s++) {
        const hgr_match_view *view = match->side[s].view;
        count[s] = view->words(view->user, nodes[s], words[s], WORDS_MAX);
    }
    for (uint32_t i = 0; i < count[0] && i < count[1]; i++) {
        equal += words[0][i] == words[1][i] && words[0][i] > 1;
        different += words[0][i] != words[1][i];
    }
    return different <= 1 + equal / 4 ? equal : 0;
}

static bool has_moved(const struct hgr_match *match, hgr_node before, hgr_node after)
{
    return match->stay[before] != after;
}

bool hgr_match_was_slid(const struct hgr_match *match, hgr_node before)
{
    const struct hgr_match_side *side = &match->side[0];
    hgr_node l = neighbour(side, before, -1), r = neighbour(side, before, 1);
    return (l != HGR_NO_NODE && has_moved(match, l, side->mate[l])) ||
           (r != HGR_NO_NODE && has_moved(match, r, side->mate[r]));
}

bool hgr_match_place_holds(const struct hgr_match *match, hgr_node before, hgr_node after)
{
    return !has_moved(match, before, after) || hgr_match_was_slid(match, before);
}

/* ---- the same where some slots are empty on one side only ---- */

struct slots {
    const hgr_node *targets;
    uint32_t count;
    uint32_t place[VOTES_MAX];
};

static void note_slot(void *user, uint32_t e, uint32_t place)
{
    struct slots *slots = user;
    if (e < slots->count)
        slots->place[e] = place;
}

static void vote_by_slot(const struct hgr_match *match, hgr_node before, hgr_node after,
                         hgr_votes *votes)
{
    struct slots slots[2];
    const hgr_node nodes[2] = {before, after};
    for (int s = 0; s < 2; s++) {
        const hgr_match_view *view = match->side[s].view;
        slots[s].targets = hgr_graph_targets(view->graph, nodes[s], &slots[s].count);
        memset(slots[s].place, 0xff, sizeof slots[s].place);
        view->slots(view->user, nodes[s], note_slot, &slots[s]);
    }
    for (uint32_t i = 0, j = 0; i < slots[0].count && j < slots[1].count;) {
        uint32_t a = slots[0].place[i], b = slots[1].place[j];
        hgr_node u = slots[0].targets[i], w = slots[1].targets[j];
        if (a == b)
            vote(match, u, w, have_holders(match, u, w), votes);
        i += a <= b;
        j += b <= a;
    }
}

hgr_votes hgr_match_vote(const struct hgr_match *match, hgr_node before, hgr_node after)
{
    hgr_votes votes = {0};
    uint32_t count, other;
    const hgr_node *us = hgr_graph_targets(match->side[0].graph, before, &count);
    const hgr_node *ws = hgr_graph_targets(match->side[1].graph, after, &other);
    if (have_holders(match, before, after))
        vote_holder(match, match->side[0].holder[before], match->side[1].holder[after], &votes);
    if (count != other && count <= VOTES_MAX && other <= VOTES_MAX)
        vote_by_slot(match, before, after, &votes);
    for (uint32_t e = 0; count == other && e < count && e < VOTES_MAX; e++)
        vote(match, us[e], ws[e], have_holders(match, us[e], ws[e]), &votes);
    return votes;
}

/* ---- pairs that their neighbours contradict ---- */

struct misfits {
    struct hgr_match *match;
    bool last;
    uint8_t *against; /* n of the older dump */
};

static bool has_neighbour(const struct hgr_match_side *side, hgr_node u)
{
    return neighbour(side, u, -1) != HGR_NO_NODE || neighbour(side, u, 1) != HGR_NO_NODE;
}

/* By address, where nothing died and nothing came: match_place.c says so by being sure. */
static bool is_untouched(const struct hgr_match *match, hgr_node u)
{
    return match->side[0].fate[u] >> 4 == HGR_MATCH_ADDRESS &&
           hgr_match_fate_of(&match->side[0], u) == HGR_FATE_SURE;
}

/* Another content, and still mostly the same: no newcomer in its place would be. */
static bool has_changed_a_little(const struct hgr_match *match, hgr_node u, hgr_node w)
{
    return match->side[0].content[u] != match->side[1].content[w] &&
           hgr_match_likeness(match, u, w) >= HGR_MATCH_ALIKE;
}

/* last: when nothing is paired any more, what is unique but alone is an equal copy made since.
 * Before, what is unique but beside none of its neighbours is unique by chance: they would have
 * moved together. */
static bool is_misfit(const struct hgr_match *match, hgr_node u, hgr_node w, bool last)
{
    hgr_votes votes = hgr_match_vote(match, u, w);
    unsigned reason = match->side[0].fate[u] >> 4;
    bool unique = reason == HGR_MATCH_STRUCTURE;
    hgr_fit fit = hgr_match_fit(match, u, w);
    if (votes.differ > votes.agree && !unique && !is_untouched(match, u))
        return fit != HGR_FIT_EXACT ||
               !(reason == HGR_MATCH_REFERENCE || hgr_match_was_slid(match, u) ||
                 has_changed_a_little(match, u, w));
    if (fit == HGR_FIT_OPEN && !last)
        return has_neighbour(&match->side[0], u);
    return fit == HGR_FIT_AGAINST || (last && unique && fit == HGR_FIT_OPEN && votes.agree == 0);
}

static void judge_block(void *user, hgr_node first, hgr_node end)
{
    const struct misfits *misfits = user;
    const struct hgr_match_side *side = &misfits->match->side[0];
    for (hgr_node u = first; u < end; u++)
        if (!hgr_match_free_node(side, u))
            misfits->against[u] = is_misfit(misfits->match, u, side->mate[u], misfits->last);
}

hgr_result hgr_match_part_misfits(struct hgr_match *match, bool last, const hgr_run *run,
                                  hgr_status *status)
{
    struct misfits misfits = {.match = match, .last = last};
    uint32_t n = match->side[0].n;
    hgr_match_mark_pinned(match);
    hgr_result result = hgr_alloc(run, n, 1, "misfits", &misfits.against, status);
    if (result == HGR_OK) /* no race: mates are only read, a block writes its own flags */
        result = hgr_match_each_block(n, judge_block, &misfits, run, status);
    for (hgr_node u = 0; result == HGR_OK && u < n; u++) /* all are judged before any is parted */
        if (misfits.against[u])
            hgr_match_part(match, u);
    hgr_free(misfits.against);
    return result;
}
