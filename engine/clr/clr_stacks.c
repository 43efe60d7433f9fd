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

static hgr_result consider(hgr_clr_word_scan *scan, const hgr_clr_stack_word *word,
                           hgr_status *status)
{
    if (word->value < scan->low || word->value >= scan->high ||
        !hgr_clr_segment_at(scan->runtime, word->value))
        return HGR_OK;
    hgr_result result = hgr_grow(scan->run, &scan->words, &scan->capacity, scan->count + 1,
                                 HGR_CLR_MAX_STACK_WORDS, sizeof *word, "stack words", status);
    if (result == HGR_OK)
        scan->words[scan->count++] = *word;
    return result;
}

hgr_result hgr_clr_word_scan_registers(hgr_clr_word_scan *scan, uint32_t index,
                                       const uint64_t registers[16], uint32_t known,
                                       hgr_status *status)
{
    hgr_result result = HGR_OK;
    for (uint32_t r = 0; r < 16 && result == HGR_OK; r++) {
        hgr_clr_stack_word word = {.value = registers[r], .thread = index, .reg = (uint8_t)r};
        if (known >> r & 1)
            result = consider(scan, &word, status);
    }
    return result;
}

static hgr_result scan_words(hgr_clr_word_scan *scan, uint32_t index, const hgr_range *range,
                             uint64_t from, uint64_t to, hgr_status *status)
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
        result = consider(scan, &word, status);
    }
    return result;
}

static uint64_t align_up(uint64_t value, uint64_t unit)
{
    return (value + unit - 1) & ~(unit - 1);
}

hgr_result hgr_clr_word_scan_range(hgr_clr_word_scan *scan, uint32_t index, uint64_t start_addr,
                                   uint64_t end_addr, hgr_status *status)
{
    const hgr_space *space = scan->runtime->space;
    uint64_t p = space->pointer_size, at = align_up(start_addr, p);
    hgr_result result = HGR_OK;
    if (start_addr == 0 || start_addr >= end_addr ||
        end_addr - start_addr > HGR_CLR_MAX_STACK_BYTES)
        return HGR_OK;
    while (at < end_addr && result == HGR_OK) {
        const hgr_range *range = hgr_space_next(space, at);
        if (!range || range->start_addr >= end_addr)
            break;
        uint64_t from = align_up(range->start_addr > at ? range->start_addr : at, p);
        uint64_t to = range->end_addr < end_addr ? range->end_addr : end_addr;
        if (from < to && to - from <= scan->budget) {
            scan->budget -= to - from;
            result = scan_words(scan, index, range, from, to, status);
        }
        at = to;
    }
    return result;
}

void hgr_clr_word_scan_init(hgr_clr_word_scan *scan, const hgr_runtime *runtime, const hgr_run *run)
{
    *scan = (hgr_clr_word_scan){.runtime = runtime, .run = run};
    if (runtime->nsegments > 0) {
        scan->low = runtime->segments[0].start_addr;
        scan->high = runtime->segments[runtime->nsegments - 1].end_addr;
    }
    for (size_t i = 0; i < runtime->space->count; i++)
        scan->budget += runtime->space->ranges[i].end_addr - runtime->space->ranges[i].start_addr;
}

void hgr_clr_word_scan_fini(hgr_clr_word_scan *scan)
{
    hgr_free(scan->words);
}

static uint32_t known_registers(const hgr_clr_thread *thread)
{
    uint32_t count = thread->os_thread->nregisters;
    return count < 16 ? (1u << count) - 1 : 0xffff;
}

/* Frames below the stack pointer are dead. */
hgr_result hgr_clr_stack_words(const hgr_runtime *runtime, const hgr_run *run,
                               hgr_clr_stack_word **out, size_t *out_count, hgr_status *status)
{
    hgr_clr_word_scan scan;
    hgr_result result = HGR_OK;
    hgr_clr_word_scan_init(&scan, runtime, run);
    for (size_t i = 0; i < runtime->nthreads && result == HGR_OK; i++) {
        const hgr_clr_thread *thread = &runtime->threads[i];
        if (!thread->os_thread)
            continue;
        result = hgr_run_check_cancel(run, status);
        if (result == HGR_OK)
            result = hgr_clr_word_scan_registers(&scan, (uint32_t)i, thread->os_thread->registers,
                                                 known_registers(thread), status);
        if (result == HGR_OK)
            result = hgr_clr_word_scan_range(&scan, (uint32_t)i, thread->os_thread->sp,
                                             thread->stack_base_addr, status);
    }
    if (result != HGR_OK) {
        hgr_clr_word_scan_fini(&scan);
        return result;
    }
    *out = scan.words;
    *out_count = scan.count;
    return HGR_OK;
}
