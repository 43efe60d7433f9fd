/* clr: .NET Framework 4, whose heap is found by its shape: what its table of globals adds.
 *
 * Input: a heap found by its shape, the runtime's module. Output: finalizer queue; a check of the
 * heap's bounds. The collector publishes no list of its variables there; the table for debuggers
 * names some of them one by one, in an order that moved with each build. So the table is read by
 * values that are known: System.Object's method table, with System.String's three entries on; the
 * address range of all segments some entries before; the ephemeral segment, behind which stands the
 * finalizer queue. Entries are 32-bit offsets into the image, or addresses: what leads to
 * System.Object decides. */
#include "clr_open.h"

#include <stdlib.h>

#include "clr_limits.h"
#include "pe_image.h"

#define STRING_AFTER_OBJECT 3u

static const char *file_name(const char *path)
{
    const char *name = path;
    for (const char *at = path; *at; at++)
        if (*at == '/' || *at == '\\')
            name = at + 1;
    return name;
}

bool hgr_clr_is_framework(const hgr_module *module)
{
    return strcmp(file_name(module->path), "clr.dll") == 0;
}

/* The value of the variable that entry `index` names; 0 when it is absent. */
static uint64_t value_of(const hgr_runtime *runtime, const hgr_clr_table *table, uint32_t index)
{
    uint64_t variable, value;
    return hgr_clr_table_entry(runtime->space, table, index, &variable) &&
                   hgr_space_ptr(runtime->space, variable, &value)
               ? value
               : 0;
}

static bool find_object(const hgr_runtime *runtime, const hgr_clr_table *table, uint32_t *out)
{
    for (uint32_t i = 0; i + STRING_AFTER_OBJECT < HGR_CLR_DAC_ENTRIES; i++)
        if (value_of(runtime, table, i) == runtime->object_mt &&
            value_of(runtime, table, i + STRING_AFTER_OBJECT) == runtime->string_mt) {
            *out = i;
            return true;
        }
    return false;
}

/* Offsets or addresses: the same bytes read either way. */
static bool read_table(const hgr_clr_opening *opening, hgr_clr_table *out, uint32_t *out_object)
{
    const hgr_runtime *runtime = opening->runtime;
    hgr_clr_table offsets, addresses;
    if (!hgr_clr_resource_table(runtime->space, opening->found.module, &offsets))
        return false;
    addresses = (hgr_clr_table){offsets.addr, 0};
    *out = find_object(runtime, &offsets, out_object) ? offsets : addresses;
    return out->image_addr != 0 || find_object(runtime, &addresses, out_object);
}

static bool holds_all_segments(const hgr_runtime *runtime, uint64_t lowest, uint64_t highest)
{
    for (size_t i = 0; i < runtime->nsegments; i++)
        if (runtime->segments[i].generation != HGR_FROZEN &&
            (runtime->segments[i].segment_addr < lowest || runtime->segments[i].end_addr > highest))
            return false;
    return lowest != 0;
}

/* Lowest and highest address of the heap are a few entries before System.Object. */
static bool has_bounds(const hgr_runtime *runtime, const hgr_clr_table *table, uint32_t object)
{
    static const uint32_t BEFORE[] = {5, 10}; /* without and with the collector's five statistics */
    for (size_t i = 0; i < sizeof BEFORE / sizeof BEFORE[0]; i++)
        if (object >= BEFORE[i] &&
            holds_all_segments(runtime, value_of(runtime, table, object - BEFORE[i]),
                               value_of(runtime, table, object - BEFORE[i] + 1)))
            return true;
    return false;
}

/* Workstation: {end of the youngest objects, the segment they are in, the queue}. */
static void find_queue(hgr_clr_opening *opening, const hgr_clr_table *table, uint32_t object)
{
    hgr_runtime *runtime = opening->runtime;
    if (runtime->gc.nheaps != 1 || !runtime->gc.heaps)
        return;
    for (uint32_t i = 1; i < object; i++) {
        uint64_t end = value_of(runtime, table, i - 1), queue = value_of(runtime, table, i + 1);
        const hgr_clr_heap *heap = &runtime->gc.heaps[0];
        if (value_of(runtime, table, i) != heap->ephemeral_segment_addr || queue == 0 ||
            end < heap->alloc_allocated_addr)
            continue;
        runtime->finalize_queues =
            hgr_arena_alloc(&runtime->arena, sizeof *runtime->finalize_queues, NULL);
        if (!runtime->finalize_queues || !hgr_clr_queue_check(runtime, queue))
            return;
        runtime->finalize_queues[0] = queue;
        runtime->nfinalize_queues = 1;
        opening->queue_known = true;
        return;
    }
}

void hgr_clr_framework_globals(hgr_clr_opening *opening)
{
    hgr_runtime *runtime = opening->runtime;
    hgr_clr_table table;
    uint32_t object;
    if (!read_table(opening, &table, &object))
        return; /* not in the dump, or of an order that is not known: the heap stands without */
    opening->found.found_by = "shape of the heap, resource";
    if (!has_bounds(runtime, &table, object))
        hgr_runtime_warn(runtime, "the table of globals names no address range that holds all "
                                  "segments found");
    find_queue(opening, &table, object);
}
