/* heap: the reference slots of one object, read again from the dump: what the scan saw, with
 * offsets. */
#include "slots.h"
#include "objects.h"

struct visit {
    const hgr_heap *heap;
    const hgr_source *source;
    uint64_t object_addr;
    hgr_slot_visit_fn *visit;
    void *user;
    hgr_window window;
};

static bool visit_run(void *user, uint64_t offset, uint64_t count)
{
    struct visit *v = user;
    const hgr_space *space = v->source->space;
    for (uint64_t i = 0; i < count; i++) {
        uint64_t at = offset + i * space->pointer_size, value;
        if (hgr_window_ptr(&v->window, space, v->object_addr + at, &value) && value != 0 &&
            hgr_objects_at(v->heap->objects, value) != HGR_NO_NODE &&
            !v->visit(v->user, at, value, false))
            return false;
    }
    return true;
}

static bool visit_implied(struct visit *v, uint64_t target)
{
    return target == 0 || hgr_objects_at(v->heap->objects, target) == HGR_NO_NODE ||
           v->visit(v->user, UINT32_MAX, target, true);
}

void hgr_heap_visit_slots(const hgr_heap *heap, const hgr_source *source, hgr_node node,
                          hgr_slot_visit_fn *visit, void *user)
{
    const hgr_shape *shape = &heap->types[heap->node_type[node]].shape;
    struct visit v = {heap, source, hgr_objects_address(heap->objects, node), visit, user, {0}};
    if (!hgr_each_run(shape, hgr_heap_node_bytes(heap, node), source->space->pointer_size,
                      visit_run, &v))
        return;
    if (!visit_implied(&v, shape->implied_addr))
        return;
    for (size_t i = hgr_implied_from(source, v.object_addr);
         i < source->nimplied && source->implied[i].from_addr == v.object_addr; i++)
        if (!visit_implied(&v, source->implied[i].to_addr))
            return;
}
