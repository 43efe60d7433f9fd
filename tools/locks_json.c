/* tools: write cycles, waits and locks as JSON. */
#include "locks_json.h"

static void write_thread(tool_json *json, const char *key, const hgr_thread_row *threads,
                         uint32_t thread)
{
    if (thread == HGR_NO_THREAD)
        return;
    out_object(json, key);
    out_u64(json, "thread_id", threads[thread].os_id);
    out_u64(json, "managed_id", threads[thread].managed_id);
    out_text(json, "name", *threads[thread].name ? threads[thread].name : NULL);
    out_end_object(json);
}

static const char *evidence_name(hgr_evidence evidence)
{
    return evidence == HGR_FROM_RUNTIME ? "runtime" : "stack";
}

static void write_lock_place(tool_json *json, const hgr_lock *lock)
{
    out_address(json, "object", lock->object.addr);
    out_text(json, "type", lock->object.type ? lock->object.type->name : NULL);
    out_text(json, "kind", hgr_lock_kind_name(lock->kind));
}

static void write_cycle(tool_json *json, const hgr_locks *locks, const hgr_lock_cycle *cycle,
                        const hgr_thread_row *threads)
{
    out_object(json, NULL);
    out_text(json, "evidence", evidence_name(cycle->evidence));
    out_array(json, "threads");
    for (size_t i = 0; i < cycle->count; i++) {
        const hgr_wait *wait = &locks->waits[cycle->waits[i]];
        const hgr_wait *before = &locks->waits[cycle->waits[(i + cycle->count - 1) % cycle->count]];
        out_object(json, NULL);
        write_thread(json, "thread", threads, wait->thread);
        out_object(json, "holds");
        write_lock_place(json, &locks->locks[before->lock]);
        out_end_object(json);
        out_object(json, "waits_for");
        write_lock_place(json, &locks->locks[wait->lock]);
        out_end_object(json);
        out_end_object(json);
    }
    out_end_array(json);
    out_end_object(json);
}

static void write_wait(tool_json *json, const hgr_locks *locks, const hgr_wait *wait,
                       const hgr_thread_row *threads)
{
    const hgr_lock *lock = wait->lock == UINT32_MAX ? NULL : &locks->locks[wait->lock];
    out_object(json, NULL);
    write_thread(json, "thread", threads, wait->thread);
    if (lock)
        write_lock_place(json, lock);
    else
        out_address(json, "sync_block", wait->lock_addr);
    write_thread(json, "held_by", threads, lock && !wait->for_pulse ? lock->owner : HGR_NO_THREAD);
    out_text(json, "for", wait->for_pulse ? "pulse" : "entry");
    if (wait->timeout_ms >= 0)
        out_u64(json, "timeout_ms", (uint64_t)wait->timeout_ms);
    out_text(json, "evidence", evidence_name(wait->evidence));
    if (wait->cycle != UINT32_MAX)
        out_u64(json, "deadlock", wait->cycle);
    out_end_object(json);
}

static void write_lock(tool_json *json, const hgr_lock *lock, const hgr_thread_row *threads)
{
    out_object(json, NULL);
    write_lock_place(json, lock);
    if (lock->sync_block)
        out_u64(json, "sync_block_index", lock->sync_block);
    if (lock->absent) {
        out_bool(json, "absent", true);
        out_end_object(json);
        return;
    }
    out_bool(json, "held", lock->held);
    write_thread(json, "held_by", threads, lock->owner);
    out_u64(json, "entered_count", lock->times);
    out_u64(json, "waiting_count", lock->waiting);
    out_u64(json, "pulse_waiting_count", lock->pulse_waiting);
    if (lock->kind == HGR_LOCK_READER_WRITER)
        out_u64(json, "readers_count", lock->readers);
    out_end_object(json);
}

void locks_json_write(tool_json *json, const hgr_locks *locks, const hgr_thread_row *threads)
{
    out_object(json, "looked_at");
    out_bool(json, "sync_table", !locks->no_table);
    out_u64(json, "sync_blocks", locks->sync_blocks);
    out_u64(json, "absent_sync_blocks", locks->absent_blocks);
    out_u64(json, "stacks", locks->stacks);
    out_bool(json, "heap", locks->whole_heap);
    out_end_object(json);
    out_array(json, "deadlocks");
    for (size_t i = 0; i < locks->ncycles; i++)
        write_cycle(json, locks, &locks->cycles[i], threads);
    out_end_array(json);
    out_array(json, "waits");
    for (size_t i = 0; i < locks->nwaits; i++)
        write_wait(json, locks, &locks->waits[i], threads);
    out_end_array(json);
    out_array(json, "locks");
    for (size_t i = 0; i < locks->nlocks; i++)
        write_lock(json, &locks->locks[i], threads);
    out_end_array(json);
}
