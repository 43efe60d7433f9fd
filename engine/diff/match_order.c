/* diff: pair what lies between neighbours that are paired already.
 *
 * Between two pairs that a slide kept together, the newer dump's objects are those of the older
 * one, in order, less the dead. Each is placed twice: as far left as the order allows, and as far
 * right. Where both agree there is no other way to place it. Where they do not, references may
 * single one out. Gaps between pairs share no node on either side, so they are worked on in
 * parallel; pairs are noted first and made afterwards, so that nobody sees half of them. */
#include "match.h"

#include <string.h>

#define GAP_MAX     2048u  /* nodes of a gap that are aligned at once, on either side */
#define STRETCH_MAX 65536u /* nodes between neighbours that may be an image of each other */
#define SKIP_MAX    512u   /* dead objects jumped over while looking for the next one alike */
#define EDGE_SKIP   16u    /* the same where only one end of the gap is known */
#define CHOICES_MAX 16u    /* candidates that references are asked about */
#define PENDING_MAX 128u   /* pairs in a row that wait for one that is surer */
#define PERIOD_MAX  8u     /* nodes after which a row of like groups repeats */
#define SURPRISES   6u /* types and sizes that no repetition explains: the row is where it was */
/* Evidence for one of several candidates. */
#define AGREE_WEIGHT  8
#define DIFFER_WEIGHT 4
#define WORD_WEIGHT   2
#define CONTENT_WORDS 1 /* that no word differs */
#define HINT_WORDS    6 /* as many words weighs what pairs that refer to it say */

struct aligner {
    struct hgr_match *match;
    hgr_alike alike;
    hgr_node *found; /* older dump's n: pair to be made, or HGR_NO_NODE */
};

/* Where each newer node of a gap may lie in the older dump, if the order is kept. */
struct placing {
    uint32_t tokens[2][GAP_MAX];            /* equal when two nodes may be one */
    uint32_t left[GAP_MAX], right[GAP_MAX]; /* newer node -> older node, GAP_MAX = nowhere */
};

/* What lies between two neighbours. */
struct gap {
    hgr_node nodes[2][GAP_MAX];
    uint32_t count[2];
    struct placing shape; /* by type and size, which never change */
    struct placing content;
};

static uint32_t shape_of(const struct hgr_match_side *side, hgr_node u)
{
    const hgr_match_view *view = side->view;
    uint64_t identity = view->type_identity(view->user, view->type_of(view->user, u));
    return (uint32_t)hgr_match_mix(identity + view->bytes(view->user, u));
}

/* As far left as the order allows. */
static void place_left(struct placing *placing, const uint32_t *count)
{
    uint32_t at = 0;
    for (uint32_t j = 0; j < count[1]; j++) {
        uint32_t i = at, end = count[0] - at > SKIP_MAX ? at + SKIP_MAX : count[0];
        while (i < end && placing->tokens[0][i] != placing->tokens[1][j])
            i++;
        placing->left[j] = i < end ? i : GAP_MAX;
        if (i < end)
            at = i + 1;
    }
}

/* As far right; `at` is one behind the last that is still free. */
static void place_right(struct placing *placing, const uint32_t *count)
{
    uint32_t at = count[0];
    for (uint32_t j = count[1]; j-- > 0;) {
        uint32_t i = at, end = at > SKIP_MAX ? at - SKIP_MAX : 0;
        while (i > end && placing->tokens[0][i - 1] != placing->tokens[1][j])
            i--;
        placing->right[j] = i > end ? i - 1 : GAP_MAX;
        if (i > end)
            at = i - 1;
    }
}

static void place(const struct aligner *aligner, struct gap *gap)
{
    for (int s = 0; s < 2; s++)
        for (uint32_t i = 0; i < gap->count[s]; i++) {
            const struct hgr_match_side *side = &aligner->match->side[s];
            gap->shape.tokens[s][i] = shape_of(side, gap->nodes[s][i]);
            gap->content.tokens[s][i] = side->content[gap->nodes[s][i]];
        }
    place_left(&gap->shape, gap->count);
    place_right(&gap->shape, gap->count);
    place_left(&gap->content, gap->count);
    place_right(&gap->content, gap->count);
}

