/* state: thin locks, and locks that are objects: System.Threading.Lock, ReaderWriterLockSlim,
 * SemaphoreSlim.
 *
 * Input: the words of the threads' stacks and registers that are objects, since a thread has there
 * what it holds or waits for; with a snapshot every object. Output: locks that are held or waited
 * for, and the private event objects by which lock objects wake their waiters. */
#include "state_locks.h"

#include <string.h>

#include "../base/status.h"

#define HEADER_IS_INDEX 0x08000000u
#define HEADER_SPIN     0x10000000u
/* System.Threading.Lock._state */
#define LOCK_HELD          1u
#define LOCK_WAITERS_SHIFT 7
/* ReaderWriterLockSlim._owners */
#define WRITER_HELD  0x80000000u
#define READERS_MASK 0x0fffffffu

/* Where a thin lock keeps what: from 8 on 16 bits of thread id, before 10. */
struct thin_bits {
    uint32_t thread, times_shift;
};

static struct thin_bits thin_bits(const hgr_state *state)
{
    return state->runtime->layout.major >= 8 ? (struct thin_bits){0xffff, 16}
                                             : (struct thin_bits){0x3ff, 10};
}

struct search {
    hgr_state *state;
    struct hgr_state_locks *locks;
    hgr_map seen;  /* objects looked at */
    hgr_map kinds; /* method table -> kind of lock object, HGR_LOCK_KINDS = none */
    hgr_status *status;
};

/* ---- what kind ---- */

static uint32_t kind_of_name(const char *type)
{
    static const struct {
        const char *name;
        hgr_lock_kind kind;
    } names[] = {{"System.Threading.Lock", HGR_LOCK_OBJECT},
                 {"System.Threading.ReaderWriterLockSlim", HGR_LOCK_READER_WRITER},
                 {"System.Threading.SemaphoreSlim", HGR_LOCK_SEMAPHORE}};
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
        if (strcmp(names[i].name, type) == 0)
            return names[i].kind;
    return HGR_LOCK_KINDS;
}

static hgr_result kind_of(struct search *search, const hgr_object *object, uint32_t *out)
{
    *out = hgr_map_get(&search->kinds, object->type->method_table_addr);
    if (*out != HGR_MAP_NONE)
        return HGR_OK;
    *out = kind_of_name(object->type->name);
    return hgr_map_put(&search->kinds, object->type->method_table_addr, *out, search->status);
}

/* ---- lock objects ---- */

static hgr_result add_event(struct search *search, const hgr_object *lock, const char *field)
{
    struct hgr_state_locks *locks = search->locks;
    uint64_t event;
    if (!hgr_state_value(search->state, lock, field, &event) || event == 0)
        return HGR_OK;
    hgr_result result =
        hgr_grow(search->state->run, &locks->events, &locks->events_capacity, locks->nevents + 2,
                 UINT32_MAX, sizeof *locks->events, "wait events", search->status);
    if (result != HGR_OK)
        return result;
    locks->events[locks->nevents++] = event;
    locks->events[locks->nevents++] = lock->addr;
    return HGR_OK;
}

static uint32_t value32(struct search *search, const hgr_object *object, const char *field)
{
    uint64_t value = 0;
    return hgr_state_value(search->state, object, field, &value) ? (uint32_t)value : 0;
}

static hgr_result read_lock(struct search *search, hgr_lock *lock)
{
    uint32_t bits = value32(search, &lock->object, "_state");
    lock->held = bits & LOCK_HELD;
    lock->waiting = bits >> LOCK_WAITERS_SHIFT;
    if (lock->held) {
        lock->owner_word = value32(search, &lock->object, "_owningThreadId");
        lock->owner = hgr_locks_thread_of_os_id(search->state, (uint32_t)lock->owner_word);
        lock->times = value32(search, &lock->object, "_recursionCount") + 1;
    }
    return add_event(search, &lock->object, "_waitEvent");
}

static hgr_result read_reader_writer(struct search *search, hgr_lock *lock)
{
    static const char *const events[] = {"_writeEvent", "_readEvent", "_upgradeEvent",
                                         "_waitUpgradeEvent"};
    uint32_t owners = value32(search, &lock->object, "_owners");
    lock->readers = owners & READERS_MASK;
    lock->held = owners & WRITER_HELD;
    lock->waiting = value32(search, &lock->object, "_numWriteWaiters") +
                    value32(search, &lock->object, "_numReadWaiters") +
                    value32(search, &lock->object, "_numWriteUpgradeWaiters") +
                    value32(search, &lock->object, "_numUpgradeWaiters");
    if (lock->held) {
        lock->owner_word = value32(search, &lock->object, "_writeLockOwnerId");
        lock->owner = hgr_locks_thread_of_id(search->state, (uint32_t)lock->owner_word);
        lock->times = 1;
    }
    hgr_result result = HGR_OK;
    for (size_t i = 0; i < sizeof events / sizeof events[0] && result == HGR_OK; i++)
        result = add_event(search, &lock->object, events[i]);
    return result;
}

