/* tools: `diff` object by object: match, sum up by type, find what grew and who owns what is new.
 */
#include "diff_answer.h"

#include <stdlib.h>

static void count_fate(diff_fates *to, int side, hgr_fate fate, uint64_t bytes)
{
    if (fate == HGR_FATE_UNKNOWN) {
        *(side == HGR_BEFORE ? &to->unknown_before : &to->unknown_after) += 1;
    } else if (fate == HGR_FATE_GONE) {
        *(side == HGR_BEFORE ? &to->gone : &to->fresh) += 1;
        *(side == HGR_BEFORE ? &to->gone_bytes : &to->fresh_bytes) += bytes;
    } else if (side == HGR_AFTER) {
        to->survived++;
    }
}

static void sum_side(diff_answer *answer, int side)
{
    diff_objects *objects = &answer->objects;
    const hgr_snapshot *heap = side == HGR_BEFORE ? answer->first.snapshot : answer->last.snapshot;
    uint32_t *row_of = must_alloc(hgr_snapshot_types(heap) + 1, sizeof *row_of);
    for (uint32_t t = 0; t < hgr_snapshot_types(heap); t++)
        row_of[t] = hgr_diff_type_at(answer->diff, (uint32_t)side,
                                     hgr_snapshot_type(heap, t)->method_table_addr);
    for (hgr_node u = 0; u < hgr_match_nodes(objects->match, side); u++) {
        uint32_t row = row_of[hgr_node_type(heap, u)];
        if (row != UINT32_MAX)
            count_fate(&objects->of_type[row], side, hgr_match_fate(objects->match, side, u),
                       hgr_node_bytes(heap, u));
    }
    free(row_of);
}

static hgr_result match(diff_answer *answer, hgr_status *status)
{
    diff_objects *objects = &answer->objects;
    const hgr_run *run = answer->last.run;
    hgr_result result =
        hgr_match_view_create(answer->first.snapshot, run, &objects->views[0], status);
    if (result == HGR_OK)
        result = hgr_match_view_create(answer->last.snapshot, run, &objects->views[1], status);
    if (result == HGR_OK)
        result =
            hgr_match_create(objects->views[0], objects->views[1], run, &objects->match, status);
    if (result == HGR_OK)
        result = hgr_match_grown(objects->match, objects->views[0], objects->views[1], run,
                                 &objects->grown, &objects->ngrown, status);
    if (result == HGR_OK)
        result = hgr_match_new_owners(objects->match, objects->views[1], answer->last.tree, run,
                                      &objects->owners, &objects->nowners, status);
    return result;
}

int diff_match_objects(diff_answer *answer)
{
    hgr_status status = {0};
    diff_objects *objects = &answer->objects;
    if (!answer->first.snapshot || !answer->last.snapshot)
        return EXIT_DONE;
    hgr_result result = hgr_process_compare(answer->first.snapshot, answer->last.snapshot,
                                            answer->last.run, &objects->process, &status);
    objects->compared = result == HGR_OK;
    if (result == HGR_OK && objects->process.same_process)
        result = match(answer, &status);
    if (result != HGR_OK)
        return session_fail(&answer->last, result, &status);
    if (!objects->process.same_process)
        return EXIT_DONE;
    objects->of_type = must_alloc(hgr_diff_types(answer->diff) + 1, sizeof *objects->of_type);
    sum_side(answer, HGR_BEFORE);
    sum_side(answer, HGR_AFTER);
    return EXIT_DONE;
}

void diff_free_objects(diff_answer *answer)
{
    diff_objects *objects = &answer->objects;
    free(objects->of_type);
    hgr_new_owners_free(objects->owners);
    hgr_grown_free(objects->grown);
    hgr_match_free(objects->match);
    hgr_match_view_free(objects->views[1]);
    hgr_match_view_free(objects->views[0]);
    *objects = (diff_objects){.compared = false};
}

/* The first root of a node: roots are sorted by kind, statics first. */
static const char *root_name(const tool_session *session, hgr_node node)
{
    for (size_t r = 0; r < session->nroots; r++)
        if (session->roots[r] == node)
            return hgr_snapshot_root(session->snapshot, r)->name;
    return NULL;
}

void diff_add_owner_name(const diff_answer *answer, const hgr_new_owner *owner, strbuf *out)
{
    const tool_session *session = &answer->last;
    if (owner->owner != HGR_NO_NODE) {
        strbuf_add_z(out, session_type_name(session, owner->owner));
        return;
    }
    const char *name = root_name(session, owner->example);
    strbuf_add_z(out, name ? name : "(several roots)");
}

void diff_sum_owners(const diff_answer *answer, uint64_t *out_bytes, uint64_t *out_named)
{
    const diff_objects *objects = &answer->objects;
    *out_bytes = *out_named = 0;
    for (size_t i = 0; i < objects->nowners; i++) {
        const hgr_new_owner *owner = &objects->owners[i];
        *out_bytes += owner->bytes;
        if (owner->owner != HGR_NO_NODE || root_name(&answer->last, owner->example))
            *out_named += owner->bytes;
    }
}
