/* state: locks on their way from the runtime's tables to hgr_locks. Internal to this stage. */
#ifndef HGR_STATE_STATE_LOCKS_H
#define HGR_STATE_STATE_LOCKS_H

#include "state.h"

struct hgr_state_locks {
    hgr_locks found; /* borrows from below */
    hgr_lock *locks;
    size_t nlocks, locks_capacity;
    hgr_wait *waits;
    size_t nwaits, waits_capacity;
    uint32_t *ring_waits; /* of all cycles, one after the other */
    hgr_lock_cycle *cycles;
    size_t ncycles, cycles_capacity;
    uint64_t *events; /* pairs {event object, lock object}: by which lock objects wake waiters */
    size_t nevents, events_capacity;
    hgr_map by_block;  /* sync block -> lock */
    hgr_map by_object; /* object -> lock */
    hgr_map threads;   /* Thread structure -> thread */
};

HGR_MUST_CHECK hgr_result hgr_locks_add(hgr_state *state, struct hgr_state_locks *locks,
                                        const hgr_lock *lock, hgr_status *status);
/** The thread whose structure, managed id or OS id it is; HGR_NO_THREAD = none of the list. */
uint32_t hgr_locks_thread_at(const struct hgr_state_locks *locks, uint64_t thread_addr);
uint32_t hgr_locks_thread_of_id(const hgr_state *state, uint32_t managed_id);
uint32_t hgr_locks_thread_of_os_id(const hgr_state *state, uint32_t os_id);

/** One entry of the sync table; the object word is odd in a free one. */
struct hgr_sync_entry {
    uint64_t block_addr, object_addr;
};
bool hgr_sync_entry_read(const hgr_state *state, uint32_t index, struct hgr_sync_entry *out);
/** The table's index in an object's header, 0 = it has none. */
uint32_t hgr_sync_index(uint32_t header);

/** state_sync_blocks.c: monitors with a sync block. */
HGR_MUST_CHECK hgr_result hgr_locks_read_table(hgr_state *state, struct hgr_state_locks *locks,
                                               hgr_status *status);
/** state_lock_objects.c: thin locks and lock objects among what the stacks (and the heap) name. */
HGR_MUST_CHECK hgr_result hgr_locks_read_objects(hgr_state *state, const hgr_snapshot *snapshot,
                                                 struct hgr_state_locks *locks, hgr_status *status);
/** state_waits.c: who waits for which, and the rings. */
HGR_MUST_CHECK hgr_result hgr_locks_read_waits(hgr_state *state, struct hgr_state_locks *locks,
                                               hgr_status *status);

#endif
