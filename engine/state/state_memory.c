/* state: the address space by kind.
 *
 * First the universe: all that the dump says was mapped. Then kind after kind is painted below what
 * stands already, within the universe: address space without memory, GC heap, stacks, images, the
 * GC's tables, code, loader heaps, mapped files; what is left over is private. So the regions are
 * disjoint and add up to the universe. */
#include "state_memory.h"

#include "../base/status.h"
#include "../clr/clr_modules.h"

#define BOOKKEEPING_VAR 29 /* GcDacVars.bookkeeping_start, 2.0 and later */
#define PAGE_BYTES      UINT64_C(4096)

const char *hgr_memory_kind_name(hgr_memory_kind kind)
{
    static const char *const names[HGR_MEMORY_KINDS] = {
        "GC heap",      "GC tables",    "images",  "stacks",   "code",
        "loader heaps", "mapped files", "private", "reserved",
    };
    return (unsigned)kind < HGR_MEMORY_KINDS ? names[kind] : "unknown";
}

hgr_result hgr_painter_add(struct hgr_painter *painter, uint64_t start, uint64_t end,
                           hgr_memory_kind kind, const char *label)
{
    return hgr_pieces_add(&painter->class, start, end, kind, label, painter->status);
}

/* A minidump without MemoryInfoList: each range that was written is an area. */
static hgr_result find_areas(struct hgr_painter *painter)
{
    const hgr_space *space = painter->state->space;
    painter->areas = painter->dump->areas;
    painter->nareas = painter->dump->nareas;
    if (painter->nareas)
        return HGR_OK;
    hgr_result result = hgr_alloc(painter->state->run, space->count, sizeof *painter->own_areas,
                                  "memory areas", &painter->own_areas, painter->status);
    for (size_t i = 0; i < space->count && result == HGR_OK; i++)
        if (space->ranges[i].origin == HGR_ORIGIN_DUMP)
            painter->own_areas[painter->nareas++] =
                (hgr_memory_area){.start_addr = space->ranges[i].start_addr,
                                  .end_addr = space->ranges[i].end_addr,
                                  .access = space->ranges[i].access,
                                  .state = HGR_AREA_COMMITTED};
    painter->areas = painter->own_areas;
    return result;
}

/* ---- the universe ---- */

static hgr_result add_universe(struct hgr_painter *painter)
{
    const hgr_dump *dump = painter->dump;
    const hgr_runtime *runtime = painter->state->runtime;
    hgr_result result = HGR_OK;
    for (size_t i = 0; i < painter->nareas && result == HGR_OK; i++)
        if (painter->areas[i].state != HGR_AREA_FREE)
            result = hgr_painter_add(painter, painter->areas[i].start_addr,
                                     painter->areas[i].end_addr, HGR_MEMORY_PRIVATE, "");
    for (size_t i = 0; i < dump->space.count && result == HGR_OK; i++)
        if (dump->space.ranges[i].origin == HGR_ORIGIN_DUMP)
            result = hgr_painter_add(painter, dump->space.ranges[i].start_addr,
                                     dump->space.ranges[i].end_addr, HGR_MEMORY_PRIVATE, "");
    for (size_t i = 0; i < dump->nfiles && result == HGR_OK; i++)
        result = hgr_painter_add(painter, dump->files[i].start_addr, dump->files[i].end_addr,
                                 HGR_MEMORY_PRIVATE, "");
    for (size_t i = 0; i < dump->nmodules && dump->nfiles == 0 && result == HGR_OK; i++)
        result = hgr_painter_add(painter, dump->modules[i].base_addr,
                                 dump->modules[i].base_addr + dump->modules[i].size_bytes,
                                 HGR_MEMORY_PRIVATE, "");
    for (size_t i = 0; i < runtime->nsegments && result == HGR_OK; i++)
        result = hgr_painter_add(painter, runtime->segments[i].start_addr,
                                 runtime->segments[i].committed_addr, HGR_MEMORY_PRIVATE, "");
    hgr_pieces_settle(&painter->class);
    painter->universe = painter->class;
    painter->class = (hgr_pieces){.run = painter->state->run};
    return result;
}

/* ---- kind after kind ---- */

static hgr_result add_reserved(struct hgr_painter *painter)
{
    hgr_result result = HGR_OK;
    for (size_t i = 0; i < painter->nareas && result == HGR_OK; i++) {
        const hgr_memory_area *area = &painter->areas[i];
        if (area->state == HGR_AREA_RESERVED)
            result =
                hgr_painter_add(painter, area->start_addr, area->end_addr, HGR_MEMORY_RESERVED, "");
    }
    return result;
}

