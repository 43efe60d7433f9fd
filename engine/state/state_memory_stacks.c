/* state: the stacks of all threads, each with its thread's id and name.
 *
 * The runtime knows the bounds of the stacks of its own threads. Of the others the areas around the
 * stack pointer tell, or what the dump says of the part in use. */
#include "state_memory.h"

#include "../base/status.h"

#define MAX_STACK_BYTES (UINT64_C(64) << 20) /* of a thread the runtime does not know */

/* "thread 0x1b84 "worker"", kept. */
static hgr_result thread_label(struct hgr_painter *painter, uint32_t os_id, const char *name,
                               const char **out)
{
    hgr_text text;
    hgr_text_init(&text, painter->state->run);
    hgr_text_format(&text, "thread 0x%x", os_id);
    if (name && *name)
        hgr_text_format(&text, " \"%s\"", name);
    *out = text.failed ? NULL
                       : hgr_arena_text(&painter->state->arena, hgr_text_get(&text), text.len,
                                        painter->status);
    hgr_text_fini(&text);
    return *out ? HGR_OK : hgr_fail(painter->status, HGR_NO_MEMORY, "thread label: out of memory");
}

/* The areas side by side around a stack pointer, of one allocation. Mere ranges do not tell. */
static bool stack_around(const struct hgr_painter *painter, uint64_t sp, uint64_t *out_start,
                         uint64_t *out_end)
{
    size_t low = 0, high = painter->nareas;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (painter->areas[middle].end_addr > sp)
            high = middle;
        else
            low = middle + 1;
    }
    if (painter->own_areas || low == painter->nareas || painter->areas[low].start_addr > sp)
        return false;
    const hgr_memory_area *here = &painter->areas[low];
    size_t first = low, last = low;
    while (first > 0 && painter->areas[first - 1].end_addr == painter->areas[first].start_addr &&
           painter->areas[first - 1].allocation_addr == here->allocation_addr &&
           (painter->areas[first - 1].access == here->access || here->allocation_addr))
        first--;
    while (last + 1 < painter->nareas &&
           painter->areas[last + 1].start_addr == painter->areas[last].end_addr &&
           painter->areas[last + 1].allocation_addr == here->allocation_addr &&
           (painter->areas[last + 1].access == here->access || here->allocation_addr))
        last++;
    if (painter->areas[last].end_addr - painter->areas[first].start_addr > MAX_STACK_BYTES)
        return false;
    *out_start = painter->areas[first].start_addr;
    *out_end = painter->areas[last].end_addr;
    return true;
}

static bool is_managed(const hgr_runtime *runtime, const hgr_thread *thread)
{
    for (size_t i = 0; i < runtime->nthreads; i++)
        if (runtime->threads[i].os_thread == thread)
            return true;
    return false;
}

static hgr_result add_native_stacks(struct hgr_painter *painter)
{
    hgr_result result = HGR_OK;
    for (size_t i = 0; i < painter->dump->nthreads && result == HGR_OK; i++) {
        const hgr_thread *thread = &painter->dump->threads[i];
        uint64_t start = thread->stack_start_addr, end = thread->stack_end_addr;
        const char *label;
        if (is_managed(painter->state->runtime, thread))
            continue;
        (void)stack_around(painter, thread->sp, &start, &end);
        result = thread_label(painter, thread->os_id, thread->name, &label);
        if (result == HGR_OK)
            result = hgr_painter_add(painter, start, end, HGR_MEMORY_STACK, label);
    }
    return result;
}

hgr_result hgr_painter_add_stacks(struct hgr_painter *painter)
{
    const hgr_runtime *runtime = painter->state->runtime;
    const hgr_thread_row *threads;
    size_t count;
    const char *label;
    hgr_result result = hgr_state_threads(painter->state, &threads, &count, painter->status);
    for (size_t i = 0; result == HGR_OK && i < count; i++) {
        const hgr_clr_thread *thread = &runtime->threads[i];
        if (!thread->os_thread)
            continue;
        result = thread_label(painter, threads[i].os_id, threads[i].name, &label);
        if (result == HGR_OK)
            result = hgr_painter_add(painter, thread->stack_limit_addr, thread->stack_base_addr,
                                     HGR_MEMORY_STACK, label);
    }
    return result == HGR_OK ? add_native_stacks(painter) : result;
}
