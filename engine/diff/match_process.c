/* diff: are two dumps of one process? Process ids may be absent or used again, so what counts is
 * that the runtime and the method tables lie where they lay: they are placed anew at every start.
 */
#include <stdlib.h>
#include <string.h>

#include "../snapshot/snapshot.h"
#include "diff.h"
#include "match.h"

struct named {
    uint64_t name, place; /* hash of a name; what is compared */
};

static int by_name(const void *left, const void *right)
{
    const struct named *a = left, *b = right;
    return (a->name > b->name) - (a->name < b->name);
}

/* Names that occur once keep their place, in ascending order; how many. */
static size_t keep_single(struct named *rows, size_t count)
{
    size_t kept = 0;
    if (count > 1)
        qsort(rows, count, sizeof *rows, by_name);
    for (size_t i = 0, end; i < count; i = end) {
        for (end = i + 1; end < count && rows[end].name == rows[i].name;)
            end++;
        if (end == i + 1)
            rows[kept++] = rows[i];
    }
    return kept;
}

static void count_shared(const struct named *a, size_t na, const struct named *b, size_t nb,
                         uint32_t *out_shared, uint32_t *out_equal)
{
    for (size_t i = 0, j = 0; i < na && j < nb;) {
        uint64_t left = a[i].name, right = b[j].name;
        if (left == right) {
            (*out_shared)++;
            *out_equal += a[i].place == b[j].place;
        }
        i += left <= right;
        j += right <= left;
    }
}

static size_t list_types(const hgr_snapshot *snapshot, struct named *out)
{
    uint32_t count = hgr_snapshot_types(snapshot);
    for (uint32_t t = 0; t < count; t++) {
        const hgr_type_info *info = hgr_snapshot_type(snapshot, t);
        out[t] =
            (struct named){hgr_diff_hash_type(info->name, info->module), info->method_table_addr};
    }
    return keep_single(out, count);
}

static size_t list_modules(const hgr_dump *dump, struct named *out)
{
    size_t count = hgr_dump_modules(dump);
    for (size_t i = 0; i < count; i++) {
        const hgr_module *module = hgr_dump_module(dump, i);
        out[i] = (struct named){hgr_diff_hash_type(module->path, ""), module->base_addr};
    }
    return keep_single(out, count);
}

static hgr_result compare_types(const hgr_snapshot *before, const hgr_snapshot *after,
                                const hgr_run *run, hgr_process_evidence *out, hgr_status *status)
{
    struct named *a = NULL, *b = NULL;
    hgr_result result = hgr_alloc(run, hgr_snapshot_types(before), sizeof *a, "types", &a, status);
    if (result == HGR_OK)
        result = hgr_alloc(run, hgr_snapshot_types(after), sizeof *b, "types", &b, status);
    if (result == HGR_OK) {
        size_t na = list_types(before, a), nb = list_types(after, b);
        count_shared(a, na, b, nb, &out->types_shared, &out->types_at_same_addr);
    }
    hgr_free(b);
    hgr_free(a);
    return result;
}

static hgr_result compare_modules(const hgr_dump *before, const hgr_dump *after, const hgr_run *run,
                                  hgr_process_evidence *out, hgr_status *status)
{
    struct named *a = NULL, *b = NULL;
    hgr_result result = hgr_alloc(run, hgr_dump_modules(before), sizeof *a, "modules", &a, status);
    if (result == HGR_OK)
        result = hgr_alloc(run, hgr_dump_modules(after), sizeof *b, "modules", &b, status);
    if (result == HGR_OK) {
        size_t na = list_modules(before, a), nb = list_modules(after, b);
        count_shared(a, na, b, nb, &out->modules_shared, &out->modules_at_same_addr);
    }
    hgr_free(b);
    hgr_free(a);
    return result;
}

static void compare_ids(const hgr_snapshot *before, const hgr_snapshot *after,
                        hgr_process_evidence *out)
{
    const hgr_runtime_info *a = hgr_runtime_get_info(before->runtime);
    const hgr_runtime_info *b = hgr_runtime_get_info(after->runtime);
    uint32_t pid = before->runtime->dump->info.process_id;
    uint32_t other = after->runtime->dump->info.process_id;
    out->process_id_known = pid != 0 && other != 0;
    out->process_id_equal = out->process_id_known && pid == other;
    out->runtime_equal =
        a->module_addr == b->module_addr && strcmp(a->module_path, b->module_path) == 0;
}

hgr_result hgr_process_compare(const hgr_snapshot *before, const hgr_snapshot *after,
                               const hgr_run *run, hgr_process_evidence *out, hgr_status *status)
{
    hgr_process_evidence found = {0};
    compare_ids(before, after, &found);
    hgr_result result = compare_types(before, after, run, &found, status);
    if (result == HGR_OK)
        result = compare_modules(before->runtime->dump, after->runtime->dump, run, &found, status);
    if (result != HGR_OK)
        return result;
    found.same_process =
        (!found.process_id_known || found.process_id_equal) && found.runtime_equal &&
        found.types_shared > 0 &&
        (uint64_t)found.types_at_same_addr * 100 >= (uint64_t)found.types_shared * 98;
    *out = found;
    return HGR_OK;
}
