/* stacks: all managed threads with their frames and roots.
 *
 * Input: a runtime. Output: threads in the runtime's order, each with a run of frames and a run of
 * roots. Threads are read one after the other: walks share what they look up, and a stack costs
 * microseconds. */
#include "stacks.h"

#include "../base/status.h"

static hgr_result reader_init(hgr_stacks_reader *reader, hgr_stacks *stacks, hgr_status *status)
{
    const hgr_runtime *runtime = stacks->runtime;
    const hgr_run *run = stacks->run;
    *reader = (hgr_stacks_reader){.stacks = stacks};
    hgr_map_init(&reader->method_index, run);
    hgr_map_init(&reader->place_index, run);
    hgr_text_init(&reader->text, run);
    hgr_clr_word_scan_init(&reader->words, runtime, run);
    hgr_result result = hgr_clr_names_create(runtime, run, &reader->names, status);
    hgr_clr_root_reader_init(&reader->roots, runtime, reader->names, run);
    if (result == HGR_OK)
        result = hgr_inspector_create(runtime, run, &reader->inspector, status);
    if (result == HGR_OK)
        result = hgr_clr_walker_create(runtime, run, &reader->walker, status);
    return result;
}

static void reader_fini(hgr_stacks_reader *reader)
{
    hgr_clr_walker_free(reader->walker);
    hgr_inspector_free(reader->inspector);
    hgr_clr_root_reader_fini(&reader->roots);
    hgr_clr_names_free(reader->names);
    hgr_clr_word_scan_fini(&reader->words);
    hgr_map_fini(&reader->method_index);
    hgr_map_fini(&reader->place_index);
    hgr_free(reader->methods);
    hgr_free(reader->method_modules);
    hgr_free(reader->places);
    hgr_text_fini(&reader->text);
}

const char *hgr_stacks_keep(hgr_stacks_reader *reader, hgr_status *status)
{
    if (reader->text.failed) {
        hgr_fail(status, HGR_NO_MEMORY, "stack text: out of memory");
        return NULL;
    }
    return hgr_arena_text(&reader->stacks->arena, hgr_text_get(&reader->text), reader->text.len,
                          status);
}

static hgr_result read_stack(hgr_stacks_reader *reader, size_t index, hgr_status *status)
{
    hgr_stacks *stacks = reader->stacks;
    const hgr_clr_frame *frames = NULL;
    size_t count = 0;
    hgr_result result = hgr_stacks_read_thread(reader, index, status);
    hgr_managed_thread *thread = &stacks->threads[index];
    if (result == HGR_OK)
        result = hgr_clr_walk(reader->walker, &stacks->runtime->threads[index], &frames, &count,
                              &thread->end, status);
    thread->first_frame = stacks->nframes;
    thread->first_root = stacks->nroots;
    if (result == HGR_OK)
        result = hgr_stacks_add_frames(reader, frames, count, status);
    if (result == HGR_OK)
        result = hgr_stacks_add_roots(reader, index, frames, count, status);
    thread->nframes = stacks->nframes - thread->first_frame;
    thread->nroots = stacks->nroots - thread->first_root;
    return result;
}

static hgr_result read_all(hgr_stacks *stacks, hgr_status *status)
{
    hgr_stacks_reader reader;
    hgr_result result = reader_init(&reader, stacks, status);
    if (result == HGR_OK)
        result = hgr_alloc(stacks->run, stacks->nthreads, sizeof *stacks->threads, "threads",
                           &stacks->threads, status);
    for (size_t i = 0; result == HGR_OK && i < stacks->nthreads; i++) {
        result = hgr_run_check_cancel(stacks->run, status);
        if (result == HGR_OK)
            result = read_stack(&reader, i, status);
    }
    reader_fini(&reader);
    return result;
}

hgr_result hgr_stacks_create(const hgr_runtime *runtime, const hgr_run *run, hgr_stacks **out,
                             hgr_status *status)
{
    hgr_stacks *stacks = NULL;
    hgr_phase_timer timer = hgr_phase_begin(run, "stacks");
    hgr_result result = hgr_alloc(run, 1, sizeof *stacks, "stacks", &stacks, status);
    if (result != HGR_OK)
        return result;
    stacks->runtime = runtime;
    stacks->run = run;
    stacks->nthreads = runtime->nthreads;
    hgr_arena_init(&stacks->arena, run);
    result = read_all(stacks, status);
    if (result != HGR_OK) {
        hgr_stacks_free(stacks);
        return result;
    }
    hgr_phase_end(&timer, 0, 0, stacks->nroots);
    *out = stacks;
    return HGR_OK;
}

void hgr_stacks_free(hgr_stacks *stacks)
{
    if (!stacks)
        return;
    hgr_free(stacks->threads);
    hgr_free(stacks->frames);
    hgr_free(stacks->roots);
    hgr_arena_fini(&stacks->arena);
    hgr_free(stacks);
}

/* ---- accessors ---- */

size_t hgr_stacks_threads(const hgr_stacks *stacks)
{
    return stacks->nthreads;
}

const hgr_managed_thread *hgr_stacks_thread(const hgr_stacks *stacks, size_t index)
{
    return &stacks->threads[index];
}

size_t hgr_stacks_frames(const hgr_stacks *stacks)
{
    return stacks->nframes;
}

const hgr_stack_frame *hgr_stacks_frame(const hgr_stacks *stacks, size_t index)
{
    return &stacks->frames[index];
}

size_t hgr_stacks_roots(const hgr_stacks *stacks)
{
    return stacks->nroots;
}

const hgr_stack_root *hgr_stacks_root(const hgr_stacks *stacks, size_t index)
{
    return &stacks->roots[index];
}

/* ---- names ---- */

static const char *name_at(const char *const *names, size_t count, size_t index)
{
    return index < count ? names[index] : "unknown";
}

const char *hgr_stack_end_name(hgr_stack_end end)
{
    static const char *const names[] = {"complete", "lost", "too-deep", "no-registers"};
    return name_at(names, HGR_STACK_ENDS, (size_t)end);
}

const char *hgr_wait_kind_name(hgr_wait_kind kind)
{
    static const char *const names[] = {"none", "enter", "pulse"};
    return name_at(names, HGR_WAIT_KINDS, (size_t)kind);
}

const char *hgr_frame_kind_name(hgr_frame_kind kind)
{
    static const char *const names[] = {"native", "managed", "stub"};
    return name_at(names, HGR_FRAME_KINDS, (size_t)kind);
}

const char *hgr_frame_reached_name(hgr_frame_reached reached)
{
    static const char *const names[] = {"thread", "unwind", "explicit", "chain", "search"};
    return name_at(names, HGR_REACHED_WAYS, (size_t)reached);
}

const char *hgr_frame_roots_name(hgr_frame_roots roots)
{
    static const char *const names[] = {"none", "precise", "covered", "conservative"};
    return name_at(names, HGR_ROOTS_WAYS, (size_t)roots);
}
