/* synth: fake heaps in memory. Layout is what heap/source.h says of objects, and nothing of .NET.
 */
#include "fake_heap.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define TABLES_ADDR UINT64_C(0x10000) /* method tables lie 64 bytes apart from here on */
#define TABLE_BYTES 64u
#define MAX_TYPES   65536u

struct area {
    uint64_t addr, used, room;
    uint8_t *bytes;
};

struct cut {
    uint64_t from, to; /* from == to: a split */
};

struct fake_heap {
    hgr_source source;
    hgr_space space;
    hgr_shape *types;
    size_t ntypes;
    uint8_t *tables; /* bytes behind the method table addresses */
    hgr_segment *segments;
    struct area *areas;
    hgr_gap *gaps;
    hgr_implied *implied;
    struct cut *cuts;
    size_t ncuts;
    uint8_t **copies;
    size_t ncopies;
};

static void die(const char *what)
{
    fprintf(stderr, "fake heap: %s\n", what);
    exit(70);
}

/* list[0 .. count] with room for one more. */
static void *grown(void *list, size_t count, size_t size)
{
    if (count & (count - 1))
        return list;
    void *more = realloc(list, (count ? count * 2 : 1) * size);
    if (!more)
        die("out of memory");
    return more;
}

static hgr_result describe(void *self, uint64_t addr, hgr_shape *out, hgr_status *status)
{
    const fake_heap *heap = self;
    (void)status;
    if (addr < TABLES_ADDR || (addr - TABLES_ADDR) % TABLE_BYTES ||
        (addr - TABLES_ADDR) / TABLE_BYTES >= heap->ntypes)
        return HGR_NOT_FOUND;
    *out = heap->types[(addr - TABLES_ADDR) / TABLE_BYTES];
    return HGR_OK;
}

fake_heap *fake_heap_create(const hgr_run *run, uint32_t pointer_size)
{
    fake_heap *heap = calloc(1, sizeof *heap);
    if (!heap)
        die("out of memory");
    hgr_space_init(&heap->space, run, pointer_size);
    heap->source = (hgr_source){.space = &heap->space,
                                .min_bytes = 3 * pointer_size,
                                .mark_mask = pointer_size - 1,
                                .large_align = 8,
                                .describe = describe,
                                .self = heap};
    return heap;
}

void fake_heap_free(fake_heap *heap)
{
    for (size_t t = 0; t < heap->ntypes; t++)
        free((void *)(uintptr_t)heap->types[t].runs);
    for (size_t s = 0; s < heap->source.nsegments; s++)
        free(heap->areas[s].bytes);
    for (size_t i = 0; i < heap->ncopies; i++)
        free(heap->copies[i]);
    hgr_space_fini(&heap->space);
    free(heap->copies);
    free(heap->cuts);
    free(heap->implied);
    free(heap->gaps);
    free(heap->areas);
    free(heap->segments);
    free(heap->tables);
    free(heap->types);
    free(heap);
}

uint64_t fake_type(fake_heap *heap, const hgr_shape *shape, const hgr_slot_run *runs,
                   uint32_t nruns)
{
    if (heap->ntypes == MAX_TYPES)
        die("too many types");
    heap->types = grown(heap->types, heap->ntypes, sizeof *heap->types);
    hgr_slot_run *copy = calloc(nruns + 1, sizeof *copy);
    if (!copy)
        die("out of memory");
    if (nruns)
        memcpy(copy, runs, nruns * sizeof *copy);
    uint64_t addr = TABLES_ADDR + heap->ntypes * TABLE_BYTES;
    hgr_shape *type = &heap->types[heap->ntypes++];
    *type = *shape;
    type->method_table_addr = addr;
    type->runs = copy;
    type->nruns = nruns;
    return addr;
}