/* Every newer node has its place, so none was made since: then the placing is all there can be. */
static bool is_complete(const struct gap *gap)
{
    for (uint32_t j = 0; j < gap->count[1]; j++)
        if (gap->shape.left[j] == GAP_MAX || gap->shape.right[j] == GAP_MAX)
            return false;
    return true;
}

/* How much speaks for two nodes that the order allows but does not force; 0 or less: nothing. */
static int64_t support(const struct aligner *aligner, hgr_node u, hgr_node w, bool same_content)
{
    hgr_votes votes = hgr_match_vote(aligner->match, u, w);
    int64_t words = same_content ? 0 : hgr_match_likeness(aligner->match, u, w);
    if (!same_content && aligner->match->side[0].content[u] == aligner->match->side[1].content[w])
        words += CONTENT_WORDS;
    hgr_node hint = aligner->match->hint ? aligner->match->hint[u] : HGR_MATCH_NO_HOLDER;
    if (hint < HGR_MATCH_MANY)
        words += hint == w ? HINT_WORDS : -HINT_WORDS;
    return votes.agree * AGREE_WEIGHT + words * WORD_WEIGHT - votes.differ * DIFFER_WEIGHT -
           votes.unlike * AGREE_WEIGHT;
}

/* The one candidate between both placements for which most speaks, if there is one. */
static uint32_t choose(const struct aligner *aligner, const struct gap *gap, uint32_t j)
{
    bool content = aligner->alike == HGR_ALIKE_CONTENT;
    const struct placing *placing = content ? &gap->content : &gap->shape;
    uint32_t chosen = GAP_MAX, asked = 0;
    int64_t best = 0;
    if (placing->left[j] == GAP_MAX || placing->right[j] == GAP_MAX)
        return GAP_MAX;
    for (uint32_t i = placing->left[j]; i <= placing->right[j]; i++) {
        hgr_node u = gap->nodes[0][i], w = gap->nodes[1][j];
        if (placing->tokens[0][i] != placing->tokens[1][j])
            continue;
        if (++asked > CHOICES_MAX)
            return GAP_MAX;
        if (!content && !hgr_match_may_have_changed(aligner->match, u, w))
            continue;
        int64_t speaks = support(aligner, u, w, content);
        if (speaks == best)
            chosen = GAP_MAX;
        if (speaks > best) {
            best = speaks;
            chosen = i;
        }
    }
    return chosen;
}

/* Type and size leave one place only. Where objects were moved, nothing else can have come there.
 */
static bool accept_forced(const struct aligner *aligner, hgr_node u, hgr_node w, bool same_content)
{
    if (!same_content &&
        (aligner->alike == HGR_ALIKE_CONTENT || !hgr_match_may_have_changed(aligner->match, u, w)))
        return false;
    hgr_votes votes = hgr_match_vote(aligner->match, u, w);
    if (votes.differ <= votes.agree && (same_content || votes.agree > 0))
        return true;
    if (aligner->match->stay[u] == w && votes.differ + votes.unlike <= votes.agree)
        return true; /* it is where it was, and nothing it refers to says otherwise */
    return hgr_match_was_slid(aligner->match, u) ||
           (!same_content && hgr_match_likeness(aligner->match, u, w) >= HGR_MATCH_ALIKE);
}

/* The older node for newer node j, or GAP_MAX. */
static uint32_t find_place(const struct aligner *aligner, const struct gap *gap, uint32_t j,
                           bool complete)
{
    uint32_t i = gap->shape.left[j];
    hgr_node w = gap->nodes[1][j];
    if (complete && i == gap->shape.right[j]) {
        bool same = gap->content.tokens[0][i] == gap->content.tokens[1][j];
        return accept_forced(aligner, gap->nodes[0][i], w, same) ? i : GAP_MAX;
    }
    i = gap->content.left[j];
    if (aligner->alike == HGR_ALIKE_SHAPE || i == GAP_MAX || i != gap->content.right[j])
        return choose(aligner, gap, j);
    if (complete && (i < gap->shape.left[j] || i > gap->shape.right[j]))
        return GAP_MAX; /* looks the same, but cannot be */
    hgr_votes votes = hgr_match_vote(aligner->match, gap->nodes[0][i], w);
    return votes.differ + votes.unlike <= votes.agree ? i : GAP_MAX;
}

