/* tools: `diff --json`: everything, raw numbers, stable keys. */
#include "diff_answer.h"

#include <stdlib.h>

#include "units.h"

/* All rows, so that the document can stand for the newest dump later. */
static bool is_complete(const diff_answer *answer)
{
    return !opt_given(answer->opts, OPT_TOP);
}

static void write_dumps(const diff_answer *answer, tool_json *json)
{
    out_array(json, "dumps");
    for (uint32_t k = 0; k < answer->sides; k++) {
        const diff_dump *dump = &answer->dumps[k];
        const hgr_diff_amount *total = &hgr_diff_total(answer->diff)[k];
        out_object(json, NULL);
        out_text(json, "path", dump->path);
        out_u64(json, "bytes", dump->file_bytes);
        out_hash(json, "xxh3", dump->fingerprint);
        out_u64(json, "process_id", dump->process_id);
        out_number(json, "coverage_percent", units_percent(dump->walked_bytes, dump->used_bytes));
        out_u64(json, "object_count", total->count);
        out_u64(json, "object_bytes", total->bytes);
        out_end_object(json);
    }
    out_end_array(json);
}

static void write_series(tool_json *json, const char *key, const hgr_diff_amount *amounts,
                         uint32_t sides, int what)
{
    out_array(json, key);
    for (uint32_t k = 0; k < sides; k++) {
        const uint64_t values[] = {amounts[k].count, amounts[k].bytes, amounts[k].owned_bytes,
                                   amounts[k].retained_bytes};
        out_u64(json, NULL, values[what]);
    }
    out_end_array(json);
}

/* Of two dumps of one process: how many of its objects survived, came, went. */
static void write_fates(const diff_fates *fates, tool_json *json)
{
    out_u64(json, "survived_count", fates->survived);
    out_u64(json, "new_count", fates->fresh);
    out_u64(json, "new_bytes", fates->fresh_bytes);
    out_u64(json, "gone_count", fates->gone);
    out_u64(json, "gone_bytes", fates->gone_bytes);
    out_u64(json, "unknown_count_before", fates->unknown_before);
    out_u64(json, "unknown_count_after", fates->unknown_after);
}

static void write_types(const diff_answer *answer, tool_json *json)
{
    diff_rows rows = diff_pick_types(answer, session_top(&answer->last, true), is_complete(answer));
    out_array(json, "types");
    for (size_t i = 0; i < rows.count; i++) {
        const hgr_diff_type *type = hgr_diff_type_get(answer->diff, rows.ids[i]);
        const hgr_diff_amount *amounts = hgr_diff_type_amounts(answer->diff, rows.ids[i]);
        out_object(json, NULL);
        out_text(json, "type", type->name);
        out_text(json, "module", type->module);
        out_u64(json, "position", type->position);
        out_hash(json, "identity", type->identity);
        out_i64(json, "count_delta", diff_count_growth(answer, amounts));
        out_i64(json, "bytes_delta", hgr_diff_growth(answer->diff, amounts));
        write_series(json, "count", amounts, answer->sides, 0);
        write_series(json, "bytes", amounts, answer->sides, 1);
        write_series(json, "owned_bytes", amounts, answer->sides, 2);
        write_series(json, "retained_bytes", amounts, answer->sides, 3);
        if (answer->objects.of_type)
            write_fates(&answer->objects.of_type[rows.ids[i]], json);
        out_end_object(json);
    }
    out_end_array(json);
    free(rows.ids);
}

static void write_paths(const diff_answer *answer, tool_json *json)
{
    const hgr_diff *diff = answer->diff;
    diff_rows rows = diff_pick_paths(answer, session_top(&answer->last, true), is_complete(answer));
    out_array(json, "paths");
    for (size_t i = 0; i < rows.count; i++) {
        uint32_t p = rows.ids[i];
        const hgr_diff_path *path = hgr_diff_path_get(diff, p);
        out_object(json, NULL);
        out_hash(json, "identity", path->identity);
        if (p == HGR_DIFF_TOP)
            out_null(json, "parent");
        else
            out_hash(json, "parent", hgr_diff_path_get(diff, path->parent)->identity);
        out_u64(json, "depth", path->depth);
        if (path->type == UINT32_MAX)
            out_null(json, "type");
        else
            out_hash(json, "type", hgr_diff_type_get(diff, path->type)->identity);
        out_text(json, "field", path->field);
        out_text(json, "name", path->name);
        out_i64(json, "bytes_delta", hgr_diff_growth(diff, hgr_diff_path_sums(diff, p)));
        out_i64(json, "own_bytes_delta", hgr_diff_growth(diff, hgr_diff_path_own(diff, p)));
        write_series(json, "own_count", hgr_diff_path_own(diff, p), answer->sides, 0);
        write_series(json, "own_bytes", hgr_diff_path_own(diff, p), answer->sides, 1);
        write_series(json, "bytes", hgr_diff_path_sums(diff, p), answer->sides, 1);
        out_end_object(json);
    }
    out_end_array(json);
    free(rows.ids);
}

static void write_text(const diff_answer *answer, tool_json *json, const char *key, uint32_t path)
{
    size_t len = hgr_diff_path_text(answer->diff, path, NULL, 0);
    char *text = must_alloc(len + 1, 1);
    hgr_diff_path_text(answer->diff, path, text, len + 1);
    out_text(json, key, text);
    free(text);
}

static void write_suspects(const diff_answer *answer, tool_json *json)
{
    hgr_diff_suspect suspects[HGR_DIFF_SUSPECTS];
    size_t count = hgr_diff_suspects(answer->diff, suspects);
    out_array(json, "suspects");
    for (size_t i = 0; i < count; i++) {
        out_object(json, NULL);
        out_text(json, "root", hgr_diff_path_get(answer->diff, suspects[i].root)->name);
        write_text(answer, json, "accumulation_path", suspects[i].accumulation);
        write_text(answer, json, "grown_path", suspects[i].leaf);
        out_hash(json, "identity",
                 hgr_diff_path_get(answer->diff, suspects[i].accumulation)->identity);
        out_i64(json, "bytes_delta", suspects[i].growth_bytes);
        out_i64(json, "count_delta", suspects[i].growth_count);
        out_end_object(json);
    }
    out_end_array(json);
}

void diff_write_json(diff_answer *answer)
{
    tool_json *json = &answer->last.json;
    const hgr_diff_amount *total = hgr_diff_total(answer->diff);
    write_dumps(answer, json);
    out_bool(json, "complete", is_complete(answer));
    out_i64(json, "count_delta", diff_count_growth(answer, total));
    out_i64(json, "bytes_delta", hgr_diff_growth(answer->diff, total));
    write_suspects(answer, json);
    write_paths(answer, json);
    write_types(answer, json);
}
