/* state: the address space while its kinds are painted. Internal to this stage. */
#ifndef HGR_STATE_STATE_MEMORY_H
#define HGR_STATE_STATE_MEMORY_H

#include "state.h"
#include "state_pieces.h"

struct hgr_painter {
    hgr_state *state;
    const hgr_dump *dump;
    const hgr_memory_area *areas; /* of the dump; without them its ranges */
    hgr_memory_area *own_areas;
    size_t nareas;
    hgr_pieces universe, painted, class; /* class: the kind at hand */
    hgr_status *status;
};

/** Add a range to the kind at hand. */
HGR_MUST_CHECK hgr_result hgr_painter_add(struct hgr_painter *painter, uint64_t start, uint64_t end,
                                          hgr_memory_kind kind, const char *label);
/** state_memory_stacks.c: the stacks of all threads. */
HGR_MUST_CHECK hgr_result hgr_painter_add_stacks(struct hgr_painter *painter);

#endif
