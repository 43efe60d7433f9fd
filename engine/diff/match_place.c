/* diff: where the collector moved nothing, the address tells.
 *
 * Large, pinned and frozen objects stay, and so do regions that were swept instead of compacted.
 * Addresses are trusted in runs of nodes whose anchors (paired by structure, not by place) are
 * where they were; there, equal address and equal content pair the rest. A run in which every
 * object is still there was not even swept: all of it is sure, what changed too. */
#include "match.h"

#define RUN_NODES   128u /* one question "did this move?" for so many neighbours */
#define ANCHORS_MIN 4u   /* fewer say nothing */
#define WINDOW      32u  /* pairs on each side that tell a pinned object from an unmoved region */

static void find_block(void *user, hgr_node first, hgr_node end)
{
    struct hgr_match *match = user;
    const hgr_match_view *before = match->side[0].view, *after = match->side[1].view;
    uint64_t addresses[RUN_NODES];
    for (uint64_t at = first; at < end; at += RUN_NODES) {
        uint32_t count = end - at < RUN_NODES ? (uint32_t)(end - at) : RUN_NODES;
        before->addresses(before->user, (hgr_node)at, (hgr_node)at + count, addresses);
        for (uint32_t i = 0; i < count; i++)
            match->stay[at + i] = after->node_at(after->user, addresses[i]);
    }
}

hgr_result hgr_match_find_stays(struct hgr_match *match, const hgr_run *run, hgr_status *status)
{
    uint32_t n = match->side[0].n;
    hgr_result result = hgr_alloc(run, n, sizeof *match->stay, "places", &match->stay, status);
    /* No race: a block fills its own part. */
    return result == HGR_OK ? hgr_match_each_block(n, find_block, match, run, status) : result;
}

enum stayed { STAYED_UNKNOWN, STAYED_NO, STAYED_YES };

/* Do the anchors of the run lie where they lay? At most one in ten may not. */
static enum stayed has_stayed(const struct hgr_match *match, hgr_node first, hgr_node end)
{
    const struct hgr_match_side *side = &match->side[0];
    uint32_t anchors = 0, stayed = 0;
    for (hgr_node u = first; u < end; u++) {
        if (hgr_match_free_node(side, u))
            continue;
        anchors++;
        stayed += side->mate[u] == match->stay[u];
    }
    if (anchors < ANCHORS_MIN)
        return STAYED_UNKNOWN;
    return stayed * 10 >= anchors * 9 ? STAYED_YES : STAYED_NO;
}

/* A run without anchors stayed where those before and behind it did. */
static void fill_unknown(uint8_t *stayed, uint32_t count)
{
    uint8_t before = STAYED_UNKNOWN;
    for (uint32_t r = 0; r < count; r++) {
        uint32_t next = r;
        while (next < count && stayed[next] == STAYED_UNKNOWN)
            next++;
        uint8_t after = next < count ? stayed[next] : before;
        if (before == STAYED_UNKNOWN)
            before = after;
        for (; r < next; r++)
            stayed[r] = before == after ? before : STAYED_NO;
        if (r < count)
            before = stayed[r];
    }
}

/* Is there an object of the same type and size at every address? Then nothing died here, nothing
 * came. */
static bool is_untouched(const struct hgr_match *match, hgr_node first, hgr_node end)
{
    for (hgr_node u = first; u < end; u++) {
        hgr_node w = match->stay[u];
        if (w == HGR_NO_NODE || (match->side[0].content[u] != match->side[1].content[w] &&
                                 !hgr_match_may_have_changed(match, u, w)))
            return false;
    }
    return true;
}

static void pair_run(struct hgr_match *match, hgr_node first, hgr_node end)
{
    const struct hgr_match_side *before = &match->side[0], *after = &match->side[1];
    bool untouched = is_untouched(match, first, end);
    for (hgr_node u = first; u < end; u++) {
        hgr_node w = match->stay[u];
        if (w != HGR_NO_NODE && hgr_match_free_node(before, u) && hgr_match_free_node(after, w) &&
            (untouched || before->content[u] == after->content[w]))
            hgr_match_pair(match, u, w, HGR_MATCH_ADDRESS,
                           untouched ? HGR_FATE_SURE : HGR_FATE_PROBABLE);
    }
}

static hgr_node run_end(hgr_node first, hgr_node end, uint32_t run)
{
    return end - first > (run + 1) * RUN_NODES ? first + (run + 1) * RUN_NODES : end;
}

static void pair_block(void *user, hgr_node first, hgr_node end)
{
    uint8_t stayed[HGR_MATCH_BLOCK / RUN_NODES];
    uint32_t count = (end - first + RUN_NODES - 1) / RUN_NODES;
    for (uint32_t r = 0; r < count; r++)
        stayed[r] = (uint8_t)has_stayed(user, first + r * RUN_NODES, run_end(first, end, r));
    fill_unknown(stayed, count);
    for (uint32_t r = 0; r < count; r++)
        if (stayed[r] == STAYED_YES)
            pair_run(user, first + r * RUN_NODES, run_end(first, end, r));
}

hgr_result hgr_match_places(struct hgr_match *match, const hgr_run *run, hgr_status *status)
{
    /* No race: a run pairs its own nodes with those at their own addresses, and reads no other
     * mates. */
    return hgr_match_each_block(match->side[0].n, pair_block, match, run, status);
}

/* ---- pinned objects ---- */

/* +1, and whether the pair moved: into or out of the window. */
static void count_pair(const struct hgr_match *match, uint64_t u, int sign, int64_t counts[2])
{
    const struct hgr_match_side *side = &match->side[0];
    if (u < side->n && side->mate[u] != HGR_NO_NODE)
        counts[side->mate[u] != match->stay[u]] += sign;
}

void hgr_match_mark_pinned(struct hgr_match *match)
{
    struct hgr_match_side *a = &match->side[0], *b = &match->side[1];
    int64_t counts[2] = {0, 0}; /* stayed, moved */
    for (uint64_t u = 0; u < WINDOW; u++)
        count_pair(match, u, 1, counts);
    for (hgr_node u = 0; u < a->n; u++) {
        count_pair(match, (uint64_t)u + WINDOW, 1, counts);
        if (u > WINDOW)
            count_pair(match, (uint64_t)u - WINDOW - 1, -1, counts);
        hgr_node w = a->mate[u];
        if (w == HGR_NO_NODE)
            continue;
        bool pinned = w == match->stay[u] && counts[1] * 3 >= counts[0];
        a->fate[u] = (uint8_t)((a->fate[u] & ~HGR_MATCH_PINNED) | (pinned ? HGR_MATCH_PINNED : 0));
        b->fate[w] = a->fate[u];
    }
}
