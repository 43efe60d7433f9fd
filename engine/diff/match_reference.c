/* diff: what a survivor refers to has mostly survived, and so has its only holder.
 *
 * From every pair the references are followed slot by slot, and sole holders upwards. A candidate
 * is taken when its neighbours in the heap allow it; one whose content changed only when they
 * demand it. Serial: a pair made here leads to the next. 4 bytes for each pair that waits. */
#include "match.h"

#include "../base/status.h"

#define SLOTS_MAX (1u << 20) /* of one object, when its slots have to be listed */
#define STEP_FREE 8u         /* elements of an array too short to be shifted much */

struct slot {
    uint32_t place;
    hgr_node target;
};

struct follower {
    struct hgr_match *match;
    const hgr_run *run;
    hgr_alike alike;
    hgr_node at;     /* the sweep over all pairs stands here; later nodes are still to come */
    bool hints;      /* what is not taken is noted */
    bool in_array;   /* following elements of a copied array */
    hgr_node *stack; /* older nodes of new pairs that it has passed */
    size_t depth, capacity;
    struct slot *slots[2]; /* of one pair */
    size_t nslots[2], slots_capacity[2];
    hgr_result result;
    hgr_status *status;
};

static void push(struct follower *f, hgr_node u)
{
    if (f->result == HGR_OK)
        f->result = hgr_grow(f->run, &f->stack, &f->capacity, f->depth + 1, UINT32_MAX,
                             sizeof *f->stack, "pairs to follow", f->status);
    if (f->result == HGR_OK)
        f->stack[f->depth++] = u;
}

/* May u and w be one, since a pair leads to both? */
static bool accept(const struct follower *f, hgr_node u, hgr_node w)
{
    const struct hgr_match *match = f->match;
    bool same_content = match->side[0].content[u] == match->side[1].content[w];
    if (!same_content &&
        (f->alike == HGR_ALIKE_CONTENT || !hgr_match_may_have_changed(match, u, w)))
        return false;
    hgr_fit fit = hgr_match_fit(match, u, w);
    if (fit == HGR_FIT_AGAINST)
        return false;
    hgr_votes votes = hgr_match_vote(match, u, w);
    if (fit == HGR_FIT_EXACT)
        return true; /* a pair refers to both, and there is no other place for it */
    if (votes.differ + votes.unlike > votes.agree)
        return false;
    if (same_content)
        return fit != HGR_FIT_OPEN || match->side[0].likeness[u] == match->side[1].likeness[w] ||
               votes.agree > 0;
    if (fit == HGR_FIT_BOTH || (fit == HGR_FIT_ONE && votes.differ == 0))
        return true;
    return votes.differ + votes.unlike == 0 && hgr_match_likeness(match, u, w) >= HGR_MATCH_ALIKE;
}

static void follow_elements(struct follower *f, hgr_node u, hgr_node w);

/* An array that took the place of a shorter or longer one: no pair, but its elements were copied.
 */
static bool is_longer_array(const struct hgr_match *match, hgr_node u, hgr_node w)
{
    const hgr_match_view *a = match->side[0].view, *b = match->side[1].view;
    uint64_t length = a->length(a->user, u);
    return length > 0 && b->length(b->user, w) > 0 && b->length(b->user, w) != length &&
           a->type_identity(a->user, a->type_of(a->user, u)) ==
               b->type_identity(b->user, b->type_of(b->user, w));
}

/* Too little to pair them, but worth knowing where the order leaves several. */
static void give_hint(const struct follower *f, hgr_node u, hgr_node w)
{
    hgr_node *hint = &f->match->hint[u];
    if (!hgr_match_may_have_changed(f->match, u, w))
        return;
    *hint = *hint == HGR_MATCH_NO_HOLDER || *hint == w ? w : HGR_MATCH_MANY;
}

/* Do the elements of two arrays stand where they stood? Those that are paired tell; of few, none
 * need. */
static bool is_in_step(const struct hgr_match *match, const hgr_node *us, const hgr_node *ws,
                       uint32_t count)
{
    uint32_t agree = 0, differ = 0;
    for (uint32_t e = 0; e < count; e++) {
        hgr_node mate = match->side[0].mate[us[e]];
        agree += mate == ws[e];
        differ += mate != ws[e] && mate != HGR_NO_NODE;
    }
    return agree >= 4 * differ && (agree > 0 || count <= STEP_FREE);
}

static void propose(struct follower *f, hgr_node u, hgr_node w, hgr_match_reason reason)
{
    struct hgr_match *match = f->match;
    if (!hgr_match_free_node(&match->side[0], u) || !hgr_match_free_node(&match->side[1], w))
        return;
    if (reason == HGR_MATCH_REFERENCE && !f->in_array && is_longer_array(match, u, w))
        follow_elements(f, u, w);
    if (!accept(f, u, w)) {
        if (f->hints && reason == HGR_MATCH_REFERENCE)
            give_hint(f, u, w);
        return;
    }
    bool same = match->side[0].content[u] == match->side[1].content[w];
    hgr_match_pair(match, u, w, reason, same ? HGR_FATE_SURE : HGR_FATE_PROBABLE);
    if (u <= f->at)
        push(f, u);
}

