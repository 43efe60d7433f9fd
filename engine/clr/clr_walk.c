/* clr: mixed stack walk; x86, which has no tables, is clr_chain.c's.
 *
 * Input: a thread's registers. Output: frames. Managed code has UNWIND_INFO everywhere; native code
 * has DWARF call frame information on Linux and UNWIND_INFO in the exception directory of its image
 * on Windows. Where neither leads on (the image is not in the dump), the runtime's explicit frames
 * tell where managed code called out, and the walk goes on there with the registers they have.
 * Every step moves the stack pointer up within the thread's stack, so a walk ends. */
#include "clr_walk.h"

#include "../base/status.h"
#include "../dump/cfi.h"
#include "../dump/unwind_info.h"
#include "clr_chain.h"
#include "clr_limits.h"

enum { AT_SYSINFO_EHDR = 33 };

struct hgr_clr_walker {
    const hgr_runtime *runtime;
    const hgr_run *run;
    hgr_clr_codes *codes;
    uint64_t *cfi_headers; /* of each module of the dump: 0 = not looked for, 1 = none */
    uint64_t vdso_addr, vdso_header;
    uint16_t callee_saved;
    bool windows;
    hgr_clr_frame *frames;
    size_t nframes, frames_capacity;
    hgr_clr_call *calls;
    size_t ncalls, calls_capacity;
};

hgr_result hgr_clr_walker_create(const hgr_runtime *runtime, const hgr_run *run,
                                 hgr_clr_walker **out, hgr_status *status)
{
    hgr_clr_walker *walker = NULL;
    hgr_result result = hgr_alloc(run, 1, sizeof *walker, "stack walker", &walker, status);
    if (result != HGR_OK)
        return result;
    walker->runtime = runtime;
    walker->run = run;
    walker->windows = strcmp(runtime->dump->info.os, "windows") == 0;
    walker->callee_saved = walker->windows ? HGR_CALLEE_SAVED_WINDOWS : HGR_CALLEE_SAVED_LINUX;
    if (hgr_dump_auxv(runtime->dump, AT_SYSINFO_EHDR, &walker->vdso_addr))
        walker->vdso_header = hgr_cfi_header(runtime->space, walker->vdso_addr);
    result = hgr_clr_codes_create(runtime, run, &walker->codes, status);
    if (result == HGR_OK)
        result = hgr_alloc(run, runtime->dump->nmodules, sizeof *walker->cfi_headers,
                           "unwind tables", &walker->cfi_headers, status);
    if (result == HGR_OK)
        *out = walker;
    else
        hgr_clr_walker_free(walker);
    return result;
}

void hgr_clr_walker_free(hgr_clr_walker *walker)
{
    if (!walker)
        return;
    hgr_clr_codes_free(walker->codes);
    hgr_free(walker->cfi_headers);
    hgr_free(walker->frames);
    hgr_free(walker->calls);
    hgr_free(walker);
}

/* ---- native frames ---- */

#define VDSO_BYTES 0x4000u

/* .eh_frame_hdr of the image around ip, 0 = none. */
static uint64_t cfi_header(hgr_clr_walker *walker, uint64_t ip)
{
    const hgr_dump *dump = walker->runtime->dump;
    const hgr_file_range *file = hgr_dump_file_at(dump, ip);
    if (walker->vdso_header != 0 && ip - walker->vdso_addr < VDSO_BYTES)
        return walker->vdso_header;
    if (!file || file->module == HGR_NO_MODULE || file->module >= dump->nmodules)
        return 0;
    uint64_t *header = &walker->cfi_headers[file->module];
    if (*header == 0) {
        *header = hgr_cfi_header(walker->runtime->space, dump->modules[file->module].base_addr);
        if (*header == 0)
            *header = 1;
    }
    return *header > 1 ? *header : 0;
}

/* A function without a frame: its return address lies at the stack pointer. */
static bool step_leaf(const hgr_clr_walker *walker, hgr_registers *registers)
{
    uint64_t sp = registers->value[HGR_RSP], ip;
    if (!hgr_space_u64(walker->runtime->space, sp, &ip))
        return false;
    registers->ip = ip;
    hgr_register_set(registers, HGR_RSP, sp + 8, 0);
    registers->known &= walker->callee_saved;
    return true;
}

