/* heapgraph: how a call may run: threads, memory limit, progress, cancellation. */
#ifndef HEAPGRAPH_RUN_H
#define HEAPGRAPH_RUN_H

#include <heapgraph/status.h>

#ifdef __cplusplus
extern "C" {
#endif

/** One run: shared by all calls that belong together. Opaque; safe to share between threads. */
typedef struct hgr_run hgr_run;

/** One finished phase, as reported to the phase callback. */
typedef struct hgr_phase {
    const char *name;       /* static text: "scan", "dominators", ... */
    double      seconds;    /* wall time */
    double      cpu_seconds; /* CPU time of the whole process during the phase */
    uint64_t    bytes;      /* bytes of the dump touched, 0 when it makes no sense */
    uint64_t    objects;    /* objects handled, or 0 */
    uint64_t    references; /* references handled, or 0 */
} hgr_phase;

/** Called from one thread at a time; done and total share a unit, total 0 = unknown. */
typedef void hgr_progress_fn(void *user, const char *stage, uint64_t done, uint64_t total);
/** Called after each phase, from the thread that made the call. */
typedef void hgr_phase_fn(void *user, const hgr_phase *phase);

/**
 * Create a run.
 *
 * Values   threads 0 = the physical cores this process may use.
 * Errors   HGR_NO_MEMORY.
 * Owner    caller frees with hgr_run_free, after everything that was created with it.
 */
HGR_API HGR_MUST_CHECK hgr_result hgr_run_create(uint32_t threads, hgr_run **out,
                                                 hgr_status *status);
HGR_API void hgr_run_free(hgr_run *run);

HGR_API uint32_t hgr_run_threads(const hgr_run *run);

/** Refuse allocations once the library's own memory passes limit_bytes (0 = no limit). */
HGR_API void hgr_run_set_memory_limit(hgr_run *run, uint64_t limit_bytes);
/** 0 = no self checks, 1 = cheap ones (default), 2 = whole-structure validators after each stage. */
HGR_API void hgr_run_set_check_level(hgr_run *run, uint32_t level);
HGR_API void hgr_run_set_progress(hgr_run *run, hgr_progress_fn *progress, void *user);
HGR_API void hgr_run_set_phase(hgr_run *run, hgr_phase_fn *phase, void *user);

/** Ask all calls of this run to stop with HGR_CANCELLED; safe from a signal handler. */
HGR_API void hgr_run_cancel(hgr_run *run);

/** Bytes of the library's own (anonymous) memory now, and at the highest so far. */
HGR_API uint64_t hgr_run_memory_bytes(const hgr_run *run);
HGR_API uint64_t hgr_run_memory_peak_bytes(const hgr_run *run);

#ifdef __cplusplus
}
#endif
#endif
