/* heapgraph: what the process was doing when the dump was taken: handles, finalization queue,
 * locks. Read from the runtime's own tables in milliseconds; the heap is not walked unless a call
 * says so. */
#ifndef HEAPGRAPH_STATE_H
#define HEAPGRAPH_STATE_H

#include <heapgraph/snapshot.h>

#ifdef __cplusplus
extern "C" {
#endif

/** Everything below is kept in it, and valid until it is freed. One caller at a time. */
typedef struct hgr_state hgr_state;

/**
 * Begin to ask about the state of a process.
 *
 * Cost     microseconds; each answer is read at the first call that asks for it.
 * Errors   HGR_NO_MEMORY.
 * Owner    caller frees with hgr_state_free; runtime and its dump must outlive it.
 */
HGR_API HGR_MUST_CHECK hgr_result hgr_state_create(const hgr_runtime *runtime, const hgr_run *run,
                                                   hgr_state **out, hgr_status *status);
HGR_API void hgr_state_free(hgr_state *state);

/** An object as the runtime's tables name it. */
typedef struct hgr_object_row {
    uint64_t addr;
    uint64_t method_table_addr;
    uint64_t bytes;            /* shallow */
    const char *type;          /* as in hgr_type_info; NULL: no object is at addr */
    hgr_generation generation; /* of the segment; HGR_GENERATIONS: addr is in none */
} hgr_object_row;

/* ---- handles ---- */

typedef struct hgr_handle_row {
    hgr_handle handle;
    hgr_object_row object;
    hgr_object_row dependent; /* addr 0: no dependent handle, or its secondary is null */
} hgr_handle_row;

/**
 * Every handle that holds an object, ascending by slot.
 *
 * Values   *out_bad: slots and segments of the handle table that failed their checks.
 * Errors   HGR_NO_MEMORY, HGR_TOO_LARGE.
 */
HGR_API HGR_MUST_CHECK hgr_result hgr_state_handles(hgr_state *state, const hgr_handle_row **out,
                                                    size_t *out_count, uint64_t *out_bad,
                                                    hgr_status *status);

/* ---- finalization queue ---- */

typedef struct hgr_finalizable {
    hgr_object_row object;
    bool ready;      /* unreachable but for the queue: its finalizer will run */
    bool suppressed; /* GC.SuppressFinalize was called, or the finalizer has run */
} hgr_finalizable;

/** Objects with a finalizer: the registered ones in queue order, then the ready ones. */
HGR_API HGR_MUST_CHECK hgr_result hgr_state_finalizable(hgr_state *state,
                                                        const hgr_finalizable **out,
                                                        size_t *out_count, hgr_status *status);

#ifdef __cplusplus
}
#endif
#endif