/* Keep the most places that ascend together; the others are given up. place[j] is GAP_MAX or the
 * older node of j. Patience sorting: tails[k] ends the best ascent of k + 1 places. */
static void keep_ascending(struct gap *gap, uint32_t *place)
{
    uint32_t *tails = gap->shape.left, *before = gap->shape.right, length = 0; /* done with these */
    for (uint32_t j = 0; j < gap->count[1]; j++) {
        uint32_t low = 0, high = length;
        if (place[j] == GAP_MAX)
            continue;
        while (low < high) {
            uint32_t mid = low + (high - low) / 2;
            if (place[tails[mid]] < place[j])
                low = mid + 1;
            else
                high = mid;
        }
        before[j] = low ? tails[low - 1] : GAP_MAX;
        tails[low] = j;
        length += low == length;
    }
    uint32_t kept = length ? tails[length - 1] : GAP_MAX;
    for (uint32_t j = gap->count[1]; j-- > 0;) {
        if (j != kept)
            place[j] = GAP_MAX;
        else
            kept = before[j];
    }
}

static void align(struct aligner *aligner, struct gap *gap)
{
    uint32_t places[GAP_MAX];
    bool slid = hgr_match_was_slid(aligner->match, gap->nodes[0][0]);
    place(aligner, gap);
    bool complete = is_complete(gap);
    for (uint32_t j = 0; j < gap->count[1]; j++) {
        places[j] = find_place(aligner, gap, j, complete);
        if (places[j] != GAP_MAX && !slid &&
            !hgr_match_place_holds(aligner->match, gap->nodes[0][places[j]], gap->nodes[1][j]))
            places[j] = GAP_MAX;
    }
    keep_ascending(gap, places);
    for (uint32_t j = 0; j < gap->count[1]; j++)
        if (places[j] != GAP_MAX)
            aligner->found[gap->nodes[0][places[j]]] = gap->nodes[1][j];
}

/* The unpaired nodes between l and r, pinned ones left out; false: too many, or a neighbour among
 * them. */
static bool list_between(const struct hgr_match_side *side, hgr_node l, hgr_node r, hgr_node *out,
                         uint32_t *out_count)
{
    uint32_t count = 0;
    for (hgr_node u = l + 1; u < r; u++) {
        if (hgr_match_is_neighbour(side, u) || count == GAP_MAX)
            return false;
        if (hgr_match_free_node(side, u))
            out[count++] = u;
    }
    *out_count = count;
    return count > 0;
}

static bool is_anchor(const struct hgr_match_side *side, hgr_node u)
{
    return side->fate[u] >> 4 == HGR_MATCH_STRUCTURE;
}

/* As many nodes on both sides, one by one of the same type and size, none paired: nothing died,
 * nothing came. Then pairs them all. */
static bool is_image(struct aligner *aligner, hgr_node l, hgr_node lw, hgr_node count)
{
    const struct hgr_match_side *a = &aligner->match->side[0], *b = &aligner->match->side[1];
    if (count == 1 || !hgr_match_was_slid(aligner->match, l + 1))
        return false;
    for (hgr_node i = 1; i < count; i++)
        if (!hgr_match_free_node(a, l + i) || !hgr_match_free_node(b, lw + i) ||
            (a->content[l + i] != b->content[lw + i] &&
             !hgr_match_may_have_changed(aligner->match, l + i, lw + i)))
            return false;
    for (hgr_node i = 1; i < count; i++)
        aligner->found[l + i] = lw + i;
    return true;
}

