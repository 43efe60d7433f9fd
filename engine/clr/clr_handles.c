/* clr: the handle table and the finalization queues.
 *
 * Input: HandleTableMap, CFinalize. Output: every handle that holds an object, ascending by slot;
 * dependent handles' pairs; the queue's objects, registered first, then ready.
 * A map has buckets of tables, one per processor at start-up. With a dynamic heap count the GC's
 * heaps are fewer than these slots, so slots are read until one is null or is no table: a table's
 * first segment points back at it. A segment is 64 KiB: a header, then blocks of 64 handles; its
 * arrays follow from the number of blocks (120, on 32 bit 240) and of handle types. A null slot is
 * either cached as free or an empty handle; nothing tells them apart, so both are left out. */
#include "clr_open.h"

#include <stdlib.h>

#include "../base/status.h"
#include "clr_limits.h"

#define SEGMENT_BYTES  0x10000u
#define HEADER_BYTES   0x1000u
#define BLOCK_HANDLES  64u
#define MAX_BLOCKS     240u
#define MAP_BUCKETS    10u
#define NO_BLOCK       0xffu
#define KIND_DEPENDENT 6u

static const char *const KINDS[] = {
    "weak-short", "weak-long",       "strong",        "pinned",
    "variable",   "ref-counted",     "dependent",     "async-pinned",
    "sized-ref",  "weak-native-com", "weak-interior", "cross-reference",
};

struct reader {
    const hgr_runtime *runtime;
    const hgr_run *run;
    hgr_clr_handles *out;
    hgr_status *status;
    hgr_map tables, segments; /* seen: address → 1 */
    uint32_t nblocks;         /* in a segment */
};

/* ---- one segment ---- */

static const char *kind_name(uint32_t kind)
{
    return kind < sizeof KINDS / sizeof KINDS[0] ? KINDS[kind] : "unknown";
}

static hgr_result add_handle(struct reader *reader, const hgr_handle *handle)
{
    hgr_clr_handles *out = reader->out;
    hgr_result result = hgr_grow(reader->run, &out->handles, &out->capacity, out->count + 1,
                                 HGR_CLR_MAX_HANDLES, sizeof *handle, "handles", reader->status);
    if (result == HGR_OK)
        out->handles[out->count++] = *handle;
    return result;
}

static hgr_result read_block(struct reader *reader, uint64_t segment, const uint8_t *header,
                             uint32_t block)
{
    const hgr_space *space = reader->runtime->space;
    uint32_t p = space->pointer_size, n = reader->nblocks;
    const uint8_t *types = header + 13 * n, *user_blocks = header + 14 * n;
    uint64_t data = segment + HEADER_BYTES, block_bytes = BLOCK_HANDLES * p, free_mask;
    uint64_t at = data + block * block_bytes;
    memcpy(&free_mask, header + 5 * n + 8 * block, sizeof free_mask);
    for (uint32_t k = 0; k < BLOCK_HANDLES; k++) {
        hgr_handle handle = {.slot_addr = at + k * p, .kind = types[block]};
        if (free_mask >> k & 1)
            continue;
        if (!hgr_space_ptr(space, handle.slot_addr, &handle.object_addr)) {
            reader->out->bad++;
            continue;
        }
        if (handle.object_addr == 0)
            continue;
        handle.kind_name = kind_name(handle.kind);
        if (handle.kind == KIND_DEPENDENT) {
            uint32_t user = user_blocks[block];
            if (user >= n ||
                !hgr_space_ptr(space, data + user * block_bytes + k * p, &handle.dependent_addr))
                reader->out->bad++;
        }
        hgr_result result = add_handle(reader, &handle);
        if (result != HGR_OK)
            return result;
    }
    return HGR_OK;
}

static hgr_result read_segment(struct reader *reader, uint64_t segment, const uint8_t *header)
{
    const uint8_t *types = header + 13 * reader->nblocks;
    uint32_t user_data_type = reader->runtime->layout.handle_types - 1;
    for (uint32_t block = 0; block < reader->nblocks; block++) {
        if (types[block] == NO_BLOCK || types[block] == user_data_type)
            continue;
        if (types[block] > user_data_type) {
            reader->out->bad++;
            continue;
        }
        hgr_result result = read_block(reader, segment, header, block);
        if (result != HGR_OK)
            return result;
    }
    return HGR_OK;
}

/* ---- tables, buckets, maps ---- */

/* The header, when a segment of this table lies at addr. */
static const uint8_t *segment_header(const hgr_runtime *runtime, uint64_t addr, uint64_t table)
{
    const hgr_space *space = runtime->space;
    uint64_t owner;
    if (addr == 0 || addr % SEGMENT_BYTES != 0 ||
        !hgr_space_ptr(space, addr + runtime->layout.handle_segment_table, &owner) ||
        owner != table)
        return NULL;
    return hgr_space_view(space, addr, HEADER_BYTES);
}

