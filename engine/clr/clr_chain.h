/* clr: from one frame to its caller on x86. Part of clr_walk.c. */
#ifndef HGR_CLR_CHAIN_H
#define HGR_CLR_CHAIN_H

#include "clr_walk.h"

typedef struct hgr_clr_chain {
    const hgr_runtime *runtime;
    hgr_clr_codes *codes;
    const hgr_clr_thread *thread;
    hgr_status *status;
    hgr_result result; /* of lookups in the step under way */
} hgr_clr_chain;

/**
 * Values   *out's registers and how it was reached; ip 0 = the frame was the thread's first. The
 *          stack pointer moves up.
 * Cost     microseconds by the chain; a search looks at no more than 1 MiB of stack.
 * Errors   HGR_NO_MEMORY, HGR_TOO_LARGE, of code lookups.
 */
HGR_MUST_CHECK hgr_result hgr_clr_chain_step(hgr_clr_chain *chain, const hgr_clr_frame *frame,
                                             bool *out_found, hgr_clr_frame *out);

#endif
