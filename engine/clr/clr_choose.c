/* clr: the layout row that makes sense of a dump, and the runtime's globals through it.
 *
 * Input: where the table of globals lies, the version as far as known. Output: runtime->layout, the
 * addresses of method tables, thread store, application domain. A candidate row is filled from the
 * table, then overwritten by the contract descriptor, then checked: Object, String and Free must be
 * method tables, and called so in their module's metadata. When only entries moved, the well-known
 * classes are found by their shape and their distances. */
#include "clr_open.h"

#include "../base/status.h"
#include "clr_limits.h"

/* Entry of g_dacTable: the address of a variable. */
static uint64_t table_entry(const hgr_clr_opening *opening, uint32_t index)
{
    uint64_t addr;
    if (index == HGR_NO_OFFSET || opening->found.table.addr == 0 ||
        !hgr_clr_table_entry(opening->runtime->space, &opening->found.table, index, &addr))
        return 0;
    return addr;
}

static uint64_t value_at(const hgr_runtime *runtime, uint64_t addr)
{
    uint64_t value;
    return addr != 0 && hgr_space_ptr(runtime->space, addr, &value) ? value : 0;
}

/* Where the pointer to the application domain lies. */
static uint64_t app_domain_variable(const hgr_clr_opening *opening)
{
    const hgr_clr_layout *layout = &opening->runtime->layout;
    if (layout->system_domain_app_domain == HGR_NO_OFFSET)
        return table_entry(opening, layout->dac_app_domain);
    uint64_t system = value_at(opening->runtime, table_entry(opening, layout->dac_system_domain));
    return system ? system + layout->system_domain_app_domain : 0;
}

static void globals_from_table(hgr_clr_opening *opening)
{
    const hgr_clr_layout *layout = &opening->runtime->layout;
    opening->globals = (hgr_clr_globals){
        .thread_store = table_entry(opening, layout->dac_thread_store),
        .app_domain = app_domain_variable(opening),
        .sync_table = table_entry(opening, layout->dac_sync_table),
        .heap_type = table_entry(opening, layout->dac_heap_type),
        .object_class = table_entry(opening, layout->dac_object_class),
        .string_class = table_entry(opening, layout->dac_string_class),
        .exception_class = table_entry(opening, layout->dac_exception_class),
        .free_class = table_entry(opening, layout->dac_free_class),
        .global_alloc_context = table_entry(opening, layout->dac_global_alloc_context),
        .code_map = table_entry(opening, layout->dac_code_map),
        .finalizer_thread = table_entry(opening, layout->dac_finalizer_thread),
    };
    if (layout->dac_handle_table_map != 0)
        opening->runtime->handle_table_map_addr =
            table_entry(opening, layout->dac_handle_table_map);
}

static void read_globals(hgr_clr_opening *opening)
{
    hgr_runtime *runtime = opening->runtime;
    const hgr_clr_globals *globals = &opening->globals;
    if (!opening->by_shape) { /* else they are known */
        runtime->object_mt = value_at(runtime, globals->object_class);
        runtime->string_mt = value_at(runtime, globals->string_class);
        runtime->free_mt = value_at(runtime, globals->free_class);
    }
    runtime->exception_mt = value_at(runtime, globals->exception_class);
    runtime->app_domain_addr = value_at(runtime, globals->app_domain);
    runtime->thread_store_addr = value_at(runtime, globals->thread_store);
    runtime->sync_table_addr = value_at(runtime, globals->sync_table);
    runtime->finalizer_thread_addr = value_at(runtime, globals->finalizer_thread);
    runtime->code_map_addr = globals->code_map; /* the map, or the head of the list, itself */
}

/* The well-known classes keep their distances when entries before them come or go: find Object by
 * its shape, with String and Free where the row has them relative to it. */
static bool calibrate_classes(hgr_clr_opening *opening)
{
    hgr_runtime *runtime = opening->runtime;
    const hgr_clr_layout *layout = &runtime->layout;
    uint32_t string = layout->dac_string_class - layout->dac_object_class;
    uint32_t exception = layout->dac_exception_class - layout->dac_object_class;
    uint32_t free_class = layout->dac_free_class - layout->dac_object_class;
    for (uint32_t i = 0; i + free_class + 1 < HGR_CLR_DAC_ENTRIES; i++) {
        opening->globals.object_class = table_entry(opening, i);
        opening->globals.string_class = table_entry(opening, i + string);
        opening->globals.exception_class = table_entry(opening, i + exception);
        opening->globals.free_class = table_entry(opening, i + free_class);
        read_globals(opening);
        if (hgr_clr_check_types(runtime, NULL) == HGR_OK) {
            opening->shifted = i != layout->dac_object_class;
            return true;
        }
    }
    return false;
}