static hgr_result read_table(struct reader *reader, uint64_t table, uint64_t first)
{
    const hgr_space *space = reader->runtime->space;
    uint64_t addr = first;
    while (addr != 0) {
        const uint8_t *header = segment_header(reader->runtime, addr, table);
        if (!header || hgr_map_get(&reader->segments, addr) != HGR_MAP_NONE ||
            reader->segments.count >= HGR_CLR_MAX_HANDLE_SEGMENTS) {
            reader->out->bad++;
            return HGR_OK;
        }
        hgr_result result = hgr_map_put(&reader->segments, addr, 1, reader->status);
        if (result == HGR_OK)
            result = read_segment(reader, addr, header);
        if (result != HGR_OK)
            return result;
        if (!hgr_space_ptr(space, addr + reader->runtime->layout.handle_segment_next, &addr))
            return HGR_OK; /* lies in the header, which is there */
    }
    return HGR_OK;
}

/* The slots of one bucket: until one is null or no table. The first one must be a table. */
static hgr_result read_bucket(struct reader *reader, uint64_t bucket)
{
    const hgr_space *space = reader->runtime->space;
    uint64_t tables, table, first;
    if (!hgr_space_ptr(space, bucket, &tables)) {
        reader->out->bad++;
        return HGR_OK;
    }
    for (uint32_t slot = 0; slot < HGR_CLR_MAX_HEAPS; slot++) {
        if (!hgr_space_ptr(space, tables + (uint64_t)slot * space->pointer_size, &table) ||
            table == 0)
            return HGR_OK;
        if (!hgr_space_ptr(space, table + reader->runtime->layout.handle_table_segments, &first) ||
            !segment_header(reader->runtime, first, table)) {
            reader->out->bad += slot == 0;
            return HGR_OK;
        }
        if (hgr_map_get(&reader->tables, table) != HGR_MAP_NONE)
            return HGR_OK;
        hgr_result result = hgr_map_put(&reader->tables, table, 1, reader->status);
        if (result == HGR_OK)
            result = read_table(reader, table, first);
        if (result != HGR_OK)
            return result;
    }
    return HGR_OK;
}

static hgr_result read_maps(struct reader *reader)
{
    const hgr_space *space = reader->runtime->space;
    uint32_t p = space->pointer_size;
    uint64_t map = reader->runtime->handle_table_map_addr;
    for (uint32_t i = 0; map != 0 && i < HGR_CLR_MAX_HANDLE_MAPS; i++) {
        uint64_t buckets, bucket;
        if (!hgr_space_ptr(space, map, &buckets)) {
            reader->out->bad++;
            return HGR_OK;
        }
        for (uint32_t b = 0; b < MAP_BUCKETS; b++) {
            if (!hgr_space_ptr(space, buckets + (uint64_t)b * p, &bucket) || bucket == 0)
                continue;
            hgr_result result = read_bucket(reader, bucket);
            if (result != HGR_OK)
                return result;
        }
        if (!hgr_space_ptr(space, map + p, &map))
            return HGR_OK;
    }
    return HGR_OK;
}

bool hgr_clr_handles_check(const hgr_runtime *runtime)
{
    const hgr_space *space = runtime->space;
    uint64_t at = runtime->handle_table_map_addr, table;
    /* map → buckets → bucket 0 → tables → table 0 */
    for (int step = 0; step < 4; step++)
        if (!hgr_space_ptr(space, at, &at))
            return false;
    table = at;
    return hgr_space_ptr(space, table + runtime->layout.handle_table_segments, &at) &&
           segment_header(runtime, at, table) != NULL;
}

static int by_slot(const void *a, const void *b)
{
    const hgr_handle *x = a, *y = b;
    return x->slot_addr < y->slot_addr ? -1 : x->slot_addr > y->slot_addr;
}

static int by_primary(const void *a, const void *b)
{
    const hgr_implied *x = a, *y = b;
    if (x->from_addr != y->from_addr)
        return x->from_addr < y->from_addr ? -1 : 1;
    return x->to_addr < y->to_addr ? -1 : x->to_addr > y->to_addr;
}

static hgr_result collect_implied(struct reader *reader)
{
    hgr_clr_handles *out = reader->out;
    size_t count = 0;
    for (size_t i = 0; i < out->count; i++)
        count += out->handles[i].dependent_addr != 0;
    hgr_result result = hgr_alloc(reader->run, count, sizeof *out->implied, "dependent handles",
                                  &out->implied, reader->status);
    if (result != HGR_OK)
        return result;
    for (size_t i = 0; i < out->count; i++)
        if (out->handles[i].dependent_addr != 0)
            out->implied[out->nimplied++] =
                (hgr_implied){out->handles[i].object_addr, out->handles[i].dependent_addr};
    if (out->nimplied > 1)
        qsort(out->implied, out->nimplied, sizeof *out->implied, by_primary);
    return HGR_OK;
}

/* ---- finalization queues ---- */

struct queue {
    uint64_t registered_addr, ready_addr, end_addr; /* arrays of object pointers */
};

/* CFinalize: fill pointers (one per generation and two more), and the array's start and end.
 * Registered objects fill [start, fill[generations - 1]), the ready ones [.., fill[generations +
 * 1]), critical ones first. The array's start stands behind the fill pointers, before .NET Core 2 in
 * front of them: they ascend from it, which tells the two apart. */
