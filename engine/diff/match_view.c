/* diff: a snapshot as the matcher reads it: addresses, own bytes, slots.
 *
 * Own bytes are those behind the method table, without references and without the next object's
 * header: pieces between the runs of slots. Each piece is hashed with XXH3, seeded by the one
 * before. A piece that is not in the dump makes a hash of its address: it is equal to nothing. */
#include "match_view.h"

#include <string.h>
#include <xxhash.h>

#include "../heap/objects.h"
#include "../heap/slots.h"
#include "../snapshot/snapshot.h"
#include "diff.h"

#define COPY_BYTES 4096u /* of a piece that does not lie side by side in the file */

struct view {
    hgr_match_view view;
    const hgr_snapshot *snapshot;
    uint64_t *identity; /* per type */
    const hgr_match_mask *masks;
    size_t nmasks;
    uint32_t *mask_of; /* per type: the first mask, or nmasks; NULL without masks */
};

static uint32_t type_of(const void *user, hgr_node node)
{
    const struct view *view = user;
    return view->snapshot->heap->node_type[node];
}

static uint64_t type_identity(const void *user, uint32_t type)
{
    const struct view *view = user;
    return view->identity[type];
}

static uint64_t bytes_of(const void *user, hgr_node node)
{
    const struct view *view = user;
    return hgr_heap_node_bytes(view->snapshot->heap, node);
}

static void list_addresses(const void *user, hgr_node first, hgr_node end, uint64_t *out)
{
    const struct view *view = user;
    hgr_objects_addresses(view->snapshot->heap->objects, first, end, out);
}

static hgr_node node_at(const void *user, uint64_t addr)
{
    const struct view *view = user;
    return hgr_objects_at(view->snapshot->heap->objects, addr);
}

static bool is_text(const void *user, uint32_t type)
{
    const struct view *view = user;
    return view->snapshot->type_infos[type].is_string;
}

static uint64_t length_of(const void *user, hgr_node node)
{
    const struct view *view = user;
    const hgr_heap *heap = view->snapshot->heap;
    uint32_t type = heap->node_type[node];
    const hgr_shape *shape = &heap->types[type].shape;
    if (shape->component_size == 0 || is_text(user, type))
        return 0;
    uint64_t bytes = hgr_heap_node_bytes(heap, node);
    return bytes > shape->base_size ? (bytes - shape->base_size) / shape->component_size : 0;
}

/* ---- contents ---- */

struct hasher {
    const struct view *view;
    const hgr_shape *shape;
    const hgr_match_mask *mask; /* those of the type, or NULL */
    uint64_t addr;
    uint64_t at; /* own bytes before this offset are done */
    uint64_t hash;
    hgr_window *window;
};

static void hash_apart(struct hasher *hasher, uint64_t offset, uint64_t bytes)
{
    const hgr_space *space = hasher->view->snapshot->source.space;
    uint8_t copy[COPY_BYTES];
    while (bytes > 0) {
        size_t part = bytes < COPY_BYTES ? (size_t)bytes : COPY_BYTES;
        uint64_t addr = hasher->addr + offset;
        if (hgr_space_read(space, addr, copy, part))
            hasher->hash = XXH3_64bits_withSeed(copy, part, hasher->hash);
        else
            hasher->hash = XXH3_64bits_withSeed(&addr, sizeof addr, ~hasher->hash);
        offset += part;
        bytes -= part;
    }
}

static void hash_piece(struct hasher *hasher, uint64_t offset, uint64_t bytes)
{
    const hgr_space *space = hasher->view->snapshot->source.space;
    uint64_t addr = hasher->addr + offset;
    if (bytes == 0)
        return;
    if (hgr_window_move(hasher->window, space, addr) && hasher->window->end_addr - addr >= bytes)
        hasher->hash =
            XXH3_64bits_withSeed(hasher->window->bytes + (addr - hasher->window->start_addr),
                                 (size_t)bytes, hasher->hash);
    else
        hash_apart(hasher, offset, bytes);
}

