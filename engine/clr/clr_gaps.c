/* clr: allocation contexts → gaps that a walk must jump over.
 *
 * Input: every thread's context, the global one, each generation's. Output: runtime->gaps,
 * ascending and disjoint, each inside one segment. A thread allocates from {alloc_ptr,
 * alloc_limit}; what lies between is not yet objects, and the smallest object's room behind the
 * limit is kept free for the Free object that will close it: the walk goes on at align(alloc_limit
 * + 3 pointers). */
#include "clr_open.h"

#include <stdlib.h>

#include "../base/status.h"
#include "clr_limits.h"

struct gaps {
    hgr_runtime *runtime;
    hgr_status *status;
    size_t capacity;
};

static hgr_result add_context(struct gaps *gaps, uint64_t context_addr)
{
    hgr_runtime *runtime = gaps->runtime;
    const hgr_space *space = runtime->space;
    uint64_t p = space->pointer_size, start, limit, end, word;
    if (!hgr_space_ptr(space, context_addr, &start) ||
        !hgr_space_ptr(space, context_addr + p, &limit) || start == 0)
        return HGR_OK;
    const hgr_segment *segment = hgr_clr_segment_at(runtime, start);
    if (!segment || limit < start || limit > segment->end_addr) {
        if (segment || limit != start)
            hgr_runtime_warn(runtime,
                             "allocation context at 0x%llx: 0x%llx to 0x%llx is in no segment",
                             (unsigned long long)context_addr, (unsigned long long)start,
                             (unsigned long long)limit);
        return HGR_OK;
    }
    /* An exhausted context may already be closed: then an object begins there. */
    if (start == limit && hgr_space_ptr(space, start, &word) &&
        hgr_clr_looks_like_type(runtime, word & ~(p - 1)))
        return HGR_OK;
    end = (limit + 3 * p + p - 1) & ~(p - 1);
    if (end > segment->end_addr || end < limit)
        end = segment->end_addr;
    hgr_result result = hgr_grow(runtime->run, &runtime->gaps, &gaps->capacity, runtime->ngaps + 1,
                                 2 * (size_t)HGR_CLR_MAX_THREADS, sizeof *runtime->gaps,
                                 "allocation contexts", gaps->status);
    if (result == HGR_OK)
        runtime->gaps[runtime->ngaps++] = (hgr_gap){start, end};
    return result;
}

static int by_start(const void *a, const void *b)
{
    const hgr_gap *x = a, *y = b;
    if (x->start_addr != y->start_addr)
        return x->start_addr < y->start_addr ? -1 : 1;
    return x->end_addr < y->end_addr ? -1 : x->end_addr > y->end_addr;
}

/* The same context may be listed twice (a thread's and a generation's): the first stands. */
static void drop_overlaps(hgr_runtime *runtime)
{
    size_t kept = 0;
    for (size_t i = 0; i < runtime->ngaps; i++)
        if (kept == 0 || runtime->gaps[i].start_addr >= runtime->gaps[kept - 1].end_addr)
            runtime->gaps[kept++] = runtime->gaps[i];
        else if (runtime->gaps[i].start_addr != runtime->gaps[kept - 1].start_addr)
            hgr_runtime_warn(runtime, "allocation context 0x%llx overlaps another",
                             (unsigned long long)runtime->gaps[i].start_addr);
    runtime->ngaps = kept;
}

hgr_result hgr_clr_gaps_read(hgr_runtime *runtime, uint64_t global_context_addr, hgr_status *status)
{
    struct gaps gaps = {.runtime = runtime, .status = status};
    const hgr_clr_gc *gc = &runtime->gc;
    hgr_result result = HGR_OK;
    uint64_t addr;
    for (size_t i = 0; i < runtime->nthreads && result == HGR_OK; i++)
        if (hgr_clr_thread_context_addr(runtime, &runtime->threads[i], &addr))
            result = add_context(&gaps, addr);
    if (result == HGR_OK && global_context_addr != 0)
        result = add_context(&gaps, global_context_addr);
    for (uint32_t h = 0; h < gc->nheaps && result == HGR_OK; h++)
        for (uint32_t gen = 0; gen < gc->generations && result == HGR_OK; gen++)
            result = add_context(&gaps, gc->heaps[h].generation_table_addr +
                                            gen * gc->generation_size + gc->alloc_context);
    if (result != HGR_OK)
        return result;
    if (runtime->ngaps > 1)
        qsort(runtime->gaps, runtime->ngaps, sizeof *runtime->gaps, by_start);
    drop_overlaps(runtime);
    return HGR_OK;
}
