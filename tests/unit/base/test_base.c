/* base: status text, budget, growth, arena, cursor, map, text, first error. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>
#include <cmocka.h>

#include "base/arena.h"
#include "base/cursor.h"
#include "base/map.h"
#include "base/status.h"
#include "base/text.h"

static hgr_run *make_run(void)
{
    hgr_run *run = NULL;
    assert_int_equal(hgr_run_create(2, &run, NULL), HGR_OK);
    return run;
}

static void status_is_one_line_with_context(void **state)
{
    (void)state;
    hgr_status status = {0};
    assert_int_equal(hgr_fail_file(&status, HGR_BAD_DATA, 64, "notes: %d\nseen", 7), HGR_BAD_DATA);
    assert_int_equal(hgr_wrap(&status, status.code, "core %s", "x"), HGR_BAD_DATA);
    assert_string_equal(status.text, "core x: notes: 7?seen");
    assert_int_equal(status.at, 64);
    assert_int_equal(status.at_kind, HGR_AT_FILE);
    assert_int_equal(hgr_fail(NULL, HGR_IO, "nobody listens"), HGR_IO);
    assert_string_equal(hgr_result_name((hgr_result)99), "HGR_?");
}

static void budget_counts_and_refuses(void **state)
{
    (void)state;
    hgr_run *run = make_run();
    hgr_run_set_memory_limit(run, 3u << 20);
    char *small = NULL, *big = NULL, *more = NULL;
    hgr_status status = {0};
    assert_int_equal(hgr_alloc(run, 10, 10, "small", &small, &status), HGR_OK);
    assert_int_equal(hgr_alloc(run, 2u << 20, 1, "big", &big, &status), HGR_OK);
    assert_int_equal(hgr_alloc(run, 1u << 20, 1, "more", &more, &status), HGR_NO_MEMORY);
    assert_null(more);
    assert_non_null(strstr(status.text, "more: 1048576 x 1 bytes refused"));
    for (size_t i = 0; i < 2u << 20; i += 4096)
        assert_int_equal(big[i], 0);
    hgr_free(small);
    hgr_free(big);
    assert_int_equal(hgr_run_memory_bytes(run), 0);
    assert_true(hgr_run_memory_peak_bytes(run) >= 2u << 20);
    assert_int_equal(hgr_alloc(run, SIZE_MAX, 16, "overflow", &more, &status), HGR_NO_MEMORY);
    hgr_run_free(run);
}

static void resize_keeps_content_across_kinds_of_block(void **state)
{
    (void)state;
    hgr_run *run = make_run();
    uint32_t *numbers = NULL;
    static const size_t sizes[] = {10, 1000, 400000, 900000, 300000, 500, 20};
    size_t had = 0;
    for (size_t s = 0; s < sizeof sizes / sizeof sizes[0]; s++) {
        assert_int_equal(hgr_resize(run, &numbers, sizes[s], sizeof *numbers, "n", NULL), HGR_OK);
        size_t both = had < sizes[s] ? had : sizes[s];
        for (size_t i = 0; i < both; i++)
            assert_int_equal(numbers[i], i);
        for (size_t i = 0; i < sizes[s]; i++)
            numbers[i] = (uint32_t)i;
        had = sizes[s];
    }
    hgr_free(numbers);
    assert_int_equal(hgr_run_memory_bytes(run), 0);
    hgr_run_free(run);
}

static void grow_stops_at_its_limit(void **state)
{
    (void)state;
    hgr_run *run = make_run();
    uint64_t *array = NULL;
    size_t capacity = 0;
    assert_int_equal(hgr_grow(run, &array, &capacity, 3, 20, 8, "list", NULL), HGR_OK);
    assert_int_equal(capacity, 16);
    assert_int_equal(hgr_grow(run, &array, &capacity, 20, 20, 8, "list", NULL), HGR_OK);
    assert_int_equal(capacity, 20);
    hgr_status status = {0};
    assert_int_equal(hgr_grow(run, &array, &capacity, 21, 20, 8, "list", &status), HGR_TOO_LARGE);
    assert_string_equal(status.text, "list: more than 20");
    hgr_free(array);
    hgr_run_free(run);
}

static void kth_allocation_fails(void **state)
{
    (void)state;
    hgr_run *run = make_run();
    char *a = NULL, *b = NULL;
    hgr_run_fail_allocation(run, 2);
    assert_int_equal(hgr_alloc(run, 1, 1, "a", &a, NULL), HGR_OK);
    assert_int_equal(hgr_alloc(run, 1, 1, "b", &b, NULL), HGR_NO_MEMORY);
    assert_int_equal(hgr_alloc(run, 1, 1, "b", &b, NULL), HGR_OK);
    hgr_free(a);
    hgr_free(b);
    hgr_run_free(run);
}

static void arena_gives_zeroed_blocks(void **state)
{
    (void)state;
    hgr_run *run = make_run();
    hgr_arena arena;
    hgr_arena_init(&arena, run);
    for (size_t size = 0; size < 3000; size += 7) {
        unsigned char *block = hgr_arena_alloc(&arena, size, NULL);
        assert_non_null(block);
        for (size_t i = 0; i < size; i++)
            assert_int_equal(block[i], 0);
        memset(block, 0xab, size);
    }
    assert_string_equal(hgr_arena_text(&arena, "names", 3, NULL), "nam");
    hgr_arena_fini(&arena);
    assert_int_equal(hgr_run_memory_bytes(run), 0);
    hgr_run_free(run);
}

static void cursor_never_leaves_its_bytes(void **state)
{
    (void)state;
    static const uint8_t bytes[] = {1, 2, 3, 4, 5, 6};
    hgr_cursor c = hgr_cursor_make(bytes, sizeof bytes, 100, HGR_AT_FILE);
    uint32_t word = 0;
    assert_true(hgr_cursor_u32(&c, &word));
    assert_int_equal(word, 0x04030201);
    assert_false(hgr_cursor_u32(&c, &word));
    assert_int_equal(c.pos, 4);
    assert_false(hgr_cursor_skip(&c, UINT64_MAX));
    assert_false(hgr_cursor_seek(&c, 7));
    hgr_status status = {0};
    assert_int_equal(hgr_cursor_fail(&c, &status, HGR_TRUNCATED, "word"), HGR_TRUNCATED);
    assert_int_equal(status.at, 104);
}

static void map_keeps_what_it_got(void **state)
{
    (void)state;
    hgr_run *run = make_run();
    hgr_map map;
    hgr_map_init(&map, run);
    for (uint32_t i = 1; i < 5000; i++)
        assert_int_equal(hgr_map_put(&map, (uint64_t)i << 12, i, NULL), HGR_OK);
    for (uint32_t i = 1; i < 5000; i++)
        assert_int_equal(hgr_map_get(&map, (uint64_t)i << 12), i);
    assert_int_equal(hgr_map_get(&map, 5), HGR_MAP_NONE);
    assert_int_equal(hgr_map_get(&map, 0), HGR_MAP_NONE);
    assert_int_equal(hgr_map_put(&map, 0, 1, NULL), HGR_BAD_ARGUMENT);
    hgr_map_fini(&map);
    hgr_run_free(run);
}

static void text_grows_and_stops(void **state)
{
    (void)state;
    hgr_run *run = make_run();
    hgr_text text;
    hgr_text_init(&text, run);
    assert_string_equal(hgr_text_get(&text), "");
    hgr_text_add_z(&text, "List");
    hgr_text_format(&text, "`%d", 1);
    assert_string_equal(hgr_text_get(&text), "List`1");
    static char big[HGR_TEXT_MAX];
    memset(big, 'x', sizeof big);
    hgr_text_add(&text, big, sizeof big);
    assert_true(text.failed);
    assert_string_equal(hgr_text_get(&text), "List`1");
    hgr_text_fini(&text);
    hgr_run_free(run);
}

static void first_error_is_first_in_block_order(void **state)
{
    (void)state;
    hgr_run *run = make_run();
    hgr_first_error error;
    hgr_first_error_init(&error);
    hgr_status late = {.code = HGR_IO}, early = {.code = HGR_BAD_DATA}, out = {0};
    assert_int_equal(hgr_first_error_result(run, &error, &out), HGR_OK);
    hgr_first_error_set(&error, 7, &late);
    assert_false(hgr_run_skips(run, &error, 3));
    assert_true(hgr_run_skips(run, &error, 8));
    hgr_first_error_set(&error, 3, &early);
    hgr_first_error_set(&error, 5, &late);
    assert_int_equal(hgr_first_error_result(run, &error, &out), HGR_BAD_DATA);
    hgr_run_cancel(run);
    assert_true(hgr_run_skips(run, &error, 0));
    hgr_run_free(run);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(status_is_one_line_with_context),
        cmocka_unit_test(budget_counts_and_refuses),
        cmocka_unit_test(resize_keeps_content_across_kinds_of_block),
        cmocka_unit_test(grow_stops_at_its_limit),
        cmocka_unit_test(kth_allocation_fails),
        cmocka_unit_test(arena_gives_zeroed_blocks),
        cmocka_unit_test(cursor_never_leaves_its_bytes),
        cmocka_unit_test(map_keeps_what_it_got),
        cmocka_unit_test(text_grows_and_stops),
        cmocka_unit_test(first_error_is_first_in_block_order),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
