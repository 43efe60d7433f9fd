/* clr: where the objects of a segment in use end.
 *
 * Input: an ephemeral segment. Output: the end of its objects, and the zeroed stretches among them,
 * which threads may still fill. Its own record says less: the collector keeps the end in a variable
 * of its own. Method: object after object; the first word that is no type and not zero ends the
 * walk, as does a zeroed stretch behind which nothing follows. */
#include "clr_shape.h"

#include "../base/status.h"
#include "clr_limits.h"

#define HAS_COMPONENT_SIZE UINT32_C(0x80000000)

struct walker {
    hgr_shape_types *types;
    const hgr_run *run;
    uint64_t limit;
    hgr_shape_walk *out;
    hgr_status *status;
};

static hgr_result is_object_at(const struct walker *walker, uint64_t addr, uint64_t *out_mt,
                               bool *out)
{
    uint64_t p = walker->types->space->pointer_size;
    *out = false;
    if (addr > walker->limit - p || !hgr_space_ptr(walker->types->space, addr, out_mt))
        return HGR_OK;
    *out_mt &= ~(p - 1); /* the collector's marks */
    return hgr_shape_is_type(walker->types, *out_mt, out, walker->status);
}

/* Bytes of the object, aligned; 0 when its count is not there or too large for the segment. */
static uint64_t object_bytes(const struct walker *walker, uint64_t addr, uint64_t mt)
{
    const hgr_space *space = walker->types->space;
    uint64_t p = space->pointer_size, bytes;
    hgr_shape_type_head type;
    uint32_t count = 0;
    if (!hgr_shape_type_head_read(space, mt, &type))
        return 0;
    bytes = type.base_size;
    if (type.flags & HAS_COMPONENT_SIZE) {
        if (!hgr_space_u32(space, addr + p, &count))
            return 0;
        bytes += (uint64_t)count * (type.flags & 0xffff);
    }
    if (bytes < 3 * p)
        bytes = 3 * p;
    bytes = (bytes + p - 1) & ~(p - 1);
    return bytes <= walker->limit - addr ? bytes : 0;
}

/* The first word from addr on that is not zero; the limit when there is none. */
static uint64_t skip_zeros(const struct walker *walker, uint64_t addr)
{
    const hgr_space *space = walker->types->space;
    uint64_t p = space->pointer_size, word = 0;
    while (addr <= walker->limit - p && hgr_space_ptr(space, addr, &word) && word == 0)
        addr += p;
    return addr <= walker->limit - p && word != 0 ? addr : walker->limit;
}

static hgr_result add_gap(const struct walker *walker, uint64_t start, uint64_t end)
{
    hgr_shape_walk *out = walker->out;
    hgr_result result = hgr_grow(walker->run, &out->gaps, &out->capacity, out->ngaps + 1,
                                 2 * (size_t)HGR_CLR_MAX_THREADS, sizeof *out->gaps,
                                 "zeroed stretches", walker->status);
    if (result == HGR_OK)
        out->gaps[out->ngaps++] = (hgr_gap){start, end};
    return result;
}

/* From a zero word to the next object: its header may stand in the word in front of it.
 * *at is the limit when none follows. */
static hgr_result pass_zeros(const struct walker *walker, uint64_t *at)
{
    uint64_t start = *at, next = skip_zeros(walker, start), mt;
    bool found;
    hgr_result result = is_object_at(walker, next, &mt, &found);
    if (result == HGR_OK && !found) {
        next += walker->types->space->pointer_size;
        result = next < walker->limit ? is_object_at(walker, next, &mt, &found) : HGR_OK;
    }
    *at = found ? next : walker->limit;
    return result == HGR_OK && found ? add_gap(walker, start, next) : result;
}

hgr_result hgr_shape_walk_segment(hgr_shape_types *types, const hgr_run *run,
                                  const hgr_shape_segment *segment, hgr_shape_walk *out,
                                  hgr_status *status)
{
    uint64_t limit = segment->used > segment->allocated ? segment->used : segment->allocated;
    struct walker walker = {types, run, limit, out, status};
    uint64_t at = segment->mem;
    hgr_result result = HGR_OK;
    out->end_addr = at;
    while (limit - at >= 3 * (uint64_t)types->space->pointer_size && at < limit) {
        uint64_t mt, bytes;
        bool is_object;
        result = is_object_at(&walker, at, &mt, &is_object);
        if (result != HGR_OK)
            return result;
        if (!is_object) {
            uint64_t before = at, word;
            if (!hgr_space_ptr(types->space, at, &word) || word != 0)
                break;
            result = pass_zeros(&walker, &at);
            if (result != HGR_OK || at >= limit || at == before)
                return result;
            continue;
        }
        bytes = object_bytes(&walker, at, mt);
        if (bytes == 0)
            break;
        at += bytes;
        out->objects++;
        out->end_addr = at;
    }
    return HGR_OK;
}
