/* stacks: the references of one thread, precise where GC information tells, else every word.
 *
 * Input: a walk and where it ended. Output: roots in the order of frames. What no precise frame
 * covers is scanned conservatively: managed frames without GC information, native ones whose
 * explicit frame holds references for their caller, what lies between a frame that could not be
 * unwound and the one the runtime noted next, what lies beyond the last frame seen; of each also
 * the registers it is known to hold. */
#include "stacks.h"

#include "../base/status.h"

#define NO_FRAME SIZE_MAX

static const char *const REGISTERS[2][16] = {
    {"rax", "rcx", "rdx", "rbx", "rsp", "rbp", "rsi", "rdi", "r8", "r9", "r10", "r11", "r12", "r13",
     "r14", "r15"},
    {"eax", "ecx", "edx", "ebx", "esp", "ebp", "esi", "edi", "?", "?", "?", "?", "?", "?", "?",
     "?"},
};

static const char *register_name(const hgr_stacks_reader *reader, uint32_t r)
{
    return REGISTERS[reader->stacks->runtime->space->pointer_size != 8][r & 15];
}

/* ---- how a place reads ---- */

static void add_offset(hgr_text *text, int32_t offset)
{
    if (offset < 0)
        hgr_text_format(text, "-0x%x", 0u - (uint32_t)offset);
    else
        hgr_text_format(text, "+0x%x", (uint32_t)offset);
}

static void write_place(hgr_stacks_reader *reader, const hgr_clr_frame_root *root)
{
    hgr_text *text = &reader->text;
    const hgr_gc_slot *slot = &root->slot;
    bool argument = slot->base == HGR_GC_CALLER_SP && slot->offset >= 0;
    hgr_text_clear(text);
    if (slot->flags & HGR_GC_PINNED)
        hgr_text_add_z(text, "pinned ");
    hgr_text_add_z(text, root->is_this ? "this" : argument ? "argument" : "local");
    if (slot->base == HGR_GC_REGISTER) {
        hgr_text_format(text, " in %s", register_name(reader, (uint32_t)slot->offset));
        return;
    }
    hgr_text_format(text, " at [%s",
                    slot->base == HGR_GC_CALLER_SP ? "caller sp"
                    : slot->base == HGR_GC_SP      ? register_name(reader, HGR_RSP)
                                                   : register_name(reader, root->frame_register));
    add_offset(text, slot->offset);
    hgr_text_add_z(text, "]");
}

/* Few places differ: each text is made once. */
static hgr_result keep_place(hgr_stacks_reader *reader, uint64_t key, const char **out,
                             hgr_status *status)
{
    const char *place = hgr_stacks_keep(reader, status);
    if (!place)
        return HGR_NO_MEMORY;
    hgr_result result =
        hgr_grow(reader->stacks->run, &reader->places, &reader->places_capacity,
                 reader->nplaces + 1, UINT32_MAX - 1, sizeof *reader->places, "places", status);
    if (result == HGR_OK)
        result = hgr_map_put(&reader->place_index, key, (uint32_t)reader->nplaces, status);
    if (result == HGR_OK) {
        reader->places[reader->nplaces++] = place;
        *out = place;
    }
    return result;
}

static hgr_result find_place(hgr_stacks_reader *reader, const hgr_clr_frame_root *root,
                             const char **out, hgr_status *status)
{
    uint64_t key = (uint64_t)(uint32_t)root->slot.offset << 16 |
                   (uint64_t)root->frame_register << 8 | (uint64_t)root->slot.base << 1 |
                   root->is_this | UINT64_C(1) << 63;
    uint32_t known = hgr_map_get(&reader->place_index, key);
    if (known != HGR_MAP_NONE) {
        *out = reader->places[known];
        return HGR_OK;
    }
    write_place(reader, root);
    return keep_place(reader, key, out, status);
}

/* ---- roots ---- */

static hgr_result add_root(hgr_stacks *stacks, const hgr_stack_root *root, hgr_status *status)
{
    hgr_result result =
        hgr_grow(stacks->run, &stacks->roots, &stacks->roots_capacity, stacks->nroots + 1,
                 UINT32_MAX - 1, sizeof *root, "stack roots", status);
    if (result == HGR_OK)
        stacks->roots[stacks->nroots++] = *root;
    return result;
}

static hgr_result add_precise(hgr_stacks_reader *reader, size_t thread, size_t first_frame,
                              const hgr_clr_frame_root *from, hgr_status *status)
{
    hgr_stack_root root = {.value = from->value,
                           .slot_addr = from->slot.base == HGR_GC_REGISTER ? 0 : from->slot_addr,
                           .thread = (uint32_t)thread,
                           .frame = first_frame + from->frame,
                           .interior = (from->slot.flags & HGR_GC_INTERIOR) != 0,
                           .pinned = (from->slot.flags & HGR_GC_PINNED) != 0};
    hgr_result result = find_place(reader, from, &root.place, status);
    return result == HGR_OK ? add_root(reader->stacks, &root, status) : result;
}

