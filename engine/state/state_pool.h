/* state: the thread pool while it is read. Internal to this stage. */
#ifndef HGR_STATE_STATE_POOL_H
#define HGR_STATE_STATE_POOL_H

#include "state.h"

struct hgr_state_pool {
    hgr_pool found; /* borrows from below */
    hgr_pool_queue *queues;
    size_t nqueues, queues_capacity;
    hgr_work_item *items;
    size_t nitems, items_capacity;
    hgr_timer *timers;
    size_t ntimers, timers_capacity;
};

/** The first of some paths (a list, ended by NULL) that leads to an object. */
bool hgr_pool_object(hgr_state *state, const char *const *paths, hgr_object *out);
/** A member of an object as a number or reference; 0 when it has none. */
uint64_t hgr_pool_member(hgr_state *state, const hgr_object *object, const char *path);
/** The method that the delegate in one of some fields (a list, ended by NULL) calls, kept; "" =
 * none. */
HGR_MUST_CHECK hgr_result hgr_pool_method(hgr_state *state, const hgr_object *object,
                                          const char *const *fields, const char **out,
                                          hgr_status *status);
/** state_timers.c */
HGR_MUST_CHECK hgr_result hgr_pool_read_timers(hgr_state *state, struct hgr_state_pool *pool,
                                               hgr_status *status);

#endif