/* Where the first masked piece that ends behind `at` begins; end when there is none before. */
static uint64_t next_masked(const struct hasher *hasher, uint64_t at, uint64_t end,
                            uint64_t *out_masked_end)
{
    const hgr_match_mask *last = hasher->view->masks + hasher->view->nmasks;
    uint64_t found = end;
    for (const hgr_match_mask *mask = hasher->mask;
         mask < last && mask->method_table_addr == hasher->shape->method_table_addr; mask++) {
        uint64_t start = mask->offset;
        if (mask->stride && start + mask->bytes <= at)
            start += ((at - start - mask->bytes) / mask->stride + 1) * mask->stride;
        if (start + mask->bytes > at && start < found) {
            found = start;
            *out_masked_end = start + mask->bytes;
        }
    }
    return found;
}

/* Own bytes from hasher->at to end, less the masked ones. */
static void hash_until(struct hasher *hasher, uint64_t end)
{
    uint64_t at = hasher->at, masked_end = 0, masked;
    while (hasher->mask && (masked = next_masked(hasher, at, end, &masked_end)) < end) {
        if (masked > at)
            hash_piece(hasher, at, masked - at);
        at = masked_end;
    }
    if (at < end)
        hash_piece(hasher, at, end - at);
}

static bool pass_run(void *user, uint64_t offset, uint64_t count)
{
    struct hasher *hasher = user;
    hash_until(hasher, offset);
    hasher->at = offset + count * hasher->view->snapshot->source.space->pointer_size;
    return true;
}

static uint64_t hash_object(const struct view *view, hgr_node u, uint64_t addr, hgr_window *window)
{
    const hgr_heap *heap = view->snapshot->heap;
    uint32_t type = heap->node_type[u], pointer = view->snapshot->source.space->pointer_size;
    uint64_t bytes = hgr_heap_node_bytes(heap, u);
    struct hasher hasher = {.view = view,
                            .shape = &heap->types[type].shape,
                            .mask = view->mask_of && view->mask_of[type] < view->nmasks
                                        ? &view->masks[view->mask_of[type]]
                                        : NULL,
                            .addr = addr,
                            .at = pointer,
                            .window = window};
    hgr_each_run(hasher.shape, bytes, pointer, pass_run, &hasher);
    if (bytes > pointer)
        hash_until(&hasher, bytes - pointer); /* the last word is the next object's header */
    return hasher.hash;
}

static void hash_contents(const void *user, hgr_node first, hgr_node end, uint64_t *out)
{
    const struct view *view = user;
    hgr_window window = {0};
    hgr_objects_addresses(view->snapshot->heap->objects, first, end, out);
    for (hgr_node u = first; u < end; u++)
        out[u - first] = hash_object(view, u, out[u - first], &window);
}

/* ---- words ---- */

struct words {
    uint32_t *out;
    uint32_t max, count;
    uint32_t pointer_size;
};

static bool blank_run(void *user, uint64_t offset, uint64_t count)
{
    struct words *words = user;
    for (uint64_t at = offset / 4 - words->pointer_size / 4; count > 0; count--)
        for (uint32_t half = 0; half < words->pointer_size / 4; half++, at++)
            if (at < words->count)
                words->out[at] = 0;
    return true;
}

static void blank_masks(const struct view *view, const hgr_shape *shape, uint32_t type,
                        struct words *words)
{
    if (!view->mask_of)
        return;
    for (size_t m = view->mask_of[type];
         m < view->nmasks && view->masks[m].method_table_addr == shape->method_table_addr; m++)
        for (uint64_t at = view->masks[m].offset; at / 4 < (uint64_t)words->max * 2;
             at += view->masks[m].stride) {
            blank_run(words, at, 8 / words->pointer_size);
            if (view->masks[m].stride == 0)
                break;
        }
}

static uint32_t list_words(const void *user, hgr_node node, uint32_t *out, uint32_t max)
{
    const struct view *view = user;
    const hgr_heap *heap = view->snapshot->heap;
    const hgr_space *space = view->snapshot->source.space;
    uint32_t type = heap->node_type[node], pointer = space->pointer_size;
    const hgr_shape *shape = &heap->types[type].shape;
    uint64_t bytes = hgr_heap_node_bytes(heap, node);
    uint64_t count = bytes > 2 * (uint64_t)pointer ? (bytes - 2 * (uint64_t)pointer) / 4 : 0;
    struct words words = {out, max, count < max ? (uint32_t)count : max, pointer};
    if (!hgr_space_read(space, hgr_objects_address(heap->objects, node) + pointer, out,
                        words.count * sizeof *out))
        return 0;
    for (uint32_t i = 0; i < words.count; i++)
        out[i] = out[i] ? out[i] : 1; /* zeros count too; 0 is for what does not */
    hgr_each_run(shape, bytes, pointer, blank_run, &words);
    blank_masks(view, shape, type, &words);
    return words.count;
}

