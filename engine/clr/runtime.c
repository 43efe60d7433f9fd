/* clr: open a runtime: find it, read its GC, choose its layout by self checks, read segments and
 * threads.
 *
 * Input: a dump. Output: hgr_runtime. No version is tested here: candidates are rows of the layout
 * tables, the one whose method tables of Object, String and Free check out is kept. Segments come
 * first, since they need no layout and tell whether the dump has heap memory at all. */
#include "clr_open.h"
#include "clr_shape.h"

#include <stdarg.h>
#include <stdio.h>

#include "../base/status.h"
#include "clr_limits.h"

/* ---- warnings ---- */

void hgr_runtime_warn(hgr_runtime *runtime, const char *format, ...)
{
    char text[256];
    va_list args;
    va_start(args, format);
    vsnprintf(text, sizeof text, format, args);
    va_end(args);
    if (runtime->nwarnings >= HGR_CLR_MAX_WARNINGS)
        return;
    if (!runtime->warnings)
        runtime->warnings = hgr_arena_alloc(&runtime->arena,
                                            HGR_CLR_MAX_WARNINGS * sizeof *runtime->warnings, NULL);
    char *copy = hgr_arena_text(&runtime->arena, text, strlen(text), NULL);
    if (runtime->warnings && copy)
        runtime->warnings[runtime->nwarnings++] = copy;
    else
        runtime->warnings_lost = true;
}

/* ---- info ---- */

#define UNKNOWN_PARTIAL  "names of static fields, thread statics, the runtime's own threads"
#define UNKNOWN_BY_SHAPE UNKNOWN_PARTIAL ", the finalizer queue"

