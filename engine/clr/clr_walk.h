/* clr: from a thread's registers down its stack, frame after frame. Internal to this stage and the
 * snapshot. */
#ifndef HGR_CLR_WALK_H
#define HGR_CLR_WALK_H

#include <heapgraph/stacks.h>
#include "../dump/registers.h"
#include "clr_code.h"

typedef struct hgr_clr_frame {
    uint8_t kind;    /* hgr_frame_kind */
    uint8_t reached; /* hgr_frame_reached */
    bool exact_ip;   /* the thread is at this instruction; else ip is a return address */
    hgr_registers registers;
    bool holds_helper;  /* native: an explicit frame in it may hold references of its caller's */
    uint64_t caller_sp; /* stack pointer of the frame that called it, 0 = not known */
    uint64_t gc_ip;     /* managed: where it stands as GC information counts: before a P/Invoke */
    hgr_clr_code code;  /* of managed frames and stubs */
} hgr_clr_frame;

/** What walks share: lookups that were made. One caller at a time. */
typedef struct hgr_clr_walker hgr_clr_walker;
HGR_MUST_CHECK hgr_result hgr_clr_walker_create(const hgr_runtime *runtime, const hgr_run *run,
                                                hgr_clr_walker **out, hgr_status *status);
void hgr_clr_walker_free(hgr_clr_walker *walker);

/**
 * Walk one thread, youngest frame first.
 *
 * Values   frames stay valid until the next walk; stack pointers ascend.
 * Cost     microseconds a frame; each step is bounded and moves the stack pointer up.
 * Errors   HGR_NO_MEMORY, HGR_TOO_LARGE.
 */
HGR_MUST_CHECK hgr_result hgr_clr_walk(hgr_clr_walker *walker, const hgr_clr_thread *thread,
                                       const hgr_clr_frame **out, size_t *out_count,
                                       hgr_stack_end *out_end, hgr_status *status);

/* ---- clr_explicit.c: the runtime's own list of frames ---- */

/** One explicit frame: a call from managed into native code as the runtime noted it
 * (InlinedCallFrame), or another one. */
typedef struct hgr_clr_call {
    uint64_t frame_addr;
    uint64_t sp, ip, fp; /* of the managed caller, or of native code that it called; ip 0: none */
    uint64_t saved_addr; /* where the registers lie that ip and sp go with, 0 = nowhere */
    bool is_helper;      /* no call, and it may hold references */
} hgr_clr_call;

#define HGR_CLR_MAX_EXPLICIT 4096u /* explicit frames of one thread */

/** The explicit frames of a thread, ascending by place; at most HGR_CLR_MAX_EXPLICIT. */
HGR_MUST_CHECK hgr_result hgr_clr_calls_read(const hgr_runtime *runtime, const hgr_run *run,
                                             const hgr_clr_thread *thread, hgr_clr_call **calls,
                                             size_t *count, size_t *capacity, hgr_status *status);

#endif