/* Turn the words that were just collected into roots of a frame. */
static hgr_result take_words(hgr_stacks_reader *reader, size_t frame, hgr_status *status)
{
    hgr_clr_word_scan *words = &reader->words;
    hgr_result result = HGR_OK;
    for (size_t i = 0; i < words->count && result == HGR_OK; i++) {
        const hgr_clr_stack_word *word = &words->words[i];
        hgr_stack_root root = {.value = word->value,
                               .slot_addr = word->slot_addr,
                               .thread = word->thread,
                               .frame = frame,
                               .interior = true,
                               .conservative = true,
                               .place = word->slot_addr ? "stack word"
                                                        : register_name(reader, word->reg)};
        result = add_root(reader->stacks, &root, status);
    }
    words->count = 0;
    return result;
}

static hgr_result scan(hgr_stacks_reader *reader, size_t thread, size_t frame,
                       const hgr_registers *registers, uint64_t end, hgr_status *status)
{
    hgr_result result =
        hgr_clr_word_scan_registers(&reader->words, (uint32_t)thread, registers->value,
                                    registers->known & ~(1u << HGR_RSP), status);
    if (result == HGR_OK)
        result = hgr_clr_word_scan_range(&reader->words, (uint32_t)thread,
                                         registers->value[HGR_RSP], end, status);
    return result == HGR_OK ? take_words(reader, frame, status) : result;
}

/* Of a thread whose stack was not walked. */
static hgr_result scan_whole(hgr_stacks_reader *reader, size_t index, hgr_status *status)
{
    const hgr_clr_thread *thread = &reader->stacks->runtime->threads[index];
    hgr_registers registers = {0};
    if (!thread->os_thread)
        return HGR_OK;
    for (uint32_t r = 0; r < thread->os_thread->nregisters && r < HGR_REGISTERS; r++)
        hgr_register_set(&registers, r, thread->os_thread->registers[r], 0);
    hgr_register_set(&registers, HGR_RSP, thread->os_thread->sp, 0);
    return scan(reader, index, NO_FRAME, &registers, thread->stack_base_addr, status);
}

/* Which frames besides those without GC information are to be scanned: see above. On x86 any native
 * frame may have saved a register of its managed caller's; before 8 the runtime's own functions
 * note what they hold in explicit frames too, callers or not. */
static void choose_native(hgr_stacks_reader *reader, const hgr_clr_frame *frames, size_t count,
                          hgr_stack_end end)
{
    const hgr_runtime *runtime = reader->stacks->runtime;
    bool early = runtime->layout.code_map == HGR_CODE_MAP_LIST;
    bool saves = runtime->space->pointer_size != 8;
    bool has_caller = false; /* a managed frame lies further on */
    for (size_t i = count; i-- > 0;) {
        bool gap = i + 1 < count ? frames[i + 1].reached == HGR_REACHED_EXPLICIT
                                 : end == HGR_STACK_LOST || end == HGR_STACK_TOO_DEEP;
        if (frames[i].kind == HGR_FRAME_MANAGED)
            has_caller = true;
        if (frames[i].kind != HGR_FRAME_MANAGED && saves && has_caller)
            reader->roots.states[i] = HGR_ROOTS_CONSERVATIVE;
        if (gap || (frames[i].holds_helper && (has_caller || early)))
            reader->roots.states[i] = HGR_ROOTS_CONSERVATIVE;
    }
}

static uint64_t end_of(const hgr_managed_thread *thread, const hgr_clr_frame *frames, size_t count,
                       size_t i)
{
    if (i + 1 < count)
        return frames[i + 1].registers.value[HGR_RSP];
    return thread->end == HGR_STACK_COMPLETE && frames[i].caller_sp ? frames[i].caller_sp
                                                                    : thread->stack_base_addr;
}

/* Precise roots, or words, of one frame. */
static hgr_result add_frame_roots(hgr_stacks_reader *reader, size_t index,
                                  const hgr_clr_frame *frames, size_t count, size_t i, size_t *next,
                                  hgr_status *status)
{
    hgr_stacks *stacks = reader->stacks;
    hgr_managed_thread *thread = &stacks->threads[index];
    hgr_stack_frame *frame = &stacks->frames[thread->first_frame + i];
    hgr_result result = HGR_OK;
    frame->first_root = stacks->nroots;
    frame->roots = (hgr_frame_roots)reader->roots.states[i];
    for (; *next < reader->roots.nroots && reader->roots.roots[*next].frame == i; ++*next)
        if (result == HGR_OK && frame->roots == HGR_ROOTS_PRECISE)
            result = add_precise(reader, index, thread->first_frame, &reader->roots.roots[*next],
                                 status);
    if (result == HGR_OK && frame->roots == HGR_ROOTS_CONSERVATIVE)
        result = scan(reader, index, thread->first_frame + i, &frames[i].registers,
                      end_of(thread, frames, count, i), status);
    frame->nroots = stacks->nroots - frame->first_root;
    return result;
}

hgr_result hgr_stacks_add_roots(hgr_stacks_reader *reader, size_t index,
                                const hgr_clr_frame *frames, size_t count, hgr_status *status)
{
    hgr_managed_thread *thread = &reader->stacks->threads[index];
    size_t next = 0;
    if (count == 0)
        return scan_whole(reader, index, status);
    hgr_result result = hgr_clr_frame_roots_read(&reader->roots, frames, count, status);
    if (result == HGR_OK)
        choose_native(reader, frames, count, thread->end);
    for (size_t i = 0; i < count && result == HGR_OK; i++)
        result = add_frame_roots(reader, index, frames, count, i, &next, status);
    return result;
}
