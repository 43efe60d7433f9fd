/* clr: the runtime's list of managed threads, joined with the dump's own threads.
 *
 * Input: ThreadStore. Output: runtime->threads in list order. Each link points at the next Thread's
 * link field; the last one is 0. The walk ends at a repeat, at an absent thread, at the cap, or two
 * past the store's own count (a list is at most being changed by one thread). */
#include "clr_open.h"

#include "../base/status.h"
#include "clr_limits.h"

enum { STATE_UNSTARTED = 0x400, STATE_DEAD = 0x800 };

static bool read_thread(const hgr_runtime *runtime, uint64_t addr, hgr_clr_thread *out)
{
    const hgr_space *space = runtime->space;
    const hgr_clr_layout *layout = &runtime->layout;
    uint64_t handle;
    *out = (hgr_clr_thread){.thread_addr = addr};
    if (!hgr_space_u32(space, addr + layout->thread_id, &out->id) ||
        !hgr_space_u32(space, addr + layout->thread_os_id, &out->os_id) ||
        !hgr_space_u32(space, addr + layout->thread_state, &out->state) ||
        !hgr_space_ptr(space, addr + layout->thread_stack_base, &out->stack_base_addr) ||
        !hgr_space_ptr(space, addr + layout->thread_stack_limit, &out->stack_limit_addr))
        return false;
    if (layout->thread_exposed_object == HGR_NO_OFFSET ||
        !hgr_space_ptr(space, addr + layout->thread_exposed_object, &handle) || handle == 0 ||
        !hgr_space_ptr(space, handle, &out->exposed_object_addr))
        out->exposed_object_addr = 0;
    return true;
}

/* OS ids of the dump's threads → index, so that ten thousand threads cost no square. */
static hgr_result index_os_threads(const hgr_runtime *runtime, hgr_map *out, hgr_status *status)
{
    size_t count = hgr_dump_threads(runtime->dump);
    hgr_result result = HGR_OK;
    for (size_t i = 0; i < count && i < HGR_CLR_MAX_THREADS && result == HGR_OK; i++) {
        uint32_t os_id = hgr_dump_thread(runtime->dump, i)->os_id;
        if (os_id != 0)
            result = hgr_map_put(out, os_id, (uint32_t)i, status);
    }
    return result;
}

static void join_os_thread(const hgr_runtime *runtime, const hgr_map *os_threads,
                           hgr_clr_thread *thread)
{
    uint32_t index = hgr_map_get(os_threads, thread->os_id);
    if (index != HGR_MAP_NONE)
        thread->os_thread = hgr_dump_thread(runtime->dump, index);
    else if (thread->state & (STATE_UNSTARTED | STATE_DEAD))
        thread->os_id = 0;
}

static hgr_result walk_threads(hgr_runtime *runtime, const hgr_map *os_threads, uint64_t link,
                               uint64_t count, hgr_status *status)
{
    size_t capacity = 0;
    hgr_map seen;
    hgr_result result = HGR_OK;
    hgr_map_init(&seen, runtime->run);
    while (link != 0 && result == HGR_OK) {
        hgr_clr_thread thread;
        uint64_t next;
        if (hgr_map_get(&seen, link) != HGR_MAP_NONE || runtime->nthreads >= count + 2) {
            hgr_runtime_warn(runtime, "thread list: repeats after %zu threads", runtime->nthreads);
            break;
        }
        if (link < runtime->layout.thread_link ||
            !read_thread(runtime, link - runtime->layout.thread_link, &thread) ||
            !hgr_space_ptr(runtime->space, link, &next)) {
            hgr_runtime_warn(runtime, "thread list: thread at 0x%llx is not in the dump",
                             (unsigned long long)(link - runtime->layout.thread_link));
            break;
        }
        result = hgr_map_put(&seen, link, 1, status);
        if (result == HGR_OK)
            result = hgr_grow(runtime->run, &runtime->threads, &capacity, runtime->nthreads + 1,
                              HGR_CLR_MAX_THREADS, sizeof thread, "threads", status);
        if (result != HGR_OK)
            break;
        join_os_thread(runtime, os_threads, &thread);
        runtime->threads[runtime->nthreads++] = thread;
        link = next;
    }
    hgr_map_fini(&seen);
    return result;
}