static bool step_native(hgr_clr_walker *walker, bool exact_ip, hgr_registers *registers,
                        bool *out_exact_ip)
{
    uint64_t ip = exact_ip ? registers->ip : registers->ip - 1, header;
    *out_exact_ip = false;
    if (!walker->windows)
        return (header = cfi_header(walker, ip)) != 0 &&
               hgr_cfi_step(walker->runtime->space, header, exact_ip, registers, out_exact_ip);
    const hgr_module *module = hgr_dump_module_at(walker->runtime->dump, ip);
    hgr_unwind_function function;
    bool leaf;
    if (!module)
        return false;
    if (hgr_unwind_pe_function(walker->runtime->space, module->base_addr, ip, &function, &leaf))
        return hgr_unwind_info_step(walker->runtime->space, &function, walker->callee_saved,
                                    registers);
    return leaf && exact_ip && step_leaf(walker, registers);
}

/* ---- frames ---- */

static hgr_result add_frame(hgr_clr_walker *walker, const hgr_clr_frame *frame, hgr_status *status)
{
    hgr_result result =
        hgr_grow(walker->run, &walker->frames, &walker->frames_capacity, walker->nframes + 1,
                 HGR_CLR_MAX_FRAMES, sizeof *frame, "frames", status);
    if (result == HGR_OK)
        walker->frames[walker->nframes++] = *frame;
    return result;
}

/* A managed frame that called into native code stands where its explicit frame says; in precompiled
 * code that is a few bytes before the return address that unwinding finds. */
static void place_call(const hgr_clr_walker *walker, hgr_clr_frame *frame)
{
    frame->gc_ip = frame->registers.ip;
    for (size_t i = 0; i < walker->ncalls; i++) {
        const hgr_clr_call *call = &walker->calls[i];
        if (call->ip != 0 && call->saved_addr == 0 && call->sp == frame->registers.value[HGR_RSP] &&
            call->ip >= frame->code.start_addr && call->ip < frame->code.end_addr)
            frame->gc_ip = call->ip;
    }
}

static hgr_result look_up(hgr_clr_walker *walker, hgr_clr_frame *frame, hgr_status *status)
{
    uint64_t ip = frame->registers.ip;
    if (!frame->exact_ip && ip > 0)
        ip--; /* the call may be the last instruction */
    hgr_result result = hgr_clr_code_find(walker->codes, ip, &frame->code, status);
    frame->kind = hgr_clr_code_is_method(&frame->code) ? HGR_FRAME_MANAGED
                  : frame->code.kind == HGR_CODE_STUB  ? HGR_FRAME_STUB
                                                       : HGR_FRAME_NATIVE;
    if (frame->kind == HGR_FRAME_MANAGED)
        place_call(walker, frame);
    return result;
}

/* Explicit frames that may hold references, by where they lie. */
static void mark_helpers(hgr_clr_walker *walker)
{
    size_t call = 0; /* both ascend */
    for (size_t i = 0; i + 1 < walker->nframes; i++) {
        hgr_clr_frame *frame = &walker->frames[i];
        uint64_t end = walker->frames[i + 1].registers.value[HGR_RSP];
        for (; call < walker->ncalls && walker->calls[call].frame_addr < end; call++)
            if (frame->kind != HGR_FRAME_MANAGED && walker->calls[call].is_helper)
                frame->holds_helper = true;
    }
}

/* Registers as a HelperMethodFrame keeps them. */
static void take_saved(const hgr_space *space, uint64_t addr, hgr_registers *out)
{
    static const uint8_t order[] = {HGR_RDI, HGR_RSI, HGR_RBX, HGR_RBP, 12, 13, 14, 15};
    uint64_t value;
    for (size_t i = 0; i < sizeof order; i++)
        if (hgr_space_u64(space, addr + 8 * i, &value))
            hgr_register_set(out, order[i], value, addr + 8 * i);
}

/* The next caller that the runtime noted above sp. */
static bool step_explicit(hgr_clr_walker *walker, uint64_t sp, hgr_registers *out)
{
    for (size_t i = 0; i < walker->ncalls; i++) {
        const hgr_clr_call *call = &walker->calls[i];
        if (call->ip == 0 || call->sp <= sp)
            continue;
        *out = (hgr_registers){.ip = call->ip};
        hgr_register_set(out, HGR_RSP, call->sp, 0);
        if (call->saved_addr != 0)
            take_saved(walker->runtime->space, call->saved_addr, out);
        else
            hgr_register_set(out, HGR_RBP, call->fp, 0);
        return true;
    }
    return false;
}

