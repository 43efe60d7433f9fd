/* base: the run: threads, limits, progress, cancellation, phase times, first error of a loop. */
#define _GNU_SOURCE
#include "run.h"

#include <sched.h>
#include <stdlib.h>
#include <time.h>

#include "status.h"

static int64_t clock_ns(clockid_t clock)
{
    struct timespec now;
    clock_gettime(clock, &now);
    return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}

/* Processors this process may use. Two hardware threads of one core share its memory ports, but a
 * scan waits for memory most of the time, so they are counted: the bench rows scale with them. */
static uint32_t usable_processors(void)
{
    cpu_set_t set;
    if (sched_getaffinity(0, sizeof set, &set) != 0)
        return 1;
    int count = CPU_COUNT(&set);
    return count < 1 ? 1 : (uint32_t)count;
}

hgr_result hgr_run_create(uint32_t threads, hgr_run **out, hgr_status *status)
{
    hgr_run *run = calloc(1, sizeof *run);
    if (!run)
        return hgr_fail(status, HGR_NO_MEMORY, "run: out of memory");
    run->threads = threads ? threads : usable_processors();
    run->check_level = 1;
    *out = run;
    return HGR_OK;
}

void hgr_run_free(hgr_run *run)
{
    free(run);
}

uint32_t hgr_run_threads(const hgr_run *run)
{
    return run->threads;
}

void hgr_run_set_memory_limit(hgr_run *run, uint64_t limit_bytes)
{
    run->memory_limit_bytes = limit_bytes;
}

void hgr_run_set_check_level(hgr_run *run, uint32_t level)
{
    run->check_level = level;
}

void hgr_run_set_progress(hgr_run *run, hgr_progress_fn *progress, void *user)
{
    run->progress = progress;
    run->progress_user = user;
}

void hgr_run_set_phase(hgr_run *run, hgr_phase_fn *phase, void *user)
{
    run->phase = phase;
    run->phase_user = user;
}

void hgr_run_cancel(hgr_run *run)
{
    atomic_store_explicit(&run->cancelled, 1, memory_order_relaxed);
}

uint64_t hgr_run_memory_bytes(const hgr_run *run)
{
    return atomic_load_explicit(&run->memory_bytes, memory_order_relaxed);
}

uint64_t hgr_run_memory_peak_bytes(const hgr_run *run)
{
    return atomic_load_explicit(&run->memory_peak_bytes, memory_order_relaxed);
}

void hgr_run_fail_allocation(hgr_run *run, uint64_t k)
{
    atomic_store_explicit(&run->fail_countdown, k, memory_order_relaxed);
}

uint32_t hgr_run_threads_for(const hgr_run *run, uint64_t work, uint64_t chunk)
{
    uint64_t useful = work / (chunk ? chunk : 1);
    if (useful < 1)
        return 1;
    return useful < run->threads ? (uint32_t)useful : run->threads;
}

bool hgr_run_cancelled(const hgr_run *run)
{
    return atomic_load_explicit(&run->cancelled, memory_order_relaxed) != 0;
}

hgr_result hgr_run_check_cancel(const hgr_run *run, hgr_status *status)
{
    return hgr_run_cancelled(run) ? hgr_fail(status, HGR_CANCELLED, "cancelled") : HGR_OK;
}

void hgr_run_progress(const hgr_run *run, const char *stage, uint64_t done, uint64_t total)
{
    if (!run->progress)
        return;
    /* When the next report is due is the one thing that changes in a run that is const to its users. */
    _Atomic int64_t *next = &((hgr_run *)(uintptr_t)run)->next_report_ns;
    int64_t now = clock_ns(CLOCK_MONOTONIC);
    int64_t due = atomic_load_explicit(next, memory_order_relaxed);
    if (now < due && done < total)
        return;
    if (!atomic_compare_exchange_strong_explicit(next, &due, INT64_MAX, memory_order_acquire,
                                                 memory_order_relaxed))
        return;
    if (due != INT64_MAX)
        run->progress(run->progress_user, stage, done, total);
    /* Pairs with the acquire above: one reporter at a time. */
    atomic_store_explicit(next, now + 100000000, memory_order_release);
}

hgr_phase_timer hgr_phase_begin(const hgr_run *run, const char *name)
{
    hgr_phase_timer timer = {run, name, 0, 0};
    if (run->phase) {
        timer.wall_ns = clock_ns(CLOCK_MONOTONIC);
        timer.cpu_ns = clock_ns(CLOCK_PROCESS_CPUTIME_ID);
    }
    return timer;
}

void hgr_phase_end(const hgr_phase_timer *timer, uint64_t bytes, uint64_t objects,
                   uint64_t references)
{
    if (!timer->run->phase)
        return;
    hgr_phase phase = {
        .name = timer->name,
        .seconds = (double)(clock_ns(CLOCK_MONOTONIC) - timer->wall_ns) * 1e-9,
        .cpu_seconds = (double)(clock_ns(CLOCK_PROCESS_CPUTIME_ID) - timer->cpu_ns) * 1e-9,
        .bytes = bytes,
        .objects = objects,
        .references = references,
    };
    timer->run->phase(timer->run->phase_user, &phase);
}

void hgr_first_error_init(hgr_first_error *error)
{
    atomic_init(&error->block, UINT64_MAX);
    atomic_init(&error->lock, 0);
    error->status = (hgr_status){0};
}

bool hgr_run_skips(const hgr_run *run, const hgr_first_error *error, uint64_t block)
{
    return hgr_run_cancelled(run) ||
           atomic_load_explicit(&error->block, memory_order_relaxed) < block;
}

void hgr_first_error_set(hgr_first_error *error, uint64_t block, const hgr_status *status)
{
    while (atomic_exchange_explicit(&error->lock, 1, memory_order_acquire))
        sched_yield();
    if (block < atomic_load_explicit(&error->block, memory_order_relaxed)) {
        error->status = *status;
        atomic_store_explicit(&error->block, block, memory_order_relaxed);
    }
    atomic_store_explicit(&error->lock, 0, memory_order_release);
}

hgr_result hgr_first_error_result(const hgr_run *run, const hgr_first_error *error,
                                  hgr_status *status)
{
    if (atomic_load_explicit(&error->block, memory_order_relaxed) != UINT64_MAX) {
        if (status)
            *status = error->status;
        return error->status.code;
    }
    return hgr_run_check_cancel(run, status);
}