/* Where its stack ends: as the dump says, else with the memory around its stack pointer, which may
 * go on with something else: a heap segment is no stack. */
static uint64_t stack_end(const hgr_runtime *runtime, const hgr_thread *thread)
{
    const hgr_range *range = hgr_space_find(runtime->space, thread->sp);
    if (thread->stack_end_addr != 0)
        return thread->stack_end_addr;
    if (!range)
        return thread->sp;
    uint64_t end = range->end_addr;
    if (end - thread->sp > HGR_CLR_USUAL_STACK_BYTES)
        end = thread->sp + HGR_CLR_USUAL_STACK_BYTES;
    for (size_t i = 0; i < runtime->nsegments; i++) /* ascending */
        if (runtime->segments[i].segment_addr >= thread->sp && runtime->segments[i].segment_addr < end)
            end = runtime->segments[i].segment_addr;
    return end;
}

hgr_result hgr_clr_threads_of_dump(hgr_runtime *runtime, hgr_status *status)
{
    size_t count = hgr_dump_threads(runtime->dump);
    if (count > HGR_CLR_MAX_THREADS)
        count = HGR_CLR_MAX_THREADS;
    hgr_result result = hgr_alloc(runtime->run, count, sizeof *runtime->threads, "threads",
                                  &runtime->threads, status);
    for (size_t i = 0; i < count && result == HGR_OK; i++) {
        const hgr_thread *thread = hgr_dump_thread(runtime->dump, i);
        runtime->threads[runtime->nthreads++] = (hgr_clr_thread){
            .os_id = thread->os_id,
            .stack_base_addr = stack_end(runtime, thread),
            .stack_limit_addr = thread->sp,
            .os_thread = thread,
        };
    }
    return result;
}

hgr_result hgr_clr_threads_read(hgr_runtime *runtime, hgr_status *status)
{
    const hgr_clr_layout *layout = &runtime->layout;
    uint64_t store = runtime->thread_store_addr, first;
    uint32_t count;
    if (store == 0 || !hgr_space_ptr(runtime->space, store + layout->store_first, &first) ||
        !hgr_space_u32(runtime->space, store + layout->store_count, &count)) {
        hgr_runtime_warn(runtime, "thread list: not in the dump");
        return HGR_OK;
    }
    if (count > HGR_CLR_MAX_THREADS) {
        hgr_runtime_warn(runtime, "thread list: %u threads, limit %u; not read", count,
                         HGR_CLR_MAX_THREADS);
        return HGR_OK;
    }
    hgr_map os_threads;
    hgr_map_init(&os_threads, runtime->run);
    hgr_result result = index_os_threads(runtime, &os_threads, status);
    if (result == HGR_OK)
        result = walk_threads(runtime, &os_threads, first, count, status);
    hgr_map_fini(&os_threads);
    if (result == HGR_OK && runtime->nthreads != count)
        hgr_runtime_warn(runtime, "thread list: %zu threads, the runtime counts %u",
                         runtime->nthreads, count);
    return result;
}

bool hgr_clr_thread_context_addr(const hgr_runtime *runtime, const hgr_clr_thread *thread,
                                 uint64_t *out_addr)
{
    const hgr_clr_layout *layout = &runtime->layout;
    uint64_t base = thread->thread_addr;
    if (layout->thread_alloc_context_indirect &&
        (!hgr_space_ptr(runtime->space, base + layout->thread_alloc_pointer, &base) || base == 0))
        return false;
    *out_addr = base + layout->thread_alloc_context;
    return true;
}
