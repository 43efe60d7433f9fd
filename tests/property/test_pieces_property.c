/* Address ranges painted one over the other: against an array with one cell per address. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "base/run.h"
#include "state/state_pieces.h"

#define ADDRESSES 64
#define ROUNDS    5000
#define NOTHING   255

static uint64_t random_state;

static uint32_t random_below(uint32_t n)
{
    random_state = random_state * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
    return (uint32_t)((random_state >> 33) % n);
}

static void random_pieces(hgr_pieces *pieces, unsigned char *cells)
{
    memset(cells, NOTHING, ADDRESSES);
    for (uint32_t i = random_below(8); i > 0; i--) {
        uint32_t start = random_below(ADDRESSES), end = start + random_below(ADDRESSES - start + 1);
        hgr_memory_kind kind = (hgr_memory_kind)random_below(HGR_MEMORY_KINDS);
        assert_int_equal(hgr_pieces_add(pieces, start, end, kind, "", NULL), HGR_OK);
    }
    hgr_pieces_settle(pieces);
    for (size_t i = 0; i < pieces->count; i++)
        for (uint64_t at = pieces->list[i].start_addr; at < pieces->list[i].end_addr; at++)
            cells[at] = (unsigned char)pieces->list[i].kind;
}

static void check_same(const hgr_pieces *pieces, const unsigned char *cells, uint64_t seed)
{
    unsigned char seen[ADDRESSES];
    uint64_t end = 0;
    memset(seen, NOTHING, sizeof seen);
    for (size_t i = 0; i < pieces->count; i++) {
        assert_true(pieces->list[i].start_addr >= end);
        end = pieces->list[i].end_addr;
        for (uint64_t at = pieces->list[i].start_addr; at < end; at++)
            seen[at] = (unsigned char)pieces->list[i].kind;
    }
    if (memcmp(seen, cells, sizeof seen) != 0)
        fail_msg("seed %llu", (unsigned long long)seed);
}

static void same_as_cells(void **unused)
{
    hgr_run *run = NULL;
    (void)unused;
    assert_int_equal(hgr_run_create(1, &run, NULL), HGR_OK);
    for (uint64_t seed = 1; seed <= ROUNDS; seed++) {
        unsigned char top[ADDRESSES], below[ADDRESSES], within[ADDRESSES];
        hgr_pieces a = {.run = run}, b = {.run = run}, c = {.run = run};
        random_state = seed;
        random_pieces(&a, top);
        random_pieces(&b, below);
        random_pieces(&c, within);
        bool limited = random_below(2);
        assert_int_equal(hgr_pieces_add_below(&a, &b, limited ? &c : NULL, NULL), HGR_OK);
        for (int i = 0; i < ADDRESSES; i++)
            if (top[i] == NOTHING && (!limited || within[i] != NOTHING))
                top[i] = below[i];
        check_same(&a, top, seed);
        hgr_pieces_fini(&c);
        hgr_pieces_fini(&b);
        hgr_pieces_fini(&a);
    }
    assert_int_equal(hgr_run_memory_bytes(run), 0);
    hgr_run_free(run);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(same_as_cells)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
