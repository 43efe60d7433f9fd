/* snapshot: runtime -> scanned heap with types, names, roots and findings.
 *
 * Order matters: handles first, because dependent handles are references of the graph; then the
 * scan; then names of the types that have objects; then roots, which need to know what is a node. */
#include "snapshot.h"

#include <stdlib.h>
#include <string.h>

#include "../base/status.h"

static hgr_source make_source(const hgr_snapshot *snapshot)
{
    const hgr_runtime *runtime = snapshot->runtime;
    uint32_t pointer = runtime->space->pointer_size;
    return (hgr_source){
        .space = runtime->space,
        .segments = runtime->segments,
        .nsegments = runtime->nsegments,
        .gaps = runtime->gaps,
        .ngaps = runtime->ngaps,
        .implied = snapshot->handles.implied,
        .nimplied = snapshot->handles.nimplied,
        .min_bytes = 3 * pointer,
        .mark_mask = pointer - 1,
        .large_align = 8,
        .describe = hgr_clr_describe,
        .self = snapshot->types,
    };
}

static hgr_result name_one_type(hgr_snapshot *snapshot, uint32_t type, hgr_text *text,
                                hgr_status *status)
{
    const hgr_heap_type *from = &snapshot->heap->types[type];
    uint64_t addr = from->shape.method_table_addr;
    hgr_type_info *info = &snapshot->type_infos[type];
    hgr_text_clear(text);
    if (!hgr_clr_type_name(snapshot->names, addr, text)) {
        hgr_finding finding = {HGR_FOUND_NO_NAME, addr, 0, 0};
        hgr_result result = hgr_snapshot_find(snapshot, &finding, status);
        if (result != HGR_OK)
            return result;
    }
    if (text->failed)
        return hgr_fail(status, HGR_NO_MEMORY, "type name: out of memory");
    info->name = hgr_arena_text(&snapshot->arena, hgr_text_get(text), text->len, status);
    if (!info->name)
        return HGR_NO_MEMORY;
    info->module = hgr_clr_type_module(snapshot->names, addr);
    info->method_table_addr = addr;
    info->base_size = from->shape.base_size;
    info->component_size = from->shape.component_size;
    for (int g = 0; g < HGR_GENERATIONS; g++) {
        info->count += from->count[g];
        info->bytes += from->bytes[g];
    }
    info->is_string = addr == snapshot->runtime->string_mt;
    info->is_array = from->shape.component_size != 0 && !info->is_string;
    info->is_collectible = from->shape.implied_addr != 0;
    info->has_finalizer = (from->shape.flags & HGR_SHAPE_FINALIZER) != 0;
    return HGR_OK;
}

static hgr_result name_types(hgr_snapshot *snapshot, const hgr_run *run, hgr_status *status)
{
    hgr_text text;
    hgr_text_init(&text, run);
    uint32_t n = snapshot->heap->ntypes;
    hgr_result result =
        hgr_alloc(run, n, sizeof *snapshot->type_infos, "types", &snapshot->type_infos, status);
    for (uint32_t type = 0; result == HGR_OK && type < n; type++)
        result = name_one_type(snapshot, type, &text, status);
    hgr_text_fini(&text);
    return result;
}

static hgr_result take_heap_findings(hgr_snapshot *snapshot, hgr_status *status)
{
    const hgr_findings *found = &snapshot->heap->findings;
    hgr_result result = HGR_OK;
    for (size_t i = 0; result == HGR_OK && i < found->nfirst; i++)
        result = hgr_snapshot_find(snapshot, &found->first[i], status);
    /* The heap's own counts are complete, those just made only cover the kept ones. */
    memcpy(snapshot->finding_count, found->count, sizeof found->count);
    memcpy(snapshot->finding_bytes, found->bytes, sizeof found->bytes);
    return result;
}

hgr_result hgr_snapshot_find(hgr_snapshot *snapshot, const hgr_finding *finding, hgr_status *status)
{
    uint64_t before = snapshot->finding_count[finding->kind]++;
    snapshot->finding_bytes[finding->kind] += finding->bytes;
    if (before >= HGR_FINDINGS_KEPT)
        return HGR_OK;
    hgr_result result =
        hgr_grow(snapshot->run, &snapshot->findings, &snapshot->findings_capacity,
                 snapshot->nfindings + 1, (size_t)HGR_FINDINGS_KEPT * HGR_FINDING_KINDS,
                 sizeof *snapshot->findings, "findings", status);
    if (result == HGR_OK)
        snapshot->findings[snapshot->nfindings++] = *finding;
    return result;
}

