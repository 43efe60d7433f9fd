/* tools: threads and stacks as answers show them; threads with the same stack together. */
#ifndef TOOLS_STACK_GROUPS_H
#define TOOLS_STACK_GROUPS_H

#include "session.h"

/** The thread with this OS id, HGR_MANY_GROUPS when there is none. */
uint32_t stack_thread_of(const hgr_stacks *stacks, uint32_t os_id);
/** The youngest frame that is none of the framework's (System, Microsoft, Interop), else the
 * youngest managed one; NULL when no managed frame was seen. */
const hgr_stack_frame *stack_own_frame(const hgr_stacks *stacks, const hgr_managed_thread *thread);
/** Append "background, pool worker" and so on; "-" when there is nothing to say. */
void stack_state(const hgr_managed_thread *thread, strbuf *out);
/** Append `0x1b84 "request-worker"`. */
void stack_thread_name(const hgr_managed_thread *thread, strbuf *out);

/** Threads whose shown frames are the same methods. */
typedef struct stack_group {
    uint32_t *threads; /* ascending indices for hgr_stacks_thread */
    size_t count;
    bool frames; /* any is shown */
} stack_group;

typedef struct stack_groups {
    stack_group *rows; /* most threads first, then the first thread's index; without frames last */
    size_t count;
    uint32_t *threads; /* what rows point into */
} stack_groups;

/** Which threads and frames are wanted. */
typedef struct stack_filter {
    bool all_frames;    /* native ones and stubs too */
    bool each;          /* no two threads together */
    const char *thread; /* managed id, OS id or name; NULL = every thread */
} stack_filter;

bool stack_frame_shown(const stack_filter *filter, const hgr_stack_frame *frame);
stack_groups stack_groups_create(const hgr_stacks *stacks, const stack_filter *filter);
void stack_groups_free(stack_groups *groups);

#endif
