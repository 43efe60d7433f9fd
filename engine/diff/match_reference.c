/* diff: what a survivor refers to has mostly survived, and so has its only holder.
 *
 * From every pair the references are followed slot by slot, and sole holders upwards. A candidate
 * is taken when its neighbours in the heap allow it; one whose content changed only when they
 * demand it. Serial: a pair made here leads to the next. 4 bytes for each pair that waits. */
#include "match.h"

#include "../base/status.h"

#define SLOTS_MAX  (1u << 20) /* of one object, when its slots have to be listed */
#define FIELDS_MAX 64u        /* references of an object that is no array */
#define STEP_FREE  8u         /* elements of an array too short to be shifted much */

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

static void propose(struct follower *f, hgr_node u, hgr_node w, hgr_match_reason reason)
{
    struct hgr_match *match = f->match;
    if (!hgr_match_free_node(&match->side[0], u) || !hgr_match_free_node(&match->side[1], w))
        return;
    if (reason == HGR_MATCH_REFERENCE && !f->in_array && is_longer_array(match, u, w))
        follow_elements(f, u, w);
    if (!accept(f, u, w)) {
        if (f->alike == HGR_ALIKE_SHAPE && reason == HGR_MATCH_REFERENCE)
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

/* Both lists ascend by place. Targets in the same place stand beside each other then; how many. */
static uint32_t align_listed(struct follower *f, hgr_node u, hgr_node w)
{
    uint32_t count = 0;
    list_slots(f, 0, u);
    list_slots(f, 1, w);
    for (size_t i = 0, j = 0; i < f->nslots[0] && j < f->nslots[1];) {
        struct slot *a = &f->slots[0][i], *b = &f->slots[1][j];
        uint32_t left = a->place, right = b->place;
        if (left == right) {
            f->slots[0][count].target = a->target; /* count <= i and j: nothing is lost */
            f->slots[1][count++].target = b->target;
        }
        i += left <= right;
        j += right <= left;
    }
    return count;
}

/* ---- elements of arrays: where some were taken out, the rest moved up ---- */

enum step { STEP_UNKNOWN, STEP_KEPT, STEP_LOST };

/* What a pair of elements tells about its neighbours. */
static enum step step_of(const struct hgr_match *match, hgr_node u, hgr_node w)
{
    if (match->side[0].mate[u] == w)
        return STEP_KEPT;
    return hgr_match_free_node(&match->side[0], u) && hgr_match_free_node(&match->side[1], w)
               ? STEP_UNKNOWN
               : STEP_LOST;
}

/* Elements between two that are known are followed when both kept their places. */
static void follow_array(struct follower *f, uint32_t count)
{
    const struct slot *us = f->slots[0], *ws = f->slots[1];
    enum step before = count <= STEP_FREE ? STEP_KEPT : STEP_UNKNOWN;
    for (uint32_t first = 0, next; first < count; first = next + 1) {
        enum step after = STEP_UNKNOWN;
        for (next = first; next < count && after == STEP_UNKNOWN; next++)
            after = step_of(f->match, us[next].target, ws[next].target);
        next -= after != STEP_UNKNOWN;
        if (after == STEP_UNKNOWN)
            after = before;
        if (before == STEP_UNKNOWN)
            before = after;
        for (uint32_t e = first; before == STEP_KEPT && after == STEP_KEPT && e < next; e++)
            propose(f, us[e].target, ws[e].target, HGR_MATCH_REFERENCE);
        before = after;
    }
}

/* An array that was copied into a longer one: one level, arrays in arrays wait for their own
 * holder. */
static void follow_elements(struct follower *f, hgr_node u, hgr_node w)
{
    if (f->in_array)
        return;
    f->in_array = true;
    follow_array(f, align_listed(f, u, w));
    f->in_array = false;
}

/* ---- one pair ---- */

/* Targets of both, side by side in slots. */
static uint32_t align_targets(struct follower *f, hgr_node u, hgr_node w)
{
    const hgr_node *targets[2];
    uint32_t count[2];
    const hgr_node nodes[2] = {u, w};
    for (int s = 0; s < 2; s++)
        targets[s] = hgr_graph_targets(f->match->side[s].graph, nodes[s], &count[s]);
    if (count[0] != count[1])
        return count[0] && count[1] ? align_listed(f, u, w) : 0;
    for (int s = 0; s < 2 && f->result == HGR_OK; s++) {
        f->result = hgr_grow(f->run, &f->slots[s], &f->slots_capacity[s], count[s], UINT32_MAX,
                             sizeof *f->slots[s], "slots", f->status);
        for (uint32_t e = 0; f->result == HGR_OK && e < count[s]; e++)
            f->slots[s][e].target = targets[s][e];
    }
    return f->result == HGR_OK ? count[0] : 0;
}

static void follow_fields(struct follower *f, hgr_node u, hgr_node w)
{
    uint32_t count, other;
    const hgr_node *us = hgr_graph_targets(f->match->side[0].graph, u, &count);
    const hgr_node *ws = hgr_graph_targets(f->match->side[1].graph, w, &other);
    if (count == other) { /* a proposal may use slots itself, so these are not copied there */
        for (uint32_t e = 0; e < count; e++)
            propose(f, us[e], ws[e], HGR_MATCH_REFERENCE);
        return;
    }
    if (count == 0 || other == 0 || (count = align_listed(f, u, w)) > FIELDS_MAX)
        return;
    hgr_node pairs[2][FIELDS_MAX];
    for (int s = 0; s < 2; s++)
        for (uint32_t e = 0; e < count; e++)
            pairs[s][e] = f->slots[s][e].target;
    for (uint32_t e = 0; e < count; e++)
        propose(f, pairs[0][e], pairs[1][e], HGR_MATCH_REFERENCE);
}

static void follow_pair(struct follower *f, hgr_node u, hgr_node w)
{
    const struct hgr_match_side *a = &f->match->side[0], *b = &f->match->side[1];
    if (a->view->length(a->view->user, u) == 0) {
        follow_fields(f, u, w);
    } else {
        f->in_array = true; /* its elements use slots: no array below uses them meanwhile */
        follow_array(f, align_targets(f, u, w));
        f->in_array = false;
    }
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