/* ---- slots, where some are empty on one side only ---- */

struct listing {
    struct follower *follower;
    const hgr_node *targets;
    uint32_t count;
    int side;
};

static void list_slot(void *user, uint32_t e, uint32_t place)
{
    const struct listing *listing = user;
    struct follower *f = listing->follower;
    int s = listing->side;
    if (e >= listing->count || f->nslots[s] >= SLOTS_MAX || f->result != HGR_OK)
        return;
    f->result = hgr_grow(f->run, &f->slots[s], &f->slots_capacity[s], f->nslots[s] + 1, SLOTS_MAX,
                         sizeof *f->slots[s], "slots", f->status);
    if (f->result == HGR_OK)
        f->slots[s][f->nslots[s]++] = (struct slot){place, listing->targets[e]};
}

static void list_slots(struct follower *f, int s, hgr_node u)
{
    const struct hgr_match_side *side = &f->match->side[s];
    struct listing listing = {.follower = f, .side = s};
    f->nslots[s] = 0;
    listing.targets = hgr_graph_targets(side->graph, u, &listing.count);
    side->view->slots(side->view->user, u, list_slot, &listing);
}

/* Both lists ascend by place. */
static void follow_listed(struct follower *f, hgr_node u, hgr_node w)
{
    list_slots(f, 0, u);
    list_slots(f, 1, w);
    for (size_t i = 0, j = 0; i < f->nslots[0] && j < f->nslots[1];) {
        const struct slot *a = &f->slots[0][i], *b = &f->slots[1][j];
        if (a->place == b->place)
            propose(f, a->target, b->target, HGR_MATCH_REFERENCE);
        i += a->place <= b->place;
        j += b->place <= a->place;
    }
}

static void follow_elements(struct follower *f, hgr_node u, hgr_node w)
{
    f->in_array = true; /* one level: arrays in arrays wait for their own holder */
    follow_listed(f, u, w);
    f->in_array = false;
}

/* ---- one pair ---- */

static void follow_pair(struct follower *f, hgr_node u, hgr_node w)
{
    const struct hgr_match_side *a = &f->match->side[0], *b = &f->match->side[1];
    uint32_t count, other;
    const hgr_node *us = hgr_graph_targets(a->graph, u, &count);
    const hgr_node *ws = hgr_graph_targets(b->graph, w, &other);
    f->hints = f->alike == HGR_ALIKE_SHAPE &&
               (a->view->length(a->view->user, u) == 0 ||
                is_in_step(f->match, us, ws, count < other ? count : other));
    if (count == other)
        for (uint32_t e = 0; e < count; e++)
            propose(f, us[e], ws[e], HGR_MATCH_REFERENCE);
    else if (count > 0 && other > 0)
        follow_listed(f, u, w);
    if (a->holder[u] < HGR_MATCH_MANY && b->holder[w] < HGR_MATCH_MANY)
        propose(f, a->holder[u], b->holder[w], HGR_MATCH_REFERRER);
}

static hgr_result prepare_hints(struct hgr_match *match, const hgr_run *run, hgr_status *status)
{
    uint32_t n = match->side[0].n;
    hgr_result result = HGR_OK;
    if (!match->hint)
        result = hgr_alloc(run, n, sizeof *match->hint, "hints", &match->hint, status);
    for (hgr_node u = 0; result == HGR_OK && u < n; u++)
        match->hint[u] = HGR_MATCH_NO_HOLDER;
    return result;
}

hgr_result hgr_match_follow(struct hgr_match *match, hgr_alike alike, const hgr_run *run,
                            hgr_status *status)
{
    struct follower f = {
        .match = match, .run = run, .alike = alike, .result = HGR_OK, .status = status};
    const struct hgr_match_side *side = &match->side[0];
    hgr_match_mark_pinned(match);
    f.result = prepare_hints(match, run, status);
    for (hgr_node u = 0; f.result == HGR_OK && u < side->n; u++) {
        f.at = u;
        if (!hgr_match_free_node(side, u))
            follow_pair(&f, u, side->mate[u]);
        while (f.result == HGR_OK && f.depth > 0) {
            hgr_node next = f.stack[--f.depth];
            follow_pair(&f, next, side->mate[next]);
        }
        if (f.result == HGR_OK && (u & 0xfffff) == 0)
            f.result = hgr_run_check_cancel(run, status);
    }
    hgr_free(f.slots[1]);
    hgr_free(f.slots[0]);
    hgr_free(f.stack);
    return f.result;
}
