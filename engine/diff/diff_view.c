/* diff: a snapshot as a diff reads it: types, bytes, root names without thread ids, fields.
 *
 * A field is known by where its slot lies in the object: the offset, or in an array the offset within
 * the element. The scan's row order is the order of the slots, so the places of a row are its non-null
 * slots one after the other. */
#include "diff.h"

#include <stdio.h>
#include <string.h>

#include "../heap/slots.h"
#include "../snapshot/snapshot.h"

#define IMPLIED_PLACE (UINT32_MAX - 1)

struct view {
    hgr_diff_view       view;
    const hgr_snapshot *snapshot;
};

static uint32_t type_of(const void *user, hgr_node node)
{
    const struct view *view = user;
    return view->snapshot->heap->node_type[node];
}

static uint64_t bytes_of(const void *user, hgr_node node)
{
    const struct view *view = user;
    return hgr_heap_node_bytes(view->snapshot->heap, node);
}

static void describe_type(const void *user, uint32_t type, hgr_diff_type_of_view *out)
{
    const struct view *view = user;
    const hgr_type_info *info = hgr_snapshot_type(view->snapshot, type);
    *out = (hgr_diff_type_of_view){info->name, info->module, info->method_table_addr, info->count,
                                   info->bytes};
}

/* Ids and registers differ in the next dump: "... of thread 0x1b84" → "...". */
static size_t root_name(const void *user, size_t root, char *buffer, size_t size)
{
    const struct view *view = user;
    const hgr_root *from = hgr_snapshot_root(view->snapshot, root);
    const char *name = from->stable_name ? from->stable_name : from->name;
    const char *of = from->kind == HGR_ROOT_THREAD_STATIC ? strstr(name, " of thread 0x") : NULL;
    int len = snprintf(buffer, size, "%.*s", of ? (int)(of - name) : (int)strlen(name), name);
    return len < 0 ? 0 : (size_t)len;
}

/* ---- places ---- */

#define PLACES_KEPT 64 /* slots of one object that are looked at once; more are looked at twice */

struct walk {
    const hgr_space *space;
    const hgr_shape *shape;
    uint64_t         addr;
    hgr_window       window;
    bool             assume; /* take every slot for non-null: nothing is read */
    uint32_t         e;
    uint32_t         kept[PLACES_KEPT];
    hgr_place_fn    *visit;  /* NULL: keep and count only */
    void            *visit_user;
};

/* Where in the object, or in the element, a slot lies. */
static uint32_t mask_place(const hgr_shape *shape, uint32_t pointer_size, uint64_t offset)
{
    uint64_t first = shape->base_size > pointer_size ? shape->base_size - pointer_size : 0;
    if (shape->component_size == 0 || offset < first)
        return offset < IMPLIED_PLACE ? (uint32_t)offset : IMPLIED_PLACE - 1;
    return (uint32_t)((offset - first) % shape->component_size);
}

static bool pass_run(void *user, uint64_t offset, uint64_t count)
{
    struct walk *walk = user;
    uint32_t pointer = walk->space->pointer_size;
    for (uint64_t i = 0; i < count; i++) {
        uint64_t at = offset + i * pointer, value;
        if (!walk->assume && (!hgr_window_ptr(&walk->window, walk->space, walk->addr + at, &value) ||
                              value == 0))
            continue;
        uint32_t place = mask_place(walk->shape, pointer, at);
        if (walk->visit)
            walk->visit(walk->visit_user, walk->e, place);
        else if (walk->e < PLACES_KEPT)
            walk->kept[walk->e] = place;
        walk->e++;
    }
    return true;
}


/* Slow but sure: each slot's value is looked up, as the scan did. */
static bool pass_slot(void *user, uint64_t offset, uint64_t value, bool implied)
{
    struct walk *walk = user;
    (void)value;
    walk->visit(walk->visit_user, walk->e++,
                implied ? IMPLIED_PLACE
                        : mask_place(walk->shape, walk->space->pointer_size, offset));
    return true;
}

static uint64_t count_slots(const hgr_shape *shape)
{
    uint64_t slots = 0;
    for (uint32_t i = 0; i < shape->nruns; i++)
        slots += shape->runs[i].count;
    return slots;
}

