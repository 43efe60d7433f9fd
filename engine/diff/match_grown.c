/* diff: survivors that hold more than they did.
 *
 * An array never changes its length: what grows is a survivor that holds a longer array of the same
 * type where it held one, or an array of references in which more slots are filled. */
#include <stdlib.h>

#include "../base/status.h"
#include "match.h"

struct grown_list {
    const hgr_run *run;
    hgr_grown *rows;
    size_t count, capacity;
};

struct slot_list {
    const hgr_node *targets;
    uint32_t count;
    uint32_t *place; /* count */
};

/* What both sides of one pair need. */
struct pair_slots {
    struct slot_list list[2];
    size_t capacity[2];
};

static void note_slot(void *user, uint32_t e, uint32_t place)
{
    struct slot_list *list = user;
    if (e < list->count)
        list->place[e] = place;
}

static hgr_result list_slots(struct pair_slots *pair, int s, const hgr_match_view *view,
                             hgr_node node, const hgr_run *run, hgr_status *status)
{
    struct slot_list *list = &pair->list[s];
    list->targets = hgr_graph_targets(view->graph, node, &list->count);
    hgr_result result = hgr_grow(run, &list->place, &pair->capacity[s], list->count, UINT32_MAX,
                                 sizeof *list->place, "slots", status);
    for (uint32_t e = 0; result == HGR_OK && e < list->count; e++)
        list->place[e] = UINT32_MAX;
    if (result == HGR_OK)
        view->slots(view->user, node, note_slot, list);
    return result;
}

/* Does w hold an array that is not the one u held? Cheap: no slot is read. */
static bool holds_other_array(const hgr_match *match, const hgr_match_view *after, hgr_node w)
{
    uint32_t count;
    const hgr_node *targets = hgr_graph_targets(after->graph, w, &count);
    if (after->length(after->user, w) > 0)
        return false; /* arrays are compared by what is in them */
    for (uint32_t e = 0; e < count; e++)
        if (match->side[1].mate[targets[e]] == HGR_NO_NODE &&
            after->length(after->user, targets[e]) > 0)
            return true;
    return false;
}

static bool is_same_type(const hgr_match_view *const views[2], hgr_node u, hgr_node w)
{
    return views[0]->type_identity(views[0]->user, views[0]->type_of(views[0]->user, u)) ==
           views[1]->type_identity(views[1]->user, views[1]->type_of(views[1]->user, w));
}

/* The largest growth among slots that both have. */
static hgr_result compare_slots(const hgr_match_view *const views[2], hgr_grown *grown,
                                struct pair_slots *pair, const hgr_run *run, hgr_status *status)
{
    uint64_t best = 0;
    hgr_result result = list_slots(pair, 0, views[0], grown->before, run, status);
    if (result == HGR_OK)
        result = list_slots(pair, 1, views[1], grown->after, run, status);
    const struct slot_list *a = &pair->list[0], *b = &pair->list[1];
    for (uint32_t i = 0, j = 0; result == HGR_OK && i < a->count && j < b->count;) {
        uint32_t left = a->place[i], right = b->place[j];
        if (left == right && is_same_type(views, a->targets[i], b->targets[j])) {
            uint64_t before = views[0]->length(views[0]->user, a->targets[i]);
            uint64_t after = views[1]->length(views[1]->user, b->targets[j]);
            if (after > before && after - before > best) {
                best = after - before;
                grown->length_before = before;
                grown->length_after = after;
            }
        }
        i += left <= right;
        j += right <= left;
    }
    return result;
}

static hgr_result look_at(const hgr_match *match, const hgr_match_view *const views[2], hgr_node w,
                          struct grown_list *list, struct pair_slots *pair, hgr_status *status)
{
    hgr_grown grown = {.before = match->side[1].mate[w], .after = w};
    hgr_result result = HGR_OK;
    if (views[1]->length(views[1]->user, w) > 0) {
        uint32_t before, after;
        hgr_graph_targets(views[0]->graph, grown.before, &before);
        hgr_graph_targets(views[1]->graph, w, &after);
        grown.length_before = before;
        grown.length_after = after;
    } else if (holds_other_array(match, views[1], w)) {
        result = compare_slots(views, &grown, pair, list->run, status);
    }
    if (result != HGR_OK || grown.length_after <= grown.length_before)
        return result;
    result = hgr_grow(list->run, &list->rows, &list->capacity, list->count + 1, UINT32_MAX,
                      sizeof *list->rows, "grown collections", status);
    if (result == HGR_OK)
        list->rows[list->count++] = grown;
    return result;
}

static int by_growth(const void *left, const void *right)
{
    const hgr_grown *a = left, *b = right;
    uint64_t grew_a = a->length_after - a->length_before,
             grew_b = b->length_after - b->length_before;
    if (grew_a != grew_b)
        return grew_a > grew_b ? -1 : 1;
    return (a->after > b->after) - (a->after < b->after);
}

hgr_result hgr_match_grown(const hgr_match *match, const hgr_match_view *before,
                           const hgr_match_view *after, const hgr_run *run, hgr_grown **out,
                           size_t *out_count, hgr_status *status)
{
    const hgr_match_view *const views[2] = {before, after};
    struct grown_list list = {.run = run};
    struct pair_slots pair = {.capacity = {0}};
    hgr_result result = hgr_grow(run, &list.rows, &list.capacity, 1, UINT32_MAX, sizeof *list.rows,
                                 "grown collections", status);
    for (hgr_node w = 0; result == HGR_OK && w < match->side[1].n; w++) {
        if (match->side[1].mate[w] != HGR_NO_NODE)
            result = look_at(match, views, w, &list, &pair, status);
        if (result == HGR_OK && (w & 0xfffff) == 0)
            result = hgr_run_check_cancel(run, status);
    }
    hgr_free(pair.list[0].place);
    hgr_free(pair.list[1].place);
    if (result != HGR_OK) {
        hgr_free(list.rows);
        return result;
    }
    if (list.count > 1)
        qsort(list.rows, list.count, sizeof *list.rows, by_growth);
    *out = list.rows;
    *out_count = list.count;
    return HGR_OK;
}

void hgr_grown_free(hgr_grown *grown)
{
    hgr_free(grown);
}
