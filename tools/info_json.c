/* tools: the document of `info`. */
#include "info_json.h"

#include "segment_sums.h"

static void write_runtime(tool_json *json, const tool_session *session)
{
    const hgr_runtime_info *info = hgr_runtime_get_info(session->runtime);
    out_object(json, "runtime");
    out_text(json, "name", info->name);
    out_text(json, "version", info->version);
    out_text(json, "module", info->module_path);
    out_address(json, "module_address", info->module_addr);
    out_text(json, "found_by", info->found_by);
    out_text(json, "layout", info->layout);
    out_text(json, "unknown", info->unknown);
    out_end_object(json);
    out_object(json, "gc");
    out_text(json, "mode", info->server_gc ? "server" : "workstation");
    out_text(json, "layout", info->regions ? "regions" : "segments");
    out_u64(json, "heaps", info->heaps);
    out_bool(json, "dynamic_adaptation", info->dynamic_adaptation);
    out_bool(json, "standalone", info->standalone_gc);
    out_bool(json, "in_progress", info->gc_in_progress);
    out_u64(json, "committed_bytes", info->committed_bytes);
    out_u64(json, "used_bytes", info->used_bytes);
    out_u64(json, "absent_bytes", info->absent_bytes);
    out_end_object(json);
}

void info_write(tool_session *session)
{
    tool_json *json = &session->json;
    const hgr_dump_info *info = hgr_dump_get_info(session->dump);
    segment_sum sums[HGR_GENERATIONS + 1];
    out_text(json, "format", info->format);
    out_text(json, "writer", info->writer);
    out_text(json, "compression", info->compression);
    out_text(json, "os", info->os);
    out_text(json, "cpu", info->cpu);
    out_u64(json, "process_id", info->process_id);
    out_u64(json, "threads", hgr_dump_threads(session->dump));
    out_u64(json, "modules", hgr_dump_modules(session->dump));
    out_u64(json, "missing_bytes", info->missing_bytes);
    write_runtime(json, session);
    segment_sums_by_generation(session->runtime, NULL, sums);
    out_array(json, "generations");
    for (unsigned g = 0; g < HGR_GENERATIONS; g++)
        segment_sum_write(json, hgr_generation_name((hgr_generation)g), &sums[g], false);
    out_end_array(json);
    out_array(json, "warnings");
    for (size_t i = 0; hgr_runtime_warning(session->runtime, i); i++)
        out_text(json, NULL, hgr_runtime_warning(session->runtime, i));
    out_end_array(json);
    if (!session->snapshot)
        return;
    const hgr_totals *totals = hgr_snapshot_totals(session->snapshot);
    out_u64(json, "objects", totals->objects);
    out_u64(json, "bytes", totals->bytes);
    out_u64(json, "aligned_bytes", totals->aligned_bytes);
    out_u64(json, "free_count", totals->free_count);
    out_u64(json, "free_bytes", totals->free_bytes);
    out_u64(json, "references", totals->references);
    out_u64(json, "implied_references", totals->implied_references);
}