#define MAX_QUEUE_WORDS 16u

static bool order_queue(const uint64_t *words, uint32_t fills, bool start_first, struct queue *out)
{
    uint64_t start = start_first ? words[0] : words[fills];
    const uint64_t *fill = start_first ? words + 1 : words;
    uint64_t end = words[fills + 1], last = start;
    for (uint32_t i = 0; i < fills; i++) {
        if (fill[i] < last)
            return false;
        last = fill[i];
    }
    *out = (struct queue){start, fill[fills - 3], fill[fills - 1]};
    return last <= end;
}

static bool read_queue(const hgr_runtime *runtime, uint64_t addr, struct queue *out)
{
    const hgr_space *space = runtime->space;
    uint32_t p = space->pointer_size, fills = runtime->gc.generations + 2;
    uint64_t words[MAX_QUEUE_WORDS];
    if (fills < 3 || fills + 2 > MAX_QUEUE_WORDS)
        return false;
    for (uint32_t i = 0; i < fills + 2; i++)
        if (!hgr_space_ptr(space, addr + (uint64_t)i * p, &words[i]))
            return false;
    return (order_queue(words, fills, false, out) || order_queue(words, fills, true, out)) &&
           (out->registered_addr | out->ready_addr) % p == 0 &&
           (out->end_addr - out->registered_addr) / p <= HGR_CLR_MAX_FINALIZABLE;
}

bool hgr_clr_queue_check(const hgr_runtime *runtime, uint64_t addr)
{
    struct queue queue;
    return read_queue(runtime, addr, &queue) && queue.registered_addr != 0 &&
           hgr_space_present(runtime->space, queue.registered_addr, 1) > 0;
}

static hgr_result add_objects(struct reader *reader, uint64_t start, uint64_t end, size_t *capacity)
{
    const hgr_space *space = reader->runtime->space;
    hgr_clr_handles *out = reader->out;
    uint32_t p = space->pointer_size;
    uint64_t present = hgr_space_present(space, start, end - start);
    reader->out->bad += present < end - start;
    for (uint64_t at = start; present >= p; at += p, present -= p) {
        uint64_t object;
        if (!hgr_space_ptr(space, at, &object) || object == 0)
            continue;
        hgr_result result =
            hgr_grow(reader->run, &out->finalizable, capacity, out->nfinalizable + 1,
                     HGR_CLR_MAX_FINALIZABLE, sizeof object, "finalization queue", reader->status);
        if (result != HGR_OK)
            return result;
        out->finalizable[out->nfinalizable++] = object;
    }
    return HGR_OK;
}

static hgr_result read_queues(struct reader *reader)
{
    const hgr_runtime *runtime = reader->runtime;
    hgr_clr_handles *out = reader->out;
    size_t capacity = 0;
    hgr_result result = HGR_OK;
    for (int ready = 0; ready < 2; ready++) {
        for (size_t i = 0; i < runtime->nfinalize_queues && result == HGR_OK; i++) {
            struct queue queue;
            if (!read_queue(runtime, runtime->finalize_queues[i], &queue))
                out->bad += !ready;
            else if (!ready)
                result = add_objects(reader, queue.registered_addr, queue.ready_addr, &capacity);
            else
                result = add_objects(reader, queue.ready_addr, queue.end_addr, &capacity);
        }
        if (!ready)
            out->nregistered = out->nfinalizable;
    }
    return result;
}

hgr_result hgr_clr_handles_read(const hgr_runtime *runtime, const hgr_run *run,
                                hgr_clr_handles *out, hgr_status *status)
{
    hgr_clr_handles handles = {0};
    struct reader reader = {.runtime = runtime, .run = run, .out = &handles, .status = status};
    reader.nblocks =
        (SEGMENT_BYTES - HEADER_BYTES) / (BLOCK_HANDLES * runtime->space->pointer_size);
    hgr_map_init(&reader.tables, run);
    hgr_map_init(&reader.segments, run);
    hgr_result result = read_maps(&reader);
    for (size_t i = 0; i < runtime->nhandle_segments && result == HGR_OK; i++) {
        const uint8_t *header =
            hgr_space_view(runtime->space, runtime->handle_segments[i], HEADER_BYTES);
        if (header)
            result = read_segment(&reader, runtime->handle_segments[i], header);
    }
    if (result == HGR_OK && handles.count > 1)
        qsort(handles.handles, handles.count, sizeof *handles.handles, by_slot);
    if (result == HGR_OK)
        result = collect_implied(&reader);
    if (result == HGR_OK)
        result = read_queues(&reader);
    hgr_map_fini(&reader.segments);
    hgr_map_fini(&reader.tables);
    if (result == HGR_OK)
        *out = handles;
    else
        hgr_clr_handles_fini(&handles);
    return result;
}

void hgr_clr_handles_fini(hgr_clr_handles *handles)
{
    hgr_free(handles->handles);
    hgr_free(handles->implied);
    hgr_free(handles->finalizable);
    *handles = (hgr_clr_handles){0};
}
