/* clr: the references in a thread's frames, as GC information names them. Internal to this stage
 * and those that show stacks. */
#ifndef HGR_CLR_FRAME_ROOTS_H
#define HGR_CLR_FRAME_ROOTS_H

#include "clr_walk.h"
#include "gc_info.h"

/** One live slot that is not null. */
typedef struct hgr_clr_frame_root {
    uint32_t frame;     /* index into the walk's frames */
    uint64_t value;     /* the reference */
    uint64_t slot_addr; /* where it lies; of a register where a younger frame saved it, or 0 */
    hgr_gc_slot slot;
    uint8_t frame_register; /* what HGR_GC_FRAME_REGISTER means here */
    bool is_this;           /* the method's own instance, where GC information says so */
} hgr_clr_frame_root;

/** Reader of one thread after the other. One caller at a time. */
typedef struct hgr_clr_root_reader {
    const hgr_runtime *runtime;
    hgr_clr_names *names;
    const hgr_run *run;
    uint32_t gc_version;
    uint16_t callee_saved; /* registers that functions preserve */
    hgr_clr_frame_root *roots;
    size_t nroots, roots_capacity;
    uint8_t *states; /* hgr_frame_roots of each frame */
    size_t states_capacity;
    uint8_t *live;
    size_t live_capacity;
} hgr_clr_root_reader;

void hgr_clr_root_reader_init(hgr_clr_root_reader *reader, const hgr_runtime *runtime,
                              hgr_clr_names *names, const hgr_run *run);
void hgr_clr_root_reader_fini(hgr_clr_root_reader *reader);
/**
 * Fill reader->states (one of each frame) and reader->roots (ascending by frame).
 *
 * Values   valid until the next call. A frame that is not PRECISE has no roots here.
 * Errors   HGR_NO_MEMORY.
 */
HGR_MUST_CHECK hgr_result hgr_clr_frame_roots_read(hgr_clr_root_reader *reader,
                                                   const hgr_clr_frame *frames, size_t count,
                                                   hgr_status *status);

#endif
