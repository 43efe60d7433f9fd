/* clr: precise roots of managed frames.
 *
 * Input: the frames of a walk. Output: for each the live registers and stack slots that its
 * method's GC information names. A frame whose information or memory is absent is said to be
 * unknown and gives nothing: a part of its roots would look like all of them. */
#include "clr_frame_roots.h"

#include "../base/status.h"
#include "clr_limits.h"
#include "clr_methods.h"

void hgr_clr_root_reader_init(hgr_clr_root_reader *reader, const hgr_runtime *runtime,
                              hgr_clr_names *names, const hgr_run *run)
{
    *reader = (hgr_clr_root_reader){.runtime = runtime, .names = names, .run = run};
    reader->gc_version = runtime->layout.gc_info_version;
    bool windows = strcmp(runtime->dump->info.os, "windows") == 0;
    reader->callee_saved = windows ? HGR_CALLEE_SAVED_WINDOWS : HGR_CALLEE_SAVED_LINUX;
}

void hgr_clr_root_reader_fini(hgr_clr_root_reader *reader)
{
    hgr_free(reader->roots);
    hgr_free(reader->states);
    hgr_free(reader->live);
}

/* Where a stack slot lies; false when the register it counts from is not known. */
static bool slot_addr(const hgr_clr_frame *frame, const hgr_gc_info *info, const hgr_gc_slot *slot,
                      uint64_t *out)
{
    const hgr_registers *registers = &frame->registers;
    uint64_t base;
    switch (slot->base) {
    case HGR_GC_CALLER_SP:
        base = frame->caller_sp;
        break;
    case HGR_GC_SP:
        base = registers->value[HGR_RSP];
        break;
    default:
        if (!hgr_register_known(registers, info->frame_register))
            return false;
        base = registers->value[info->frame_register];
    }
    *out = base + (uint64_t)(int64_t)slot->offset;
    return base != 0;
}

static bool read_slot(const hgr_clr_root_reader *reader, const hgr_clr_frame *frame,
                      const hgr_gc_info *info, const hgr_gc_slot *slot, hgr_clr_frame_root *out)
{
    *out = (hgr_clr_frame_root){.slot = *slot, .frame_register = (uint8_t)info->frame_register};
    if (slot->base != HGR_GC_REGISTER) {
        uint8_t from =
            info->frame_register == HGR_GC_NO_REGISTER ? HGR_GC_CALLER_SP : HGR_GC_FRAME_REGISTER;
        out->is_this = info->has_this && slot->base == from && slot->offset == info->context_offset;
        return slot_addr(frame, info, slot, &out->slot_addr) &&
               hgr_space_u64(reader->runtime->space, out->slot_addr, &out->value);
    }
    uint32_t r = (uint32_t)slot->offset; /* 0..15 */
    if (!hgr_register_known(&frame->registers, r))
        return false;
    out->value = frame->registers.value[r];
    out->slot_addr = frame->registers.saved_addr[r];
    return true;
}

/* Registers and stack that calls destroy hold nothing in a frame that has called. */
static bool is_scratch(const hgr_clr_root_reader *reader, const hgr_clr_frame *frame,
                       const hgr_gc_info *info, const hgr_gc_slot *slot)
{
    if (frame->exact_ip)
        return false;
    if (slot->base == HGR_GC_SP)
        return slot->offset >= 0 && (uint32_t)slot->offset < info->scratch_bytes;
    return slot->base == HGR_GC_REGISTER && !(reader->callee_saved >> slot->offset & 1);
}

static hgr_result add_root(hgr_clr_root_reader *reader, const hgr_clr_frame_root *root,
                           hgr_status *status)
{
    hgr_result result =
        hgr_grow(reader->run, &reader->roots, &reader->roots_capacity, reader->nroots + 1,
                 HGR_CLR_MAX_STACK_WORDS, sizeof *root, "stack roots", status);
    if (result == HGR_OK)
        reader->roots[reader->nroots++] = *root;
    return result;
}

/* All or nothing: *out_complete false when a live slot cannot be read. */
static hgr_result add_live(hgr_clr_root_reader *reader, const hgr_clr_frame *frame, uint32_t index,
                           const hgr_gc_info *info, bool *out_complete, hgr_status *status)
{
    size_t first = reader->nroots;
    hgr_result result = HGR_OK;
    *out_complete = true;
    for (uint32_t i = 0; i < info->nslots && result == HGR_OK && *out_complete; i++) {
        const hgr_gc_slot *slot = &info->slots[i];
        hgr_clr_frame_root root;
        if (!reader->live[i] || is_scratch(reader, frame, info, slot))
            continue;
        *out_complete = read_slot(reader, frame, info, slot, &root);
        root.frame = index;
        if (*out_complete && root.value != 0)
            result = add_root(reader, &root, status);
    }
    if (!*out_complete)
        reader->nroots = first;
    return result;
}