/* ---- slots ---- */

struct slots {
    hgr_place_fn *visit;
    void *user;
    uint32_t e, pointer_size;
};

static bool pass_slot(void *user, uint64_t offset, uint64_t value, bool implied)
{
    struct slots *slots = user;
    uint64_t slot = implied ? UINT32_MAX - 1 : offset / slots->pointer_size;
    (void)value;
    slots->visit(slots->user, slots->e++,
                 slot < UINT32_MAX ? (uint32_t)slot : UINT32_MAX - 1); /* 32 GiB into an array */
    return true;
}

static void list_slots(const void *user, hgr_node u, hgr_place_fn *visit, void *visit_user)
{
    const struct view *view = user;
    const hgr_source *source = &view->snapshot->source;
    struct slots slots = {visit, visit_user, 0, source->space->pointer_size};
    hgr_heap_visit_slots(view->snapshot->heap, source, u, pass_slot, &slots);
}

/* ---- making it ---- */

static hgr_result identify_types(struct view *view, const hgr_run *run, hgr_status *status)
{
    const hgr_snapshot *snapshot = view->snapshot;
    uint32_t ntypes = hgr_snapshot_types(snapshot);
    hgr_result result =
        hgr_alloc(run, ntypes, sizeof *view->identity, "types", &view->identity, status);
    if (result == HGR_OK && view->nmasks > 0)
        result = hgr_alloc(run, ntypes, sizeof *view->mask_of, "masks", &view->mask_of, status);
    for (uint32_t t = 0; result == HGR_OK && t < ntypes; t++) {
        const hgr_type_info *info = hgr_snapshot_type(snapshot, t);
        /* In one process, a type is its method table, as long as that has its name. */
        view->identity[t] = hgr_diff_hash_type(info->name, info->module) ^
                            info->method_table_addr * UINT64_C(0x9e3779b97f4a7c15);
        for (size_t i = view->nmasks; i-- > 0;) {
            if (i + 1 == view->nmasks)
                view->mask_of[t] = (uint32_t)view->nmasks;
            if (view->masks[i].method_table_addr == info->method_table_addr)
                view->mask_of[t] = (uint32_t)i;
        }
    }
    return result;
}

hgr_result hgr_match_view_masked(const hgr_snapshot *snapshot, const hgr_match_mask *masks,
                                 size_t nmasks, const hgr_run *run, hgr_match_view **out,
                                 hgr_status *status)
{
    struct view *view = NULL;
    hgr_result result = hgr_alloc(run, 1, sizeof *view, "match view", &view, status);
    if (result != HGR_OK)
        return result;
    view->snapshot = snapshot;
    view->masks = masks;
    view->nmasks = nmasks;
    view->view = (hgr_match_view){
        .user = view,
        .graph = hgr_snapshot_graph(snapshot),
        .type_of = type_of,
        .type_identity = type_identity,
        .bytes = bytes_of,
        .addresses = list_addresses,
        .node_at = node_at,
        .contents = hash_contents,
        .words = list_words,
        .slots = list_slots,
        .is_text = is_text,
        .length = length_of,
    };
    result = identify_types(view, run, status);
    if (result == HGR_OK)
        *out = &view->view;
    else
        hgr_match_view_free(&view->view);
    return result;
}

hgr_result hgr_match_view_create(const hgr_snapshot *snapshot, const hgr_run *run,
                                 hgr_match_view **out, hgr_status *status)
{
    return hgr_match_view_masked(snapshot, NULL, 0, run, out, status);
}

void hgr_match_view_free(hgr_match_view *match_view)
{
    if (!match_view)
        return;
    struct view *view = (void *)(uintptr_t)match_view->user;
    hgr_free(view->mask_of);
    hgr_free(view->identity);
    hgr_free(view);
}
