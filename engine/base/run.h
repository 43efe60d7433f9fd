/* base: what a run holds, and the three things every phase asks it: threads, stop, report. */
#ifndef HGR_BASE_RUN_H
#define HGR_BASE_RUN_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <heapgraph/run.h>

struct hgr_run {
    uint32_t          threads; /* >= 1 */
    uint32_t          check_level;
    uint64_t          memory_limit_bytes; /* 0 = none */
    hgr_progress_fn  *progress;
    void             *progress_user;
    hgr_phase_fn     *phase;
    void             *phase_user;
    _Atomic int       cancelled;
    _Atomic uint64_t  memory_bytes; /* of live hgr_alloc blocks; relaxed: a statistic and a limit */
    _Atomic uint64_t  memory_peak_bytes;
    _Atomic uint64_t  fail_countdown; /* test hook: 0 = off, k = the k-th allocation from now fails */
    _Atomic int64_t   next_report_ns; /* progress: not before this time */
};

/** Threads worth starting for `work` units when one thread should have at least `chunk` of them. */
uint32_t hgr_run_threads_for(const hgr_run *run, uint64_t work, uint64_t chunk);
bool hgr_run_cancelled(const hgr_run *run);
/** HGR_OK, or HGR_CANCELLED with text. */
hgr_result hgr_run_check_cancel(const hgr_run *run, hgr_status *status);
/** Report progress, at most ten times a second; callable from any thread (one wins, the others skip). */
void hgr_run_progress(const hgr_run *run, const char *stage, uint64_t done, uint64_t total);

/** Test hook: make the k-th allocation from now fail (1 = the next one); 0 switches it off. */
void hgr_run_fail_allocation(hgr_run *run, uint64_t k);

/** Time one phase: begin, work, end (which calls the phase callback with what was measured). */
typedef struct hgr_phase_timer {
    const hgr_run *run;
    const char    *name;
    int64_t        wall_ns, cpu_ns;
} hgr_phase_timer;
hgr_phase_timer hgr_phase_begin(const hgr_run *run, const char *name);
void hgr_phase_end(const hgr_phase_timer *timer, uint64_t bytes, uint64_t objects,
                   uint64_t references);

/**
 * The first error of a parallel loop, first in block order whatever the schedule. Blocks above the
 * smallest failed one are skipped, none below it.
 */
typedef struct hgr_first_error {
    _Atomic uint64_t block; /* UINT64_MAX = none; only ever falls */
    _Atomic int      lock;
    hgr_status       status;
} hgr_first_error;
void hgr_first_error_init(hgr_first_error *error);
/** Ask once per block, never per object: true after a cancel or when an earlier block failed. */
bool hgr_run_skips(const hgr_run *run, const hgr_first_error *error, uint64_t block);
void hgr_first_error_set(hgr_first_error *error, uint64_t block, const hgr_status *status);
/** HGR_OK, or the kept error copied to status (or HGR_CANCELLED). */
hgr_result hgr_first_error_result(const hgr_run *run, const hgr_first_error *error,
                                  hgr_status *status);

#endif
