/* stacks: what is kept of all stacks. Internal to this stage and the snapshot. */
#ifndef HGR_STACKS_STACKS_H
#define HGR_STACKS_STACKS_H

#include <heapgraph/inspect.h>
#include <heapgraph/stacks.h>
#include "../clr/clr_frame_roots.h"
#include "../clr/clr_names.h"

struct hgr_stacks {
    const hgr_runtime *runtime;
    const hgr_run *run;
    hgr_arena arena;             /* text */
    hgr_managed_thread *threads; /* as many as runtime->threads, same index */
    size_t nthreads;
    hgr_stack_frame *frames;
    size_t nframes, frames_capacity;
    hgr_stack_root *roots;
    size_t nroots, roots_capacity;
};

/** What reading needs and the answer does not. */
typedef struct hgr_stacks_reader {
    hgr_stacks *stacks;
    hgr_inspector *inspector;
    hgr_clr_names *names;
    hgr_clr_walker *walker;
    hgr_clr_root_reader roots;
    hgr_clr_word_scan words;
    hgr_map method_index; /* MethodDesc -> methods[] */
    const char **methods;
    const char **method_modules;
    size_t nmethods, methods_capacity, modules_capacity;
    hgr_map place_index; /* what a slot's place is made of -> places[] */
    const char **places;
    size_t nplaces, places_capacity;
    hgr_text text; /* scratch */
} hgr_stacks_reader;

/** Copy reader->text into the stacks' arena; NULL when out of memory. */
const char *hgr_stacks_keep(hgr_stacks_reader *reader, hgr_status *status);

/* ---- stack_threads.c ---- */

/** Fill stacks->threads[index] but for its frames and roots. */
HGR_MUST_CHECK hgr_result hgr_stacks_read_thread(hgr_stacks_reader *reader, size_t index,
                                                 hgr_status *status);

/* ---- stack_frames.c ---- */

/** Add the frames of a walk. */
HGR_MUST_CHECK hgr_result hgr_stacks_add_frames(hgr_stacks_reader *reader,
                                                const hgr_clr_frame *frames, size_t count,
                                                hgr_status *status);

/* ---- stack_roots.c ---- */

/** Add the roots of a walk whose frames were just added to threads[index]. */
HGR_MUST_CHECK hgr_result hgr_stacks_add_roots(hgr_stacks_reader *reader, size_t index,
                                               const hgr_clr_frame *frames, size_t count,
                                               hgr_status *status);

#endif