static int by_address(const void *left, const void *right)
{
    const hgr_finding *a = left, *b = right;
    if (a->addr != b->addr)
        return a->addr < b->addr ? -1 : 1;
    return (a->kind > b->kind) - (a->kind < b->kind);
}

/* A handle table that fails its checks is one finding; handles.bad counts the slots. */
static hgr_result note_bad_handles(hgr_snapshot *snapshot, hgr_status *status)
{
    if (snapshot->handles.bad == 0)
        return HGR_OK;
    hgr_finding finding = {HGR_FOUND_BAD_HANDLE, snapshot->runtime->handle_table_map_addr,
                           snapshot->handles.bad, 0};
    hgr_result result = hgr_snapshot_find(snapshot, &finding, status);
    snapshot->finding_count[HGR_FOUND_BAD_HANDLE] += snapshot->handles.bad - 1;
    return result;
}

static hgr_result scan(hgr_snapshot *snapshot, hgr_scan_depth depth, const hgr_run *run,
                       hgr_status *status)
{
    hgr_result result = hgr_clr_types_create(snapshot->runtime, run, &snapshot->types, status);
    if (result == HGR_OK && depth == HGR_SCAN_GRAPH)
        result = hgr_clr_handles_read(snapshot->runtime, run, &snapshot->handles, status);
    if (result != HGR_OK)
        return result;
    snapshot->source = make_source(snapshot);
    result = hgr_heap_scan(&snapshot->source, depth, run, &snapshot->heap, status);
    return result == HGR_OK ? take_heap_findings(snapshot, status) : result;
}

static hgr_result fill(hgr_snapshot *snapshot, hgr_scan_depth depth, const hgr_run *run,
                       hgr_status *status)
{
    hgr_result result = scan(snapshot, depth, run, status);
    if (result == HGR_OK)
        result = note_bad_handles(snapshot, status);
    hgr_phase_timer timer = hgr_phase_begin(run, "names");
    if (result == HGR_OK)
        result = hgr_clr_names_create(snapshot->runtime, run, &snapshot->names, status);
    if (result == HGR_OK)
        result = name_types(snapshot, run, status);
    if (result == HGR_OK)
        hgr_phase_end(&timer, 0, 0, 0);
    timer = hgr_phase_begin(run, "roots");
    if (result == HGR_OK && depth == HGR_SCAN_GRAPH)
        result = hgr_snapshot_read_roots(snapshot, run, status);
    if (result == HGR_OK && depth == HGR_SCAN_GRAPH)
        hgr_phase_end(&timer, 0, 0, snapshot->nroots);
    if (result == HGR_OK && snapshot->nfindings > 1)
        qsort(snapshot->findings, snapshot->nfindings, sizeof *snapshot->findings, by_address);
    return result;
}

hgr_result hgr_snapshot_create(const hgr_runtime *runtime, const hgr_snapshot_options *options,
                               const hgr_run *run, hgr_snapshot **out, hgr_status *status)
{
    hgr_scan_depth depth = options ? options->depth : HGR_SCAN_GRAPH;
    hgr_snapshot *snapshot = NULL;
    hgr_result result = hgr_alloc(run, 1, sizeof *snapshot, "snapshot", &snapshot, status);
    if (result != HGR_OK)
        return result;
    snapshot->run = run;
    snapshot->runtime = runtime;
    hgr_arena_init(&snapshot->arena, run);
    result = fill(snapshot, depth, run, status);
    if (result == HGR_OK && run->check_level >= 2 && depth == HGR_SCAN_GRAPH)
        result = hgr_graph_validate(snapshot->heap->graph, status);
    if (result == HGR_OK)
        *out = snapshot;
    else
        hgr_snapshot_free(snapshot);
    return result;
}

void hgr_snapshot_free(hgr_snapshot *snapshot)
{
    if (!snapshot)
        return;
    hgr_free(snapshot->findings);
    hgr_free(snapshot->roots);
    hgr_free(snapshot->type_infos);
    hgr_heap_free(snapshot->heap);
    hgr_clr_names_free(snapshot->names);
    hgr_clr_handles_fini(&snapshot->handles);
    hgr_clr_types_free(snapshot->types);
    hgr_arena_fini(&snapshot->arena);
    hgr_free(snapshot);
}