static hgr_result apply_descriptor(hgr_clr_opening *opening, hgr_status *status)
{
    hgr_runtime *runtime = opening->runtime;
    hgr_clr_contract contract = {0};
    hgr_status why = {0};
    opening->changed = 0;
    if (opening->found.descriptor_addr == 0)
        return HGR_OK;
    hgr_result result =
        hgr_clr_descriptor_read(runtime->space, opening->found.descriptor_addr, runtime->run,
                                &runtime->layout, &opening->globals, &contract, &why);
    if (result == HGR_NO_MEMORY) {
        if (status)
            *status = why;
        return result;
    }
    if (result == HGR_NOT_FOUND) { /* usual where clean file pages are left out */
        opening->found.descriptor_addr = 0;
        return HGR_OK;
    }
    if (result != HGR_OK)
        hgr_runtime_warn(runtime, "%s; tables used", why.text);
    if (contract.ignored > 0)
        hgr_runtime_warn(runtime, "contract descriptor: %u members make no sense, ignored",
                         contract.ignored);
    opening->changed = contract.changed;
    return HGR_OK;
}

/* The version text's pages are often left out of a dump; the core library's metadata is not. */
static void refine_version(hgr_clr_opening *opening, const hgr_metadata *core)
{
    if (opening->version.patch != UINT32_MAX)
        return;
    hgr_clr_version version;
    if (hgr_clr_version_from_blobs(core->bytes + core->blob_off, core->blob_len,
                                   opening->runtime->layout.major, &version) &&
        version.major == opening->runtime->layout.major)
        opening->version = version;
}

/* calibrate: look for the well-known classes elsewhere in the table when the row's entries fail.
 * lenient: the core library's metadata need not be in the dump. */
static hgr_result try_layout(hgr_clr_opening *opening, const hgr_clr_layout *row, bool calibrate,
                             bool lenient, hgr_status *status)
{
    hgr_runtime *runtime = opening->runtime;
    hgr_status why = {0};
    runtime->layout = *row;
    opening->shifted = false;
    globals_from_table(opening);
    runtime->info.no_core_metadata = false;
    hgr_result result = apply_descriptor(opening, status);
    if (result != HGR_OK)
        return result;
    read_globals(opening);
    result = hgr_clr_check_types(runtime, status);
    if (result != HGR_OK && !(calibrate && calibrate_classes(opening)))
        return result;
    if (row->partial)
        hgr_clr_calibrate(runtime);
    hgr_metadata core = {0};
    result = hgr_clr_check_module(runtime, &core, &why);
    if (result == HGR_OK)
        refine_version(opening, &core);
    if (result == HGR_TRUNCATED && lenient && !(opening->shifted && opening->version.major == 0)) {
        runtime->info.no_core_metadata = true;
        return HGR_OK;
    }
    if (result != HGR_OK && status)
        *status = why;
    return result;
}

/* First the very version, then its siblings, then, for a heap found by its shape, any other. */
enum pass { SAME_VERSION, SAME_MAJOR, OTHERS, PASSES };

/* A version that is not known: every row whose GC globals are where they were found. */
static bool is_candidate(const hgr_clr_opening *opening, const hgr_clr_layout *row, enum pass pass)
{
    const hgr_clr_version *version = &opening->version;
    if (version->major == 0)
        return pass == OTHERS &&
               (opening->by_shape || row->dac_gc_dac_globals == opening->found.gc_entry);
    if (row->major != version->major)
        return pass == OTHERS && opening->by_shape;
    return pass == (row->minor == version->minor ? SAME_VERSION : SAME_MAJOR);
}

/* Candidates as they stand, the newest first. HGR_NOT_FOUND: none comes in question; else the first
 * one's failure. */
static hgr_result try_rows(hgr_clr_opening *opening, bool lenient, hgr_status *status)
{
    const char *os = opening->runtime->dump->info.os;
    uint32_t p = opening->runtime->space->pointer_size;
    hgr_result failed = HGR_NOT_FOUND;
    const hgr_clr_layout *row;
    for (int pass = 0; pass < PASSES; pass++) {
        for (size_t i = 0; (row = hgr_clr_layout_nth(i, os, p)) != NULL; i++) {
            hgr_status why = {0};
            if (!is_candidate(opening, row, (enum pass)pass))
                continue;
            hgr_result result = try_layout(opening, row, row->partial, lenient, &why);
            if (result == HGR_OK)
                return HGR_OK;
            if ((failed == HGR_NOT_FOUND || result == HGR_NO_MEMORY) && status)
                *status = why;
            if (result == HGR_NO_MEMORY)
                return result;
            if (failed == HGR_NOT_FOUND)
                failed = result;
        }
    }
    return failed;
}

/* What no row fits as it stands gets the nearest one, calibrated: the newest for a version that is
 * newer than all. */
hgr_result hgr_clr_choose_layout(hgr_clr_opening *opening, hgr_status *status)
{
    const char *os = opening->runtime->dump->info.os;
    uint32_t p = opening->runtime->space->pointer_size, major = opening->version.major;
    uint32_t newest = hgr_clr_layout_newest(os, p);
    /* A row that names the core library's classes rightly beats one that merely cannot be refuted.
     */
    hgr_result result = try_rows(opening, false, status);
    if (result == HGR_TRUNCATED || result == HGR_BAD_DATA)
        result = try_rows(opening, true, status);
    if (result != HGR_NOT_FOUND && result != HGR_BAD_DATA)
        return result;
    const hgr_clr_layout *row =
        hgr_clr_layout_find(major == 0 || major > newest ? newest : major, os, p);
    if (!row)
        return hgr_fail(status, HGR_UNSUPPORTED, ".NET %u on %s %s: no table of its structures",
                        major, os, opening->runtime->dump->info.cpu);
    return try_layout(opening, row, true, true, status);
}
