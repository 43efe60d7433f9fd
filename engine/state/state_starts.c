/* state: does an object start at these addresses?
 *
 * Bytes that look like an object may be the copy that a compacting collection left behind in what
 * is free space now. Only a walk from the start of its segment tells. Input: ascending addresses.
 * Method: each segment that holds some is walked once, up to the last of them, within a budget. */
#include "state.h"

#include "../base/status.h"
#include "../clr/clr_open.h"
#include "../clr/method_table.h"

#define MAX_OBJECTS (UINT64_C(4) << 20) /* walked in all: about 50 ms */
#define SHAPES      1024u               /* direct-mapped cache of method tables; a power of two */

struct shape {
    uint64_t method_table_addr;
    uint32_t base_size, component_size;
};

struct walk {
    const hgr_state *state;
    struct shape *shapes; /* SHAPES */
    uint64_t budget;
    size_t gap; /* the first one at or above where the walk is */
};

static bool shape_of(struct walk *walk, uint64_t addr, struct shape *out)
{
    struct shape *kept = &walk->shapes[hgr_map_slot(addr, SHAPES)];
    hgr_method_table mt;
    if (kept->method_table_addr != addr) {
        if (!hgr_method_table_read(walk->state->runtime, addr, &mt))
            return false;
        *kept = (struct shape){addr, mt.base_size, mt.component_size};
    }
    *out = *kept;
    return true;
}

/* Where the next object starts; false at anything that is no object. */
static bool step(struct walk *walk, const hgr_segment *segment, uint64_t *addr)
{
    const hgr_space *space = walk->state->space;
    const hgr_runtime *runtime = walk->state->runtime;
    uint64_t p = space->pointer_size, word, bytes;
    uint64_t align = segment->generation == HGR_LOH ? 8 : p;
    uint32_t length = 0;
    struct shape shape;
    while (walk->gap < runtime->ngaps && runtime->gaps[walk->gap].start_addr < *addr)
        walk->gap++;
    if (walk->gap < runtime->ngaps && runtime->gaps[walk->gap].start_addr == *addr &&
        runtime->gaps[walk->gap].end_addr > *addr) {
        *addr = runtime->gaps[walk->gap].end_addr;
        return true;
    }
    if (walk->budget == 0 || !hgr_space_ptr(space, *addr, &word) ||
        !shape_of(walk, word & ~(p - 1), &shape) ||
        (shape.component_size && !hgr_space_u32(space, *addr + p, &length)))
        return false;
    walk->budget--;
    bytes = shape.base_size + (uint64_t)shape.component_size * length;
    bytes = bytes < 3 * p ? 3 * p : bytes;
    bytes = (bytes + align - 1) & ~(align - 1);
    if (bytes > segment->end_addr - *addr)
        return false;
    *addr += bytes;
    return true;
}

hgr_result hgr_state_starts(const hgr_state *state, const uint64_t *addrs, size_t count,
                            uint8_t *out_verdicts, hgr_status *status)
{
    struct walk walk = {.state = state, .budget = MAX_OBJECTS};
    const hgr_segment *segment = NULL;
    uint64_t at = 0;
    bool lost = false;
    hgr_result result =
        hgr_alloc(state->run, SHAPES, sizeof *walk.shapes, "shapes", &walk.shapes, status);
    if (result != HGR_OK)
        return result;
    for (size_t i = 0; i < count; i++) {
        const hgr_segment *mine = hgr_clr_segment_at(state->runtime, addrs[i]);
        if (mine && mine != segment) {
            segment = mine;
            at = mine->start_addr;
            lost = false;
        }
        while (mine && !lost && at < addrs[i])
            lost = !step(&walk, mine, &at);
        out_verdicts[i] = !mine                   ? HGR_NO_OBJECT
                          : at == addrs[i]        ? HGR_OBJECT_STARTS
                          : lost && at < addrs[i] ? HGR_START_UNKNOWN
                                                  : HGR_NO_OBJECT;
    }
    hgr_free(walk.shapes);
    return HGR_OK;
}
