/* state: locks: the sync table, the stacks, who waits, who waits for each other, in this order. */
#include "state_locks.h"

#include <stdlib.h>

#include "../base/status.h"

#define MAX_LOCKS (1u << 28)

const char *hgr_lock_kind_name(hgr_lock_kind kind)
{
    static const char *const names[HGR_LOCK_KINDS] = {"monitor", "thin", "Lock", "reader-writer",
                                                      "semaphore"};
    return (unsigned)kind < HGR_LOCK_KINDS ? names[kind] : "unknown";
}

hgr_result hgr_locks_add(hgr_state *state, struct hgr_state_locks *locks, const hgr_lock *lock,
                         hgr_status *status)
{
    hgr_result result = hgr_grow(state->run, &locks->locks, &locks->locks_capacity,
                                 locks->nlocks + 1, MAX_LOCKS, sizeof *lock, "locks", status);
    if (result == HGR_OK)
        locks->locks[locks->nlocks++] = *lock;
    return result;
}

/* ---- whose ---- */

static hgr_result index_threads(const hgr_state *state, hgr_map *out, hgr_status *status)
{
    hgr_result result = HGR_OK;
    for (uint32_t t = 0; t < state->runtime->nthreads && result == HGR_OK; t++)
        if (state->runtime->threads[t].thread_addr) /* 0: known by its stack only */
            result = hgr_map_put(out, state->runtime->threads[t].thread_addr, t, status);
    return result;
}

uint32_t hgr_locks_thread_at(const struct hgr_state_locks *locks, uint64_t thread_addr)
{
    uint32_t found = hgr_map_get(&locks->threads, thread_addr);
    return found == HGR_MAP_NONE ? HGR_NO_THREAD : found;
}

uint32_t hgr_locks_thread_of_id(const hgr_state *state, uint32_t managed_id)
{
    for (uint32_t t = 0; managed_id && t < state->runtime->nthreads; t++)
        if (state->runtime->threads[t].id == managed_id)
            return t;
    return HGR_NO_THREAD;
}

uint32_t hgr_locks_thread_of_os_id(const hgr_state *state, uint32_t os_id)
{
    for (uint32_t t = 0; os_id && t < state->runtime->nthreads; t++)
        if (state->runtime->threads[t].os_id == os_id)
            return t;
    return HGR_NO_THREAD;
}

/* ---- by object address ---- */

static int by_object(const void *left, const void *right)
{
    const hgr_lock *a = left, *b = right;
    if (a->object.addr != b->object.addr)
        return a->object.addr < b->object.addr ? -1 : 1;
    return (a->kind > b->kind) - (a->kind < b->kind);
}

/* Copies that a collection left behind in free space go. The sync table is right about its objects.
 */
static hgr_result drop_copies(const hgr_state *state, struct hgr_state_locks *locks,
                              hgr_status *status)
{
    uint64_t *addrs = NULL;
    uint8_t *verdicts = NULL;
    size_t kept = 0, n = locks->nlocks;
    hgr_result result = hgr_alloc(state->run, n, sizeof *addrs, "lock objects", &addrs, status);
    if (result == HGR_OK)
        result = hgr_alloc(state->run, n, sizeof *verdicts, "lock objects", &verdicts, status);
    for (size_t i = 0; result == HGR_OK && i < n; i++)
        addrs[i] = locks->locks[i].object.addr;
    if (result == HGR_OK)
        result = hgr_state_starts(state, addrs, n, verdicts, status);
    for (size_t i = 0; result == HGR_OK && i < n; i++)
        if (locks->locks[i].kind == HGR_LOCK_MONITOR || verdicts[i] != HGR_NO_OBJECT)
            locks->locks[kept++] = locks->locks[i];
    if (result == HGR_OK)
        locks->nlocks = kept;
    hgr_free(verdicts);
    hgr_free(addrs);
    return result;
}

/* Sort, then index: from here on locks have their numbers. */
static hgr_result sort_locks(const hgr_state *state, struct hgr_state_locks *locks,
                             hgr_status *status)
{
    if (locks->nlocks > 1)
        qsort(locks->locks, locks->nlocks, sizeof *locks->locks, by_object);
    hgr_result result = drop_copies(state, locks, status);
    for (uint32_t i = 0; i < locks->nlocks && result == HGR_OK; i++) {
        if (locks->locks[i].object.addr)
            result = hgr_map_put(&locks->by_object, locks->locks[i].object.addr, i, status);
        if (result == HGR_OK && locks->locks[i].block_addr)
            result = hgr_map_put(&locks->by_block, locks->locks[i].block_addr, i, status);
    }
    return result;
}

static hgr_result read_all(hgr_state *state, const hgr_snapshot *snapshot,
                           struct hgr_state_locks *locks, hgr_status *status)
{
    hgr_result result = index_threads(state, &locks->threads, status);
    if (result == HGR_OK)
        result = hgr_locks_read_table(state, locks, status);
    if (result == HGR_OK)
        result = hgr_locks_read_objects(state, snapshot, locks, status);
    if (result == HGR_OK)
        result = sort_locks(state, locks, status);
    return result == HGR_OK ? hgr_locks_read_waits(state, locks, status) : result;
}

hgr_result hgr_state_locks(hgr_state *state, const hgr_snapshot *snapshot, const hgr_locks **out,
                           hgr_status *status)
{
    struct hgr_state_locks *locks = state->locks;
    hgr_result result = HGR_OK;
    if (locks && locks->found.whole_heap < (snapshot != NULL)) {
        hgr_state_locks_free(locks);
        state->locks = locks = NULL;
    }
    if (!locks) {
        result = hgr_alloc(state->run, 1, sizeof *locks, "locks", &locks, status);
        if (result != HGR_OK)
            return result;
        hgr_map_init(&locks->by_block, state->run);
        hgr_map_init(&locks->by_object, state->run);
        hgr_map_init(&locks->threads, state->run);
        result = hgr_state_settle(state, read_all(state, snapshot, locks, status), status);
        if (result != HGR_OK) {
            hgr_state_locks_free(locks);
            return result;
        }
        state->locks = locks;
    }
    locks->found.locks = locks->locks;
    locks->found.nlocks = locks->nlocks;
    locks->found.waits = locks->waits;
    locks->found.nwaits = locks->nwaits;
    locks->found.cycles = locks->cycles;
    locks->found.ncycles = locks->ncycles;
    *out = &locks->found;
    return HGR_OK;
}

void hgr_state_locks_free(struct hgr_state_locks *locks)
{
    if (!locks)
        return;
    hgr_map_fini(&locks->threads);
    hgr_map_fini(&locks->by_object);
    hgr_map_fini(&locks->by_block);
    hgr_free(locks->events);
    hgr_free(locks->cycles);
    hgr_free(locks->ring_waits);
    hgr_free(locks->waits);
    hgr_free(locks->locks);
    hgr_free(locks);
}
