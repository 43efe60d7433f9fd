/* state: who waits for which lock, and rings of threads that wait for each other.
 *
 * Facts: each Thread points at the record of what it is blocked in, on its own stack: {SyncBlock*,
 * AppDomain*, i32 type, i32 timeout, next}. Where the record hangs in Thread is known for some
 * runtimes; in the others it is the word that leads to such a record.
 * Derived: a thread that waits for a lock object has the lock's private event on its stack. A stack
 * may hold stale words, so this is believed only when no more threads have it than the lock counts.
 */
#include "state_locks.h"

#include <stdlib.h>

#include "../base/status.h"

#define THREAD_BYTES 0xc00 /* no runtime's Thread is larger */
enum { FOR_LOCK = 0, FOR_PULSE = 1 };

/* ---- facts ---- */

struct record {
    uint64_t block_addr;
    uint32_t type;
    int32_t timeout_ms;
};

static bool read_record(const hgr_state *state, const hgr_clr_thread *thread, uint64_t addr,
                        struct record *out)
{
    const hgr_space *space = state->space;
    uint64_t p = space->pointer_size, domain;
    uint32_t timeout;
    if (addr % p != 0 || addr < thread->os_thread->sp || addr >= thread->stack_base_addr ||
        !hgr_space_ptr(space, addr, &out->block_addr) || !hgr_space_ptr(space, addr + p, &domain) ||
        !hgr_space_u32(space, addr + 2 * p, &out->type) ||
        !hgr_space_u32(space, addr + 2 * p + 4, &timeout))
        return false;
    out->timeout_ms = (int32_t)timeout;
    return out->block_addr != 0 && domain == state->runtime->app_domain_addr &&
           out->type <= FOR_PULSE;
}

static bool find_record(const hgr_state *state, const struct hgr_state_locks *locks,
                        const hgr_clr_thread *thread, struct record *out)
{
    uint32_t at = state->runtime->layout.thread_blocking_item, p = state->space->pointer_size;
    uint64_t addr;
    if (at != HGR_NO_OFFSET)
        return hgr_space_ptr(state->space, thread->thread_addr + at, &addr) && addr != 0 &&
               read_record(state, thread, addr, out);
    for (at = 0; at < THREAD_BYTES; at += p)
        if (hgr_space_ptr(state->space, thread->thread_addr + at, &addr) &&
            read_record(state, thread, addr, out) &&
            hgr_map_get(&locks->by_block, out->block_addr) != HGR_MAP_NONE)
            return true;
    return false;
}

static hgr_result add_wait(hgr_state *state, struct hgr_state_locks *locks, const hgr_wait *wait,
                           hgr_status *status)
{
    hgr_result result = hgr_grow(state->run, &locks->waits, &locks->waits_capacity,
                                 locks->nwaits + 1, UINT32_MAX, sizeof *wait, "waits", status);
    if (result == HGR_OK)
        locks->waits[locks->nwaits++] = *wait;
    return result;
}

static hgr_result add_facts(hgr_state *state, struct hgr_state_locks *locks, hgr_status *status)
{
    const hgr_runtime *runtime = state->runtime;
    hgr_result result = HGR_OK;
    for (uint32_t t = 0; t < runtime->nthreads && result == HGR_OK; t++) {
        struct record record;
        if (!runtime->threads[t].os_thread ||
            !find_record(state, locks, &runtime->threads[t], &record))
            continue;
        uint32_t lock = hgr_map_get(&locks->by_block, record.block_addr);
        hgr_wait wait = {.thread = t,
                         .lock = lock == HGR_MAP_NONE ? UINT32_MAX : lock,
                         .lock_addr = record.block_addr,
                         .for_pulse = record.type == FOR_PULSE,
                         .timeout_ms = record.timeout_ms,
                         .evidence = HGR_FROM_RUNTIME,
                         .cycle = UINT32_MAX};
        if (wait.for_pulse && lock != HGR_MAP_NONE)
            locks->locks[lock].pulse_waiting++;
        result = add_wait(state, locks, &wait, status);
    }
    return result;
}

/* ---- derived from the stacks ---- */

/* The lock object each thread seems to wait for: the event nearest to the top of its stack. */
struct guess {
    uint64_t slot_addr; /* of the event, 0 = in a register */
    uint32_t lock;
    bool found;
};

static void consider(const struct hgr_state_locks *locks, const hgr_map *events,
                     const hgr_clr_stack_word *word, struct guess *guesses)
{
    uint32_t lock = hgr_map_get(events, word->value);
    struct guess *guess = &guesses[word->thread];
    if (lock == HGR_MAP_NONE || locks->locks[lock].waiting == 0 ||
        locks->locks[lock].owner == word->thread)
        return;
    if (guess->found && guess->slot_addr <= word->slot_addr)
        return;
    *guess = (struct guess){word->slot_addr, lock, true};
}

static hgr_result index_events(const struct hgr_state_locks *locks, hgr_map *out,
                               hgr_status *status)
{
    hgr_result result = HGR_OK;
    for (size_t i = 0; i < locks->nevents && result == HGR_OK; i += 2) {
        uint32_t lock = hgr_map_get(&locks->by_object, locks->events[i + 1]);
        if (lock != HGR_MAP_NONE)
            result = hgr_map_put(out, locks->events[i], lock, status);
    }
    return result;
}

static hgr_result guess_waits(hgr_state *state, struct hgr_state_locks *locks,
                              const hgr_map *events, struct guess *guesses, hgr_status *status)
{
    hgr_clr_stack_word *words = NULL;
    size_t count = 0;
    hgr_result result = hgr_clr_stack_words(state->runtime, state->run, &words, &count, status);
    for (size_t i = 0; i < count && result == HGR_OK; i++)
        consider(locks, events, &words[i], guesses);
    hgr_free(words);
    return result;
}