/* l and r are neighbours. Were they kept together? */
static void align_between(struct aligner *aligner, hgr_node l, hgr_node r, struct gap *gap)
{
    const struct hgr_match_side *before = &aligner->match->side[0];
    hgr_node lw = before->mate[l], rw = before->mate[r];
    if (lw < rw && rw - lw == r - l && (is_anchor(before, l) || is_anchor(before, r)) &&
        is_image(aligner, l, lw, r - l))
        return;
    if (lw < rw && rw - lw > 1 && rw - lw <= 2 * GAP_MAX &&
        list_between(&aligner->match->side[1], lw, rw, gap->nodes[1], &gap->count[1]) &&
        list_between(before, l, r, gap->nodes[0], &gap->count[0]))
        align(aligner, gap);
}

static hgr_node next_neighbour(const struct hgr_match_side *side, uint64_t from, uint64_t end)
{
    while (from < end && !hgr_match_is_neighbour(side, (hgr_node)from))
        from++;
    return from < end ? (hgr_node)from : HGR_NO_NODE;
}

/* Gaps whose left neighbour is in the block; the right one may lie beyond. No race: a gap writes
 * `found` of its own nodes; mates are only read. */
static void align_block(void *user, hgr_node first, hgr_node end)
{
    struct aligner *aligner = user;
    const struct hgr_match_side *side = &aligner->match->side[0];
    struct gap gap;
    hgr_node l = next_neighbour(side, first, end);
    while (l != HGR_NO_NODE && l < end) {
        uint64_t reach = (uint64_t)l + STRETCH_MAX;
        hgr_node r = next_neighbour(side, (uint64_t)l + 1, reach < side->n ? reach : side->n);
        if (r != HGR_NO_NODE && r - l > 1)
            align_between(aligner, l, r, &gap);
        l = r != HGR_NO_NODE ? r : next_neighbour(side, reach, end);
    }
}

static hgr_result align_gaps(struct aligner *aligner, const hgr_run *run, hgr_status *status)
{
    return hgr_match_each_block(aligner->match->side[0].n, align_block, aligner, run, status);
}

/* ---- where only one neighbour stayed: the end of what was moved together ---- */

/* Does the row go on with these two? */
static bool may_extend(const struct aligner *aligner, hgr_node u, hgr_node w, bool skipped)
{
    const struct hgr_match_side *a = &aligner->match->side[0], *b = &aligner->match->side[1];
    bool same = a->content[u] == b->content[w];
    if (!same &&
        (aligner->alike == HGR_ALIKE_CONTENT || !hgr_match_may_have_changed(aligner->match, u, w) ||
         hgr_match_likeness(aligner->match, u, w) < HGR_MATCH_ALIKE))
        return false;
    hgr_votes votes = hgr_match_vote(aligner->match, u, w);
    if (votes.differ + votes.unlike > votes.agree)
        return false;
    return !same || !skipped || a->likeness[u] == b->likeness[w] || votes.agree > 0;
}

/* Pairs that nothing speaks against and too little for: taken when the row goes on behind them. */
struct pending {
    hgr_node u[PENDING_MAX], w[PENDING_MAX];
    uint32_t tokens[PENDING_MAX]; /* type and size */
    uint32_t count, surprises;
};

/* One more in the row; what the last few do not have is a surprise, and that both dumps have it no
 * accident. */
static void add_pending(const struct aligner *aligner, struct pending *pending, hgr_node u,
                        hgr_node w)
{
    uint32_t at = pending->count++, token = shape_of(&aligner->match->side[0], u);
    bool known = at < PERIOD_MAX;
    for (uint32_t back = 1; !known && back <= PERIOD_MAX; back++)
        known = pending->tokens[at - back] == token;
    pending->u[at] = u;
    pending->w[at] = w;
    pending->tokens[at] = token;
    pending->surprises += !known;
}

static void take_pending(struct aligner *aligner, struct pending *pending)
{
    for (uint32_t i = 0; i < pending->count; i++)
        hgr_match_pair(aligner->match, pending->u[i], pending->w[i], HGR_MATCH_ORDER,
                       HGR_FATE_PROBABLE);
    pending->count = pending->surprises = 0;
}

/* The next free node from `at` on in one direction, pinned ones jumped over; HGR_NO_NODE at a
 * neighbour. */
