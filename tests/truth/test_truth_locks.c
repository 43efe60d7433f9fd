/* Sync blocks, thin locks and rings of waiting threads against ClrMD's answers on the same dumps:
 * of the site, of tests/targets/waits, and of the program in the Windows and early recordings. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "base/run.h"
#include "fixture.h"

#define ALLOCATIONS 900 /* of one fixture, that are refused one after the other */

struct asked {
    struct fixture *fixture;
    struct opened opened;
    hgr_state *state;
    const hgr_thread_row *threads;
    size_t nthreads;
    const hgr_locks *locks;
};

static void for_each(void (*check)(const struct asked *asked))
{
    static struct fixture fixtures[FIXTURES_MAX];
    size_t count = fixture_list(fixtures);
    for (size_t i = 0; i < count; i++) {
        struct asked asked = {.fixture = &fixtures[i]};
        fixture_open(&fixtures[i], 1, NULL, &asked.opened);
        assert_int_equal(
            hgr_state_create(asked.opened.runtime, asked.opened.run, &asked.state, NULL), HGR_OK);
        assert_int_equal(hgr_state_threads(asked.state, &asked.threads, &asked.nthreads, NULL),
                         HGR_OK);
        assert_int_equal(hgr_state_locks(asked.state, NULL, &asked.locks, NULL), HGR_OK);
        check(&asked);
        hgr_state_free(asked.state);
        fixture_close(&asked.opened);
    }
}

/* Recordings of the time when `slim` did not keep the sync table, or not all sync blocks. */
static bool lacks_table(const struct asked *asked)
{
    return strncmp(asked->fixture->name, "site-net10-x64.", 15) == 0;
}

static bool lacks_blocks(const struct asked *asked)
{
    return strncmp(asked->fixture->name, "site-net9-", 10) == 0;
}

/* ---- monitors ---- */

static const hgr_lock *lock_at(const struct asked *asked, uint64_t object)
{
    for (size_t i = 0; i < asked->locks->nlocks; i++)
        if (asked->locks->locks[i].object.addr == object)
            return &asked->locks->locks[i];
    return NULL;
}

static const hgr_thread_row *owner_of(const struct asked *asked, const hgr_lock *lock)
{
    return lock->owner == HGR_NO_THREAD ? NULL : &asked->threads[lock->owner];
}

/* The peer says 1000 waiters where one thread sits in Monitor.Wait. */
static void check_block(const struct asked *asked, json_object *row)
{
    bool held = json_object_get_boolean(truth_get(row, "held"));
    const hgr_lock *lock = lock_at(asked, truth_u64(row, "obj"));
    assert_non_null(lock);
    assert_int_equal(lock->kind, HGR_LOCK_MONITOR);
    assert_int_equal(lock->sync_block, truth_u64(row, "Index"));
    assert_non_null(lock->object.type);
    assert_string_equal(lock->object.type->name, truth_text(row, "type"));
    if (lock->absent)
        return;
    assert_int_equal(lock->held, held);
    assert_int_equal(lock->times, truth_u64(row, "recursion"));
    if (held) {
        assert_non_null(owner_of(asked, lock));
        assert_int_equal(owner_of(asked, lock)->thread_addr, truth_u64(row, "thread"));
        assert_int_equal(owner_of(asked, lock)->os_id, truth_u64(row, "owner_os"));
    }
    uint64_t waiting = truth_u64(row, "waiting");
    assert_int_equal(lock->waiting, waiting == 1000 ? 0 : waiting);
    assert_int_equal(lock->pulse_waiting > 0, waiting == 1000);
}

static void check_thin(const struct asked *asked, json_object *row)
{
    const hgr_lock *lock = lock_at(asked, truth_u64(row, "obj"));
    assert_non_null(lock);
    assert_int_equal(lock->kind, HGR_LOCK_THIN);
    assert_string_equal(lock->object.type->name, truth_text(row, "type"));
    assert_int_equal(owner_of(asked, lock)->os_id, truth_u64(row, "owner_os"));
    /* The peer gives the bits, which count what comes after the first entry. */
    assert_int_equal(lock->times, truth_u64(row, "recursion") + 1);
}

/* The peer asks the whole heap for thin locks, we only what the stacks name: it is all of them
 * here. */
static void check_truth_of_linux(const struct asked *asked)
{
    json_object *truth = fixture_json(asked->fixture, "syncblocks");
    json_object *blocks = truth_get(truth, "syncblocks"), *thin = truth_get(truth, "thin_locks");
    size_t nblocks = json_object_array_length(blocks), nthin = 0;
    for (size_t i = 0; i < asked->locks->nlocks; i++)
        nthin += asked->locks->locks[i].kind == HGR_LOCK_THIN;
    assert_int_equal(asked->locks->no_table, lacks_table(asked));
    assert_int_equal(asked->locks->absent_blocks > 0, lacks_blocks(asked));
    if (!lacks_table(asked)) {
        assert_int_equal(asked->locks->sync_blocks, nblocks);
        for (size_t i = 0; i < nblocks; i++)
            check_block(asked, json_object_array_get_idx(blocks, i));
    }
    assert_int_equal(nthin, json_object_array_length(thin));
    for (size_t i = 0; i < nthin; i++)
        check_thin(asked, json_object_array_get_idx(thin, i));
    json_object_put(truth);
}

