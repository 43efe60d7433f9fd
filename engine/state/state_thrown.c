/* state: which thread has which exception.
 *
 * Thread holds the handle of the exception that was thrown last, and of each that is being handled
 * a record with another handle, innermost first. Where a runtime keeps the first handle is known
 * for some; in the others it is the word of Thread that is a strong handle of an exception. */
#include "state.h"

#include "../base/status.h"

#define THREAD_BYTES 0xc00 /* no runtime's Thread is larger */
#define MAX_NESTED   64    /* handlers within handlers */
#define STRONG       2     /* kind of handle */

struct reader {
    hgr_state *state;
    hgr_map handles; /* strong handles of exceptions: slot -> index */
    hgr_status *status;
};

static hgr_result add_thrown(struct reader *reader, uint32_t thread, uint64_t object, bool handled)
{
    hgr_state *state = reader->state;
    for (size_t i = 0; i < state->nthrown; i++)
        if (state->thrown[i].thread == thread && state->thrown[i].object_addr == object)
            return HGR_OK;
    hgr_result result =
        hgr_grow(state->run, &state->thrown, &state->thrown_capacity, state->nthrown + 1,
                 UINT32_MAX, sizeof *state->thrown, "exceptions of threads", reader->status);
    if (result == HGR_OK)
        state->thrown[state->nthrown++] = (hgr_thrown){thread, object, handled};
    return result;
}

/* The exception behind a handle; 0 when the handle is none or holds another thing. */
static hgr_result exception_of(struct reader *reader, uint64_t handle, uint64_t *out)
{
    hgr_state *state = reader->state;
    hgr_object object;
    uint64_t addr;
    *out = 0;
    if (handle == 0 || handle % state->space->pointer_size ||
        !hgr_space_ptr(state->space, handle, &addr) || addr == 0)
        return HGR_OK;
    hgr_result result = hgr_state_object(state, addr, &object, reader->status);
    if (result == HGR_OK && object.type && hgr_state_is_exception(state, object.type))
        *out = addr;
    return result;
}

/* Records of what is being handled: {previous, handle} from 9 on; before, the handle lies deeper.
 */
static hgr_result read_handled(struct reader *reader, uint32_t thread)
{
    const hgr_clr_layout *layout = &reader->state->runtime->layout;
    const hgr_space *space = reader->state->space;
    uint64_t record, handle, object, place = layout->major >= 9 ? 8 : 0x40;
    hgr_result result = HGR_OK;
    if (layout->thread_exception_tracker == HGR_NO_OFFSET ||
        !hgr_space_ptr(space,
                       reader->state->runtime->threads[thread].thread_addr +
                           layout->thread_exception_tracker,
                       &record))
        return HGR_OK;
    for (int depth = 0; depth < MAX_NESTED && record != 0 && result == HGR_OK; depth++) {
        if (!hgr_space_ptr(space, record + place, &handle))
            break;
        result = exception_of(reader, handle, &object);
        if (result != HGR_OK || object == 0)
            break;
        result = add_thrown(reader, thread, object, true);
        if (!hgr_space_ptr(space, record, &record))
            break;
    }
    return result;
}

/* Where the next Thread in memory begins, or as far as one can be long. */
static uint32_t thread_bytes(const hgr_runtime *runtime, uint64_t addr)
{
    uint64_t bytes = THREAD_BYTES;
    for (size_t i = 0; i < runtime->nthreads; i++)
        if (runtime->threads[i].thread_addr > addr &&
            runtime->threads[i].thread_addr - addr < bytes)
            bytes = runtime->threads[i].thread_addr - addr;
    return (uint32_t)bytes;
}

static hgr_result read_last(struct reader *reader, uint32_t thread)
{
    const hgr_runtime *runtime = reader->state->runtime;
    const hgr_space *space = reader->state->space;
    uint64_t addr = runtime->threads[thread].thread_addr, handle, object = 0;
    uint32_t at = runtime->layout.thread_last_thrown, p = space->pointer_size;
    hgr_result result = HGR_OK;
    if (at != HGR_NO_OFFSET) {
        if (hgr_space_ptr(space, addr + at, &handle))
            result = exception_of(reader, handle, &object);
    } else {
        uint32_t bytes = thread_bytes(runtime, addr);
        for (at = 0; at < bytes && object == 0 && result == HGR_OK; at += p)
            if (hgr_space_ptr(space, addr + at, &handle) &&
                hgr_map_get(&reader->handles, handle) != HGR_MAP_NONE)
                result = exception_of(reader, handle, &object);
    }
    return result == HGR_OK && object ? add_thrown(reader, thread, object, false) : result;
}

static hgr_result index_handles(struct reader *reader)
{
    const hgr_handle_row *rows;
    size_t count;
    uint64_t bad;
    hgr_result result = hgr_state_handles(reader->state, &rows, &count, &bad, reader->status);
    for (size_t i = 0; result == HGR_OK && i < count; i++)
        if (rows[i].handle.kind == STRONG && rows[i].object.type &&
            hgr_state_is_exception(reader->state, rows[i].object.type))
            result = hgr_map_put(&reader->handles, rows[i].handle.slot_addr, (uint32_t)i,
                                 reader->status);
    return result;
}

hgr_result hgr_state_thrown(hgr_state *state, const hgr_thrown **out, size_t *out_count,
                            hgr_status *status)
{
    struct reader reader = {.state = state, .status = status};
    hgr_result result = HGR_OK;
    if (!state->thrown_read) {
        state->nthrown = 0;
        hgr_map_init(&reader.handles, state->run);
        result = index_handles(&reader);
        for (uint32_t t = 0; t < state->runtime->nthreads && result == HGR_OK; t++) {
            result = read_handled(&reader, t);
            if (result == HGR_OK)
                result = read_last(&reader, t);
        }
        hgr_map_fini(&reader.handles);
        result = hgr_state_settle(state, result, status);
        state->thrown_read = result == HGR_OK;
    }
    if (result == HGR_OK) {
        *out = state->thrown;
        *out_count = state->nthrown;
    }
    return result;
}