/* A thread with a fact needs no guess. What waits in a semaphore waits for a pulse on its inner
 * lock. */
static void drop_known(struct hgr_state_locks *locks, const hgr_map *events, struct guess *guesses)
{
    for (size_t i = 0; i < locks->nwaits; i++) {
        hgr_wait *wait = &locks->waits[i];
        guesses[wait->thread].found = false;
        if (!wait->for_pulse || wait->lock == UINT32_MAX)
            continue;
        uint32_t outer = hgr_map_get(events, locks->locks[wait->lock].object.addr);
        if (outer != HGR_MAP_NONE && locks->locks[outer].kind == HGR_LOCK_SEMAPHORE)
            wait->lock = outer;
    }
}

static hgr_result add_guesses(hgr_state *state, struct hgr_state_locks *locks,
                              const struct guess *guesses, hgr_status *status)
{
    size_t n = state->runtime->nthreads;
    hgr_result result = HGR_OK;
    for (uint32_t t = 0; t < n && result == HGR_OK; t++) {
        uint32_t same = 0;
        if (!guesses[t].found)
            continue;
        for (size_t i = 0; i < n; i++)
            same += guesses[i].found && guesses[i].lock == guesses[t].lock;
        if (same > locks->locks[guesses[t].lock].waiting)
            continue; /* some of these words are stale, and nothing says which */
        hgr_wait wait = {.thread = t,
                         .lock = guesses[t].lock,
                         .lock_addr = locks->locks[guesses[t].lock].object.addr,
                         .timeout_ms = -1,
                         .evidence = HGR_FROM_STACK,
                         .cycle = UINT32_MAX};
        result = add_wait(state, locks, &wait, status);
    }
    return result;
}

static hgr_result add_derived(hgr_state *state, struct hgr_state_locks *locks, hgr_status *status)
{
    struct guess *guesses;
    hgr_map events;
    if (locks->nevents == 0)
        return HGR_OK;
    hgr_result result =
        hgr_alloc(state->run, state->runtime->nthreads, sizeof *guesses, "waits", &guesses, status);
    if (result != HGR_OK)
        return result;
    hgr_map_init(&events, state->run);
    result = index_events(locks, &events, status);
    if (result == HGR_OK)
        result = guess_waits(state, locks, &events, guesses, status);
    if (result == HGR_OK) {
        drop_known(locks, &events, guesses);
        result = add_guesses(state, locks, guesses, status);
    }
    hgr_map_fini(&events);
    hgr_free(guesses);
    return result;
}

/* ---- rings ---- */

static int by_thread(const void *left, const void *right)
{
    const hgr_wait *a = left, *b = right;
    return a->thread < b->thread ? -1 : a->thread > b->thread;
}

/* The ring that starts at thread `first`: its waits in the order in which they lead on. */
static hgr_result add_ring(hgr_state *state, struct hgr_state_locks *locks, const uint32_t *next,
                           const uint32_t *wait_of, uint32_t first, size_t *used,
                           hgr_status *status)
{
    hgr_lock_cycle cycle = {.waits = locks->ring_waits + *used, .evidence = HGR_FROM_RUNTIME};
    uint32_t t = first;
    do {
        hgr_wait *wait = &locks->waits[wait_of[t]];
        wait->cycle = (uint32_t)locks->ncycles;
        if (wait->evidence != HGR_FROM_RUNTIME)
            cycle.evidence = wait->evidence;
        locks->ring_waits[(*used)++] = wait_of[t];
        cycle.count++;
        t = next[t];
    } while (t != first);
    hgr_result result =
        hgr_grow(state->run, &locks->cycles, &locks->cycles_capacity, locks->ncycles + 1,
                 UINT32_MAX, sizeof cycle, "lock cycles", status);
    if (result == HGR_OK)
        locks->cycles[locks->ncycles++] = cycle;
    return result;
}

static hgr_result find_rings(hgr_state *state, struct hgr_state_locks *locks, hgr_status *status)
{
    size_t n = state->runtime->nthreads, used = 0;
    uint32_t *arrays;
    hgr_result result = hgr_alloc(state->run, n, 4 * sizeof *arrays, "wait graph", &arrays, status);
    if (result != HGR_OK)
        return result;
    uint32_t *next = arrays, *wait_of = arrays + n, *walk = arrays + 2 * n, *ring = arrays + 3 * n;
    for (size_t t = 0; t < n; t++)
        next[t] = HGR_NO_THREAD;
    for (uint32_t i = 0; i < locks->nwaits; i++) {
        const hgr_wait *wait = &locks->waits[i];
        if (wait->for_pulse || wait->lock == UINT32_MAX)
            continue;
        next[wait->thread] = locks->locks[wait->lock].owner;
        wait_of[wait->thread] = i;
    }
    hgr_wait_rings(next, n, walk, ring);
    result = hgr_alloc(state->run, locks->nwaits, sizeof *locks->ring_waits, "lock cycles",
                       &locks->ring_waits, status);
    for (uint32_t t = 0; t < n && result == HGR_OK; t++)
        if (ring[t] == t)
            result = add_ring(state, locks, next, wait_of, t, &used, status);
    hgr_free(arrays);
    return result;
}

hgr_result hgr_locks_read_waits(hgr_state *state, struct hgr_state_locks *locks, hgr_status *status)
{
    hgr_result result = add_facts(state, locks, status);
    if (result == HGR_OK)
        result = add_derived(state, locks, status);
    if (result == HGR_OK && locks->nwaits > 1)
        qsort(locks->waits, locks->nwaits, sizeof *locks->waits, by_thread);
    return result == HGR_OK ? find_rings(state, locks, status) : result;
}