static hgr_result add_gc_heap(struct hgr_painter *painter)
{
    const hgr_runtime *runtime = painter->state->runtime;
    hgr_result result = HGR_OK;
    for (size_t i = 0; i < runtime->nsegments && result == HGR_OK; i++) {
        const hgr_segment *segment = &runtime->segments[i];
        /* What is before the first object: the rest of its page, with segments their record. */
        bool record_before = segment->segment_addr < segment->start_addr &&
                             segment->start_addr - segment->segment_addr <= PAGE_BYTES;
        uint64_t page =
            (record_before ? segment->segment_addr : segment->start_addr) & ~(PAGE_BYTES - 1);
        result = hgr_painter_add(painter, page, segment->committed_addr, HGR_MEMORY_GC_HEAP,
                                 hgr_generation_name((hgr_generation)segment->generation));
    }
    return result;
}

static hgr_result add_images(struct hgr_painter *painter)
{
    const hgr_dump *dump = painter->dump;
    hgr_result result = HGR_OK;
    for (size_t i = 0; i < dump->nfiles && result == HGR_OK; i++)
        if (dump->files[i].module != HGR_NO_MODULE)
            result = hgr_painter_add(painter, dump->files[i].start_addr, dump->files[i].end_addr,
                                     HGR_MEMORY_IMAGE, dump->files[i].path);
    for (size_t i = 0; i < dump->nmodules && dump->nfiles == 0 && result == HGR_OK; i++)
        result = hgr_painter_add(painter, dump->modules[i].base_addr,
                                 dump->modules[i].base_addr + dump->modules[i].size_bytes,
                                 HGR_MEMORY_IMAGE, dump->modules[i].path);
    for (size_t i = 0; i < painter->nareas && result == HGR_OK; i++)
        if (painter->areas[i].kind == HGR_AREA_IMAGE &&
            painter->areas[i].state == HGR_AREA_COMMITTED)
            result = hgr_painter_add(painter, painter->areas[i].start_addr,
                                     painter->areas[i].end_addr, HGR_MEMORY_IMAGE, "");
    return result;
}

/* The one area in which the collector keeps its tables. */
static hgr_result add_gc_tables(struct hgr_painter *painter)
{
    const hgr_runtime *runtime = painter->state->runtime;
    const hgr_space *space = runtime->space;
    uint64_t var = runtime->gc.vars_addr +
                   (runtime->gc.header_words + BOOKKEEPING_VAR) * (uint64_t)space->pointer_size;
    uint64_t at, start;
    if (runtime->gc.major < 2 || !hgr_space_ptr(space, var, &at) || at == 0 ||
        !hgr_space_ptr(space, at, &start))
        return HGR_OK;
    for (size_t i = 0; i < painter->nareas; i++)
        if (painter->areas[i].start_addr <= start && start < painter->areas[i].end_addr)
            return hgr_painter_add(painter, painter->areas[i].start_addr,
                                   painter->areas[i].end_addr, HGR_MEMORY_GC_TABLES, "card table");
    return HGR_OK;
}

static hgr_result add_code(struct hgr_painter *painter)
{
    hgr_result result = HGR_OK;
    for (size_t i = 0; i < painter->nareas && result == HGR_OK; i++) {
        const hgr_memory_area *area = &painter->areas[i];
        if ((area->access & HGR_ACCESS_EXECUTE) && area->state == HGR_AREA_COMMITTED)
            result =
                hgr_painter_add(painter, area->start_addr, area->end_addr, HGR_MEMORY_CODE, "");
    }
    return result;
}

/* Which areas hold a method table or a Module? */
static void mark_area(const struct hgr_painter *painter, bool *marks, uint64_t addr)
{
    size_t low = 0, high = painter->nareas;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (painter->areas[middle].end_addr > addr)
            high = middle;
        else
            low = middle + 1;
    }
    if (low < painter->nareas && painter->areas[low].start_addr <= addr)
        marks[low] = true;
}

static hgr_result add_loader_heaps(struct hgr_painter *painter)
{
    const hgr_run *run = painter->state->run;
    uint64_t *types = NULL, *modules = NULL;
    size_t ntypes = 0, nmodules = 0;
    bool *marks = NULL;
    hgr_result result =
        hgr_clr_loaded_types(painter->state->runtime, run, &types, &ntypes, painter->status);
    if (result == HGR_OK)
        result = hgr_clr_modules_list(painter->state->runtime, run, &modules, &nmodules,
                                      painter->status);
    if (result == HGR_OK)
        result =
            hgr_alloc(run, painter->nareas, sizeof *marks, "memory areas", &marks, painter->status);
    for (size_t i = 0; i < ntypes && result == HGR_OK; i++)
        mark_area(painter, marks, types[i]);
    for (size_t i = 0; i < nmodules && result == HGR_OK; i++)
        mark_area(painter, marks, modules[i]);
    for (size_t i = 0; i < painter->nareas && result == HGR_OK; i++)
        if (marks[i])
            result = hgr_painter_add(painter, painter->areas[i].start_addr,
                                     painter->areas[i].end_addr, HGR_MEMORY_LOADER, "");
    hgr_free(marks);
    hgr_free(modules);
    hgr_free(types);
    return result;
}

