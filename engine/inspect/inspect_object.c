/* inspect: an address -> the object that starts there, without a scan.
 *
 * Method: what the scan asks of an object: a segment holds it, its first word is a method table of
 * a type that has instances, and it ends inside its segment. */
#include "inspector.h"

#include "../base/status.h"

static bool read_length(const hgr_inspector *inspector, uint64_t addr, uint32_t *out)
{
    return hgr_space_u32(inspector->runtime->space, addr + hgr_inspector_word(inspector), out);
}

static hgr_result measure(hgr_inspector *inspector, hgr_object *object, const hgr_segment *segment,
                          hgr_status *status)
{
    const hgr_type *type = object->type;
    uint32_t length = 0, least = 3 * hgr_inspector_word(inspector);
    if (type->component_size != 0 && !read_length(inspector, object->addr, &length))
        return hgr_fail_addr(status, HGR_NOT_FOUND, object->addr,
                             "the object's length is not in the dump");
    object->length = length;
    object->bytes = type->base_size + (uint64_t)length * type->component_size;
    if (object->bytes < least)
        object->bytes = least;
    if (object->bytes > segment->end_addr - object->addr)
        return hgr_fail_addr(status, HGR_NOT_FOUND, object->addr,
                             "no object: %llu bytes would end beyond its segment",
                             (unsigned long long)object->bytes);
    return HGR_OK;
}

hgr_result hgr_inspect_object(hgr_inspector *inspector, uint64_t addr, hgr_object *out,
                              hgr_status *status)
{
    const hgr_runtime *runtime = inspector->runtime;
    const hgr_segment *segment = hgr_clr_segment_at(runtime, addr);
    uint32_t word = hgr_inspector_word(inspector);
    uint64_t first;
    hgr_object object = {.addr = addr};
    if (!segment)
        return hgr_fail_addr(status, HGR_NOT_FOUND, addr, "no object: outside the heap's segments");
    if (addr % word)
        return hgr_fail_addr(status, HGR_NOT_FOUND, addr, "no object: not at a multiple of %u",
                             word);
    if (!hgr_space_ptr(runtime->space, addr, &first))
        return hgr_fail_addr(status, HGR_NOT_FOUND, addr, "the object is not in the dump");
    first &= ~(uint64_t)(word - 1); /* marked while a collection runs */
    if (first == runtime->free_mt)
        return hgr_fail_addr(status, HGR_NOT_FOUND, addr, "no object: free space");
    hgr_result result = hgr_inspect_type(inspector, first, &object.type, status);
    if (result == HGR_NOT_FOUND || (result == HGR_OK && !hgr_known(object.type)->has_instances))
        return hgr_fail_addr(status, HGR_NOT_FOUND, addr, "no object: 0x%llx is no method table",
                             (unsigned long long)first);
    if (result == HGR_OK)
        result = measure(inspector, &object, segment, status);
    if (result != HGR_OK)
        return result;
    object.segment = (size_t)(segment - runtime->segments);
    object.generation = (hgr_generation)segment->generation;
    *out = object;
    return HGR_OK;
}

uint32_t hgr_array_shape(hgr_inspector *inspector, const hgr_object *array, uint32_t lengths[32],
                         int32_t lower_bounds[32])
{
    const hgr_space *space = inspector->runtime->space;
    uint32_t word = hgr_inspector_word(inspector), rank = array->type->rank;
    if (array->type->kind != HGR_TYPE_ARRAY || rank == 0 || rank > 32)
        return 0;
    if (array->type->base_size == 3 * word) { /* from index 0: no bounds */
        lengths[0] = (uint32_t)array->length; /* was read from 4 bytes */
        lower_bounds[0] = 0;
        return 1;
    }
    uint64_t at = array->addr + 2 * word;
    return hgr_space_read(space, at, lengths, rank * sizeof lengths[0]) &&
                   hgr_space_read(space, at + rank * sizeof lengths[0], lower_bounds,
                                  rank * sizeof lower_bounds[0])
               ? rank
               : 0;
}
