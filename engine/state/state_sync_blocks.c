/* state: the sync table -> monitors.
 *
 * Input: {SyncBlock*, Object*} from index 1 on. The table does not say where it ends in the dump,
 * so an entry counts when its object's header names it back; free entries (an odd object word) are
 * passed, and after enough places that are neither, the table is over. A SyncBlock begins with its
 * AwareLock: {u32 state, u32 recursion, owner}: bit 0 of the state = held, above bit 6 the waiters.
 */
#include "state_locks.h"

#include "../base/status.h"

#define HEADER_IS_INDEX 0x08000000u
#define HEADER_IS_HASH  0x04000000u
#define HEADER_INDEX    0x03ffffffu
#define MAX_ENTRIES     (1u << 26) /* as many as a header can name */
#define MAX_STRANGE     1024u      /* entries in a row that are neither in use nor free */

bool hgr_sync_entry_read(const hgr_state *state, uint32_t index, struct hgr_sync_entry *out)
{
    uint32_t p = state->space->pointer_size;
    uint64_t at = state->runtime->sync_table_addr + 2 * (uint64_t)p * index;
    return hgr_space_ptr(state->space, at, &out->block_addr) &&
           hgr_space_ptr(state->space, at + p, &out->object_addr);
}

uint32_t hgr_sync_index(uint32_t header)
{
    return (header & HEADER_IS_INDEX) && !(header & HEADER_IS_HASH) ? header & HEADER_INDEX : 0;
}

static bool named_back(const hgr_state *state, const struct hgr_sync_entry *entry, uint32_t index)
{
    uint32_t header;
    return entry->object_addr % state->space->pointer_size == 0 &&
           hgr_state_header(state, entry->object_addr, &header) && hgr_sync_index(header) == index;
}

/* Who owns it: until 9 a Thread, from 10 on its managed id. */
static bool read_owner(const hgr_state *state, const struct hgr_state_locks *locks,
                       uint64_t block_addr, hgr_lock *out)
{
    uint32_t id;
    if (state->runtime->layout.major < 10) {
        if (!hgr_space_ptr(state->space, block_addr + 8, &out->owner_word))
            return false;
        out->owner = hgr_locks_thread_at(locks, out->owner_word);
        return true;
    }
    if (!hgr_space_u32(state->space, block_addr + 8, &id))
        return false;
    out->owner_word = id;
    out->owner = hgr_locks_thread_of_id(state, id);
    return true;
}

static uint32_t waiters_shift(const hgr_runtime *runtime)
{
    bool early = runtime->info.major < 2 || (runtime->info.major == 2 && runtime->info.minor == 0);
    return early ? 1 : 6;
}

static bool read_monitor(const hgr_state *state, const struct hgr_state_locks *locks,
                         uint64_t block_addr, hgr_lock *out)
{
    hgr_lock lock = *out;
    uint32_t lock_state;
    if (!hgr_space_u32(state->space, block_addr, &lock_state) ||
        !hgr_space_u32(state->space, block_addr + 4, &lock.times) ||
        !read_owner(state, locks, block_addr, &lock))
        return false;
    lock.held = lock_state & 1;
    lock.waiting = lock_state >> waiters_shift(state->runtime);
    if (!lock.held) {
        lock.owner = HGR_NO_THREAD;
        lock.owner_word = 0;
        lock.times = 0;
    }
    *out = lock;
    return true;
}

hgr_result hgr_locks_read_table(hgr_state *state, struct hgr_state_locks *locks, hgr_status *status)
{
    uint32_t strange = 0;
    struct hgr_sync_entry entry;
    hgr_result result = HGR_OK;
    if (state->runtime->sync_table_addr == 0)
        return HGR_OK;
    if (!hgr_sync_entry_read(state, 1, &entry)) {
        locks->found.no_table = true;
        return HGR_OK;
    }
    for (uint32_t i = 1; i < MAX_ENTRIES && strange < MAX_STRANGE && result == HGR_OK &&
                         hgr_sync_entry_read(state, i, &entry);
         i++) {
        bool is_free = (entry.object_addr & 1) != 0;
        if (entry.block_addr == 0 || is_free || !named_back(state, &entry, i)) {
            strange = is_free ? 0 : strange + 1;
            continue;
        }
        hgr_lock lock = {.kind = HGR_LOCK_MONITOR,
                         .sync_block = i,
                         .block_addr = entry.block_addr,
                         .owner = HGR_NO_THREAD};
        strange = 0;
        locks->found.sync_blocks++;
        lock.absent = !read_monitor(state, locks, entry.block_addr, &lock);
        locks->found.absent_blocks += lock.absent;
        result = hgr_state_object(state, entry.object_addr, &lock.object, status);
        if (result == HGR_OK)
            result = hgr_locks_add(state, locks, &lock, status);
    }
    return result;
}
