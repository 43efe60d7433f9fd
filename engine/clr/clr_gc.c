/* clr: GcDacVars → the collector's variables, per heap.
 *
 * Input: the address that g_gcDacGlobals holds. Output: hgr_clr_gc. The header is {u8 major, u8
 * minor, generation size, generation count}, each in a pointer's width, then one pointer per
 * variable in the order of enum gc_var; with server GC the per-heap ones are found through the
 * offsets of enum heap_field instead. The order is that of gcinterface.dacvars.def and has only
 * ever grown at its end. */
#include "clr_gc.h"

#include "../base/status.h"
#include "clr_layout.h"
#include "clr_limits.h"

enum gc_var {
    GENERATION_TABLE = 3,
    EPHEMERAL_SEGMENT = 7,
    ALLOC_ALLOCATED = 12,
    FINALIZE_QUEUE = 15,
    N_HEAPS = 19,
    G_HEAPS = 20,
    STRUCTURES_INVALID = 21,
    HANDLE_TABLE_MAP = 26,
    HEAP_FIELD_OFFSETS = 27,
    GENERATION_FIELD_OFFSETS = 28,
    /* behind the 35 pointers: two i32 and a size inline, then from 2.4 on another pointer */
    DYNAMIC_ADAPTATION = 37
};

enum heap_field {
    HEAP_ALLOC_ALLOCATED = 0,
    HEAP_EPHEMERAL_SEGMENT = 1,
    HEAP_FINALIZE_QUEUE = 2,
    HEAP_GENERATION_TABLE = 18,
    HEAP_FIELDS = 19
};

#define MIN_GENERATION_BYTES 0x80
#define MAX_GENERATION_BYTES 0x400
#define GENERATIONS          5
#define HEADER_WORDS         3
#define EARLY_GENERATIONS    4
#define EARLY_HEADER_WORDS   2
#define EARLY_SEGMENT_BYTES  0x1000

/* Before 5.0 the offsets inside generations and heaps were not published; these never changed there. */
static const struct early_offsets {
    uint32_t pointer_size;
    uint32_t start_segment, allocation_start;         /* in a generation */
    uint32_t heap_alloc_allocated, heap_ephemeral, heap_generation_table; /* in a server heap */
} EARLY[] = {
    {4, 0x28, 0x2c, 0, 4, 0xb0},
    {8, 0x38, 0x40, HGR_NO_OFFSET, HGR_NO_OFFSET, HGR_NO_OFFSET},
};

static const struct early_offsets *early_offsets(const hgr_space *space)
{
    return &EARLY[space->pointer_size == EARLY[0].pointer_size ? 0 : 1];
}

bool hgr_clr_gc_matches(const hgr_space *space, uint64_t addr)
{
    uint32_t p = space->pointer_size;
    uint64_t version, size, count;
    if (addr % p != 0 || !hgr_space_ptr(space, addr, &version) ||
        !hgr_space_ptr(space, addr + p, &size) || !hgr_space_ptr(space, addr + 2 * p, &count))
        return false;
    uint64_t major = version & 0xff, minor = version >> 8;
    return major >= 1 && major <= 3 && minor < 16 && size >= MIN_GENERATION_BYTES &&
           size <= MAX_GENERATION_BYTES && size % p == 0 && count == GENERATIONS;
}

static bool variable_addr(const hgr_space *space, const hgr_clr_gc *gc, enum gc_var var,
                          uint64_t *out)
{
    return hgr_space_ptr(space, gc->vars_addr + (gc->header_words + (uint64_t)var) * space->pointer_size, out);
}

/* The variable's value; an unpublished variable (pointer 0) reads as 0. */
static bool variable_ptr(const hgr_space *space, const hgr_clr_gc *gc, enum gc_var var,
                         uint64_t *out)
{
    uint64_t addr;
    if (!variable_addr(space, gc, var, &addr))
        return false;
    *out = 0;
    return addr == 0 || hgr_space_ptr(space, addr, out);
}

static bool variable_u32(const hgr_space *space, const hgr_clr_gc *gc, enum gc_var var,
                         uint32_t *out)
{
    uint64_t addr;
    if (!variable_addr(space, gc, var, &addr))
        return false;
    *out = 0;
    return addr == 0 || hgr_space_u32(space, addr, out);
}

/* Objects began a page behind their segment's record, which is on a page of its own. */
static bool is_early_segment(const hgr_space *space, uint64_t addr)
{
    uint64_t mem;
    return addr != 0 && addr % EARLY_SEGMENT_BYTES == 0 &&
           hgr_space_ptr(space, addr + 4 * (uint64_t)space->pointer_size, &mem) &&
           mem == addr + EARLY_SEGMENT_BYTES;
}

