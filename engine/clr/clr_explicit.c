/* clr: explicit frames: {identifier or vtable, next}, linked from the thread, youngest first. Those
 * of calls into native code (InlinedCallFrame) say where their caller stands: stack pointer, return
 * address and frame pointer behind {datum}; while the return address is 0 it is not in use. Frames
 * of the runtime's own functions (HelperMethodFrame, Windows until 9) keep the registers that their
 * function had when it began: unwinding goes on from there. Of the others only their place is kept,
 * since what their vtable is differs in each build; 10 has numbers instead, and tells those apart
 * that hold no reference. */
#include "clr_walk.h"

#include "../base/status.h"
#include "clr_limits.h"

/* Words of an InlinedCallFrame, the same in 6 to 10 on x64. */
enum { FRAME_NEXT = 1, CALL_SP = 3, CALL_IP = 4, CALL_FP = 5 };

/* Numbers of frames in 10 that hold no references of a caller. */
enum {
    FRAME_INLINED_CALL = 1,
    FRAME_SOFTWARE_EXCEPTION = 5,
    FRAME_DEBUGGER_EXIT = 16,
    FRAME_DEBUGGER_CATCH = 17
};

/* Words of a HelperMethodFrame on Windows x64: the registers rdi rsi rbx rbp r12 to r15, then,
 * behind where unwinding found them, instruction and stack pointer. */
enum { HELPER_SAVED = 8, HELPER_IP = 25, HELPER_SP = 26 };

/* By its shape: the stack pointer lies below the frame, the instruction in an image. */
static bool is_helper(const hgr_runtime *runtime, const hgr_clr_thread *thread,
                      const hgr_clr_call *call)
{
    return !runtime->layout.frame_numbers && call->sp % 8 == 0 && call->sp < call->frame_addr &&
           call->sp >= thread->stack_limit_addr && strcmp(runtime->dump->info.os, "windows") == 0 &&
           hgr_dump_module_at(runtime->dump, call->ip);
}

/* By its shape: the caller's stack pointer lies in the thread's stack. */
static bool is_call(const hgr_clr_thread *thread, const hgr_clr_call *call)
{
    return call->ip > UINT16_MAX && call->sp % 8 == 0 && call->sp <= thread->stack_base_addr &&
           call->sp >= thread->stack_limit_addr;
}

static bool read_frame(const hgr_runtime *runtime, const hgr_clr_thread *thread, uint64_t frame,
                       hgr_clr_call *out)
{
    const hgr_space *space = runtime->space;
    uint64_t p = space->pointer_size, identity;
    *out = (hgr_clr_call){.frame_addr = frame};
    if (!hgr_space_ptr(space, frame, &identity))
        return false;
    if (hgr_space_ptr(space, frame + CALL_SP * p, &out->sp) &&
        hgr_space_ptr(space, frame + CALL_IP * p, &out->ip) &&
        hgr_space_ptr(space, frame + CALL_FP * p, &out->fp) && is_call(thread, out) && p == 8 &&
        (!runtime->layout.frame_numbers || identity == FRAME_INLINED_CALL))
        return true;
    out->is_helper = !runtime->layout.frame_numbers ||
                     (identity != FRAME_INLINED_CALL && identity != FRAME_SOFTWARE_EXCEPTION &&
                      identity != FRAME_DEBUGGER_EXIT && identity != FRAME_DEBUGGER_CATCH);
    if (p == 8 && hgr_space_u64(space, frame + HELPER_SP * p, &out->sp) &&
        hgr_space_u64(space, frame + HELPER_IP * p, &out->ip) && is_helper(runtime, thread, out)) {
        out->saved_addr = frame + HELPER_SAVED * p;
        out->sp += p; /* it still points at the return address */
    } else {
        out->ip = 0;
    }
    return true;
}

/* Add to the list, ascending by place: older frames lie above younger ones, but for those that one
 * function keeps together. False when it is there already: the list goes in a circle. */
static bool insert(hgr_clr_call *calls, size_t count, const hgr_clr_call *call)
{
    size_t at = count;
    while (at > 0 && calls[at - 1].frame_addr > call->frame_addr)
        at--;
    if (at > 0 && calls[at - 1].frame_addr == call->frame_addr)
        return false;
    memmove(&calls[at + 1], &calls[at], (count - at) * sizeof *calls);
    calls[at] = *call;
    return true;
}

hgr_result hgr_clr_calls_read(const hgr_runtime *runtime, const hgr_run *run,
                              const hgr_clr_thread *thread, hgr_clr_call **calls, size_t *count,
                              size_t *capacity, hgr_status *status)
{
    const hgr_space *space = runtime->space;
    uint64_t p = space->pointer_size, end = p == 8 ? UINT64_MAX : UINT32_MAX, frame;
    *count = 0;
    if (!hgr_space_ptr(space, thread->thread_addr + runtime->layout.thread_frame, &frame))
        return HGR_OK;
    for (uint32_t left = HGR_CLR_MAX_EXPLICIT; left > 0 && frame != 0 && frame != end; left--) {
        hgr_clr_call call;
        uint64_t next;
        if (!read_frame(runtime, thread, frame, &call))
            break;
        hgr_result result = hgr_grow(run, calls, capacity, *count + 1, HGR_CLR_MAX_EXPLICIT,
                                     sizeof call, "explicit frames", status);
        if (result != HGR_OK)
            return result;
        if (!insert(*calls, *count, &call))
            break;
        ++*count;
        if (!hgr_space_ptr(space, frame + FRAME_NEXT * p, &next))
            break;
        frame = next;
    }
    return HGR_OK;
}