static bool step_frame(hgr_clr_walker *walker, const hgr_clr_frame *frame, hgr_registers *next,
                       bool *out_exact_ip)
{
    *next = frame->registers;
    *out_exact_ip = false;
    if (frame->code.unwind_addr != 0) {
        hgr_unwind_function function = {frame->code.base_addr, frame->code.start_addr,
                                        frame->code.unwind_addr};
        return hgr_unwind_info_step(walker->runtime->space, &function, walker->callee_saved, next);
    }
    return frame->kind == HGR_FRAME_NATIVE &&
           step_native(walker, frame->exact_ip, next, out_exact_ip);
}

static bool start(const hgr_clr_thread *thread, uint32_t count, hgr_clr_frame *out)
{
    *out = (hgr_clr_frame){.exact_ip = true, .reached = HGR_REACHED_THREAD};
    if (!thread->os_thread || thread->os_thread->nregisters < count)
        return false;
    out->registers.ip = thread->os_thread->ip;
    for (uint32_t r = 0; r < count; r++)
        hgr_register_set(&out->registers, r, thread->os_thread->registers[r], 0);
    return true;
}

static bool in_stack(const hgr_clr_thread *thread, uint64_t sp)
{
    return thread->stack_base_addr == 0 || sp < thread->stack_base_addr;
}

/* To the caller by what the frame itself tells; *out_stepped false: it tells nothing usable. */
static hgr_result step(hgr_clr_walker *walker, const hgr_clr_thread *thread,
                       const hgr_clr_frame *frame, bool *out_stepped, hgr_clr_frame *next,
                       hgr_status *status)
{
    hgr_result result = HGR_OK;
    if (walker->runtime->space->pointer_size == 8) {
        *out_stepped = step_frame(walker, frame, &next->registers, &next->exact_ip);
    } else {
        hgr_clr_chain chain = {walker->runtime, walker->codes, thread, status, HGR_OK};
        result = hgr_clr_chain_step(&chain, frame, out_stepped, next);
    }
    uint64_t sp = next->registers.value[HGR_RSP];
    *out_stepped = *out_stepped && in_stack(thread, sp) && sp > frame->registers.value[HGR_RSP];
    return result;
}

static hgr_result walk_frames(hgr_clr_walker *walker, const hgr_clr_thread *thread,
                              hgr_clr_frame frame, hgr_stack_end *out_end, hgr_status *status)
{
    hgr_result result = HGR_OK;
    *out_end = HGR_STACK_COMPLETE;
    while (result == HGR_OK && frame.registers.ip != 0) {
        uint64_t sp = frame.registers.value[HGR_RSP];
        hgr_clr_frame next = {.reached = HGR_REACHED_UNWIND};
        if (walker->nframes == HGR_CLR_MAX_FRAMES) {
            *out_end = HGR_STACK_TOO_DEEP;
            return HGR_OK;
        }
        result = look_up(walker, &frame, status);
        if (result != HGR_OK)
            return result;
        bool stepped;
        result = step(walker, thread, &frame, &stepped, &next, status);
        if (result != HGR_OK)
            return result;
        frame.caller_sp = stepped ? next.registers.value[HGR_RSP] : 0;
        result = add_frame(walker, &frame, status);
        if (result == HGR_OK && !stepped) {
            next = (hgr_clr_frame){.reached = HGR_REACHED_EXPLICIT};
            if (!step_explicit(walker, sp, &next.registers)) {
                *out_end = HGR_STACK_LOST;
                return HGR_OK;
            }
        }
        frame = next;
    }
    return result;
}

hgr_result hgr_clr_walk(hgr_clr_walker *walker, const hgr_clr_thread *thread,
                        const hgr_clr_frame **out, size_t *out_count, hgr_stack_end *out_end,
                        hgr_status *status)
{
    hgr_clr_frame first;
    walker->nframes = 0;
    *out_end = thread->os_thread ? HGR_STACK_LOST : HGR_STACK_NO_REGISTERS;
    hgr_result result = HGR_OK;
    uint32_t count = walker->runtime->space->pointer_size == 8 ? HGR_REGISTERS : HGR_R8;
    if (start(thread, count, &first)) {
        result = hgr_clr_calls_read(walker->runtime, walker->run, thread, &walker->calls,
                                    &walker->ncalls, &walker->calls_capacity, status);
        if (result == HGR_OK)
            result = walk_frames(walker, thread, first, out_end, status);
        mark_helpers(walker);
    }
    *out = walker->frames;
    *out_count = walker->nframes;
    return result;
}
