/* fuzz: paths, and fields and collections of a recorded heap with some of its words overwritten.
 *
 * The input is a count of patches, the patches, a path. A patch has 6 bytes: u16 object, u8 word of
 * it, u8 kind of value, u16 other object. So lists become rings, trees grow through each other,
 * counts are negative or huge, objects are of other types. The program's collections and values
 * (tests/targets/collections) are then read, and the path is followed from one of them. Patches are
 * undone before the next input. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <heapgraph/heapgraph.h>

#include "clr/clr.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len);

enum { PATCH_BYTES = 6, MAX_PATCHES = 32, MAX_STARTS = 128, MAX_ITEMS = 3000 };

static struct heap {
    hgr_run *run;
    hgr_dump *dump;
    hgr_runtime *runtime;
    uint64_t *objects; /* every object */
    size_t nobjects;
    uint64_t starts[MAX_STARTS]; /* what the program's static fields hold */
    size_t nstarts;
} heap;

/* ---- the recorded heap, once ---- */

static bool keep_start(void *user, const hgr_static *field)
{
    (void)user;
    if (heap.nstarts < MAX_STARTS && field->value.element == HGR_IS_REFERENCE &&
        field->value.bits != 0 && strncmp(field->type->name, "Lab.", 4) == 0)
        heap.starts[heap.nstarts++] = field->value.bits;
    return true;
}

/* Ranges of the heap become copies that can be written to. */
static void make_writable(const hgr_segment *segment)
{
    hgr_space *space = (hgr_space *)(uintptr_t)heap.runtime->space;
    for (size_t i = 0; i < space->count; i++) {
        hgr_range *range = &space->ranges[i];
        size_t size = (size_t)(range->end_addr - range->start_addr);
        if (range->end_addr <= segment->start_addr || range->start_addr >= segment->end_addr)
            continue;
        uint8_t *copy = malloc(size);
        if (!copy)
            abort();
        memcpy(copy, range->bytes, size);
        range->bytes = copy;
    }
}

static void open_heap(void)
{
    const hgr_dump_options dump_options = {.no_module_files = true};
    const hgr_snapshot_options snapshot_options = {.depth = HGR_SCAN_GRAPH};
    hgr_snapshot *snapshot = NULL;
    hgr_inspector *inspector = NULL;
    hgr_status status = {0};
    if (hgr_run_create(1, &heap.run, &status) != HGR_OK ||
        hgr_dump_open(HGR_FIXTURES "/collections/collections-net10-x64.dmp.zst", &dump_options,
                      heap.run, &heap.dump, &status) != HGR_OK ||
        hgr_runtime_open(heap.dump, NULL, heap.run, &heap.runtime, &status) != HGR_OK ||
        hgr_snapshot_create(heap.runtime, &snapshot_options, heap.run, &snapshot, &status) !=
            HGR_OK ||
        hgr_inspector_create(heap.runtime, heap.run, &inspector, &status) != HGR_OK ||
        hgr_inspect_statics(inspector, keep_start, NULL, &status) != HGR_OK) {
        fprintf(stderr, "%s\n", status.text);
        abort();
    }
    heap.nobjects = hgr_graph_nodes(hgr_snapshot_graph(snapshot));
    heap.objects = calloc(heap.nobjects, sizeof *heap.objects);
    if (!heap.objects || heap.nstarts == 0)
        abort();
    for (size_t i = 0; i < heap.nobjects; i++)
        heap.objects[i] = hgr_node_address(snapshot, (hgr_node)i);
    hgr_inspector_free(inspector);
    hgr_snapshot_free(snapshot);
    for (size_t i = 0; i < hgr_runtime_segments(heap.runtime); i++)
        make_writable(hgr_runtime_segment(heap.runtime, i));
}

/* ---- patches ---- */

static uint8_t *word_at(uint64_t addr)
{
    return (uint8_t *)(uintptr_t)hgr_space_view(heap.runtime->space, addr, 8);
}

static uint64_t value_of(uint8_t kind, uint64_t other)
{
    switch (kind % 8) {
    case 0:
    case 1:
        return other;
    case 2:
        return 0;
    case 3:
        return UINT64_MAX;
    case 4:
        return other + 8; /* inside an object */
    case 5:
        return UINT64_C(0x7fffffff7fffffff);
    case 6:
        return 1;
    default:
        return (uint64_t)kind << 56 | kind;
    }
}

struct undo {
    uint8_t *place;
    uint64_t before;
};

