/* Words of a recorded dump overwritten at random, then every question about the state of the
 * process: each ends, with an answer or a documented error, whatever the runtime's tables say. Run
 * under sanitizers, too. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <cmocka.h>

#include "fixture.h"

#define PAGE   4096u
#define ROUNDS 60
#define WORDS  400 /* overwritten in each round */

static uint64_t random_state;

static uint64_t random_u64(void)
{
    random_state = random_state * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
    return random_state ^ random_state >> 29;
}

/* A range of the dump, by its length: what is written there stays in this process. */
static const hgr_range *random_range(const hgr_dump *dump)
{
    const hgr_range *range;
    do
        range = hgr_dump_range(dump, (size_t)(random_u64() % hgr_dump_ranges(dump)));
    while (range->origin != HGR_ORIGIN_DUMP || range->end_addr - range->start_addr < 16);
    return range;
}

static void overwrite(const hgr_dump *dump, size_t words)
{
    for (size_t i = 0; i < words; i++) {
        const hgr_range *range = random_range(dump);
        uint64_t bytes = range->end_addr - range->start_addr;
        uintptr_t at = (uintptr_t)range->bytes + (random_u64() % (bytes / 8)) * 8;
        uintptr_t page = at & ~(uintptr_t)(PAGE - 1);
        uint64_t value, kind = random_u64() % 4;
        memcpy(&value, (void *)at, sizeof value);
        if (kind == 0)
            value = random_u64();
        else if (kind == 1)
            value = range->start_addr + random_u64() % bytes;
        else
            value += kind == 2 ? 8 : 1;
        assert_int_equal(mprotect((void *)page, at + 8 - page, PROT_READ | PROT_WRITE), 0);
        memcpy((void *)at, &value, sizeof value);
    }
}

static bool count(void *user, const hgr_violation *violation)
{
    size_t *seen = user;
    (void)violation;
    return ++*seen < 1000;
}

/* All but running out of memory or a broken promise of the library may be the answer. */
static bool documented(hgr_result result)
{
    return result != HGR_NO_MEMORY && result != HGR_INTERNAL && result != HGR_BAD_ARGUMENT;
}

static void ask(const struct opened *opened, const hgr_runtime *runtime)
{
    hgr_snapshot *heap = NULL;
    hgr_state *state = NULL;
    const hgr_handle_row *handles;
    const hgr_finalizable *queue;
    const hgr_thread_row *threads;
    const hgr_locks *locks;
    const hgr_memory_region *regions;
    const hgr_domain *domain;
    const hgr_exception *exceptions;
    const hgr_thrown *thrown;
    const hgr_pool *pool;
    size_t n, seen = 0;
    uint64_t bad;
    assert_int_equal(hgr_state_create(runtime, opened->run, &state, NULL), HGR_OK);
    assert_true(documented(hgr_state_handles(state, &handles, &n, &bad, NULL)));
    assert_true(documented(hgr_state_finalizable(state, &queue, &n, NULL)));
    assert_true(documented(hgr_state_threads(state, &threads, &n, NULL)));
    assert_true(documented(hgr_state_locks(state, NULL, &locks, NULL)));
    assert_true(documented(hgr_state_memory(state, &regions, &n, NULL)));
    assert_true(documented(hgr_state_domain(state, &domain, NULL)));
    assert_true(documented(hgr_state_thrown(state, &thrown, &n, NULL)));
    assert_true(documented(hgr_state_pool(state, &pool, NULL)));
    if (hgr_snapshot_create(runtime, NULL, opened->run, &heap, NULL) == HGR_OK) {
        assert_true(documented(hgr_state_locks(state, heap, &locks, NULL)));
        assert_true(documented(hgr_state_exceptions(state, heap, &exceptions, &n, NULL)));
        assert_true(documented(hgr_state_check(state, heap, count, &seen, NULL)));
    }
    hgr_state_free(state);
    hgr_snapshot_free(heap);
}

static void every_question_ends(void **unused)
{
    static struct fixture fixtures[FIXTURES_MAX];
    size_t fixtures_count = fixture_list(fixtures), opened_count = 0;
    (void)unused;
    for (uint64_t round = 1; round <= ROUNDS; round++) {
        struct opened opened;
        hgr_runtime *runtime = NULL;
        random_state = round;
        fixture_open(&fixtures[round % fixtures_count], 1, NULL, &opened);
        uint64_t before = hgr_run_memory_bytes(opened.run);
        overwrite(opened.dump, round % 4 == 0 ? 10 * WORDS : WORDS);
        ask(&opened, opened.runtime); /* opened before the damage: every table is reached */
        if (hgr_runtime_open(opened.dump, NULL, opened.run, &runtime, NULL) == HGR_OK) {
            ask(&opened, runtime);
            opened_count++;
        }
        hgr_runtime_close(runtime);
        assert_int_equal(hgr_run_memory_bytes(opened.run), before);
        fixture_close(&opened);
    }
    assert_true(opened_count > ROUNDS / 10);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(every_question_ends)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