static const char *arena_format(hgr_runtime *runtime, hgr_status *status, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
static const char *arena_format(hgr_runtime *runtime, hgr_status *status, const char *format, ...)
{
    char text[256];
    va_list args;
    va_start(args, format);
    vsnprintf(text, sizeof text, format, args);
    va_end(args);
    return hgr_arena_text(&runtime->arena, text, strlen(text), status);
}

static const char *describe_layout(hgr_clr_opening *opening, hgr_status *status)
{
    const hgr_clr_layout *layout = &opening->runtime->layout;
    const hgr_clr_version *version = &opening->version;
    char descriptor[64] = "";
    if (opening->changed > 0)
        snprintf(descriptor, sizeof descriptor, ", %u offset%s by the contract descriptor",
                 opening->changed, opening->changed == 1 ? "" : "s");
    const char *shifted = opening->shifted ? ", globals found by shape" : "";
    if (layout->partial)
        return arena_format(opening->runtime, status,
                            "layout of %s, not verified on a recorded dump, checks passed%s",
                            layout->name, descriptor);
    bool same = version->major == layout->major && version->minor == layout->minor;
    if (same && layout->verified && !opening->shifted)
        return arena_format(opening->runtime, status, "verified for %u.%u%s", layout->major, layout->minor,
                            descriptor);
    return arena_format(opening->runtime, status, "layout of %u, checks passed%s%s", layout->major,
                        shifted, descriptor);
}

static const char *describe_unknown(const hgr_clr_opening *opening)
{
    if (opening->by_shape && !opening->runtime->gc.heaps)
        return "generations of small objects, " UNKNOWN_BY_SHAPE;
    if (opening->by_shape && !opening->queue_known)
        return UNKNOWN_BY_SHAPE;
    return opening->by_shape || opening->runtime->layout.partial ? UNKNOWN_PARTIAL : "";
}

/* The module whose variables lie at addr: the last one that begins below it, since variables
 * without initial values follow a module's file mappings and are no part of them. */
static const hgr_module *owner_of(const hgr_dump *dump, uint64_t addr)
{
    const hgr_module *owner = NULL;
    for (size_t i = 0; i < hgr_dump_modules(dump); i++) {
        const hgr_module *module = hgr_dump_module(dump, i);
        if (module->base_addr <= addr && (!owner || module->base_addr > owner->base_addr))
            owner = module;
    }
    return owner;
}

static hgr_result fill_info(hgr_clr_opening *opening, hgr_status *status)
{
    hgr_runtime *runtime = opening->runtime;
    hgr_runtime_info *info = &runtime->info;
    const hgr_clr_gc *gc = &runtime->gc;
    const hgr_module *module = opening->found.module;
    if (opening->version.major == 0)
        opening->version = (hgr_clr_version){runtime->layout.major, 0, UINT32_MAX};
    info->major = opening->version.major;
    info->minor = opening->version.minor;
    info->patch = opening->version.patch;
    info->name = hgr_clr_is_framework(module) ? ".NET Framework"
                 : info->major >= 5           ? ".NET"
                                              : ".NET Core";
    info->version =
        info->patch == UINT32_MAX
            ? arena_format(runtime, status, "%u.%u", info->major, info->minor)
            : arena_format(runtime, status, "%u.%u.%u", info->major, info->minor, info->patch);
    info->layout = describe_layout(opening, status);
    info->unknown = describe_unknown(opening);
    info->module_path = module->path;
    info->module_addr = module->base_addr;
    bool by_export = strcmp(opening->found.found_by, "export") == 0;
    info->found_by = opening->found.found_by;
    if (opening->found.descriptor_addr != 0)
        info->found_by =
            by_export ? "export, contract descriptor" : "writable-page search, contract descriptor";
    info->server_gc = gc->server;
    info->regions = gc->allocation_start == HGR_NO_OFFSET;
    /* GcDacVars itself lies in the runtime's module always; what it points at is the collector's.
     */
    info->standalone_gc = gc->handle_table_map_addr != 0 &&
                          owner_of(runtime->dump, gc->handle_table_map_addr) != module;
    info->dynamic_adaptation = gc->dynamic_adaptation;
    info->gc_in_progress = gc->in_progress;
    info->heaps = gc->nheaps;
    return info->version && info->layout ? HGR_OK : HGR_NO_MEMORY;
}

/* ---- opening ---- */

/* Minidumps of the kernel's or createdump's smaller kinds keep stacks and a few objects they lead
 * to. */
static hgr_result refuse_without_heap(const hgr_runtime *runtime, hgr_status *status)
{
    const hgr_runtime_info *info = &runtime->info;
    uint64_t present = info->used_bytes - info->absent_bytes;
    bool cut_off = runtime->dump->info.missing_bytes > 0;
    if (info->used_bytes == 0 || (cut_off ? present > 0 : present >= info->used_bytes / 8))
        return HGR_OK;
    return hgr_fail(status, HGR_TRUNCATED,
                    "no heap memory in the dump: %llu of %llu heap bytes are there%s",
                    (unsigned long long)present, (unsigned long long)info->used_bytes,
                    cut_off ? "; the dump is cut off" : "");
}

static hgr_result list_finalize_queues(hgr_runtime *runtime, hgr_status *status)
{
    const hgr_clr_gc *gc = &runtime->gc;
    runtime->finalize_queues =
        hgr_arena_alloc(&runtime->arena, gc->nheaps * sizeof *runtime->finalize_queues, status);
    if (!runtime->finalize_queues)
        return HGR_NO_MEMORY;
    for (uint32_t i = 0; i < gc->nheaps; i++)
        if (gc->heaps[i].finalize_queue_addr != 0)
            runtime->finalize_queues[runtime->nfinalize_queues++] =
                gc->heaps[i].finalize_queue_addr;
    return HGR_OK;
}

/* g_heap_type: 1 workstation, 2 server. */
static void check_heap_type(hgr_clr_opening *opening)
{
    hgr_runtime *runtime = opening->runtime;
    uint32_t type;
    if (hgr_space_u32(runtime->space, opening->globals.heap_type, &type) &&
        type != (runtime->gc.server ? 2u : 1u))
        hgr_runtime_warn(runtime, "the runtime says heap type %u, its GC has %s heaps", type,
                         runtime->gc.server ? "server" : "workstation");
}

static hgr_result read_gc(hgr_clr_opening *opening, hgr_status *status)
{
    hgr_runtime *runtime = opening->runtime;
    runtime->dac_table_addr = opening->found.table.addr;
    runtime->gc_dac_addr = opening->found.gc_addr;
    hgr_result result = hgr_clr_gc_read(runtime->space, opening->found.gc_addr, &runtime->arena,
                                        &runtime->gc, status);
    if (result != HGR_OK)
        return result;
    runtime->handle_table_map_addr = runtime->gc.handle_table_map_addr;
    result = list_finalize_queues(runtime, status);
    if (result == HGR_OK)
        result = hgr_clr_segments_read(runtime, status);
    return result == HGR_OK ? refuse_without_heap(runtime, status) : result;
}

/* What tables and layout would have led to: threads of the dump, handle segments by their shape, and
 * instead of allocation contexts the zeroed stretches among the youngest objects. */
static hgr_result read_lists_by_shape(hgr_clr_opening *opening, hgr_status *status)
{
    hgr_runtime *runtime = opening->runtime;
    hgr_result result = hgr_clr_threads_of_dump(runtime, status);
    runtime->handle_table_map_addr = 0;
    if (result == HGR_OK && !opening->by_shape)
        result = hgr_clr_shape_gaps(runtime, status);
    if (result == HGR_OK)
        result = hgr_shape_handles_find(runtime, &runtime->handle_segments,
                                        &runtime->nhandle_segments, status);
    if (result == HGR_OK)
        hgr_clr_check_segments(runtime);
    return result;
}

static hgr_result read_lists(hgr_clr_opening *opening, hgr_status *status)
{
    hgr_runtime *runtime = opening->runtime;
    if (opening->by_shape || runtime->layout.partial)
        return read_lists_by_shape(opening, status);
    uint64_t context = opening->globals.global_alloc_context;
    hgr_result result = hgr_clr_threads_read(runtime, status);
    if (context != 0 && runtime->layout.thread_alloc_context_indirect)
        context += runtime->layout.thread_alloc_context;
    if (result == HGR_OK)
        result = hgr_clr_gaps_read(runtime, context, status);
    if (result != HGR_OK)
        return result;
    check_heap_type(opening);
    hgr_clr_check_threads(runtime);
    hgr_clr_check_segments(runtime);
    if (!hgr_clr_handles_check(runtime))
        hgr_runtime_warn(runtime, "handle table: its first segment does not point back at it");
    return HGR_OK;
}

/* From a heap to its layout, its version, its lists. */
static hgr_result open_heap(hgr_clr_opening *opening, hgr_status *status)
{
    hgr_runtime *runtime = opening->runtime;
    hgr_result result = hgr_clr_choose_layout(opening, status);
    if (result == HGR_OK)
        result = fill_info(opening, status);
    if (result == HGR_OK)
        result = read_lists(opening, status);
    if (result == HGR_OK && runtime->warnings_lost)
        result = hgr_fail(status, HGR_NO_MEMORY, "warnings: out of memory");
    return result;
}

static hgr_result open_by_tables(hgr_clr_opening *opening, const hgr_module *module,
                                 const hgr_runtime_options *options, hgr_status *status)
{
    hgr_runtime *runtime = opening->runtime;
    hgr_result result = hgr_clr_find(runtime->dump, module, options, &opening->found, status);
    if (result != HGR_OK)
        return result;
    opening->version = hgr_clr_version_find(runtime->dump, opening->found.module);
    result = read_gc(opening, status);
    if (result == HGR_OK)
        result = open_heap(opening, status);
    return result == HGR_OK && options->cross_check ? hgr_clr_shape_compare(runtime, status)
                                                    : result;
}

static hgr_result open_by_shape(hgr_clr_opening *opening, const hgr_module *module,
                                hgr_status *status)
{
    hgr_runtime *runtime = opening->runtime;
    *opening = (hgr_clr_opening){.runtime = runtime, .by_shape = true};
    hgr_result result = hgr_clr_find_module(runtime->dump, module, &opening->found, status);
    if (result != HGR_OK)
        return result;
    opening->version = hgr_clr_version_find(runtime->dump, opening->found.module);
    result = hgr_clr_shape_read(runtime, opening->found.module, status);
    if (result == HGR_OK)
        result = refuse_without_heap(runtime, status);
    if (result == HGR_OK && hgr_clr_is_framework(opening->found.module))
        hgr_clr_framework_globals(opening);
    return result == HGR_OK ? open_heap(opening, status) : result;
}

/* Forget what a way that failed has read. */
static void reset(hgr_runtime *runtime)
{
    hgr_free(runtime->segments);
    hgr_free(runtime->gaps);
    hgr_free(runtime->threads);
    hgr_free(runtime->handle_segments);
    hgr_arena_fini(&runtime->arena);
    *runtime = (struct hgr_runtime){
        .run = runtime->run, .dump = runtime->dump, .space = runtime->space};
    hgr_arena_init(&runtime->arena, runtime->run);
}

/* The tables; where they are missing or make no sense, the shape of the heap. Its failure is not
 * news: the first one stands. .NET Framework has no table that leads to its collector. */
static hgr_result open_steps(hgr_clr_opening *opening, const hgr_module *module,
                             const hgr_runtime_options *options, hgr_status *status)
{
    hgr_status why = {0};
    if (options->heap_search || (module && hgr_clr_is_framework(module)))
        return open_by_shape(opening, module, status);
    hgr_result result = open_by_tables(opening, module, options, status);
    if (result != HGR_TRUNCATED && result != HGR_BAD_DATA && result != HGR_UNSUPPORTED)
        return result;
    reset(opening->runtime);
    hgr_result second = open_by_shape(opening, module, &why);
    if (second != HGR_OK && second != HGR_NO_MEMORY && second != HGR_CANCELLED)
        return result;
    if (second != HGR_OK && status)
        *status = why;
    return second;
}

hgr_result hgr_clr_runtime_open(const hgr_dump *dump, const hgr_module *module,
                                const hgr_runtime_options *options, const hgr_run *run,
                                hgr_runtime **out, hgr_status *status)
{
    hgr_runtime *runtime = NULL;
    hgr_result result = hgr_alloc(run, 1, sizeof *runtime, "runtime", &runtime, status);
    if (result != HGR_OK)
        return result;
    runtime->run = run;
    runtime->dump = dump;
    runtime->space = &dump->space;
    hgr_arena_init(&runtime->arena, run);
    hgr_clr_opening opening = {.runtime = runtime};
    result = open_steps(&opening, module, options, status);
    if (result != HGR_OK) {
        hgr_runtime_close(runtime);
        return result;
    }
    *out = runtime;
    return HGR_OK;
}

void hgr_runtime_close(hgr_runtime *runtime)
{
    if (!runtime)
        return;
    hgr_free(runtime->segments);
    hgr_free(runtime->gaps);
    hgr_free(runtime->threads);
    hgr_free(runtime->handle_segments);
    hgr_arena_fini(&runtime->arena);
    hgr_free(runtime);
}

/* ---- accessors ---- */

const char *hgr_generation_name(hgr_generation generation)
{
    static const char *const names[] = {"gen0", "gen1", "gen2", "loh", "poh", "frozen"};
    size_t index = (size_t)generation;
    return index < sizeof names / sizeof names[0] ? names[index] : "unknown";
}

const hgr_runtime_info *hgr_runtime_get_info(const hgr_runtime *runtime)
{
    return &runtime->info;
}

size_t hgr_runtime_segments(const hgr_runtime *runtime)
{
    return runtime->nsegments;
}

const hgr_segment *hgr_runtime_segment(const hgr_runtime *runtime, size_t index)
{
    return index < runtime->nsegments ? &runtime->segments[index] : NULL;
}

const char *hgr_runtime_warning(const hgr_runtime *runtime, size_t index)
{
    return index < runtime->nwarnings ? runtime->warnings[index] : NULL;
}