static size_t patch(const uint8_t *bytes, size_t count, struct undo undone[MAX_PATCHES])
{
    size_t done = 0;
    for (size_t i = 0; i < count; i++) {
        uint16_t object, other;
        memcpy(&object, bytes + i * PATCH_BYTES, 2);
        memcpy(&other, bytes + i * PATCH_BYTES + 4, 2);
        uint64_t addr =
            heap.objects[object % heap.nobjects] + 8 * (uint64_t)(bytes[i * PATCH_BYTES + 2] % 32);
        uint64_t value = value_of(bytes[i * PATCH_BYTES + 3], heap.objects[other % heap.nobjects]);
        uint8_t *place = word_at(addr);
        if (!place || !hgr_space_view(heap.runtime->space, addr, 8))
            continue;
        undone[done].place = place;
        memcpy(&undone[done++].before, place, 8);
        memcpy(place, &value, 8);
    }
    return done;
}

/* ---- reading ---- */

struct reading {
    hgr_inspector *inspector;
    size_t items;
};

static void read_text(hgr_inspector *inspector, const hgr_value *value)
{
    char text[256];
    size_t len = hgr_value_text(inspector, value, 40, text, sizeof text);
    if (strlen(text) != (len < sizeof text ? len : sizeof text - 1) || !value->type_name)
        abort();
}

static bool read_item(void *user, const hgr_item *item)
{
    struct reading *reading = user;
    if (item->key.element != HGR_IS_UNKNOWN)
        read_text(reading->inspector, &item->key);
    read_text(reading->inspector, &item->value);
    return ++reading->items < MAX_ITEMS;
}

static bool read_fact(void *user, const hgr_fact *fact)
{
    struct reading *reading = user;
    if (!fact->name)
        abort();
    return ++reading->items < MAX_ITEMS;
}

static void read_object(hgr_inspector *inspector, uint64_t addr)
{
    struct reading reading = {inspector, 0};
    hgr_object object;
    hgr_collection collection;
    const hgr_field *fields = NULL;
    size_t count = 0;
    if (hgr_inspect_object(inspector, addr, &object, NULL) != HGR_OK)
        return;
    hgr_value value = hgr_value_of_object(&object);
    read_text(inspector, &value);
    if (hgr_type_fields(inspector, object.type, &fields, &count, NULL) != HGR_OK)
        return;
    for (size_t i = 0; i < count; i++) {
        if (fields[i].is_static)
            continue;
        hgr_value field = hgr_value_field(inspector, &value, &fields[i]);
        read_text(inspector, &field);
    }
    if (hgr_collection_of(inspector, &value, &collection, NULL) == HGR_OK)
        (void)!hgr_collection_visit(inspector, &value, read_item, &reading, NULL);
    (void)!hgr_object_facts(inspector, &object, read_fact, &reading, NULL);
}

static void follow(hgr_inspector *inspector, uint64_t start, const char *path)
{
    hgr_object object;
    hgr_value value, end = {.type_name = "?"};
    hgr_status status = {0};
    if (hgr_inspect_object(inspector, start, &object, NULL) != HGR_OK)
        return;
    value = hgr_value_of_object(&object);
    if (hgr_path_follow(inspector, &value, path, &end, &status) == HGR_OK)
        read_text(inspector, &end);
    else if (status.text[0] == '\0')
        abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
    struct undo undone[MAX_PATCHES];
    hgr_inspector *inspector = NULL;
    if (!heap.run)
        open_heap();
    if (len == 0)
        return 0;
    size_t count = bytes[0] % (MAX_PATCHES + 1);
    if (count > (len - 1) / PATCH_BYTES)
        count = (len - 1) / PATCH_BYTES;
    size_t rest = len - 1 - count * PATCH_BYTES;
    char *path = malloc(rest + 1);
    if (!path || hgr_inspector_create(heap.runtime, heap.run, &inspector, NULL) != HGR_OK)
        abort();
    memcpy(path, bytes + 1 + count * PATCH_BYTES, rest);
    path[rest] = '\0';
    size_t done = patch(bytes + 1, count, undone);
    for (size_t i = 0; i < heap.nstarts; i++)
        read_object(inspector, heap.starts[i]);
    for (size_t i = 0; i < count; i++) {
        uint16_t object;
        memcpy(&object, bytes + 1 + i * PATCH_BYTES, 2);
        read_object(inspector, heap.objects[object % heap.nobjects]);
    }
    follow(inspector, heap.starts[bytes[0] % heap.nstarts], path);
    while (done-- > 0)
        memcpy(undone[done].place, &undone[done].before, 8);
    hgr_inspector_free(inspector);
    free(path);
    return 0;
}
