/* diff: a side that was written down by an earlier diff: its types and paths with their amounts. */
#include "diff.h"

#include <string.h>

#include "../base/status.h"

struct saved {
    const hgr_saved_type *types;
    uint32_t ntypes;
};

static void describe_type(const void *user, uint32_t type, hgr_diff_type_of_view *out)
{
    const struct saved *saved = user;
    const hgr_saved_type *from = &saved->types[type];
    *out = (hgr_diff_type_of_view){from->name, from->module, 0, from->amount.count,
                                   from->amount.bytes};
}

static void add_retained(hgr_diff *diff, const struct saved *saved, const uint32_t *row_of)
{
    for (uint32_t t = 0; t < saved->ntypes; t++) {
        hgr_diff_amount *to = &diff->row_amounts[(size_t)row_of[t] * diff->sides + diff->added];
        to->owned_bytes += saved->types[t].amount.owned_bytes;
        to->retained_bytes += saved->types[t].amount.retained_bytes;
    }
}

static hgr_result check_path(const hgr_saved_path *path, uint32_t number, uint32_t ntypes,
                             hgr_status *status)
{
    bool top = number == 0;
    if ((path->parent == UINT32_MAX) != top || (!top && path->parent >= number))
        return hgr_fail(status, HGR_BAD_DATA, "saved diff: path %u has parent %u, expected %s",
                        number, path->parent, top ? "none" : "an earlier one");
    if (path->type != UINT32_MAX && (top || path->type >= ntypes))
        return hgr_fail(status, HGR_BAD_DATA, "saved diff: path %u has type %u of %u", number,
                        path->type, ntypes);
    return HGR_OK;
}

static hgr_result add_path(hgr_diff *diff, const hgr_saved_path *path, const uint32_t *row_of,
                           uint32_t above, uint32_t *out, hgr_status *status)
{
    const char *text = path->type == UINT32_MAX ? path->name : path->field;
    uint32_t label = HGR_DIFF_JOINT,
             row = path->type == UINT32_MAX ? path->type : row_of[path->type];
    hgr_result result = HGR_OK;
    *out = 0; /* the top is the top, whatever it was called */
    if (text && above != HGR_DIFF_NO_PATH)
        result = hgr_diff_intern(diff, text, strlen(text), &label, status);
    if (result == HGR_OK && above != HGR_DIFF_NO_PATH)
        result = hgr_diff_step_below(diff, above, row, label, out, status);
    if (result != HGR_OK)
        return result;
    hgr_diff_amount *amount = &diff->step_amounts[(size_t)*out * diff->sides + diff->added];
    amount->count += path->own_count;
    amount->bytes += path->own_bytes;
    return HGR_OK;
}

static hgr_result add_paths(hgr_diff *diff, const hgr_saved_path *paths, uint32_t npaths,
                            const uint32_t *row_of, uint32_t ntypes, const hgr_run *run,
                            hgr_status *status)
{
    uint32_t *step_of = NULL;
    hgr_result result = hgr_alloc(run, npaths, sizeof *step_of, "paths", &step_of, status);
    for (uint32_t p = 0; result == HGR_OK && p < npaths; p++) {
        result = check_path(&paths[p], p, ntypes, status);
        if (result != HGR_OK)
            break;
        uint32_t above = p ? step_of[paths[p].parent] : HGR_DIFF_NO_PATH;
        result = add_path(diff, &paths[p], row_of, above, &step_of[p], status);
    }
    hgr_free(step_of);
    return result;
}

hgr_result hgr_diff_add_saved(hgr_diff *diff, const hgr_saved_type *types, uint32_t ntypes,
                              const hgr_saved_path *paths, uint32_t npaths, const hgr_run *run,
                              hgr_status *status)
{
    uint32_t *row_of = NULL;
    struct saved saved = {types, ntypes};
    hgr_diff_view view = {.user = &saved, .ntypes = ntypes, .type = describe_type};
    if (diff->added >= diff->sides || diff->finished)
        return hgr_fail(status, HGR_BAD_ARGUMENT, "diff: all %u dumps were added", diff->sides);
    hgr_result result = hgr_alloc(run, ntypes, sizeof *row_of, "type rows", &row_of, status);
    if (result == HGR_OK)
        result = hgr_diff_join_types(diff, &view, row_of, status);
    if (result == HGR_OK) {
        add_retained(diff, &saved, row_of);
        result = add_paths(diff, paths, npaths, row_of, ntypes, run, status);
    }
    if (result == HGR_OK)
        result = hgr_diff_check_sums(diff, HGR_BAD_DATA, status);
    if (result == HGR_OK)
        diff->added++;
    hgr_free(row_of);
    return result;
}
