/* clr: from a thread's registers down its stack, frame after frame. Internal to this stage and the
 * snapshot. */
#ifndef HGR_CLR_WALK_H
#define HGR_CLR_WALK_H

#include "../dump/registers.h"
#include "clr_code.h"

typedef enum hgr_frame_kind {
    HGR_FRAME_NATIVE,
    HGR_FRAME_MANAGED, /* code.method_addr is its method */
    HGR_FRAME_STUB     /* the runtime's own glue */
} hgr_frame_kind;

/** How a walk came to a frame. */
typedef enum hgr_reached {
    HGR_REACHED_THREAD,   /* the thread's own registers */
    HGR_REACHED_UNWIND,   /* unwind tables of the frame before it */
    HGR_REACHED_EXPLICIT, /* the runtime's list of frames, where no table leads on */
    HGR_REACHED_CHAIN     /* x86: the saved frame pointer */
} hgr_reached;

typedef struct hgr_clr_frame {
    uint8_t kind;    /* hgr_frame_kind */
    uint8_t reached; /* hgr_reached */
    bool exact_ip;   /* the thread is at this instruction; else ip is a return address */
    hgr_registers registers;
    uint64_t caller_sp; /* stack pointer of the frame that called it, 0 = not known */
    uint64_t gc_ip;     /* managed: where it stands as GC information counts: before a P/Invoke */
    hgr_clr_code code;  /* of managed frames and stubs */
} hgr_clr_frame;

/** How a walk ended. */
typedef enum hgr_walk_end {
    HGR_WALK_COMPLETE, /* at the thread's first frame */
    HGR_WALK_LOST,     /* no table leads on: what is older was not seen */
    HGR_WALK_TOO_DEEP, /* over HGR_CLR_MAX_FRAMES */
    HGR_WALK_NO_REGISTERS
} hgr_walk_end;

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
                                       hgr_walk_end *out_end, hgr_status *status);

/* ---- clr_explicit.c: the runtime's own list of frames ---- */

/** One call from managed into native code, as the runtime noted it (InlinedCallFrame). */
typedef struct hgr_clr_call {
    uint64_t frame_addr;
    uint64_t sp, ip, fp; /* of the managed caller */
} hgr_clr_call;

#define HGR_CLR_MAX_EXPLICIT 4096u /* explicit frames of one thread */

/** The calls in progress of a thread, youngest first; at most HGR_CLR_MAX_EXPLICIT. */
HGR_MUST_CHECK hgr_result hgr_clr_calls_read(const hgr_runtime *runtime, const hgr_run *run,
                                             const hgr_clr_thread *thread, hgr_clr_call **calls,
                                             size_t *count, size_t *capacity, hgr_status *status);

#endif
