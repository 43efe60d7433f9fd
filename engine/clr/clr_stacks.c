/* clr: conservative stack roots: every aligned word of a managed thread's stack, and every
 * register, whose value lies in the GC heap.
 *
 * Input: runtime->threads with the dump's registers, segments. Output: words in the order of
 * threads, registers first, then ascending slots. Whether a word leads to an object, exactly or
 * inside, is for the caller who has walked the heap. A superset of the precise roots: on recorded
 * dumps it holds all of them and a few stale words more. */
#include "clr_open.h"

#include "../base/status.h"
#include "clr_limits.h"

struct scan {
    const hgr_runtime *runtime;
    const hgr_run *run;
    hgr_status *status;
    hgr_clr_stack_word *words;
    size_t count, capacity;
    uint64_t low, high; /* of all segments */
    uint64_t budget;    /* bytes still to scan: stacks do not overlap, so all memory at most */
};

static hgr_result consider(struct scan *scan, const hgr_clr_stack_word *word)
{
    if (word->value < scan->low || word->value >= scan->high ||
        !hgr_clr_segment_at(scan->runtime, word->value))
        return HGR_OK;
    hgr_result result =
        hgr_grow(scan->run, &scan->words, &scan->capacity, scan->count + 1, HGR_CLR_MAX_STACK_WORDS,
                 sizeof *word, "stack words", scan->status);
    if (result == HGR_OK)
        scan->words[scan->count++] = *word;
    return result;
}

static hgr_result scan_registers(struct scan *scan, uint32_t index, const hgr_thread *os_thread)
{
    hgr_result result = HGR_OK;
    for (uint32_t r = 0; r < os_thread->nregisters && r < 16 && result == HGR_OK; r++) {
        hgr_clr_stack_word word = {
            .value = os_thread->registers[r], .thread = index, .reg = (uint8_t)r};
        result = consider(scan, &word);
    }
    return result;
}

static hgr_result scan_words(struct scan *scan, uint32_t index, const hgr_range *range,
                             uint64_t from, uint64_t to)
{
    uint32_t p = scan->runtime->space->pointer_size;
    const uint8_t *bytes = range->bytes + (from - range->start_addr);
    hgr_result result = HGR_OK;
    for (uint64_t at = 0; p <= to - from - at && result == HGR_OK; at += p) {
        hgr_clr_stack_word word = {.slot_addr = from + at, .thread = index};
        uint32_t narrow;
        if (p == 8) {
            memcpy(&word.value, bytes + at, 8);
        } else {
            memcpy(&narrow, bytes + at, 4);
            word.value = narrow;
        }
        result = consider(scan, &word);
    }
    return result;
}

static uint64_t align_up(uint64_t value, uint64_t unit)
{
    return (value + unit - 1) & ~(unit - 1);
}

/* [sp, base), as far as the dump has it; frames below sp are dead. */
static hgr_result scan_stack(struct scan *scan, uint32_t index, const hgr_clr_thread *thread)
{
    const hgr_space *space = scan->runtime->space;
    uint64_t p = space->pointer_size, sp = thread->os_thread->sp;
    uint64_t end = thread->stack_base_addr;
    hgr_result result = HGR_OK;
    if (sp == 0 || sp >= end || end - sp > HGR_CLR_MAX_STACK_BYTES)
        return HGR_OK;
    uint64_t at = align_up(sp, p);
    while (at < end && result == HGR_OK) {
        const hgr_range *range = hgr_space_next(space, at);
        if (!range || range->start_addr >= end)
            break;
        uint64_t from = align_up(range->start_addr > at ? range->start_addr : at, p);
        uint64_t to = range->end_addr < end ? range->end_addr : end;
        if (from < to && to - from <= scan->budget) {
            scan->budget -= to - from;
            result = scan_words(scan, index, range, from, to);
        }
        at = to;
    }
    return result;
}

hgr_result hgr_clr_stack_words(const hgr_runtime *runtime, const hgr_run *run,
                               hgr_clr_stack_word **out, size_t *out_count, hgr_status *status)
{
    struct scan scan = {.runtime = runtime, .run = run, .status = status};
    hgr_result result = HGR_OK;
    if (runtime->nsegments > 0) {
        scan.low = runtime->segments[0].start_addr;
        scan.high = runtime->segments[runtime->nsegments - 1].end_addr;
    }
    for (size_t i = 0; i < runtime->space->count; i++)
        scan.budget += runtime->space->ranges[i].end_addr - runtime->space->ranges[i].start_addr;
    for (size_t i = 0; i < runtime->nthreads && result == HGR_OK; i++) {
        const hgr_clr_thread *thread = &runtime->threads[i];
        if (!thread->os_thread)
            continue;
        result = hgr_run_check_cancel(run, status);
        if (result == HGR_OK)
            result = scan_registers(&scan, (uint32_t)i, thread->os_thread);
        if (result == HGR_OK)
            result = scan_stack(&scan, (uint32_t)i, thread);
    }
    if (result != HGR_OK) {
        hgr_free(scan.words);
        return result;
    }
    *out = scan.words;
    *out_count = scan.count;
    return HGR_OK;
}