/* Of 2.1 on x86 the peer gave no sync blocks; the rings below show them. */
static void check_truth_of_dac(const struct asked *asked)
{
    json_object *truth = fixture_json(asked->fixture, "dac"), *blocks;
    size_t held = 0;
    if (!json_object_object_get_ex(truth, "sync_blocks", &blocks)) {
        assert_int_equal(hgr_runtime_get_info(asked->opened.runtime)->major, 2);
        json_object_put(truth);
        return;
    }
    for (size_t i = 0; i < json_object_array_length(blocks); i++) {
        json_object *row = json_object_array_get_idx(blocks, i);
        const hgr_lock *lock = lock_at(asked, truth_u64(row, "object"));
        if (!json_object_get_boolean(truth_get(row, "held")))
            continue;
        assert_non_null(lock);
        assert_int_equal(lock->sync_block, truth_u64(row, "index"));
        assert_int_equal(lock->held, 1);
        assert_int_equal(owner_of(asked, lock)->thread_addr, truth_u64(row, "owner"));
        assert_int_equal(lock->waiting, truth_u64(row, "waiting"));
        held++;
    }
    assert_int_equal(held, 2);
    json_object_put(truth);
}

static void check_locks(const struct asked *asked)
{
    if (fixture_has(asked->fixture, "syncblocks.json"))
        check_truth_of_linux(asked);
    else
        check_truth_of_dac(asked);
}

static void locks(void **unused)
{
    (void)unused;
    for_each(check_locks);
}

/* ---- rings ---- */

/* Is there a ring of exactly these threads, in this order from any of them on? */
static bool has_ring(const struct asked *asked, const char *const *names, size_t count)
{
    for (size_t c = 0; c < asked->locks->ncycles; c++) {
        const hgr_lock_cycle *cycle = &asked->locks->cycles[c];
        for (size_t shift = 0; shift < count && cycle->count == count; shift++) {
            size_t same = 0;
            for (size_t i = 0; i < count; i++) {
                uint32_t wait = cycle->waits[(i + shift) % count];
                same +=
                    strcmp(asked->threads[asked->locks->waits[wait].thread].name, names[i]) == 0;
            }
            if (same == count)
                return true;
        }
    }
    return false;
}

/* Each thread of a ring holds what the one before it waits for. */
static void check_ring_holds(const struct asked *asked, const hgr_lock_cycle *cycle)
{
    for (size_t i = 0; i < cycle->count; i++) {
        const hgr_wait *wait = &asked->locks->waits[cycle->waits[i]];
        const hgr_wait *next = &asked->locks->waits[cycle->waits[(i + 1) % cycle->count]];
        assert_int_equal(asked->locks->locks[wait->lock].owner, next->thread);
        assert_false(wait->for_pulse);
    }
}

static void check_rings(const struct asked *asked)
{
    static const char *const pair[] = {"deadlock-1", "deadlock-2"},
                             *const transfer[] = {"transfer-1-2", "transfer-2-1"},
                             *const ring[] = {"ring-1", "ring-2", "ring-3"},
                             *const mixed[] = {"mixed-lock", "mixed-monitor"};
    const char *name = asked->fixture->name;
    size_t expected = 1;
    for (size_t c = 0; c < asked->locks->ncycles; c++)
        check_ring_holds(asked, &asked->locks->cycles[c]);
    if (lacks_table(asked) || lacks_blocks(asked)) {
        expected = 0;
    } else if (strncmp(name, "waits-", 6) != 0) {
        assert_true(has_ring(asked, pair, 2));
        assert_int_equal(asked->locks->cycles[0].evidence, HGR_FROM_RUNTIME);
    } else {
        assert_true(has_ring(asked, transfer, 2));
        if (hgr_runtime_get_info(asked->opened.runtime)->major >= 9) {
            assert_true(has_ring(asked, ring, 3));
            assert_true(has_ring(asked, mixed, 2));
            expected = 3;
        }
    }
    if (asked->locks->ncycles != expected)
        fail_msg("%s: %zu rings, expected %zu", name, asked->locks->ncycles, expected);
}

static void rings(void **unused)
{
    (void)unused;
    for_each(check_rings);
}

/* ---- the whole heap says the same ---- */