/* A filter shares its method's untracked slots, which the method's own frame reports. */
static hgr_result read_frame(hgr_clr_root_reader *reader, const hgr_clr_frame *frame,
                             uint32_t index, bool filter, hgr_status *status)
{
    hgr_gc_info info;
    bool complete = false;
    hgr_result result = hgr_gc_info_read(reader->runtime->space, frame->code.gc_info_addr,
                                         reader->gc_version, reader->run, &info, status);
    if (result == HGR_OK)
        result =
            hgr_grow(reader->run, &reader->live, &reader->live_capacity, (size_t)info.nslots + 1,
                     HGR_GC_INFO_MAX_SLOTS + 1, 1, "live slots", status);
    if (result == HGR_OK)
        result = hgr_gc_info_live(&info, frame->gc_ip - frame->code.method_start_addr,
                                  frame->exact_ip, reader->live, status);
    if (filter && (result == HGR_OK || result == HGR_NOT_FOUND))
        memset(reader->live + info.ntracked, 0, info.nslots - info.ntracked);
    if (result == HGR_OK || result == HGR_NOT_FOUND)
        result = add_live(reader, frame, index, &info, &complete, status);
    reader->states[index] = complete ? HGR_ROOTS_PRECISE : HGR_ROOTS_CONSERVATIVE;
    hgr_gc_info_fini(&info);
    return result == HGR_NO_MEMORY ? result : HGR_OK; /* the state says the rest */
}

/* 9 dispatches exceptions in managed code, which goes on when the handler returns. */
static hgr_result dispatches_exceptions(const hgr_clr_root_reader *reader,
                                        const hgr_clr_frame *frame, bool *out, hgr_status *status)
{
    hgr_clr_method method;
    hgr_text name;
    hgr_text_init(&name, reader->run);
    *out = hgr_clr_method_read(reader->runtime, frame->code.method_addr, &method) &&
           hgr_clr_type_name(reader->names, method.method_table_addr, &name) &&
           strcmp(hgr_text_get(&name), "System.Runtime.EH") == 0;
    bool failed = name.failed;
    hgr_text_fini(&name);
    return failed ? hgr_fail(status, HGR_NO_MEMORY, "frame roots: out of memory") : HGR_OK;
}

/* A funclet runs with the frame pointer of the frame it belongs to. */
static bool is_main_of(const hgr_clr_frame *frame, const hgr_clr_frame *funclet)
{
    const hgr_registers *a = &frame->registers, *b = &funclet->registers;
    return !frame->code.is_funclet &&
           frame->code.method_start_addr == funclet->code.method_start_addr &&
           (!hgr_register_known(a, HGR_RBP) || !hgr_register_known(b, HGR_RBP) ||
            a->value[HGR_RBP] == b->value[HGR_RBP]);
}

hgr_result hgr_clr_frame_roots_read(hgr_clr_root_reader *reader, const hgr_clr_frame *frames,
                                    size_t count, hgr_status *status)
{
    const hgr_clr_frame *funclet = NULL; /* whose method's main frame is still to come */
    reader->nroots = 0;
    hgr_result result = hgr_grow(reader->run, &reader->states, &reader->states_capacity,
                                 count > 0 ? count : 1, HGR_CLR_MAX_FRAMES, 1, "frames", status);
    for (size_t i = 0; i < count && result == HGR_OK; i++) {
        const hgr_clr_frame *frame = &frames[i];
        reader->states[i] = HGR_ROOTS_NONE;
        if (frame->kind != HGR_FRAME_MANAGED)
            continue;
        bool dispatches = false;
        if (funclet)
            result = dispatches_exceptions(reader, frame, &dispatches, status);
        if (result != HGR_OK)
            break;
        /* up to the funclet's main frame all were left when the handler began */
        if (funclet && !dispatches) {
            reader->states[i] = HGR_ROOTS_COVERED;
            if (is_main_of(frame, funclet))
                funclet = NULL;
            continue;
        }
        bool filter = hgr_clr_code_is_filter(reader->runtime, &frame->code);
        if (frame->code.is_funclet && !filter)
            funclet = frame;
        result = read_frame(reader, frame, (uint32_t)i, filter, status);
    }
    return result;
}
