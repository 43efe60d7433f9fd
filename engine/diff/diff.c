/* diff: begin, add a dump, free. Views of dumps → rows of types and steps of owner paths.
 *
 * Each side adds its amounts to shared rows and steps, found by name; nothing of a dump is kept but
 * names and sums. Types take their totals from the scan, paths count object by object: both must
 * agree, and hgr_diff_add checks that they do. */
#include "diff.h"

#include <string.h>
#include <xxhash.h>

#include "../base/status.h"

hgr_result hgr_diff_create(uint32_t sides, const hgr_diff_options *options, const hgr_run *run,
                           hgr_diff **out, hgr_status *status)
{
    hgr_diff *diff = NULL;
    uint32_t top;
    if (sides < 1 || sides > HGR_DIFF_SIDES)
        return hgr_fail(status, HGR_BAD_ARGUMENT, "diff: %u dumps, 1 to %d allowed", sides,
                        HGR_DIFF_SIDES);
    hgr_result result = hgr_alloc(run, 1, sizeof *diff, "diff", &diff, status);
    if (result != HGR_OK)
        return result;
    diff->run = run;
    diff->sides = sides;
    if (options)
        diff->options = *options;
    if (diff->options.max_paths == 0)
        diff->options.max_paths = HGR_DIFF_PATHS_DEFAULT;
    diff->depth_limit = HGR_DIFF_DEPTH_MAX;
    hgr_arena_init(&diff->arena, run);
    hgr_map_init(&diff->text_index, run);
    hgr_map_init(&diff->row_index, run);
    hgr_map_init(&diff->mt_index, run);
    diff->children.run = run;
    result = hgr_diff_intern(diff, "(all objects)", 13, &top, status);
    if (result == HGR_OK)
        result = hgr_diff_step_below(diff, HGR_DIFF_NO_PATH, UINT32_MAX, top, &top, status);
    if (result == HGR_OK)
        *out = diff;
    else
        hgr_diff_free(diff);
    return result;
}

void hgr_diff_free(hgr_diff *diff)
{
    if (!diff)
        return;
    hgr_free(diff->path_next);
    hgr_free(diff->path_sums);
    hgr_free(diff->path_own);
    hgr_free(diff->paths);
    hgr_free(diff->step_amounts);
    hgr_free(diff->steps);
    hgr_triples_fini(&diff->children);
    hgr_free(diff->row_amounts);
    hgr_free(diff->rows);
    hgr_map_fini(&diff->mt_index);
    hgr_map_fini(&diff->row_index);
    hgr_free(diff->texts);
    hgr_map_fini(&diff->text_index);
    hgr_arena_fini(&diff->arena);
    hgr_free(diff);
}

hgr_result hgr_diff_intern(hgr_diff *diff, const char *text, size_t len, uint32_t *out,
                           hgr_status *status)
{
    uint64_t hash = XXH3_64bits(text, len);
    for (;; hash++) { /* another text of the same hash stands in the way: the next number */
        uint32_t known = hgr_map_get(&diff->text_index, hash | 1);
        if (known == HGR_MAP_NONE)
            break;
        if (strncmp(diff->texts[known], text, len) == 0 && diff->texts[known][len] == '\0') {
            *out = known;
            return HGR_OK;
        }
    }
    hgr_result result = hgr_grow(diff->run, &diff->texts, &diff->texts_capacity, diff->ntexts + 1,
                                 UINT32_MAX - 1, sizeof *diff->texts, "names", status);
    if (result != HGR_OK)
        return result;
    diff->texts[diff->ntexts] = hgr_arena_text(&diff->arena, text, len, status);
    if (!diff->texts[diff->ntexts])
        return HGR_NO_MEMORY;
    result = hgr_map_put(&diff->text_index, hash | 1, (uint32_t)diff->ntexts, status);
    if (result == HGR_OK)
        *out = (uint32_t)diff->ntexts++;
    return result;
}

static hgr_result retain_types(hgr_diff *diff, const hgr_diff_view *view, const uint32_t *row_of,
                               const hgr_run *run, hgr_status *status)
{
    hgr_class_totals *totals = NULL;
    uint32_t *class_of = NULL;
    uint32_t n = hgr_graph_nodes(view->graph);
    hgr_result result = hgr_alloc(run, n, sizeof *class_of, "type of each node", &class_of, status);
    for (hgr_node u = 0; result == HGR_OK && u < n; u++)
        class_of[u] = view->type_of(view->user, u);
    if (result == HGR_OK)
        result = hgr_class_totals_create(view->graph, view->tree, view->roots, view->nroots,
                                         class_of, view->ntypes, view->bytes, view->user, run,
                                         &totals, status);
    for (uint32_t t = 0; result == HGR_OK && t < view->ntypes; t++) {
        hgr_diff_amount *amount =
            &diff->row_amounts[(size_t)row_of[t] * diff->sides + diff->added];
        amount->retained_bytes += totals[t].retained_bytes;
        amount->owned_bytes += totals[t].owned_bytes;
    }
    hgr_class_totals_free(totals);
    hgr_free(class_of);
    return result;
}

hgr_result hgr_diff_check_sums(const hgr_diff *diff, hgr_result bad, hgr_status *status)
{
    hgr_diff_amount paths = {0};
    const hgr_diff_amount *types = &diff->total[diff->added];
    for (size_t s = 0; s < diff->nsteps; s++) {
        paths.count += diff->step_amounts[s * diff->sides + diff->added].count;
        paths.bytes += diff->step_amounts[s * diff->sides + diff->added].bytes;
    }
    if (paths.count == types->count && paths.bytes == types->bytes)
        return HGR_OK;
    return hgr_fail(status, bad,
                    "diff: paths hold %llu objects of %llu bytes, types %llu of %llu",
                    (unsigned long long)paths.count, (unsigned long long)paths.bytes,
                    (unsigned long long)types->count, (unsigned long long)types->bytes);
}

hgr_result hgr_diff_add(hgr_diff *diff, const hgr_diff_view *view, const hgr_run *run,
                        hgr_status *status)
{
    uint32_t *row_of = NULL;
    if (diff->added >= diff->sides || diff->finished)
        return hgr_fail(status, HGR_BAD_ARGUMENT, "diff: all %u dumps were added", diff->sides);
    hgr_phase_timer timer = hgr_phase_begin(run, "diff types");
    hgr_result result = hgr_alloc(run, view->ntypes, sizeof *row_of, "type rows", &row_of, status);
    if (result == HGR_OK)
        result = hgr_diff_join_types(diff, view, row_of, status);
    if (result == HGR_OK && !diff->options.no_retained)
        result = retain_types(diff, view, row_of, run, status);
    if (result == HGR_OK)
        hgr_phase_end(&timer, 0, hgr_graph_nodes(view->graph), 0);
    timer = hgr_phase_begin(run, "diff paths");
    if (result == HGR_OK)
        result = hgr_diff_add_paths(diff, view, row_of, run, status);
    if (result == HGR_OK)
        hgr_phase_end(&timer, 0, hgr_graph_nodes(view->graph), hgr_graph_references(view->graph));
    if (result == HGR_OK)
        result = hgr_diff_check_sums(diff, HGR_INTERNAL, status);
    if (result == HGR_OK)
        diff->added++;
    hgr_free(row_of);
    return result;
}
