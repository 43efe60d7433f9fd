/* state: what the runtime's tables promise about the heap, checked against the heap.
 *
 * Strong handles that hold no object are findings of the snapshot already (bad-root); here are the
 * other kinds, the finalization queue, the sync table from both sides, allocation contexts. */
#include "state_locks.h"

#include "../base/status.h"

enum { WEAK_SHORT = 0, WEAK_LONG = 1, DEPENDENT = 6, WEAK_NATIVE = 9, WEAK_INTERIOR = 10 };

struct check {
    hgr_state *state;
    const hgr_snapshot *snapshot;
    hgr_violation_fn visit;
    void *user;
    bool ended;
    hgr_status *status;
};

static void found(struct check *check, const char *kind, const char *text, uint64_t addr,
                  uint64_t value)
{
    hgr_violation violation = {kind, text, addr, value};
    if (!check->ended && !check->visit(check->user, &violation))
        check->ended = true;
}

static bool is_object(const struct check *check, uint64_t addr)
{
    return hgr_node_at(check->snapshot, addr) != HGR_NO_NODE;
}

/* ---- handles ---- */

static void check_handle(struct check *check, const hgr_handle *handle)
{
    bool weak = handle->kind == WEAK_SHORT || handle->kind == WEAK_LONG ||
                handle->kind == WEAK_NATIVE || handle->kind == DEPENDENT;
    if (weak && !is_object(check, handle->object_addr))
        found(check, "handle", "holds no object", handle->slot_addr, handle->object_addr);
    if (handle->kind == WEAK_INTERIOR &&
        hgr_node_containing(check->snapshot, handle->object_addr) == HGR_NO_NODE)
        found(check, "handle", "points into no object", handle->slot_addr, handle->object_addr);
    if (handle->dependent_addr && !is_object(check, handle->dependent_addr))
        found(check, "handle", "its secondary is no object", handle->slot_addr,
              handle->dependent_addr);
}

static hgr_result check_handles(struct check *check)
{
    const hgr_handle_row *rows;
    size_t count;
    uint64_t bad;
    hgr_result result = hgr_state_handles(check->state, &rows, &count, &bad, check->status);
    for (size_t i = 0; result == HGR_OK && i < count; i++)
        check_handle(check, &rows[i].handle);
    return result;
}

/* ---- finalization queue ---- */

static hgr_result check_finalizable(struct check *check)
{
    const hgr_finalizable *rows;
    size_t count;
    hgr_result result = hgr_state_finalizable(check->state, &rows, &count, check->status);
    for (size_t i = 0; result == HGR_OK && i < count; i++) {
        hgr_node node = hgr_node_at(check->snapshot, rows[i].object.addr);
        if (node == HGR_NO_NODE) {
            if (!rows[i].ready) /* a ready one is a root: bad-root */
                found(check, "finalizer", "the queue holds no object", rows[i].object.addr,
                      rows[i].object.addr);
            continue;
        }
        const hgr_type_info *type =
            hgr_snapshot_type(check->snapshot, hgr_node_type(check->snapshot, node));
        if (!type->has_finalizer)
            found(check, "finalizer", "the queue holds an object without finalizer",
                  rows[i].object.addr, type->method_table_addr);
    }
    return result;
}

/* ---- sync table ---- */

/* The last entry whose object names it back: behind it may be memory that was never written. */
static uint32_t last_used(const hgr_locks *locks)
{
    uint32_t last = 0;
    for (size_t i = 0; i < locks->nlocks; i++)
        if (locks->locks[i].sync_block > last)
            last = locks->locks[i].sync_block;
    return last;
}

static void check_entries(struct check *check, uint32_t last)
{
    const hgr_state *state = check->state;
    struct hgr_sync_entry entry;
    for (uint32_t i = 1; i <= last && hgr_sync_entry_read(state, i, &entry); i++) {
        uint64_t addr = state->runtime->sync_table_addr + 2ull * state->space->pointer_size * i;
        uint32_t header;
        if ((entry.object_addr & 1) || entry.object_addr == 0 || entry.block_addr == 0)
            continue;
        if (!is_object(check, entry.object_addr))
            found(check, "sync-table", "an entry names no object", addr, entry.object_addr);
        else if (hgr_state_header(state, entry.object_addr, &header) && hgr_sync_index(header) != i)
            found(check, "sync-table", "an entry's object does not name it back", addr,
                  entry.object_addr);
    }
}

static hgr_result check_headers(struct check *check)
{
    const hgr_state *state = check->state;
    uint32_t n = hgr_graph_nodes(hgr_snapshot_graph(check->snapshot));
    hgr_result result = HGR_OK;
    for (hgr_node u = 0; u < n && !check->ended && result == HGR_OK; u++) {
        uint64_t addr = hgr_node_address(check->snapshot, u);
        struct hgr_sync_entry entry;
        uint32_t header, index;
        if (u % 65536 == 0)
            result = hgr_run_check_cancel(state->run, check->status);
        if (!hgr_state_header(state, addr, &header) || (index = hgr_sync_index(header)) == 0 ||
            !hgr_sync_entry_read(state, index, &entry))
            continue;
        if (entry.object_addr != addr)
            found(check, "sync-index", "an object's header names another object's sync block", addr,
                  entry.object_addr);
    }
    return result;
}

static hgr_result check_sync_table(struct check *check)
{
    const hgr_locks *locks;
    hgr_result result = hgr_state_locks(check->state, NULL, &locks, check->status);
    if (result != HGR_OK || locks->no_table || check->state->runtime->info.gc_in_progress ||
        check->state->runtime->sync_table_addr == 0)
        return result;
    check_entries(check, last_used(locks));
    return check_headers(check);
}

hgr_result hgr_state_check(hgr_state *state, const hgr_snapshot *snapshot, hgr_violation_fn visit,
                           void *user, hgr_status *status)
{
    struct check check = {state, snapshot, visit, user, false, status};
    hgr_result result = check_handles(&check);
    if (result == HGR_OK)
        result = check_finalizable(&check);
    return result == HGR_OK ? check_sync_table(&check) : result;
}
