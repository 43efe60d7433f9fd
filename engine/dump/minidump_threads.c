/* dump: minidump streams about threads: ThreadList (or ThreadExList), ThreadInfoList, ThreadNames → the dump's threads.
 *
 * Input: one stream; thread contexts of AMD64 (1232 bytes and more) and x86 (716 and more). Output:
 * registers, stack, TEB, times and name of each thread, in the order of the list. A thread whose
 * context the dump lacks keeps nregisters = 0. */
#include "minidump.h"

#include "../base/status.h"
#include "limits.h"

enum {
    THREAD_BYTES = 48,
    THREAD_EX_BYTES = 64,
    THREAD_INFO_BYTES = 64,
    THREAD_NAME_BYTES = 12,
    INFO_INVALID_CONTEXT = 0x10,
    INFO_INVALID_TEB = 0x20,
    CONTEXT_CONTROL = 1, /* instruction and stack pointer */
    CONTEXT_INTEGER = 2, /* the others */
    NS_PER_TICK = 100
};

/* Where a CONTEXT keeps what we want; offsets in bytes from its begin. */
static const struct context_layout {
    uint32_t pointer_size;
    uint32_t architecture; /* bit of ContextFlags */
    uint16_t flags, ip, min_bytes;
    uint8_t  nregisters;
    uint16_t registers[16]; /* in the order of hgr_thread.registers */
} CONTEXTS[] = {
    {8, 0x00100000, 0x30, 0xf8, 0x100, 16,
     {0x78, 0x80, 0x88, 0x90, 0x98, 0xa0, 0xa8, 0xb0, 0xb8, 0xc0, 0xc8, 0xd0, 0xd8, 0xe0, 0xe8,
      0xf0}},
    {4, 0x00010000, 0x00, 0xb8, 0xcc, 8, {0xb0, 0xac, 0xa8, 0xa4, 0xc4, 0xb4, 0xa0, 0x9c}},
};

enum { SP = 4, FP = 5 }; /* indexes into registers */

static uint64_t context_word(const uint8_t *context, uint32_t pointer_size, uint16_t off)
{
    uint64_t value = 0;
    memcpy(&value, context + off, pointer_size); /* little-endian, as the library's hosts are */
    return value;
}

static void take_registers(const struct context_layout *layout, const uint8_t *context,
                           hgr_thread *thread)
{
    uint32_t pointer_size = layout->pointer_size;
    for (uint32_t i = 0; i < layout->nregisters; i++)
        thread->registers[i] = context_word(context, pointer_size, layout->registers[i]);
    thread->nregisters = layout->nregisters;
}

static void take_control(const struct context_layout *layout, const uint8_t *context,
                         hgr_thread *thread)
{
    uint32_t pointer_size = layout->pointer_size;
    thread->ip = context_word(context, pointer_size, layout->ip);
    thread->sp = context_word(context, pointer_size, layout->registers[SP]);
    thread->fp = context_word(context, pointer_size, layout->registers[FP]);
}

void hgr_minidump_x86_registers(const uint8_t *context, hgr_thread *thread)
{
    take_control(&CONTEXTS[1], context, thread);
    take_registers(&CONTEXTS[1], context, thread);
}

static void take_context(const hgr_minidump *md, uint32_t off, uint32_t bytes, hgr_thread *thread)
{
    const struct context_layout *layout =
        &CONTEXTS[md->dump->info.pointer_size == CONTEXTS[0].pointer_size ? 0 : 1];
    const uint8_t *context;
    if (bytes < layout->min_bytes)
        return;
    if (!hgr_minidump_view(md, off, bytes, &context)) {
        hgr_minidump_miss(md, bytes);
        return;
    }
    uint32_t flags;
    memcpy(&flags, context + layout->flags, sizeof flags);
    if (!(flags & layout->architecture) || !(flags & CONTEXT_CONTROL))
        return;
    take_control(layout, context, thread);
    if (flags & CONTEXT_INTEGER)
        take_registers(layout, context, thread);
}

static hgr_result take_thread(hgr_minidump *md, hgr_cursor at, hgr_thread *out, hgr_status *status)
{
    uint64_t teb = 0, stack = 0;
    uint32_t id = 0, stack_bytes = 0, stack_off = 0, context_bytes = 0, context_off = 0;
    /* id, suspend count, priority class, priority, TEB, stack {address, bytes, offset}, context {bytes, offset} */
    if (!hgr_cursor_u32(&at, &id) || !hgr_cursor_skip(&at, 12) || !hgr_cursor_u64(&at, &teb) ||
        !hgr_cursor_u64(&at, &stack) || !hgr_cursor_u32(&at, &stack_bytes) ||
        !hgr_cursor_u32(&at, &stack_off) || !hgr_cursor_u32(&at, &context_bytes) ||
        !hgr_cursor_u32(&at, &context_off))
        return HGR_INTERNAL; /* counted by the caller */
    stack = hgr_minidump_addr(md, stack);
    uint64_t stack_len = stack_bytes < md->addr_end - stack ? stack_bytes : md->addr_end - stack;
    *out = (hgr_thread){.os_id = id,
                        .teb_addr = hgr_minidump_addr(md, teb),
                        .stack_start_addr = stack_len ? stack : 0,
                        .stack_end_addr = stack_len ? stack + stack_len : 0};
    take_context(md, context_off, context_bytes, out);
    return md->stacks_only_here && stack_off
               ? hgr_minidump_add_memory(md, stack, stack_len, stack_off, status)
               : HGR_OK;
}

