/* answers: Semi-NCA in depth-first space. graph + roots → idom, reverse postorder.
 *
 * Method, one function per phase:
 *   1. depth-first search; nodes get numbers 1 .. count in preorder, the virtual root is 0. A
 * reference to a descendant is folded at once into that descendant's semidominator, a private leaf
 * gets its dominator and no number, and only cross and back references are stored;
 *   2. sort these by target;
 *   3. semidominators, highest number first. The link-eval forest is one 8-byte record per node, so
 *      that a step touches one cache line; "linked" means "number above the current one", hence no
 *      link step. Paths are compressed by turning them round in place: no stack, any depth;
 *   4. idom(w) = first dominator of w's tree parent whose number is at most semi(w). Cheap in
 *      practice, quadratic in theory: past a step budget jump pointers make it O(log n) per node;
 *   5. reverse postorder from preorder: post(w) = w + size(w) - 1 - depth(w).
 *
 * Memory: 16 bytes per numbered node besides idom and order, 8 per stored reference in phases 1 and
 * 2, then 4. Arrays change their meaning when the old one is used up:
 *   idom   number of the node (phase 1), then its dominator
 *   rec    {return address of the search, least forward source} → {ancestor, label} → {jump, depth}
 *          → {depth, position}
 *   off    first stored reference of each target → semidominator → dominator, all at index w + 1
 *   par    tree parent → order
 *
 * Source: L. Georgiadis, Linear-Time Algorithms for Dominators and Related Problems, Princeton
 * TR-737-05, 2005 (Semi-NCA); Lengauer & Tarjan, TOPLAS 1(1), 1979, doi:10.1145/357062.357071
 * (simple linking); Myers, An applicative random-access stack, IPL 17(5), 1983 (jump pointers). */
#include "semi_nca.h"

#include <string.h>

#include "leaves.h"
#include "../base/run.h"
#include "../base/status.h"

#define CANCEL_STRIDE  (1u << 20) /* steps between two looks at the cancel flag */
#define PREFETCH_AHEAD 4          /* references whose target's number is fetched early */
#define STORED_STEP    4096       /* room for stored references grows by so many and an eighth */
#define SOURCES_AHEAD  8          /* references whose source's record is fetched early */
#define STEPS_PER_NODE 2          /* budget of phase 4 */

struct record {
    uint32_t anc; /* phase 3: nearest ancestor not yet compressed away */
    uint32_t lab; /* least semidominator on the compressed path */
};

struct stored_reference {
    uint32_t target, source; /* numbers; target < source */
};

struct semi_nca {
    const hgr_graph *graph;
    const hgr_run   *run;
    uint32_t         count;  /* numbered nodes, the virtual root not counted */
    uint32_t         nleaves; /* private leaves reached */
    hgr_node        *idom;   /* n + 1 */
    hgr_node        *vert;   /* number → node */
    uint32_t        *par;
    struct record   *rec;
    uint32_t        *off;
    uint64_t        *leaves; /* bit per node */
    struct stored_reference *stored;
    size_t           nstored, stored_capacity;
    uint32_t        *sources; /* of the stored references, by target */
};

static void semi_nca_fini(struct semi_nca *s)
{
    hgr_free(s->sources);
    hgr_free(s->stored);
    hgr_free(s->leaves);
    hgr_free(s->off);
    hgr_free(s->rec);
    hgr_free(s->par);
    hgr_free(s->vert);
    hgr_free(s->idom);
}

static hgr_result semi_nca_init(struct semi_nca *s, const hgr_node *roots, size_t nroots,
                                hgr_status *status)
{
    uint32_t n = s->graph->n, nleaves = 0;
    hgr_result result =
        hgr_private_leaves(s->graph, roots, nroots, s->run, &s->leaves, &nleaves, status);
    size_t numbers = (size_t)(n - nleaves) + 1;
    if (result == HGR_OK)
        result = hgr_alloc(s->run, (size_t)n + 1, sizeof *s->idom, "dominators", &s->idom, status);
    if (result == HGR_OK)
        result = hgr_alloc(s->run, numbers, sizeof *s->vert, "preorder", &s->vert, status);
    if (result == HGR_OK)
        result = hgr_alloc(s->run, numbers, sizeof *s->par, "tree parents", &s->par, status);
    if (result == HGR_OK)
        result = hgr_alloc(s->run, numbers, sizeof *s->rec, "link-eval forest", &s->rec, status);
    if (result == HGR_OK)
        memset(s->idom, 0xff, ((size_t)n + 1) * sizeof *s->idom);
    return result;
}

