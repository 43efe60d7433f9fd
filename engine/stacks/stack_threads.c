/* stacks: what a thread says about itself: name, state, last exception, what it waits for.
 *
 * Input: the runtime's Thread. Output: hgr_managed_thread. The lock a thread waits for is noted on
 * its stack while it waits: {SyncBlock, .., kind, timeout}; the sync block knows its own number,
 * and the table of sync blocks the object. What a runtime's layout does not tell stays unknown. */
#include "stacks.h"

#include "../base/status.h"

/* Bits of Thread's state, the same from 2.1 to 10. */
enum {
    STATE_BACKGROUND = 0x200,
    STATE_UNSTARTED = 0x400,
    STATE_DEAD = 0x800,
    STATE_POOL_WORKER = 0x1000000
};

enum {
    NAME_UNITS = 256,
    NAME_BYTES = 1024,
    WAIT_KIND = 16, /* of the note on the stack */
    WAIT_TIMEOUT = 20,
    BLOCK_INDEX = 28, /* of a sync block: its own number */
    BLOCK_INDEX_MASK = 0x3ffffff,
    TABLE_ENTRY_BYTES = 16
};

/* An object that is none is a thread without that answer; only memory that runs out stops. */
static hgr_result look_at(hgr_stacks_reader *reader, uint64_t addr, hgr_object *out, bool *found,
                          hgr_status *status)
{
    hgr_result result =
        addr ? hgr_inspect_object(reader->inspector, addr, out, status) : HGR_NOT_FOUND;
    *found = result == HGR_OK;
    return result == HGR_NO_MEMORY ? result : HGR_OK;
}

static hgr_result read_name(hgr_stacks_reader *reader, hgr_managed_thread *thread,
                            hgr_status *status)
{
    hgr_object self, text;
    char buffer[NAME_BYTES];
    bool found;
    hgr_result result = look_at(reader, thread->object_addr, &self, &found, status);
    if (!found)
        return result;
    const hgr_field *field = hgr_type_field(reader->inspector, self.type, "_name");
    hgr_value owner = hgr_value_of_object(&self);
    if (!field)
        field = hgr_type_field(reader->inspector, self.type, "m_Name");
    if (!field)
        return HGR_OK;
    hgr_value value = hgr_value_field(reader->inspector, &owner, field);
    if (!value.present)
        return HGR_OK;
    result = look_at(reader, value.bits, &text, &found, status);
    if (!found || text.type->kind != HGR_TYPE_STRING ||
        hgr_string_text(reader->inspector, &text, 0, NAME_UNITS, buffer, sizeof buffer) == SIZE_MAX)
        return result;
    hgr_text_clear(&reader->text);
    hgr_text_add_z(&reader->text, buffer);
    thread->name = hgr_stacks_keep(reader, status);
    return thread->name ? HGR_OK : HGR_NO_MEMORY;
}

static hgr_result type_of(hgr_stacks_reader *reader, uint64_t addr, const char **out,
                          hgr_status *status)
{
    hgr_object object;
    bool found;
    hgr_result result = look_at(reader, addr, &object, &found, status);
    if (!found)
        return result;
    hgr_text_clear(&reader->text);
    hgr_text_add_z(&reader->text, object.type->name);
    *out = hgr_stacks_keep(reader, status);
    return *out ? HGR_OK : HGR_NO_MEMORY;
}

static hgr_result read_exception(hgr_stacks_reader *reader, hgr_managed_thread *thread,
                                 hgr_status *status)
{
    const hgr_runtime *runtime = reader->stacks->runtime;
    uint64_t handle;
    if (runtime->layout.thread_last_thrown == HGR_NO_OFFSET ||
        !hgr_space_ptr(runtime->space, thread->thread_addr + runtime->layout.thread_last_thrown,
                       &handle) ||
        handle == 0 || !hgr_space_ptr(runtime->space, handle, &thread->exception_addr))
        thread->exception_addr = 0;
    if (thread->exception_addr == 0)
        return HGR_OK;
    return type_of(reader, thread->exception_addr, &thread->exception_type, status);
}

static uint64_t object_of_block(const hgr_runtime *runtime, uint64_t block)
{
    uint32_t index;
    uint64_t object;
    if (runtime->sync_table_addr == 0 ||
        !hgr_space_u32(runtime->space, block + BLOCK_INDEX, &index) ||
        !hgr_space_u64(runtime->space,
                       runtime->sync_table_addr +
                           (uint64_t)(index & BLOCK_INDEX_MASK) * TABLE_ENTRY_BYTES + 8,
                       &object) ||
        (object & 1))
        return 0;
    return object;
}

static hgr_result read_wait(hgr_stacks_reader *reader, hgr_managed_thread *thread,
                            hgr_status *status)
{
    const hgr_runtime *runtime = reader->stacks->runtime;
    const hgr_space *space = runtime->space;
    uint32_t offset = runtime->layout.thread_blocking_item, kind, timeout;
    uint64_t note, block;
    if (offset == HGR_NO_OFFSET || space->pointer_size != 8 ||
        !hgr_space_u64(space, thread->thread_addr + offset, &note) || note == 0 ||
        !hgr_space_u64(space, note, &block) || !hgr_space_u32(space, note + WAIT_KIND, &kind) ||
        !hgr_space_u32(space, note + WAIT_TIMEOUT, &timeout) || kind > 1)
        return HGR_OK;
    thread->wait = kind == 0 ? HGR_WAIT_ENTER : HGR_WAIT_PULSE;
    thread->wait_timeout_ms = (int32_t)timeout; /* -1 = for ever */
    thread->wait_addr = object_of_block(runtime, block);
    if (thread->wait_addr == 0)
        return HGR_OK;
    return type_of(reader, thread->wait_addr, &thread->wait_type, status);
}

hgr_result hgr_stacks_read_thread(hgr_stacks_reader *reader, size_t index, hgr_status *status)
{
    const hgr_runtime *runtime = reader->stacks->runtime;
    const hgr_clr_thread *from = &runtime->threads[index];
    hgr_managed_thread *thread = &reader->stacks->threads[index];
    uint32_t cooperative = 0;
    if (!hgr_space_u32(runtime->space, from->thread_addr + runtime->layout.thread_preemptive,
                       &cooperative))
        cooperative = 0;
    *thread = (hgr_managed_thread){
        .thread_addr = from->thread_addr,
        .object_addr = from->exposed_object_addr,
        .id = from->id,
        .os_id = from->os_id,
        .state = from->state,
        .is_dead = (from->state & STATE_DEAD) != 0,
        .is_unstarted = (from->state & STATE_UNSTARTED) != 0,
        .is_background = (from->state & STATE_BACKGROUND) != 0,
        .is_pool_worker = (from->state & STATE_POOL_WORKER) != 0,
        .is_finalizer = from->thread_addr == runtime->finalizer_thread_addr,
        .is_cooperative = cooperative != 0,
        .stack_base_addr = from->stack_base_addr,
        .stack_limit_addr = from->stack_limit_addr,
    };
    hgr_result result = read_name(reader, thread, status);
    if (result == HGR_OK)
        result = read_exception(reader, thread, status);
    return result == HGR_OK ? read_wait(reader, thread, status) : result;
}
