/* diff: the tree of owner path steps, shared by all sides: find, make, fold repetitions, cut.
 *
 * A step is (step above, type, field). A repetition folds into its first occurrence: the same type
 * right below itself (linked lists, by whatever field), or the same type by the same field up to
 * FOLD_PERIOD steps up (trees: Node → List → Node[] → Node). What lies deeper than the limit ends
 * in one step "(deeper)" of the last step that is kept. */
#include "diff.h"

#include <string.h>

#define FOLD_PERIOD 4
static const char deeper[] = "(deeper)";

hgr_result hgr_diff_step_below(hgr_diff *diff, uint32_t parent, uint32_t type, uint32_t label,
                               uint32_t *out, hgr_status *status)
{
    uint32_t step = hgr_triples_get(&diff->children, parent, type, label);
    if (step != HGR_TRIPLE_NONE) {
        *out = step;
        return HGR_OK;
    }
    hgr_result result = hgr_grow(diff->run, &diff->steps, &diff->steps_capacity, diff->nsteps + 1,
                                 UINT32_MAX - 1, sizeof *diff->steps, "owner paths", status);
    if (result == HGR_OK)
        result = hgr_grow(diff->run, &diff->step_amounts, &diff->step_amounts_capacity,
                          (diff->nsteps + 1) * diff->sides, SIZE_MAX / sizeof *diff->step_amounts,
                          sizeof *diff->step_amounts, "owner paths", status);
    step = (uint32_t)diff->nsteps; /* below UINT32_MAX: hgr_grow's limit */
    if (result == HGR_OK)
        result = hgr_triples_put(&diff->children, parent, type, label, step, status);
    if (result != HGR_OK)
        return result;
    memset(&diff->step_amounts[diff->nsteps * diff->sides], 0,
           diff->sides * sizeof *diff->step_amounts);
    uint32_t depth = parent == HGR_DIFF_NO_PATH ? 0 : diff->steps[parent].depth + 1;
    diff->steps[diff->nsteps++] = (struct hgr_diff_step){parent, depth, type, label};
    *out = step;
    return HGR_OK;
}

static bool is_deeper(const hgr_diff *diff, uint32_t step)
{
    const struct hgr_diff_step *at = &diff->steps[step];
    return at->type == UINT32_MAX && at->depth > 1;
}

static uint32_t fold(const hgr_diff *diff, uint32_t parent, uint32_t type, uint32_t label)
{
    uint32_t at = parent;
    if (diff->steps[at].type == type)
        return at;
    for (int up = 0; up < FOLD_PERIOD && diff->steps[at].depth > 1; up++) {
        if (diff->steps[at].type == type && diff->steps[at].label == label)
            return at;
        at = diff->steps[at].parent;
    }
    return HGR_DIFF_NO_PATH;
}

hgr_result hgr_diff_step_on(hgr_diff *diff, uint32_t parent, uint32_t type, uint32_t label,
                            uint32_t *out, hgr_status *status)
{
    uint32_t name;
    uint32_t step = is_deeper(diff, parent) ? parent : fold(diff, parent, type, label);
    if (step != HGR_DIFF_NO_PATH) {
        *out = step;
        return HGR_OK;
    }
    if (diff->steps[parent].depth < diff->depth_limit)
        return hgr_diff_step_below(diff, parent, type, label, out, status);
    hgr_result result = hgr_diff_intern(diff, deeper, sizeof deeper - 1, &name, status);
    if (result == HGR_OK)
        result = hgr_diff_step_below(diff, parent, UINT32_MAX, name, out, status);
    return result;
}

/* Where an old step goes in the cut tree: itself, or "(deeper)" of its ancestor at the limit. */
static hgr_result move_step(hgr_diff *diff, const struct hgr_diff_step *old, uint32_t *new_of,
                            uint32_t i, hgr_status *status)
{
    uint32_t parent = old[i].parent == HGR_DIFF_NO_PATH ? HGR_DIFF_NO_PATH : new_of[old[i].parent];
    if (parent == HGR_DIFF_NO_PATH)
        return hgr_diff_step_below(diff, parent, old[i].type, old[i].label, &new_of[i], status);
    if (is_deeper(diff, parent)) {
        new_of[i] = parent;
        return HGR_OK;
    }
    if (diff->steps[parent].depth < diff->depth_limit)
        return hgr_diff_step_below(diff, parent, old[i].type, old[i].label, &new_of[i], status);
    return hgr_diff_step_on(diff, parent, UINT32_MAX, HGR_DIFF_JOINT, &new_of[i], status);
}

hgr_result hgr_diff_cut_steps(hgr_diff *diff, uint32_t *new_of, hgr_status *status)
{
    struct hgr_diff_step *old = diff->steps;
    hgr_diff_amount *amounts = diff->step_amounts;
    size_t count = diff->nsteps, sides = diff->sides;
    hgr_result result = HGR_OK;
    diff->depth_limit /= 2;
    diff->steps = NULL;
    diff->step_amounts = NULL;
    diff->nsteps = diff->steps_capacity = diff->step_amounts_capacity = 0;
    hgr_triples_clear(&diff->children);
    for (uint32_t i = 0; result == HGR_OK && i < count; i++) { /* parents come first */
        result = move_step(diff, old, new_of, i, status);
        for (size_t k = 0; result == HGR_OK && k < sides; k++) {
            diff->step_amounts[new_of[i] * sides + k].count += amounts[i * sides + k].count;
            diff->step_amounts[new_of[i] * sides + k].bytes += amounts[i * sides + k].bytes;
        }
    }
    hgr_free(amounts);
    hgr_free(old);
    return result;
}