/* ---- phase 1: depth-first search ---- */

static uint32_t enter(struct semi_nca *s, hgr_node u, uint32_t parent)
{
    uint32_t w = ++s->count;
    s->idom[u] = w;
    s->vert[w] = u;
    s->par[w] = parent;
    s->rec[w].lab = parent;
    const uint32_t *row = s->graph->row;
    const hgr_node *col = s->graph->col;
    uint32_t end = row[u + 1] - row[u] > PREFETCH_AHEAD ? row[u] + PREFETCH_AHEAD : row[u + 1];
    for (uint32_t e = row[u]; e < end; e++) {
        __builtin_prefetch(&s->idom[col[e]]);
        __builtin_prefetch(&row[col[e]]);
    }
    return w;
}

/* Now and then: say how far we are, and whether to stop. */
static hgr_result report(const struct semi_nca *s, uint64_t done, hgr_status *status)
{
    hgr_run_progress(s->run, "dominators", done, 2 * (uint64_t)s->graph->n);
    return hgr_run_check_cancel(s->run, status);
}

/* Address space for the worst case, counted as it is used: nothing moves while it grows. */
static hgr_result make_room(struct semi_nca *s, hgr_status *status)
{
    size_t most = s->graph->m, step = s->stored_capacity / 8 + STORED_STEP;
    size_t wanted = most - s->stored_capacity > step ? s->stored_capacity + step : most;
    hgr_result result = hgr_run_check_cancel(s->run, status);
    if (result == HGR_OK && !s->stored)
        result =
            hgr_reserve(s->run, most, sizeof *s->stored, "cross references", &s->stored, status);
    if (result == HGR_OK)
        result =
            hgr_commit(s->run, s->stored, wanted, sizeof *s->stored, "cross references", status);
    if (result == HGR_OK)
        s->stored_capacity = wanted;
    return result;
}

static hgr_result store_reference(struct semi_nca *s, uint32_t target, uint32_t source,
                                  hgr_status *status)
{
    if (s->nstored > 0 && s->stored[s->nstored - 1].target == target &&
        s->stored[s->nstored - 1].source == source)
        return HGR_OK; /* slot after slot to one object */
    if (s->nstored == s->stored_capacity) {
        hgr_result result = make_room(s, status);
        if (result != HGR_OK)
            return result;
    }
    s->stored[s->nstored++] = (struct stored_reference){target, source};
    return HGR_OK;
}

/* Number everything that start reaches and that has no number yet. The return addresses of the
 * search lie in rec[depth].anc, which nothing else uses before phase 3. */
static hgr_result search_from(struct semi_nca *s, hgr_node start, hgr_status *status)
{
    const uint32_t *row = s->graph->row;
    const hgr_node *col = s->graph->col;
    uint32_t w = enter(s, start, 0), depth = 0;
    uint32_t e = row[start], end = row[start + 1];
    hgr_node u = start;
    for (;;) {
        if (e == end) {
            w = s->par[w];
            if (w == 0)
                return HGR_OK;
            u = s->vert[w];
            e = s->rec[--depth].anc;
            end = row[u + 1];
            continue;
        }
        if (end - e > PREFETCH_AHEAD)
            __builtin_prefetch(&s->idom[col[e + PREFETCH_AHEAD]]);
        hgr_node v = col[e++];
        uint32_t number = s->idom[v];
        if (hgr_bit(s->leaves, v)) {
            s->idom[v] = u;
            s->nleaves++;
        } else if (number == HGR_NO_NODE) {
            s->rec[depth++].anc = e;
            w = enter(s, v, w);
            u = v;
            e = row[v];
            end = row[v + 1];
            if (w % CANCEL_STRIDE == 0 && report(s, w, status) != HGR_OK)
                return HGR_CANCELLED;
        } else if (number > w) {
            s->rec[number].lab = w < s->rec[number].lab ? w : s->rec[number].lab;
        } else if (number < w) {
            hgr_result result = store_reference(s, number, w, status);
            if (result != HGR_OK)
                return result;
        }
    }
}

