/* tools: the document of `info`. */
#include "info_json.h"

#include "segment_sums.h"

static void write_places(tool_json *json, const hgr_runtime *runtime)
{
    out_array(json, "runtimes");
    for (size_t i = 0; i < hgr_runtime_places(runtime); i++) {
        const hgr_runtime_place *place = hgr_runtime_place_at(runtime, i);
        out_object(json, NULL);
        out_u64(json, "number", i + 1);
        out_text(json, "name", place->name);
        out_text(json, "version", place->version);
        out_text(json, "module", place->module_path);
        out_address(json, "module_address", place->module_addr);
        out_u64(json, "used_bytes", place->used_bytes);
        if (place->refusal)
            out_text(json, "refusal", place->refusal);
        out_end_object(json);
    }
    out_end_array(json);
}

/* What a minidump's writer says about why it was taken. */
static void write_reason(tool_json *json, const hgr_dump_info *info)
{
    if (*info->os_version)
        out_text(json, "os_version", info->os_version);
    if (info->taken_unix_s)
        out_u64(json, "taken_unix_s", info->taken_unix_s);
    if (*info->comment)
        out_text(json, "comment", info->comment);
    if (!info->exception_thread_id && !info->exception_code)
        return;
    out_object(json, "exception");
    out_u64(json, "thread_id", info->exception_thread_id);
    out_u64(json, "code", info->exception_code);
    out_address(json, "address", info->exception_addr);
    out_end_object(json);
}

static void write_module_files(tool_json *json, const tool_session *session)
{
    const hgr_dump_info *info = hgr_dump_get_info(session->dump);
    out_object(json, "module_files");
    out_u64(json, "used", info->module_files_used);
    out_u64(json, "used_bytes", info->module_file_bytes);
    out_u64(json, "refused", info->module_files_refused);
    out_u64(json, "unproven", info->module_files_unproven);
    out_array(json, "refusals");
    for (size_t i = 0; i < hgr_dump_modules(session->dump); i++) {
        const hgr_module *module = hgr_dump_module(session->dump, i);
        if (module->file_note && !module->file_unproven)
            out_text(json, NULL, module->file_note);
    }
    out_end_array(json);
    out_end_object(json);
}

static void write_runtime(tool_json *json, const tool_session *session)
{
    const hgr_runtime_info *info = hgr_runtime_get_info(session->runtime);
    out_object(json, "runtime");
    out_u64(json, "number", hgr_runtime_number(session->runtime));
    out_text(json, "name", info->name);
    out_text(json, "version", info->version);
    out_text(json, "module", info->module_path);
    out_address(json, "module_address", info->module_addr);
    out_text(json, "found_by", info->found_by);
    out_text(json, "layout", info->layout);
    out_text(json, "unknown", info->unknown);
    out_end_object(json);
    write_places(json, session->runtime);
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
    out_bool(json, "core_metadata", !info->no_core_metadata);
}

void info_write(tool_session *session)
{
    tool_json *json = &session->json;
    const hgr_dump_info *info = hgr_dump_get_info(session->dump);
    static const char *const contents[] = {
        [HGR_CONTENT_UNKNOWN] = "unknown",
        [HGR_CONTENT_STACKS] = "stacks",
        [HGR_CONTENT_PRIVATE] = "private",
        [HGR_CONTENT_FULL] = "full",
    };
    segment_sum sums[HGR_GENERATIONS + 1];
    out_text(json, "format", info->format);
    out_text(json, "writer", info->writer);
    out_text(json, "content", contents[info->content]);
    out_text(json, "compression", info->compression);
    out_text(json, "os", info->os);
    out_text(json, "cpu", info->cpu);
    out_u64(json, "process_id", info->process_id);
    out_u64(json, "threads", hgr_dump_threads(session->dump));
    out_u64(json, "modules", hgr_dump_modules(session->dump));
    out_u64(json, "missing_bytes", info->missing_bytes);
    out_bool(json, "packing_damaged", info->packing_damaged);
    out_bool(json, "wow64", info->wow64);
    write_reason(json, info);
    if (opt_given(session->opts, OPT_MODULES))
        write_module_files(json, session);
    write_runtime(json, session);
    segment_sums_by_generation(session->runtime, NULL, sums);
    out_array(json, "generations");
    for (unsigned g = 0; g < HGR_GENERATIONS; g++)
        segment_sum_write(json, hgr_generation_name((hgr_generation)g), &sums[g], false);
    out_end_array(json);
    out_array(json, "warnings");
    for (size_t i = 0; hgr_dump_warning(session->dump, i); i++)
        out_text(json, NULL, hgr_dump_warning(session->dump, i));
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