static hgr_result read_threads(hgr_minidump *md, hgr_cursor stream, const hgr_minidump_list *list,
                               hgr_status *status)
{
    struct hgr_dump *dump = md->dump;
    if (dump->nthreads)
        return HGR_OK;
    md->stacks_only_here = dump->space.count == 0; /* every list of memory repeats them */
    size_t count;
    hgr_result result = hgr_minidump_begin_list(md, &stream, list, &count, status);
    if (result == HGR_OK)
        result = hgr_grow(dump->run, &dump->threads, &dump->threads_capacity, count,
                          HGR_MAX_THREADS, sizeof *dump->threads, "threads", status);
    for (size_t i = 0; result == HGR_OK && i < count; i++) {
        hgr_thread *thread = &dump->threads[i];
        result = take_thread(md, stream, thread, status);
        if (result != HGR_OK || !hgr_cursor_skip(&stream, list->record_bytes))
            break;
        dump->nthreads = i + 1;
        result = hgr_map_put(&md->thread_at, UINT64_C(1) + thread->os_id, (uint32_t)i, status);
    }
    return result;
}

hgr_result hgr_minidump_thread_list(hgr_minidump *md, hgr_cursor stream, hgr_status *status)
{
    const hgr_minidump_list list = {"ThreadList", THREAD_BYTES, HGR_MAX_THREADS};
    return read_threads(md, stream, &list, status);
}

/* The same records with one more field behind; counts only where there is no ThreadList. */
hgr_result hgr_minidump_thread_ex_list(hgr_minidump *md, hgr_cursor stream, hgr_status *status)
{
    const hgr_minidump_list list = {"ThreadExList", THREAD_EX_BYTES, HGR_MAX_THREADS};
    return read_threads(md, stream, &list, status);
}

static hgr_thread *find_thread(const hgr_minidump *md, uint32_t id)
{
    uint32_t index = hgr_map_get(&md->thread_at, UINT64_C(1) + id);
    return index == HGR_MAP_NONE ? NULL : &md->dump->threads[index];
}

/* What the writer itself says it could not get must not count as a fact. */
static void apply_thread_info(const hgr_minidump *md, hgr_cursor at)
{
    uint32_t id, flags;
    uint64_t kernel, user;
    if (!hgr_cursor_u32(&at, &id) || !hgr_cursor_u32(&at, &flags) || !hgr_cursor_skip(&at, 24) ||
        !hgr_cursor_u64(&at, &kernel) || !hgr_cursor_u64(&at, &user))
        return;
    hgr_thread *thread = find_thread(md, id);
    if (!thread)
        return;
    uint64_t ticks;
    if (hgr_add_u64(kernel, user, &ticks) && ticks <= UINT64_MAX / NS_PER_TICK)
        thread->cpu_time_ns = ticks * NS_PER_TICK;
    if (flags & INFO_INVALID_TEB)
        thread->teb_addr = 0;
    if (flags & INFO_INVALID_CONTEXT) {
        thread->nregisters = 0;
        thread->ip = thread->sp = thread->fp = 0;
    }
}

hgr_result hgr_minidump_thread_info_list(hgr_minidump *md, hgr_cursor stream, hgr_status *status)
{
    hgr_minidump_list list = {"ThreadInfoList", THREAD_INFO_BYTES, HGR_MAX_THREADS};
    size_t count;
    hgr_result result =
        hgr_minidump_begin_headed_list(md, &stream, &list, sizeof(uint32_t), &count, status);
    for (size_t i = 0; result == HGR_OK && i < count; i++) {
        const uint8_t *record;
        if (!hgr_cursor_take(&stream, list.record_bytes, &record))
            return HGR_INTERNAL; /* counted above */
        apply_thread_info(md, hgr_cursor_make(record, list.record_bytes, 0, HGR_AT_FILE));
    }
    return result;
}

hgr_result hgr_minidump_thread_names(hgr_minidump *md, hgr_cursor stream, hgr_status *status)
{
    const hgr_minidump_list list = {"ThreadNames", THREAD_NAME_BYTES, HGR_MAX_THREADS};
    size_t count;
    hgr_result result = hgr_minidump_begin_list(md, &stream, &list, &count, status);
    for (size_t i = 0; result == HGR_OK && i < count; i++) {
        uint32_t id = 0;
        uint64_t name_off = 0;
        if (!hgr_cursor_u32(&stream, &id) || !hgr_cursor_u64(&stream, &name_off))
            return HGR_INTERNAL; /* counted above */
        hgr_thread *thread = find_thread(md, id);
        if (thread)
            result = hgr_minidump_text(md, name_off, &thread->name, status);
    }
    return result;
}