static void check_heap(const struct asked *asked)
{
    hgr_snapshot *heap = NULL;
    const hgr_locks *whole;
    hgr_state *state;
    size_t extra = 0;
    assert_int_equal(
        hgr_snapshot_create(asked->opened.runtime, NULL, asked->opened.run, &heap, NULL), HGR_OK);
    assert_int_equal(hgr_state_create(asked->opened.runtime, asked->opened.run, &state, NULL),
                     HGR_OK);
    assert_int_equal(hgr_state_locks(state, heap, &whole, NULL), HGR_OK);
    assert_int_equal(whole->ncycles, asked->locks->ncycles);
    assert_int_equal(whole->nwaits, asked->locks->nwaits);
    for (size_t i = 0; i < whole->nlocks; i++) {
        const hgr_lock *lock = &whole->locks[i];
        assert_int_not_equal(hgr_node_at(heap, lock->object.addr), HGR_NO_NODE);
        if (!lock_at(asked, lock->object.addr))
            extra++; /* lock objects that no stack names: nobody holds them or waits for them */
        if (!lock_at(asked, lock->object.addr) && lock->kind == HGR_LOCK_OBJECT)
            assert_false(lock->held);
    }
    assert_int_equal(whole->nlocks, asked->locks->nlocks + extra);
    hgr_state_free(state);
    hgr_snapshot_free(heap);
}

static void stacks_name_all_locks_in_use(void **unused)
{
    (void)unused;
    for_each(check_heap);
}

/* ---- memory runs out ---- */

static hgr_result ask_the_rest(hgr_state *state, uint64_t *out)
{
    const hgr_memory_region *regions;
    const hgr_domain *domain;
    const hgr_thrown *thrown;
    size_t count = 0;
    hgr_result result = hgr_state_memory(state, &regions, &count, NULL);
    *out += count * 10000;
    if (result == HGR_OK)
        result = hgr_state_domain(state, &domain, NULL);
    for (size_t i = 0; result == HGR_OK && i < domain->nmodules; i++)
        *out += strlen(domain->modules[i].assembly) + domain->modules[i].context;
    if (result == HGR_OK)
        result = hgr_state_thrown(state, &thrown, &count, NULL);
    *out += count * 100000;
    return result;
}

/* A number that every part of the answers goes into. */
static hgr_result ask_everything(const struct opened *opened, uint64_t *out)
{
    const hgr_handle_row *handles;
    const hgr_finalizable *queue;
    const hgr_thread_row *threads;
    const hgr_locks *found;
    size_t count;
    uint64_t bad;
    hgr_state *state = NULL;
    *out = 0;
    hgr_result result = hgr_state_create(opened->runtime, opened->run, &state, NULL);
    if (result == HGR_OK)
        result = hgr_state_handles(state, &handles, &count, &bad, NULL);
    for (size_t i = 0; result == HGR_OK && i < count; i++)
        *out += handles[i].object.type ? strlen(handles[i].object.type->name) : 1;
    if (result == HGR_OK)
        result = hgr_state_finalizable(state, &queue, &count, NULL);
    for (size_t i = 0; result == HGR_OK && i < count; i++)
        *out += queue[i].object.type ? strlen(queue[i].object.type->name) : 1;
    if (result == HGR_OK)
        result = hgr_state_threads(state, &threads, &count, NULL);
    for (size_t i = 0; result == HGR_OK && i < count; i++)
        *out += strlen(threads[i].name);
    if (result == HGR_OK)
        result = hgr_state_locks(state, NULL, &found, NULL);
    if (result == HGR_OK)
        *out += found->nlocks * 1000 + found->nwaits * 100 + found->ncycles;
    if (result == HGR_OK)
        result = ask_the_rest(state, out);
    hgr_state_free(state);
    return result;
}

/* A cache that cannot be kept is no error; an answer that lacks something would be one. */
static void every_allocation_may_fail(void **unused)
{
    static struct fixture fixtures[FIXTURES_MAX];
    struct opened opened;
    uint64_t expected, seen, refused = 0;
    (void)unused;
    (void)fixture_list(fixtures);
    fixture_open(&fixtures[0], 1, NULL, &opened);
    assert_int_equal(ask_everything(&opened, &expected), HGR_OK);
    uint64_t before = hgr_run_memory_bytes(opened.run);
    for (uint64_t k = 1; k <= ALLOCATIONS; k++) {
        hgr_run_fail_allocation(opened.run, k);
        hgr_result result = ask_everything(&opened, &seen);
        hgr_run_fail_allocation(opened.run, 0);
        if (result == HGR_OK)
            assert_int_equal(seen, expected);
        else
            assert_int_equal(result, HGR_NO_MEMORY);
        refused += result != HGR_OK;
        assert_int_equal(hgr_run_memory_bytes(opened.run), before);
    }
    assert_true(refused > 20);
    fixture_close(&opened);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(locks), cmocka_unit_test(rings),
                                       cmocka_unit_test(stacks_name_all_locks_in_use),
                                       cmocka_unit_test(every_allocation_may_fail)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
