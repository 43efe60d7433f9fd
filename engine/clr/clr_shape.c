/* clr: the heap of a collector with segments, from the shape of its memory alone.
 *
 * Input: the address space. Output: runtime->gc, segments and gaps, Object, String and Free. The
 * last way to a heap: nothing is taken from symbols, exports, resources, tables or descriptors, so
 * a runtime that nobody has a table for can be walked. Where the generation tables are found too,
 * the segments come from their lists, as always; where not, each segment stands for itself. Regions
 * have no such shape. */
#include "clr_shape.h"

#include "../base/status.h"
#include "clr_limits.h"

#define FLAG_LARGE  0x8u
#define FLAG_PINNED 0x200u

struct found {
    hgr_shape_segments segments;
    hgr_shape_types types;
    hgr_shape_generations *tables;
    size_t ntables;
    hgr_shape_walk walk;
};

static void found_fini(struct found *found)
{
    hgr_free(found->tables);
    hgr_free(found->walk.gaps);
    hgr_shape_types_fini(&found->types);
    hgr_shape_segments_fini(&found->segments);
}

/* Without a table: the last segment of a chain is where the collector allocates. */
static bool is_ephemeral(const struct found *found, const hgr_shape_segment *segment)
{
    for (size_t i = 0; i < found->ntables; i++)
        if (found->tables[i].ephemeral_segment_addr == segment->addr)
            return true;
    return found->ntables == 0 && hgr_shape_segment_is_small(segment) && segment->next == 0;
}

/* ---- with generation tables: lists, as if the collector had published them ---- */

static hgr_result describe_heaps(hgr_runtime *runtime, struct found *found, hgr_status *status)
{
    const hgr_shape_generations *first = &found->tables[0];
    hgr_clr_gc *gc = &runtime->gc;
    *gc = (hgr_clr_gc){.generation_size = first->size,
                       .generations = first->count,
                       .start_segment = 0,
                       .allocation_start = first->allocation_start,
                       .server = found->ntables > 1,
                       .nheaps = (uint32_t)found->ntables}; /* <= HGR_CLR_MAX_HEAPS */
    gc->heaps = hgr_arena_alloc(&runtime->arena, found->ntables * sizeof *gc->heaps, status);
    if (!gc->heaps)
        return HGR_NO_MEMORY;
    for (size_t i = 0; i < found->ntables; i++) {
        const hgr_shape_generations *table = &found->tables[i];
        const hgr_shape_segment *segment =
            hgr_shape_segment_at(&found->segments, table->ephemeral_segment_addr);
        hgr_result result =
            hgr_shape_walk_segment(&found->types, runtime->run, segment, &found->walk, status);
        if (result != HGR_OK)
            return result;
        gc->heaps[i] = (hgr_clr_heap){.generation_table_addr = table->addr,
                                      .ephemeral_segment_addr = segment->addr,
                                      .alloc_allocated_addr = found->walk.end_addr};
    }
    return hgr_clr_segments_read(runtime, status);
}

/* ---- without: each segment for itself ---- */

static hgr_generation generation_of(const struct found *found, const hgr_shape_segment *segment)
{
    if (segment->flags & FLAG_LARGE)
        return HGR_LOH;
    if (segment->flags & FLAG_PINNED)
        return HGR_POH;
    return is_ephemeral(found, segment) ? HGR_GEN0 : HGR_GEN2;
}

static hgr_result list_segments(hgr_runtime *runtime, struct found *found, hgr_status *status)
{
    size_t count = found->segments.count;
    hgr_result result = hgr_alloc(runtime->run, count, sizeof *runtime->segments, "GC segments",
                                  &runtime->segments, status);
    runtime->gc = (hgr_clr_gc){.nheaps = 0};
    for (size_t i = 0; result == HGR_OK && i < count; i++) {
        const hgr_shape_segment *segment = &found->segments.items[i];
        hgr_generation generation = generation_of(found, segment);
        uint64_t end = segment->allocated;
        if (generation == HGR_GEN0) {
            result =
                hgr_shape_walk_segment(&found->types, runtime->run, segment, &found->walk, status);
            end = found->walk.end_addr;
            runtime->gc.nheaps++;
        }
        runtime->segments[runtime->nsegments++] =
            (hgr_segment){.start_addr = segment->mem,
                          .end_addr = end,
                          .committed_addr = end > segment->committed ? end : segment->committed,
                          .reserved_addr = segment->reserved,
                          .segment_addr = segment->addr,
                          .generation = (uint8_t)generation};
    }
    if (result == HGR_OK)
        hgr_clr_segments_sum(runtime);
    runtime->gc.server = runtime->gc.nheaps > 1;
    return result;
}

/* The scanner wants gaps ascending; heaps come by address, so they are, but for hostile overlaps.
 */
static void keep_gaps(hgr_runtime *runtime, struct found *found)
{
    size_t kept = 0;
    hgr_gap *gaps = found->walk.gaps;
    for (size_t i = 0; i < found->walk.ngaps; i++)
        if (kept == 0 || gaps[i].start_addr >= gaps[kept - 1].end_addr)
            gaps[kept++] = gaps[i];
    runtime->gaps = gaps;
    runtime->ngaps = kept;
    found->walk.gaps = NULL;
}

/* Windows reserves in steps of 64 KiB, the others by the page. */
static uint64_t granule_of(const hgr_runtime *runtime)
{
    return strcmp(runtime->dump->info.os, "windows") == 0 ? 0x10000 : 0x1000;
}

