/* snapshot: everything that keeps objects alive -> one sorted list of (kind, slot, object, name).
 *
 * A static field is a root of its own although the GC reaches it through an object[] behind a handle:
 * so a path says "static Type.Field", and the array retains only what no static names. Stacks are in
 * snapshot_stacks.c. */
#include "snapshot.h"

#include <stdlib.h>
#include <string.h>

#include "../base/status.h"

#define ROOTS_MAX          ((size_t)UINT32_MAX - 1)

hgr_result hgr_snapshot_add_root(hgr_snapshot *snapshot, const hgr_root *root, hgr_status *status)
{
    hgr_result result = hgr_grow(snapshot->run, &snapshot->roots, &snapshot->roots_capacity,
                                 snapshot->nroots + 1, ROOTS_MAX, sizeof *root, "roots", status);
    if (result == HGR_OK)
        snapshot->roots[snapshot->nroots++] = *root;
    return result;
}

/* Add a root to the object that starts at object_addr, or note that there is none. */
static hgr_result add_exact(hgr_snapshot *snapshot, hgr_root root, hgr_status *status)
{
    root.node = hgr_node_at(snapshot, root.object_addr);
    if (root.node != HGR_NO_NODE)
        return hgr_snapshot_add_root(snapshot, &root, status);
    hgr_finding finding = {HGR_FOUND_BAD_ROOT, root.slot_addr, root.object_addr, 0};
    return hgr_snapshot_find(snapshot, &finding, status);
}

const char *hgr_snapshot_keep_text(hgr_snapshot *snapshot, const hgr_text *text, hgr_status *status)
{
    if (text->failed) {
        hgr_fail(status, HGR_NO_MEMORY, "root name: out of memory");
        return NULL;
    }
    return hgr_arena_text(&snapshot->arena, hgr_text_get(text), text->len, status);
}

static hgr_result add_static(hgr_snapshot *snapshot, const hgr_clr_static *from, hgr_text *text,
                             hgr_status *status)
{
    hgr_text_clear(text);
    hgr_text_add_z(text, from->is_thread_static ? "thread-static " : "static ");
    hgr_text_add_z(text, from->name);
    if (from->is_thread_static)
        hgr_text_format(text, " of thread 0x%x", from->thread_os_id);
    hgr_root root = {
        .kind = from->is_thread_static ? HGR_ROOT_THREAD_STATIC : HGR_ROOT_STATIC,
        .object_addr = from->object_addr,
        .slot_addr = from->slot_addr,
        .thread_os_id = from->thread_os_id,
        .name = hgr_snapshot_keep_text(snapshot, text, status),
    };
    return root.name ? add_exact(snapshot, root, status) : HGR_NO_MEMORY;
}

static hgr_result add_statics(hgr_snapshot *snapshot, const hgr_run *run, hgr_status *status)
{
    hgr_clr_static *statics = NULL;
    size_t count = 0;
    hgr_text text;
    hgr_text_init(&text, run);
    hgr_result result = hgr_clr_statics_read(snapshot->runtime, snapshot->names, run, &statics,
                                             &count, status);
    for (size_t i = 0; result == HGR_OK && i < count; i++)
        result = add_static(snapshot, &statics[i], &text, status);
    hgr_text_fini(&text);
    hgr_free(statics);
    return result;
}

/* Kinds of handles that keep their object alive, by the runtime's number. A ref-counted handle is
 * strong while its count is above zero; the count lives behind COM, so it is taken as strong. */
static bool strong_handle(uint32_t number, hgr_root_kind *out_kind, const char **out_name)
{
    static const struct {
        uint32_t      number;
        hgr_root_kind kind;
        const char   *name;
    } strong[] = {
        {2, HGR_ROOT_STRONG, "strong handle"},
        {3, HGR_ROOT_PINNED, "pinned handle"},
        {5, HGR_ROOT_REF_COUNTED, "ref-counted handle"},
        {7, HGR_ROOT_ASYNC_PINNED, "async-pinned handle"},
        {8, HGR_ROOT_SIZED_REF, "sized-ref handle"},
    };
    for (size_t i = 0; i < sizeof strong / sizeof strong[0]; i++) {
        if (strong[i].number != number)
            continue;
        *out_kind = strong[i].kind;
        *out_name = strong[i].name;
        return true;
    }
    return false;
}

static hgr_result add_handles(hgr_snapshot *snapshot, hgr_status *status)
{
    const hgr_clr_handles *handles = &snapshot->handles;
    hgr_result result = HGR_OK;
    for (size_t i = 0; result == HGR_OK && i < handles->count; i++) {
        const hgr_handle *handle = &handles->handles[i];
        hgr_root root = {.object_addr = handle->object_addr, .slot_addr = handle->slot_addr};
        if (handle->object_addr && strong_handle(handle->kind, &root.kind, &root.name))
            result = add_exact(snapshot, root, status);
    }
    return result;
}

static hgr_result add_finalizer_queue(hgr_snapshot *snapshot, hgr_status *status)
{
    const hgr_clr_handles *handles = &snapshot->handles;
    hgr_result result = HGR_OK;
    for (size_t i = handles->nregistered; result == HGR_OK && i < handles->nfinalizable; i++) {
        hgr_root root = {.kind = HGR_ROOT_FINALIZER,
                         .object_addr = handles->finalizable[i],
                         .name = "finalizer queue (ready)"};
        if (root.object_addr)
            result = add_exact(snapshot, root, status);
    }
    return result;
}

static hgr_result add_frozen(hgr_snapshot *snapshot, hgr_status *status)
{
    const hgr_runtime *runtime = snapshot->runtime;
    const uint32_t *first = snapshot->heap->segment_first;
    hgr_result result = HGR_OK;
    for (size_t s = 0; s < runtime->nsegments; s++) {
        if (runtime->segments[s].generation != HGR_FROZEN)
            continue;
        for (hgr_node node = first[s]; result == HGR_OK && node < first[s + 1]; node++) {
            hgr_root root = {.kind = HGR_ROOT_FROZEN,
                             .node = node,
                             .object_addr = hgr_node_address(snapshot, node),
                             .name = "frozen segment"};
            result = hgr_snapshot_add_root(snapshot, &root, status);
        }
    }
    return result;
}

static int by_kind_and_place(const void *left, const void *right)
{
    const hgr_root *a = left, *b = right;
    if (a->kind != b->kind)
        return a->kind < b->kind ? -1 : 1;
    if (a->slot_addr != b->slot_addr)
        return a->slot_addr < b->slot_addr ? -1 : 1;
    if (a->object_addr != b->object_addr)
        return a->object_addr < b->object_addr ? -1 : 1;
    return strcmp(a->name, b->name);
}

hgr_result hgr_snapshot_read_roots(hgr_snapshot *snapshot, const hgr_run *run, hgr_status *status)
{
    hgr_result result = add_statics(snapshot, run, status);
    if (result == HGR_OK)
        result = add_handles(snapshot, status);
    if (result == HGR_OK)
        result = add_finalizer_queue(snapshot, status);
    if (result == HGR_OK)
        result = hgr_snapshot_add_stacks(snapshot, run, status);
    if (result == HGR_OK)
        result = add_frozen(snapshot, status);
    if (result == HGR_OK && snapshot->nroots > 1)
        qsort(snapshot->roots, snapshot->nroots, sizeof *snapshot->roots, by_kind_and_place);
    return result;
}