/* Nobody owns a semaphore; its waiters sit in Monitor.Wait on its lock object. */
static hgr_result read_semaphore(struct search *search, hgr_lock *lock)
{
    lock->waiting = value32(search, &lock->object, "m_waitCount");
    hgr_result result = add_event(search, &lock->object, "m_lockObjAndDisposed");
    return result == HGR_OK ? add_event(search, &lock->object, "m_lockObj") : result;
}

static hgr_result add_lock_object(struct search *search, const hgr_object *object,
                                  hgr_lock_kind kind)
{
    hgr_lock lock = {.kind = kind, .object = *object, .owner = HGR_NO_THREAD};
    hgr_result result = kind == HGR_LOCK_OBJECT          ? read_lock(search, &lock)
                        : kind == HGR_LOCK_READER_WRITER ? read_reader_writer(search, &lock)
                                                         : read_semaphore(search, &lock);
    if (result != HGR_OK)
        return result;
    return hgr_locks_add(search->state, search->locks, &lock, search->status);
}

/* ---- thin locks ---- */

static hgr_result add_thin_lock(struct search *search, const hgr_object *object)
{
    struct thin_bits bits = thin_bits(search->state);
    uint32_t header;
    if (!hgr_state_header(search->state, object->addr, &header) ||
        (header & (HEADER_IS_INDEX | HEADER_SPIN)) || !(header & bits.thread))
        return HGR_OK;
    hgr_lock lock = {.kind = HGR_LOCK_THIN,
                     .object = *object,
                     .held = true,
                     .owner = hgr_locks_thread_of_id(search->state, header & bits.thread),
                     .owner_word = header & bits.thread,
                     .times = ((header >> bits.times_shift) & 0x3f) + 1};
    if (lock.owner == HGR_NO_THREAD)
        return HGR_OK; /* no thread has this id: not a lock, or one left by a dead thread */
    return hgr_locks_add(search->state, search->locks, &lock, search->status);
}

/* ---- where to look ---- */

static hgr_result look_at(struct search *search, uint64_t addr)
{
    hgr_object object;
    uint32_t kind;
    if (addr == 0 || hgr_map_get(&search->seen, addr) != HGR_MAP_NONE)
        return HGR_OK;
    hgr_result result = hgr_map_put(&search->seen, addr, 1, search->status);
    if (result == HGR_OK)
        result = hgr_state_object(search->state, addr, &object, search->status);
    if (result != HGR_OK || !object.type)
        return result;
    result = add_thin_lock(search, &object);
    if (result == HGR_OK)
        result = kind_of(search, &object, &kind);
    if (result == HGR_OK && kind < HGR_LOCK_KINDS)
        result = add_lock_object(search, &object, (hgr_lock_kind)kind);
    return result;
}

static hgr_result look_at_stacks(struct search *search)
{
    const hgr_runtime *runtime = search->state->runtime;
    hgr_clr_stack_word *words = NULL;
    size_t count = 0;
    hgr_result result =
        hgr_clr_stack_words(runtime, search->state->run, &words, &count, search->status);
    for (size_t i = 0; i < count && result == HGR_OK; i++)
        result = look_at(search, words[i].value);
    for (size_t i = 0; i < runtime->nthreads; i++)
        search->locks->found.stacks += runtime->threads[i].os_thread != NULL;
    hgr_free(words);
    return result;
}

/* The header of every object; its type is asked for only when it may be a lock. */
static hgr_result look_at_heap(struct search *search, const hgr_snapshot *snapshot)
{
    struct thin_bits bits = thin_bits(search->state);
    uint32_t n = hgr_graph_nodes(hgr_snapshot_graph(snapshot)),
             ntypes = hgr_snapshot_types(snapshot);
    bool *is_lock;
    hgr_result result =
        hgr_alloc(search->state->run, ntypes, sizeof *is_lock, "types", &is_lock, search->status);
    if (result != HGR_OK)
        return result;
    for (uint32_t t = 0; t < ntypes; t++)
        is_lock[t] = kind_of_name(hgr_snapshot_type(snapshot, t)->name) != HGR_LOCK_KINDS;
    for (hgr_node u = 0; u < n && result == HGR_OK; u++) {
        uint64_t addr = hgr_node_address(snapshot, u);
        uint32_t header;
        bool locked = hgr_state_header(search->state, addr, &header) &&
                      !(header & (HEADER_IS_INDEX | HEADER_SPIN)) && (header & bits.thread);
        if (locked || is_lock[hgr_node_type(snapshot, u)])
            result = look_at(search, addr);
        if (result == HGR_OK && u % 65536 == 0)
            result = hgr_run_check_cancel(search->state->run, search->status);
    }
    hgr_free(is_lock);
    return result;
}

hgr_result hgr_locks_read_objects(hgr_state *state, const hgr_snapshot *snapshot,
                                  struct hgr_state_locks *locks, hgr_status *status)
{
    struct search search = {.state = state, .locks = locks, .status = status};
    hgr_map_init(&search.seen, state->run);
    hgr_map_init(&search.kinds, state->run);
    hgr_result result = look_at_stacks(&search);
    if (result == HGR_OK && snapshot)
        result = look_at_heap(&search, snapshot);
    locks->found.whole_heap = snapshot != NULL;
    hgr_map_fini(&search.kinds);
    hgr_map_fini(&search.seen);
    return result;
}