static hgr_result add_mapped(struct hgr_painter *painter)
{
    const hgr_dump *dump = painter->dump;
    hgr_result result = HGR_OK;
    for (size_t i = 0; i < dump->nfiles && result == HGR_OK; i++)
        result = hgr_painter_add(painter, dump->files[i].start_addr, dump->files[i].end_addr,
                                 HGR_MEMORY_MAPPED, dump->files[i].path);
    for (size_t i = 0; i < painter->nareas && result == HGR_OK; i++)
        if (painter->areas[i].kind == HGR_AREA_MAPPED &&
            painter->areas[i].state == HGR_AREA_COMMITTED)
            result = hgr_painter_add(painter, painter->areas[i].start_addr,
                                     painter->areas[i].end_addr, HGR_MEMORY_MAPPED, "");
    return result;
}

static hgr_result paint(struct hgr_painter *painter,
                        hgr_result (*collect)(struct hgr_painter *painter))
{
    painter->class.count = 0;
    hgr_result result = collect(painter);
    hgr_pieces_settle(&painter->class);
    return result == HGR_OK ? hgr_pieces_add_below(&painter->painted, &painter->class,
                                                   &painter->universe, painter->status)
                            : result;
}

static hgr_result paint_all(struct hgr_painter *painter)
{
    static hgr_result (*const kinds[])(struct hgr_painter * painter) = {
        add_gc_heap,   add_reserved, hgr_painter_add_stacks, add_images,
        add_gc_tables, add_code,     add_loader_heaps,       add_mapped,
    };
    hgr_result result = find_areas(painter);
    if (result == HGR_OK)
        result = add_universe(painter);
    for (size_t i = 0; i < sizeof kinds / sizeof kinds[0] && result == HGR_OK; i++)
        result = paint(painter, kinds[i]);
    return result == HGR_OK
               ? hgr_pieces_add_below(&painter->painted, &painter->universe, NULL, painter->status)
               : result;
}

/* ---- what the dump has of it; neighbours of one kind and label are one ---- */

static void merge_neighbours(hgr_pieces *pieces)
{
    size_t kept = 0;
    for (size_t i = 0; i < pieces->count; i++) {
        hgr_memory_region *before = kept ? &pieces->list[kept - 1] : NULL;
        const hgr_memory_region *piece = &pieces->list[i];
        if (before && before->end_addr == piece->start_addr && before->kind == piece->kind &&
            strcmp(before->label, piece->label) == 0)
            before->end_addr = piece->end_addr;
        else
            pieces->list[kept++] = *piece;
    }
    pieces->count = kept;
}

static void count_present(const hgr_space *space, hgr_pieces *pieces)
{
    size_t r = 0;
    for (size_t i = 0; i < pieces->count; i++) {
        hgr_memory_region *piece = &pieces->list[i];
        while (r < space->count && space->ranges[r].end_addr <= piece->start_addr)
            r++;
        for (size_t k = r; k < space->count && space->ranges[k].start_addr < piece->end_addr; k++) {
            const hgr_range *range = &space->ranges[k];
            uint64_t from =
                range->start_addr > piece->start_addr ? range->start_addr : piece->start_addr;
            uint64_t to = range->end_addr < piece->end_addr ? range->end_addr : piece->end_addr;
            if (range->origin == HGR_ORIGIN_DUMP)
                piece->in_dump_bytes += to - from;
        }
    }
}

hgr_result hgr_state_memory(hgr_state *state, const hgr_memory_region **out, size_t *out_count,
                            hgr_status *status)
{
    hgr_result result = HGR_OK;
    if (!state->memory) {
        struct hgr_painter painter = {.state = state,
                                      .dump = state->runtime->dump,
                                      .painted = {.run = state->run},
                                      .class = {.run = state->run},
                                      .status = status};
        result = paint_all(&painter);
        hgr_free(painter.own_areas);
        hgr_pieces_fini(&painter.class);
        hgr_pieces_fini(&painter.universe);
        if (result != HGR_OK) {
            hgr_pieces_fini(&painter.painted);
            return result;
        }
        merge_neighbours(&painter.painted);
        count_present(state->space, &painter.painted);
        state->memory = painter.painted.list;
        state->nmemory = painter.painted.count;
    }
    *out = state->memory;
    *out_count = state->nmemory;
    return HGR_OK;
}