uint64_t fake_type_fixed(fake_heap *heap, uint32_t base_size, uint32_t offset, uint32_t count)
{
    hgr_shape shape = {.base_size = base_size, .slots = count ? HGR_SLOTS_FIXED : HGR_SLOTS_NONE};
    hgr_slot_run run = {offset, count};
    return fake_type(heap, &shape, &run, count ? 1 : 0);
}

uint64_t fake_type_references(fake_heap *heap)
{
    uint32_t pointer = heap->space.pointer_size;
    hgr_shape shape = {.base_size = 3 * pointer,
                       .component_size = pointer,
                       .slots = HGR_SLOTS_ARRAY,
                       .start = 2 * pointer,
                       .tail_bytes = pointer};
    return fake_type(heap, &shape, NULL, 0);
}

uint64_t fake_type_bytes(fake_heap *heap, uint32_t base_size, uint32_t component_size)
{
    hgr_shape shape = {.base_size = base_size, .component_size = component_size};
    return fake_type(heap, &shape, NULL, 0);
}

uint64_t fake_type_free(fake_heap *heap)
{
    hgr_shape shape = {
        .base_size = 3 * heap->space.pointer_size, .component_size = 1, .flags = HGR_SHAPE_FREE};
    return fake_type(heap, &shape, NULL, 0);
}

size_t fake_segment(fake_heap *heap, uint64_t addr, uint64_t room, hgr_generation generation)
{
    size_t s = heap->source.nsegments;
    heap->segments = grown(heap->segments, s, sizeof *heap->segments);
    heap->areas = grown(heap->areas, s, sizeof *heap->areas);
    heap->segments[s] =
        (hgr_segment){.start_addr = addr, .end_addr = addr, .generation = (uint8_t)generation};
    heap->areas[s] = (struct area){addr, 0, room, calloc(room ? room : 1, 1)};
    if (!heap->areas[s].bytes)
        die("out of memory");
    return heap->source.nsegments++;
}

uint64_t fake_room(const fake_heap *heap)
{
    const struct area *area = &heap->areas[heap->source.nsegments - 1];
    return area->room - area->used;
}

uint64_t fake_next(const fake_heap *heap)
{
    const struct area *area = &heap->areas[heap->source.nsegments - 1];
    return area->addr + area->used;
}

static uint8_t *take(fake_heap *heap, uint64_t bytes)
{
    size_t s = heap->source.nsegments - 1;
    struct area *area = &heap->areas[s];
    if (bytes > area->room - area->used)
        die("segment is full");
    uint8_t *at = area->bytes + area->used;
    area->used += bytes;
    heap->segments[s].end_addr = area->addr + area->used;
    return at;
}

uint64_t fake_object(fake_heap *heap, uint64_t method_table_addr, uint64_t components)
{
    const hgr_shape *type = &heap->types[(method_table_addr - TABLES_ADDR) / TABLE_BYTES];
    uint64_t bytes = type->base_size + type->component_size * components, addr = fake_next(heap);
    uint64_t align = heap->segments[heap->source.nsegments - 1].generation == HGR_LOH
                         ? heap->source.large_align
                         : heap->space.pointer_size;
    if (bytes < heap->source.min_bytes)
        bytes = heap->source.min_bytes;
    uint8_t *at = take(heap, (bytes + align - 1) / align * align);
    uint32_t length = (uint32_t)components;
    fake_pointer(heap, addr, method_table_addr);
    if (type->component_size)
        memcpy(at + heap->space.pointer_size, &length, sizeof length);
    return addr;
}

void fake_pointer(fake_heap *heap, uint64_t addr, uint64_t value)
{
    size_t lo = 0, hi = heap->source.nsegments;
    while (hi - lo > 1) {
        size_t mid = lo + (hi - lo) / 2;
        if (heap->areas[mid].addr <= addr)
            lo = mid;
        else
            hi = mid;
    }
    memcpy(heap->areas[lo].bytes + (addr - heap->areas[lo].addr), &value, heap->space.pointer_size);
}