static hgr_result search(struct semi_nca *s, const hgr_node *roots, size_t nroots,
                         hgr_status *status)
{
    hgr_result result = HGR_OK;
    for (size_t r = 0; result == HGR_OK && r < nroots; r++) {
        uint32_t number = s->idom[roots[r]];
        if (number == HGR_NO_NODE)
            result = search_from(s, roots[r], status);
        else
            s->rec[number].lab = 0;
    }
    return result;
}

/* ---- phase 2: stored references by target ---- */

static hgr_result sort_references(struct semi_nca *s, hgr_status *status)
{
    hgr_result result = hgr_alloc(s->run, (size_t)s->count + 2, sizeof *s->off,
                                  "cross reference rows", &s->off, status);
    if (result == HGR_OK)
        result = hgr_alloc(s->run, s->nstored, sizeof *s->sources, "cross references", &s->sources,
                           status);
    if (result != HGR_OK)
        return result;
    /* Counts go one place up, so that filling leaves off[w] .. off[w + 1] as w's row. */
    for (size_t i = 0; i < s->nstored; i++)
        s->off[s->stored[i].target + 1]++;
    uint32_t sum = 0;
    for (uint32_t w = 1; w <= s->count + 1; w++) {
        uint32_t row = s->off[w];
        s->off[w] = sum;
        sum += row;
    }
    for (size_t i = 0; i < s->nstored; i++)
        s->sources[s->off[s->stored[i].target + 1]++] = s->stored[i].source;
    hgr_free(s->stored);
    s->stored = NULL;
    return HGR_OK;
}

/* ---- phase 3: semidominators ---- */

/* Least label from v up to, not including, its first ancestor at or below w. */
static inline uint32_t evaluate(struct record *rec, uint32_t v, uint32_t w)
{
    uint32_t below = 0; /* never on a path: the virtual root */
    while (rec[v].anc > w) {
        uint32_t up = rec[v].anc;
        rec[v].anc = below;
        below = v;
        v = up;
    }
    uint32_t top = rec[v].anc, label = rec[v].lab;
    while (below) {
        uint32_t next = rec[below].anc;
        label = rec[below].lab < label ? rec[below].lab : label;
        rec[below] = (struct record){top, label};
        below = next;
    }
    return label;
}

static hgr_result find_semidominators(struct semi_nca *s, hgr_status *status)
{
    struct record *rec = s->rec;
    uint32_t *off = s->off;
    for (uint32_t w = 1; w <= s->count; w++)
        rec[w].anc = s->par[w];
    for (uint32_t w = s->count; w > 0; w--) {
        uint32_t semi = rec[w].lab;
        for (uint32_t i = off[w + 1]; i-- > off[w];) {
            if (i >= 2 * SOURCES_AHEAD) {
                __builtin_prefetch(&rec[s->sources[i - 2 * SOURCES_AHEAD]]);
                __builtin_prefetch(&rec[rec[s->sources[i - SOURCES_AHEAD]].anc]);
            }
            uint32_t label = evaluate(rec, s->sources[i], w);
            semi = label < semi ? label : semi;
        }
        rec[w].lab = semi;
        off[w + 1] = semi; /* the row above is done with */
        if (w % CANCEL_STRIDE == 0 && report(s, 2 * (uint64_t)s->count - w, status) != HGR_OK)
            return HGR_CANCELLED;
    }
    return HGR_OK;
}

/* ---- phase 4: dominators ---- */

/* A jump pointer skips as many dominators as the one it starts at skipped twice, so that any
 * dominator is O(log depth) steps away. */
static void set_jump(struct record *rec, uint32_t w, uint32_t dom)
{
    uint32_t jump = rec[dom].anc;
    bool twice = rec[dom].lab - rec[jump].lab == rec[jump].lab - rec[rec[jump].anc].lab;
    rec[w] = (struct record){twice ? rec[jump].anc : dom, rec[dom].lab + 1};
}