bool hgr_clr_gc_matches_early(const hgr_space *space, uint64_t addr)
{
    hgr_clr_gc gc = {.vars_addr = addr, .header_words = EARLY_HEADER_WORDS};
    uint64_t p = space->pointer_size, version, size, table, heaps, segment;
    uint32_t nheaps;
    if (addr % p != 0 || !hgr_space_ptr(space, addr, &version) || version != 1 ||
        !hgr_space_ptr(space, addr + p, &size) || size < MIN_GENERATION_BYTES ||
        size > MAX_GENERATION_BYTES || size % p != 0)
        return false;
    if (variable_ptr(space, &gc, G_HEAPS, &heaps) && heaps != 0)
        return variable_u32(space, &gc, N_HEAPS, &nheaps) && nheaps > 0 &&
               nheaps <= HGR_CLR_MAX_HEAPS;
    return variable_addr(space, &gc, GENERATION_TABLE, &table) && table != 0 &&
           hgr_space_ptr(space, table + early_offsets(space)->start_segment, &segment) &&
           is_early_segment(space, segment);
}

static hgr_result fail_absent(const hgr_clr_gc *gc, const char *what, hgr_status *status)
{
    return hgr_fail_addr(status, HGR_TRUNCATED, gc->vars_addr,
                         "garbage collector: %s not in the dump", what);
}

static hgr_result read_generation_offsets(const hgr_space *space, hgr_clr_gc *gc,
                                          hgr_status *status)
{
    uint64_t addr;
    uint32_t offsets[3];
    if (gc->header_words == EARLY_HEADER_WORDS) {
        gc->alloc_context = 0;
        gc->start_segment = early_offsets(space)->start_segment;
        gc->allocation_start = early_offsets(space)->allocation_start;
        return HGR_OK;
    }
    if (!variable_addr(space, gc, GENERATION_FIELD_OFFSETS, &addr) ||
        !hgr_space_read(space, addr, offsets, sizeof offsets))
        return fail_absent(gc, "generation field offsets", status);
    for (int i = 0; i < 3; i++)
        if (offsets[i] >= gc->generation_size && !(i == 2 && offsets[i] == UINT32_MAX))
            return hgr_fail_addr(status, HGR_BAD_DATA, addr,
                                 "garbage collector: generation field %d at %u of %llu bytes", i,
                                 offsets[i], (unsigned long long)gc->generation_size);
    gc->alloc_context = offsets[0];
    gc->start_segment = offsets[1];
    gc->allocation_start = offsets[2]; /* -1 is HGR_NO_OFFSET */
    return HGR_OK;
}

static bool read_workstation_heap(const hgr_space *space, const hgr_clr_gc *gc, hgr_clr_heap *out)
{
    return variable_addr(space, gc, GENERATION_TABLE, &out->generation_table_addr) &&
           variable_ptr(space, gc, EPHEMERAL_SEGMENT, &out->ephemeral_segment_addr) &&
           variable_ptr(space, gc, ALLOC_ALLOCATED, &out->alloc_allocated_addr) &&
           variable_ptr(space, gc, FINALIZE_QUEUE, &out->finalize_queue_addr);
}

/* A field at an offset of -1 does not exist in this build and reads as 0. */
static bool read_field(const hgr_space *space, uint64_t heap, uint32_t offset, uint64_t *out)
{
    *out = 0;
    return offset == UINT32_MAX || hgr_space_ptr(space, heap + offset, out);
}

static bool read_server_heap(const hgr_space *space, const uint32_t *offsets, hgr_clr_heap *out)
{
    uint64_t heap = out->heap_addr;
    if (offsets[HEAP_GENERATION_TABLE] == UINT32_MAX)
        return false;
    out->generation_table_addr = heap + offsets[HEAP_GENERATION_TABLE];
    return read_field(space, heap, offsets[HEAP_EPHEMERAL_SEGMENT], &out->ephemeral_segment_addr) &&
           read_field(space, heap, offsets[HEAP_ALLOC_ALLOCATED], &out->alloc_allocated_addr) &&
           read_field(space, heap, offsets[HEAP_FINALIZE_QUEUE], &out->finalize_queue_addr);
}