void fake_garbage(fake_heap *heap, uint64_t bytes, uint64_t content)
{
    uint8_t *at = take(heap, bytes);
    for (uint64_t i = 0; i + heap->space.pointer_size <= bytes; i += heap->space.pointer_size)
        memcpy(at + i, &content, heap->space.pointer_size);
}

void fake_gap(fake_heap *heap, uint64_t bytes, uint64_t content)
{
    heap->gaps = grown(heap->gaps, heap->source.ngaps, sizeof *heap->gaps);
    heap->gaps[heap->source.ngaps++] = (hgr_gap){fake_next(heap), fake_next(heap) + bytes};
    fake_garbage(heap, bytes, content);
}

void fake_implied(fake_heap *heap, uint64_t from_addr, uint64_t to_addr)
{
    heap->implied = grown(heap->implied, heap->source.nimplied, sizeof *heap->implied);
    heap->implied[heap->source.nimplied++] = (hgr_implied){from_addr, to_addr};
}

void fake_absent(fake_heap *heap, uint64_t from_addr, uint64_t to_addr)
{
    heap->cuts = grown(heap->cuts, heap->ncuts, sizeof *heap->cuts);
    heap->cuts[heap->ncuts++] = (struct cut){from_addr, to_addr};
}

void fake_split(fake_heap *heap, uint64_t addr)
{
    fake_absent(heap, addr, addr);
}

static void add_range(fake_heap *heap, uint64_t from, uint64_t to, const uint8_t *bytes, bool copy)
{
    hgr_range range = {.start_addr = from, .end_addr = to, .bytes = bytes};
    if (from >= to)
        return;
    if (copy) { /* its very own bytes: the address sanitizer sees who reads past a range */
        uint8_t *own = malloc(to - from);
        heap->copies = grown(heap->copies, heap->ncopies, sizeof *heap->copies);
        if (!own)
            die("out of memory");
        memcpy(own, bytes, to - from);
        heap->copies[heap->ncopies++] = own;
        range.bytes = own;
    }
    if (hgr_space_add(&heap->space, &range, NULL) != HGR_OK)
        die("cannot add a range");
}

static void add_area(fake_heap *heap, const struct area *area)
{
    uint64_t from = area->addr, end = area->addr + area->used;
    bool cut = false;
    for (size_t i = 0; i < heap->ncuts; i++) {
        const struct cut *c = &heap->cuts[i];
        if (c->to < from || c->from >= end)
            continue;
        uint64_t to = c->from > from ? c->from : from;
        add_range(heap, from, to, area->bytes + (from - area->addr), true);
        from = c->to > from ? c->to : from;
        cut = true;
    }
    if (from < end)
        add_range(heap, from, end, area->bytes + (from - area->addr), cut);
}

static int compare_implied(const void *a, const void *b)
{
    const hgr_implied *x = a, *y = b;
    if (x->from_addr != y->from_addr)
        return x->from_addr < y->from_addr ? -1 : 1;
    return x->to_addr < y->to_addr ? -1 : x->to_addr > y->to_addr;
}

const hgr_source *fake_finish(fake_heap *heap)
{
    heap->tables = calloc(heap->ntypes + 1, TABLE_BYTES);
    if (!heap->tables)
        die("out of memory");
    add_range(heap, TABLES_ADDR, TABLES_ADDR + (heap->ntypes + 1) * TABLE_BYTES, heap->tables,
              false);
    for (size_t s = 0; s < heap->source.nsegments; s++)
        add_area(heap, &heap->areas[s]);
    if (hgr_space_seal(&heap->space, NULL) != HGR_OK)
        die("cannot seal the space");
    if (heap->source.nimplied)
        qsort(heap->implied, heap->source.nimplied, sizeof *heap->implied, compare_implied);
    heap->source.segments = heap->segments;
    heap->source.gaps = heap->gaps;
    heap->source.implied = heap->implied;
    return &heap->source;
}