static hgr_node next_free(const struct hgr_match_side *side, int64_t at, int64_t step)
{
    for (; at >= 0 && at < side->n; at += step) {
        if (hgr_match_is_neighbour(side, (hgr_node)at))
            return HGR_NO_NODE;
        if (hgr_match_free_node(side, (hgr_node)at))
            return (hgr_node)at;
    }
    return HGR_NO_NODE;
}

/* From pair (u, w) on in one direction, as long as the next ones are alike and nothing contradicts.
 */
static void extend(struct aligner *aligner, hgr_node u, hgr_node w, int64_t step)
{
    const struct hgr_match_side *a = &aligner->match->side[0], *b = &aligner->match->side[1];
    struct pending pending;
    pending.count = pending.surprises = 0;
    bool loose = aligner->alike == HGR_ALIKE_SHAPE;
    hgr_node x = next_free(a, (int64_t)u + step, step), y = next_free(b, (int64_t)w + step, step);
    for (uint32_t skipped = 0; x != HGR_NO_NODE && y != HGR_NO_NODE && skipped <= EDGE_SKIP;) {
        bool goes_on = may_extend(aligner, x, y, skipped > 0);
        if (goes_on &&
            (pending.count == 0 || (pending.count <= PERIOD_MAX &&
                                    hgr_match_likeness(aligner->match, x, y) >= HGR_MATCH_ALIKE))) {
            take_pending(aligner, &pending);
            hgr_match_pair(aligner->match, x, y, HGR_MATCH_ORDER, HGR_FATE_PROBABLE);
            skipped = 0;
        } else if (loose && pending.count < PENDING_MAX &&
                   hgr_match_may_have_changed(aligner->match, x, y)) {
            add_pending(aligner, &pending, x, y);
            if (pending.surprises >= SURPRISES)
                take_pending(aligner, &pending);
        } else {
            bool stuck = pending.count == PENDING_MAX; /* then the first of them was dead */
            skipped++;
            x = next_free(a, (int64_t)(stuck ? pending.u[0] : x) + step, step);
            y = stuck ? pending.w[0] : y;
            if (stuck)
                pending.count = pending.surprises = 0;
            continue;
        }
        x = next_free(a, (int64_t)x + step, step);
        y = next_free(b, (int64_t)y + step, step);
    }
}

static void extend_edges(struct aligner *aligner)
{
    const struct hgr_match_side *side = &aligner->match->side[0];
    hgr_node l = next_neighbour(side, 0, side->n);
    if (l != HGR_NO_NODE)
        extend(aligner, l, side->mate[l], -1);
    while (l != HGR_NO_NODE) {
        hgr_node r = next_neighbour(side, (uint64_t)l + 1, side->n);
        bool together = r != HGR_NO_NODE && r - l <= GAP_MAX && side->mate[r] > side->mate[l] &&
                        side->mate[r] - side->mate[l] <= r - l;
        if (!together && (r == HGR_NO_NODE ? side->n : r) - l > 1) {
            extend(aligner, l, side->mate[l], 1);
            if (r != HGR_NO_NODE)
                extend(aligner, r, side->mate[r], -1);
        }
        l = r;
    }
}

hgr_result hgr_match_order(struct hgr_match *match, hgr_alike alike, const hgr_run *run,
                           hgr_status *status)
{
    struct aligner aligner = {.match = match, .alike = alike};
    uint32_t n = match->side[0].n;
    hgr_result result = hgr_alloc(run, n, sizeof *aligner.found, "order", &aligner.found, status);
    if (result == HGR_OK) {
        memset(aligner.found, 0xff, (size_t)n * sizeof *aligner.found);
        result = align_gaps(&aligner, run, status);
    }
    for (hgr_node u = 0; result == HGR_OK && u < n; u++)
        if (aligner.found[u] != HGR_NO_NODE)
            hgr_match_pair(match, u, aligner.found[u], HGR_MATCH_ORDER,
                           match->side[0].content[u] == match->side[1].content[aligner.found[u]]
                               ? HGR_FATE_SURE
                               : HGR_FATE_PROBABLE);
    if (result == HGR_OK)
        extend_edges(&aligner);
    hgr_free(aligner.found);
    return result;
}