static hgr_result read_server_heaps(const hgr_space *space, uint64_t array_addr, hgr_clr_gc *gc,
                                    hgr_status *status)
{
    uint64_t offsets_addr;
    uint32_t offsets[HEAP_FIELDS];
    bool early = gc->header_words == EARLY_HEADER_WORDS;
    memset(offsets, 0xff, sizeof offsets); /* no field known */
    if (early) {
        offsets[HEAP_ALLOC_ALLOCATED] = early_offsets(space)->heap_alloc_allocated;
        offsets[HEAP_EPHEMERAL_SEGMENT] = early_offsets(space)->heap_ephemeral;
        offsets[HEAP_GENERATION_TABLE] = early_offsets(space)->heap_generation_table;
        if (offsets[HEAP_GENERATION_TABLE] == UINT32_MAX)
            return hgr_fail_addr(status, HGR_UNSUPPORTED, gc->vars_addr,
                                 "garbage collector: server heaps before .NET 5 on x64");
    } else if (!variable_addr(space, gc, HEAP_FIELD_OFFSETS, &offsets_addr) ||
        !hgr_space_read(space, offsets_addr, offsets, sizeof offsets))
        return fail_absent(gc, "heap field offsets", status);
    for (uint32_t i = 0; i < gc->nheaps; i++) {
        hgr_clr_heap *heap = &gc->heaps[i];
        uint64_t slot = array_addr + (uint64_t)i * space->pointer_size;
        if (!hgr_space_ptr(space, slot, &heap->heap_addr) ||
            !read_server_heap(space, offsets, heap))
            return fail_absent(gc, "a server heap", status);
    }
    return HGR_OK;
}

static hgr_result read_heaps(const hgr_space *space, hgr_arena *arena, hgr_clr_gc *gc,
                             hgr_status *status)
{
    uint64_t heaps_addr;
    if (!variable_ptr(space, gc, G_HEAPS, &heaps_addr) ||
        !variable_u32(space, gc, N_HEAPS, &gc->nheaps))
        return fail_absent(gc, "its list of heaps", status);
    gc->server = heaps_addr != 0;
    if (!gc->server)
        gc->nheaps = 1;
    if (gc->nheaps == 0 || gc->nheaps > HGR_CLR_MAX_HEAPS)
        return hgr_fail_addr(status, HGR_BAD_DATA, gc->vars_addr,
                             "garbage collector: %u heaps, expected 1 to %u", gc->nheaps,
                             HGR_CLR_MAX_HEAPS);
    gc->heaps = hgr_arena_alloc(arena, gc->nheaps * sizeof *gc->heaps, status);
    if (!gc->heaps)
        return HGR_NO_MEMORY;
    if (gc->server)
        return read_server_heaps(space, heaps_addr, gc, status);
    if (!read_workstation_heap(space, gc, &gc->heaps[0]))
        return fail_absent(gc, "its variables", status);
    return HGR_OK;
}

hgr_result hgr_clr_gc_read(const hgr_space *space, uint64_t addr, hgr_arena *arena, hgr_clr_gc *out,
                           hgr_status *status)
{
    bool early = !hgr_clr_gc_matches(space, addr);
    hgr_clr_gc gc = {.vars_addr = addr,
                     .generations = early ? EARLY_GENERATIONS : GENERATIONS,
                     .header_words = early ? EARLY_HEADER_WORDS : HEADER_WORDS};
    uint64_t version;
    if ((early && !hgr_clr_gc_matches_early(space, addr)) || !hgr_space_ptr(space, addr, &version) ||
        !hgr_space_ptr(space, addr + space->pointer_size, &gc.generation_size))
        return hgr_fail_addr(status, HGR_BAD_DATA, addr, "garbage collector: no GcDacVars here");
    gc.major = version & 0xff;
    gc.minor = (version >> 8) & 0xff;
    hgr_result result = read_generation_offsets(space, &gc, status);
    if (result == HGR_OK)
        result = read_heaps(space, arena, &gc, status);
    if (result != HGR_OK)
        return result;
    uint32_t invalid = 0;
    if (variable_u32(space, &gc, STRUCTURES_INVALID, &invalid))
        gc.in_progress = invalid != 0;
    if (!variable_addr(space, &gc, HANDLE_TABLE_MAP, &gc.handle_table_map_addr))
        gc.handle_table_map_addr = 0;
    uint32_t adaptation = 0;
    if (gc.major >= 2 && gc.minor >= 4 && space->pointer_size == 8 &&
        variable_u32(space, &gc, DYNAMIC_ADAPTATION, &adaptation))
        gc.dynamic_adaptation = gc.server && adaptation == 1;
    *out = gc;
    return HGR_OK;
}