static void find_places(const void *user, hgr_node u, hgr_place_fn *visit, void *visit_user)
{
    const struct view *view = user;
    const hgr_heap *heap = view->snapshot->heap;
    const hgr_source *source = &view->snapshot->source;
    const hgr_shape *shape = &heap->types[heap->node_type[u]].shape;
    uint32_t count = 0;
    hgr_graph_targets(heap->graph, u, &count);
    uint64_t addr = hgr_objects_address(heap->objects, u);
    size_t implied = hgr_implied_from(source, addr);
    bool plain = shape->implied_addr == 0 &&
                 (implied >= source->nimplied || source->implied[implied].from_addr != addr);
    if (shape->slots == HGR_SLOTS_ARRAY && plain && shape->start + source->space->pointer_size ==
                                                        shape->base_size) {
        for (uint32_t e = 0; e < count; e++)
            visit(visit_user, e, 0);
        return;
    }
    struct walk walk;
    walk.space = source->space;
    walk.shape = shape;
    walk.addr = addr;
    walk.window = (hgr_window){0};
    walk.assume = shape->slots == HGR_SLOTS_FIXED && count_slots(shape) == count;
    walk.e = 0;
    walk.visit = NULL;
    walk.visit_user = visit_user;
    uint64_t bytes = hgr_heap_node_bytes(heap, u);
    if (plain)
        hgr_each_run(shape, bytes, source->space->pointer_size, pass_run, &walk);
    bool all = plain && walk.e == count; /* no slot points to nothing: they are the row */
    for (uint32_t e = 0; all && e < count && count <= PLACES_KEPT; e++)
        visit(visit_user, e, walk.kept[e]);
    if (all && count <= PLACES_KEPT)
        return;
    walk.e = 0;
    walk.visit = visit;
    if (all)
        hgr_each_run(shape, bytes, source->space->pointer_size, pass_run, &walk);
    else
        hgr_heap_visit_slots(heap, source, u, pass_slot, &walk);
}

/* "[17]" becomes nothing at the beginning, "[]" elsewhere: "[17].value" → "value". */
static size_t mask_indices(char *text)
{
    size_t to = 0;
    for (size_t from = 0; text[from]; from++) {
        text[to++] = text[from];
        if (text[from] != '[')
            continue;
        size_t end = from + 1 + strspn(text + from + 1, "-0123456789,");
        if (text[end] != ']')
            continue;
        text[to++] = ']';
        from = end;
    }
    text[to] = '\0';
    size_t skip = strncmp(text, "[]", 2) == 0 ? 2 : 0;
    if (skip && text[skip] == '.')
        skip++;
    memmove(text, text + skip, to - skip + 1);
    return to - skip;
}

static size_t place_name(const void *user, hgr_node u, uint32_t e, char *buffer, size_t size)
{
    const struct view *view = user;
    buffer[0] = '\0';
    hgr_reference_name(view->snapshot, u, e, buffer, size);
    return mask_indices(buffer);
}

hgr_result hgr_diff_view_create(const hgr_snapshot *snapshot, const hgr_domtree *tree,
                                const hgr_node *roots, size_t nroots, const hgr_run *run,
                                hgr_diff_view **out, hgr_status *status)
{
    struct view *view = NULL;
    hgr_result result = hgr_alloc(run, 1, sizeof *view, "diff view", &view, status);
    if (result != HGR_OK)
        return result;
    view->snapshot = snapshot;
    view->view = (hgr_diff_view){
        .user = view,
        .graph = hgr_snapshot_graph(snapshot),
        .tree = tree,
        .roots = roots,
        .nroots = nroots,
        .ntypes = hgr_snapshot_types(snapshot),
        .type_of = type_of,
        .bytes = bytes_of,
        .type = describe_type,
        .root_name = root_name,
        .places = find_places,
        .place_name = place_name,
    };
    *out = &view->view;
    return HGR_OK;
}

void hgr_diff_view_free(hgr_diff_view *view)
{
    if (view)
        hgr_free((void *)(uintptr_t)view->user);
}
