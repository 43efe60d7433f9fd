/* tools: the largest rows of many equal the head of a full sort. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <cmocka.h>

#include "pick.h"

static uint64_t next_random(uint64_t *state)
{
    *state += UINT64_C(0x9e3779b97f4a7c15);
    uint64_t mixed = (*state ^ *state >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
    return mixed ^ mixed >> 27;
}

/* Insertion sort: slow and obviously right. */
static void sort_slowly(pick_row *rows, size_t count)
{
    for (size_t i = 1; i < count; i++)
        for (size_t j = i; j > 0; j--) {
            bool swap = rows[j].key > rows[j - 1].key ||
                        (rows[j].key == rows[j - 1].key && rows[j].id < rows[j - 1].id);
            if (!swap)
                break;
            pick_row other = rows[j];
            rows[j] = rows[j - 1];
            rows[j - 1] = other;
        }
}

static void picks_equal_a_full_sort(void **state)
{
    (void)state;
    static const uint64_t limits[] = {0, 1, 20, 127, 128, 700, 2000, UINT64_MAX};
    pick_row rows[2000];
    uint64_t seed = 42;
    for (size_t i = 0; i < 2000; i++)
        rows[i] = (pick_row){next_random(&seed) % 300, (uint32_t)i};
    for (size_t l = 0; l < sizeof limits / sizeof limits[0]; l++) {
        tool_pick pick;
        pick_init(&pick, limits[l]);
        for (size_t i = 0; i < 2000; i++)
            pick_add(&pick, rows[i].key, rows[i].id);
        pick_sort(&pick);
        pick_row sorted[2000];
        for (size_t i = 0; i < 2000; i++)
            sorted[i] = rows[i];
        sort_slowly(sorted, 2000);
        assert_int_equal(pick.count, limits[l] < 2000 ? limits[l] : 2000);
        for (size_t i = 0; i < pick.count; i++) {
            assert_int_equal(pick.rows[i].key, sorted[i].key);
            assert_int_equal(pick.rows[i].id, sorted[i].id);
        }
        if (limits[l] < 1000)
            assert_true(pick.capacity <= 2 * (limits[l] < 128 ? 128 : 1024));
        pick_fini(&pick);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(picks_equal_a_full_sort)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
