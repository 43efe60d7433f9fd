/* diff: pair the objects of two dumps of one process: the order of the stages, and accessors.
 *
 * What is unique is paired first, then what stayed in place, then what lies between or is referred
 * to by pairs; each kind of evidence feeds the other, so both are used twice, the second time also
 * for objects whose content changed. At the end, pairs that their neighbours contradict part. */
#include "match.h"

#include <string.h>

#include "../base/parallel.h"
#include "../base/status.h"

static hgr_result open_side(struct hgr_match_side *side, const hgr_match_view *view,
                            const hgr_run *run, hgr_status *status)
{
    side->view = view;
    side->graph = view->graph;
    side->n = hgr_graph_nodes(view->graph);
    hgr_result result =
        hgr_alloc(run, side->n, sizeof *side->structure, "hashes", &side->structure, status);
    if (result == HGR_OK)
        result = hgr_alloc(run, side->n, sizeof *side->content, "hashes", &side->content, status);
    if (result == HGR_OK)
        result = hgr_match_hash(side, run, status);
    if (result == HGR_OK)
        result = hgr_alloc(run, side->n, sizeof *side->mate, "pairs", &side->mate, status);
    if (result == HGR_OK)
        result = hgr_alloc(run, side->n, sizeof *side->fate, "fates", &side->fate, status);
    if (result == HGR_OK)
        memset(side->mate, 0xff, (size_t)side->n * sizeof *side->mate);
    return result;
}

/* What is only needed while pairs are made. */
static void close_side(struct hgr_match_side *side)
{
    hgr_free(side->holder);
    hgr_free(side->content);
    hgr_free(side->likeness);
    hgr_free(side->structure);
    side->holder = NULL;
    side->content = NULL;
    side->likeness = NULL;
    side->structure = NULL;
    side->view = NULL;
    side->graph = NULL;
}

/* One stage with its time. */
typedef hgr_result stage_fn(struct hgr_match *match, const hgr_run *run, hgr_status *status);

static hgr_result do_anchors(struct hgr_match *match, const hgr_run *run, hgr_status *status)
{
    hgr_result result = hgr_match_anchors(match, run, status);
    for (int s = 0; result == HGR_OK && s < 2; s++)
        result = hgr_match_find_holders(&match->side[s], run, status);
    if (result == HGR_OK)
        result = hgr_match_find_stays(match, run, status);
    if (result == HGR_OK)
        result = hgr_match_part_strays(match, run, status);
    if (result == HGR_OK)
        result = hgr_match_part_misfits(match, false, run, status);
    return result == HGR_OK ? hgr_match_places(match, run, status) : result;
}

static hgr_result do_order(struct hgr_match *match, const hgr_run *run, hgr_status *status)
{
    return hgr_match_order(match, HGR_ALIKE_CONTENT, run, status);
}

static hgr_result do_follow(struct hgr_match *match, const hgr_run *run, hgr_status *status)
{
    return hgr_match_follow(match, HGR_ALIKE_CONTENT, run, status);
}

static hgr_result do_order_loosely(struct hgr_match *match, const hgr_run *run, hgr_status *status)
{
    return hgr_match_order(match, HGR_ALIKE_SHAPE, run, status);
}

static hgr_result do_follow_loosely(struct hgr_match *match, const hgr_run *run, hgr_status *status)
{
    return hgr_match_follow(match, HGR_ALIKE_SHAPE, run, status);
}

static hgr_result do_misfits(struct hgr_match *match, const hgr_run *run, hgr_status *status)
{
    return hgr_match_part_misfits(match, true, run, status);
}

static const struct {
    const char *name;
    stage_fn *fn;
} stages[] = {
    {"match anchors", do_anchors},
    {"match order", do_order},
    {"match references", do_follow},
    {"match strays", hgr_match_part_strays},
    {"match order", do_order},
    {"match changed", do_order_loosely},
    {"match changed", do_follow_loosely},
    {"match strays", hgr_match_part_strays},
    {"match changed", do_order_loosely},
    {"match changed", do_follow_loosely},
    {"match misfits", do_misfits},
    {"match fates", hgr_match_decide},
};

static hgr_result work(struct hgr_match *match, const hgr_match_view *const views[2],
                       const hgr_run *run, hgr_status *status)
{
    hgr_result result = HGR_OK;
    uint64_t n = (uint64_t)hgr_graph_nodes(views[0]->graph) + hgr_graph_nodes(views[1]->graph);
    hgr_phase_timer timer = hgr_phase_begin(run, "match hashes");
    for (int s = 0; result == HGR_OK && s < 2; s++)
        result = open_side(&match->side[s], views[s], run, status);
    if (result == HGR_OK)
        hgr_phase_end(&timer, 0, n, 0);
    for (size_t i = 0; result == HGR_OK && i < sizeof stages / sizeof stages[0]; i++) {
        timer = hgr_phase_begin(run, stages[i].name);
        hgr_run_progress(run, stages[i].name, i, sizeof stages / sizeof stages[0]);
        result = stages[i].fn(match, run, status);
        if (result == HGR_OK)
            hgr_phase_end(&timer, 0, n, 0);
    }
    return result;
}

hgr_result hgr_match_create(const hgr_match_view *before, const hgr_match_view *after,
                            const hgr_run *run, hgr_match **out, hgr_status *status)
{
    struct hgr_match *match = NULL;
    const hgr_match_view *const views[2] = {before, after};
    hgr_result result = hgr_alloc(run, 1, sizeof *match, "match", &match, status);
    if (result != HGR_OK)
        return result;
    match->run = run;
    result = work(match, views, run, status);
    for (int s = 0; s < 2; s++)
        close_side(&match->side[s]);
    hgr_free(match->hint);
    hgr_free(match->stay);
    match->hint = match->stay = NULL;
    if (result == HGR_OK)
        *out = match;
    else
        hgr_match_free(match);
    return result;
}

void hgr_match_free(hgr_match *match)
{
    if (!match)
        return;
    for (int s = 0; s < 2; s++) {
        hgr_free(match->side[s].fate);
        hgr_free(match->side[s].mate);
    }
    hgr_free(match);
}

uint32_t hgr_match_nodes(const hgr_match *match, int side)
{
    return match->side[side].n;
}

hgr_node hgr_match_mate(const hgr_match *match, int side, hgr_node node)
{
    return match->side[side].mate[node];
}

hgr_fate hgr_match_fate(const hgr_match *match, int side, hgr_node node)
{
    return (hgr_fate)hgr_match_fate_of(&match->side[side], node);
}

hgr_match_reason hgr_match_why(const hgr_match *match, int side, hgr_node node)
{
    return (hgr_match_reason)(match->side[side].fate[node] >> 4);
}

const hgr_match_totals *hgr_match_get_totals(const hgr_match *match, int side)
{
    return &match->side[side].totals;
}

const char *hgr_fate_name(hgr_fate fate)
{
    static const char *const names[HGR_FATES] = {"gone", "unknown", "probable", "sure"};
    return (unsigned)fate < HGR_FATES ? names[fate] : "unknown";
}

const char *hgr_match_reason_name(hgr_match_reason reason)
{
    static const char *const names[HGR_MATCH_REASONS] = {"none",  "structure", "address",
                                                         "order", "reference", "referrer"};
    return (unsigned)reason < HGR_MATCH_REASONS ? names[reason] : "none";
}
