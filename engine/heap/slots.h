/* heap: where the reference slots of one object are, and reading target memory piece by piece. */
#ifndef HGR_HEAP_SLOTS_H
#define HGR_HEAP_SLOTS_H

#include "source.h"

/** Part of the target's memory that lies side by side in the mapping; empty when start == end. */
typedef struct hgr_window {
    uint64_t start_addr, end_addr;
    const uint8_t *bytes;
} hgr_window;

/** Move the window to the range that holds addr; false (window empty) when addr is absent. */
static inline bool hgr_window_move(hgr_window *window, const hgr_space *space, uint64_t addr)
{
    if (addr >= window->start_addr && addr < window->end_addr)
        return true;
    const hgr_range *range = hgr_space_find(space, addr);
    *window =
        range ? (hgr_window){range->start_addr, range->end_addr, range->bytes} : (hgr_window){0};
    return range != NULL;
}

/** A target pointer from the machine's own memory. */
static inline uint64_t hgr_load_ptr(const uint8_t *bytes, uint32_t pointer_size)
{
    uint64_t wide;
    uint32_t narrow;
    if (pointer_size == 8) {
        memcpy(&wide, bytes, sizeof wide);
        return wide;
    }
    memcpy(&narrow, bytes, sizeof narrow);
    return narrow;
}

/** Read a pointer at addr, wherever it lies; false when absent. */
static inline bool hgr_window_ptr(hgr_window *window, const hgr_space *space, uint64_t addr,
                                  uint64_t *out)
{
    if (hgr_window_move(window, space, addr) && window->end_addr - addr >= space->pointer_size) {
        *out = hgr_load_ptr(window->bytes + (addr - window->start_addr), space->pointer_size);
        return true;
    }
    return hgr_space_ptr(space, addr, out);
}

/** One run of slots of one object; false stops. */
typedef bool hgr_run_fn(void *user, uint64_t offset, uint64_t count);

/** Give each run of slots of an object of `bytes` shallow bytes to fn, ascending. false when fn
 * stopped. */
static inline bool hgr_each_run(const hgr_shape *shape, uint64_t bytes, uint32_t pointer_size,
                                hgr_run_fn *fn, void *user)
{
    if (shape->slots == HGR_SLOTS_NONE || shape->flags & HGR_SHAPE_FREE)
        return true;
    if (shape->slots == HGR_SLOTS_FIXED) {
        for (uint32_t i = 0; i < shape->nruns; i++)
            if (!fn(user, shape->runs[i].offset, shape->runs[i].count))
                return false;
        return true;
    }
    uint64_t end = bytes > shape->tail_bytes ? bytes - shape->tail_bytes : 0;
    uint64_t at = shape->start;
    if (shape->slots == HGR_SLOTS_ARRAY)
        return at >= end || fn(user, at, (end - at) / pointer_size);
    while (at < end)
        for (uint32_t i = 0; i < shape->nruns && at < end; i++) {
            uint64_t count = shape->runs[i].count;
            uint64_t room = (end - at) / pointer_size;
            if (count && !fn(user, at, count < room ? count : room))
                return false;
            at += count * pointer_size + shape->runs[i].offset;
        }
    return true;
}

/** First entry of source->implied whose from_addr is at or above addr. */
size_t hgr_implied_from(const hgr_source *source, uint64_t addr);

#endif