static void find_dominators_by_jumps(struct semi_nca *s, uint32_t first)
{
    struct record *rec = s->rec;
    rec[0] = (struct record){0, 0};
    for (uint32_t w = 1; w <= s->count; w++) {
        uint32_t dom = w < first ? s->off[w + 1] : s->par[w], semi = s->off[w + 1];
        while (dom > semi)
            dom = rec[dom].anc > semi ? rec[dom].anc : s->off[dom + 1];
        s->off[w + 1] = dom;
        set_jump(rec, w, dom);
    }
}

static void find_dominators(struct semi_nca *s, uint64_t max_steps)
{
    uint32_t *off = s->off;
    uint64_t steps = 0;
    for (uint32_t w = 1; w <= s->count; w++) {
        uint32_t dom = s->par[w], semi = off[w + 1];
        for (; dom > semi; steps++)
            dom = off[dom + 1];
        off[w + 1] = dom;
        if (steps > max_steps) {
            find_dominators_by_jumps(s, w + 1);
            return;
        }
    }
}

/* ---- phase 5: back to nodes ---- */

/* rec[w].lab becomes w's place in the reverse postorder. */
static void find_positions(struct semi_nca *s)
{
    struct record *rec = s->rec;
    const uint32_t *par = s->par;
    for (uint32_t w = 0; w <= s->count; w++)
        rec[w] = (struct record){0, 1};
    for (uint32_t w = s->count; w > 0; w--)
        rec[par[w]].lab += rec[w].lab;
    for (uint32_t w = 1; w <= s->count; w++) {
        rec[w].anc = rec[par[w]].anc + 1;
        uint32_t post = w + rec[w].lab - 1 - rec[w].anc;
        rec[w].lab = s->count - post - 1;
    }
}

/* par becomes the order, private leaves last: nothing hangs below them. */
static hgr_result map_back(struct semi_nca *s, hgr_status *status)
{
    hgr_node n = s->graph->n, *order = s->par;
    s->vert[0] = n;
    for (uint32_t w = 1; w <= s->count; w++) {
        order[s->rec[w].lab] = s->vert[w];
        s->idom[s->vert[w]] = s->vert[s->off[w + 1]];
    }
    s->idom[n] = n;
    hgr_result result = hgr_resize(s->run, &s->par, (size_t)s->count + s->nleaves, sizeof *s->par,
                                   "dominator order", status);
    if (result != HGR_OK)
        return result;
    order = s->par + s->count;
    for (uint32_t word = 0; (uint64_t)word * 64 < n; word++)
        for (uint64_t left = s->leaves[word]; left; left &= left - 1) {
            hgr_node u = word * 64 + (uint32_t)__builtin_ctzll(left);
            if (s->idom[u] != HGR_NO_NODE)
                *order++ = u;
        }
    return HGR_OK;
}

hgr_result hgr_dominators_find(const hgr_graph *graph, const hgr_node *roots, size_t nroots,
                               const hgr_dominators_options *options, const hgr_run *run,
                               hgr_dominators *out, hgr_status *status)
{
    struct semi_nca s = {.graph = graph, .run = run};
    hgr_result result = semi_nca_init(&s, roots, nroots, status);
    if (result == HGR_OK)
        result = search(&s, roots, nroots, status);
    if (result == HGR_OK)
        result = sort_references(&s, status);
    if (result == HGR_OK)
        result = find_semidominators(&s, status);
    if (result != HGR_OK)
        goto done;
    hgr_free(s.sources);
    s.sources = NULL;
    uint64_t budget = options && options->max_steps ? options->max_steps
                                                    : (uint64_t)STEPS_PER_NODE * s.count;
    find_dominators(&s, budget);
    find_positions(&s);
    result = map_back(&s, status);
    if (result != HGR_OK)
        goto done;
    *out = (hgr_dominators){s.idom, s.par, s.count + s.nleaves};
    s.idom = s.par = NULL;
done:
    semi_nca_fini(&s);
    return result;
}