/* Two runtimes in a process: segments whose first object is of the other one's types go. */
static void keep_own_segments(struct found *found, const hgr_space *space)
{
    hgr_shape_segments *segments = &found->segments;
    size_t kept = 0;
    for (size_t i = 0; i < segments->count; i++) {
        uint64_t word;
        if (!hgr_space_ptr(space, segments->items[i].mem, &word) ||
            !hgr_shape_is_foreign(&found->types, word & ~(uint64_t)(space->pointer_size - 1)))
            segments->items[kept++] = segments->items[i];
    }
    segments->count = kept;
}

static hgr_result search(hgr_runtime *runtime, const hgr_module *module, struct found *found,
                         hgr_status *status)
{
    const hgr_space *space = runtime->space;
    const hgr_run *run = runtime->run;
    hgr_result result =
        hgr_shape_segments_find(space, run, granule_of(runtime), &found->segments, status);
    if (result == HGR_OK && found->segments.count == 0)
        return hgr_fail(status, HGR_NOT_FOUND,
                        "search by shape: no GC segment (regions, from .NET 7 on, have no shape "
                        "to find them by)");
    if (result == HGR_OK)
        result = hgr_shape_types_find(space, run, &found->segments, &found->types, status);
    if (result == HGR_OK)
        keep_own_segments(found, space);
    if (result == HGR_OK)
        result =
            hgr_shape_generations_find(space, run, module, &found->segments, found->types.free_mt,
                                       &found->tables, &found->ntables, status);
    if (result == HGR_OK && found->ntables > HGR_CLR_MAX_HEAPS)
        found->ntables = HGR_CLR_MAX_HEAPS;
    return result;
}

hgr_result hgr_clr_shape_read(hgr_runtime *runtime, const hgr_module *module, hgr_status *status)
{
    struct found found = {0};
    hgr_result result = search(runtime, module, &found, status);
    if (result == HGR_OK)
        result = found.ntables > 0 ? describe_heaps(runtime, &found, status)
                                   : list_segments(runtime, &found, status);
    if (result == HGR_OK) {
        runtime->object_mt = found.types.object_mt;
        runtime->string_mt = found.types.string_mt;
        runtime->free_mt = found.types.free_mt;
        keep_gaps(runtime, &found);
    }
    found_fini(&found);
    return result;
}

/* ---- gaps of segments that the tables know ---- */

hgr_result hgr_clr_shape_gaps(hgr_runtime *runtime, hgr_status *status)
{
    struct found found = {.types = {.space = runtime->space,
                                    .object_mt = runtime->object_mt,
                                    .string_mt = runtime->string_mt,
                                    .free_mt = runtime->free_mt}};
    hgr_result result = HGR_OK;
    hgr_map_init(&found.types.verdicts, runtime->run);
    for (size_t i = 0; i < runtime->nsegments && result == HGR_OK; i++) {
        const hgr_segment *segment = &runtime->segments[i];
        const hgr_shape_segment piece = {
            .mem = segment->start_addr, .allocated = segment->end_addr, .used = segment->end_addr};
        if (segment->generation == HGR_GEN0)
            result =
                hgr_shape_walk_segment(&found.types, runtime->run, &piece, &found.walk, status);
    }
    if (result == HGR_OK)
        keep_gaps(runtime, &found);
    found_fini(&found);
    return result;
}

/* ---- cross-check ---- */

/* Segments that the collector keeps for later have given their memory back. */
static bool is_in_use(const hgr_shape_segment *segment)
{
    return segment->allocated > segment->mem && segment->allocated <= segment->committed;
}

static hgr_result warn_unlisted(hgr_runtime *runtime, const hgr_shape_segments *segments,
                                hgr_status *status)
{
    hgr_map listed;
    size_t unlisted = 0;
    uint64_t example = 0;
    hgr_result result = HGR_OK;
    hgr_map_init(&listed, runtime->run);
    for (size_t i = 0; i < runtime->nsegments && result == HGR_OK; i++)
        if (runtime->segments[i].segment_addr != 0)
            result = hgr_map_put(&listed, runtime->segments[i].segment_addr, 1, status);
    for (size_t i = 0; i < segments->count && result == HGR_OK; i++)
        if (is_in_use(&segments->items[i]) &&
            hgr_map_get(&listed, segments->items[i].addr) == HGR_MAP_NONE && unlisted++ == 0)
            example = segments->items[i].addr;
    hgr_map_fini(&listed);
    if (result == HGR_OK && unlisted > 0)
        hgr_runtime_warn(runtime, "%zu GC segments in the dump are in no list, such as 0x%llx",
                         unlisted, (unsigned long long)example);
    return result;
}

hgr_result hgr_clr_shape_compare(hgr_runtime *runtime, hgr_status *status)
{
    hgr_shape_segments segments = {0};
    size_t shapeless = 0;
    uint64_t example = 0;
    if (runtime->gc.allocation_start == HGR_NO_OFFSET)
        return HGR_OK; /* regions */
    hgr_result result = hgr_shape_segments_find(runtime->space, runtime->run, granule_of(runtime),
                                                &segments, status);
    if (result == HGR_OK)
        result = warn_unlisted(runtime, &segments, status);
    for (size_t i = 0; i < runtime->nsegments && result == HGR_OK; i++)
        if (runtime->segments[i].generation != HGR_FROZEN &&
            !hgr_shape_segment_at(&segments, runtime->segments[i].segment_addr) && shapeless++ == 0)
            example = runtime->segments[i].segment_addr;
    if (shapeless > 0)
        hgr_runtime_warn(runtime, "%zu GC segments do not look like one, such as 0x%llx", shapeless,
                         (unsigned long long)example);
    hgr_shape_segments_fini(&segments);
    return result;
}
