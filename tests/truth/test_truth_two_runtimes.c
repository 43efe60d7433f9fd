/* Two recorded sites as one process: both runtimes are listed, each gives the answers it gives
 * alone, and without a number the one with the larger heap is read.
 *
 * With arguments FIRST SECOND OUT it only writes the joined core, for the tests of the program. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <cmocka.h>

#include "fixture.h"
#include "join_cores.h"

#define FIRST  "site-net9-x64.before"
#define SECOND "site-net10-x64.before"

static void open_site(const char *name, struct opened *out)
{
    struct fixture fixture = {0};
    snprintf(fixture.name, sizeof fixture.name, "%s", name);
    snprintf(fixture.dump_path, sizeof fixture.dump_path, "%s/linux/%s.dmp.zst", HGR_FIXTURES,
             name);
    fixture_open(&fixture, 2, NULL, out);
}

static void scan(const struct opened *opened, hgr_snapshot **out)
{
    const hgr_snapshot_options depth = {.depth = HGR_SCAN_GRAPH};
    hgr_status status = {0};
    if (hgr_snapshot_create(opened->runtime, &depth, opened->run, out, &status) != HGR_OK)
        fail_msg("%s", status.text);
}

static void check_same(const struct opened *alone, const struct opened *joined)
{
    hgr_snapshot *a = NULL, *b = NULL;
    scan(alone, &a);
    scan(joined, &b);
    assert_string_equal(hgr_runtime_get_info(alone->runtime)->version,
                        hgr_runtime_get_info(joined->runtime)->version);
    assert_memory_equal(hgr_snapshot_totals(a), hgr_snapshot_totals(b), sizeof(hgr_totals));
    assert_int_equal(hgr_snapshot_types(a), hgr_snapshot_types(b));
    for (uint32_t t = 0; t < hgr_snapshot_types(a); t++) {
        assert_string_equal(hgr_snapshot_type(a, t)->name, hgr_snapshot_type(b, t)->name);
        assert_int_equal(hgr_snapshot_type(a, t)->bytes, hgr_snapshot_type(b, t)->bytes);
    }
    assert_int_equal(hgr_snapshot_roots(a), hgr_snapshot_roots(b));
    hgr_snapshot_free(a);
    hgr_snapshot_free(b);
}

/* The sites' own memory must not overlap: that of the vsyscall page and of locale files may. */
static void join(const struct opened *first, const struct opened *second, char *path)
{
    int fd = mkstemp(path);
    FILE *file = fd >= 0 ? fdopen(fd, "wb") : NULL;
    assert_non_null(file);
    assert_true(join_cores(file, first->dump, second->dump));
    assert_int_equal(fclose(file), 0);
}

static void each_runtime_answers_as_if_alone(void **state)
{
    (void)state;
    char path[] = "/tmp/hgr_two_runtimes_XXXXXX";
    struct opened alone[2] = {0}, joined = {0};
    hgr_status status = {0};
    open_site(FIRST, &alone[0]);
    open_site(SECOND, &alone[1]);
    join(&alone[0], &alone[1], path);
    assert_int_equal(hgr_run_create(2, &joined.run, &status), HGR_OK);
    if (hgr_dump_open(path, NULL, joined.run, &joined.dump, &status) != HGR_OK)
        fail_msg("%s", status.text);
    uint64_t largest = 0;
    for (uint32_t number = 0; number <= 2; number++) {
        const hgr_runtime_options options = {.number = number};
        if (hgr_runtime_open(joined.dump, &options, joined.run, &joined.runtime, &status) != HGR_OK)
            fail_msg("runtime %u: %s", number, status.text);
        assert_int_equal(hgr_runtime_places(joined.runtime), 2);
        if (number == 0) {
            largest = hgr_runtime_get_info(joined.runtime)->used_bytes;
        } else {
            uint32_t which = 0; /* of the two sites: numbers follow addresses */
            while (hgr_runtime_get_info(alone[which].runtime)->module_addr !=
                   hgr_runtime_get_info(joined.runtime)->module_addr)
                assert_true(++which < 2);
            assert_int_equal(hgr_runtime_number(joined.runtime), number);
            assert_true(hgr_runtime_get_info(joined.runtime)->used_bytes <= largest);
            check_same(&alone[which], &joined);
        }
        hgr_runtime_close(joined.runtime);
        joined.runtime = NULL;
    }
    assert_int_equal(largest, hgr_runtime_get_info(alone[0].runtime)->used_bytes >
                                      hgr_runtime_get_info(alone[1].runtime)->used_bytes
                                  ? hgr_runtime_get_info(alone[0].runtime)->used_bytes
                                  : hgr_runtime_get_info(alone[1].runtime)->used_bytes);
    fixture_close(&joined);
    fixture_close(&alone[0]);
    fixture_close(&alone[1]);
    unlink(path);
}

/* test_truth_two_runtimes FIRST SECOND OUT */
static int write_joined(char **argv)
{
    hgr_run *run = NULL;
    hgr_dump *first = NULL, *second = NULL;
    hgr_status status = {0};
    FILE *file = fopen(argv[3], "wb");
    bool done = file && hgr_run_create(2, &run, &status) == HGR_OK &&
                hgr_dump_open(argv[1], NULL, run, &first, &status) == HGR_OK &&
                hgr_dump_open(argv[2], NULL, run, &second, &status) == HGR_OK &&
                join_cores(file, first, second);
    if (!done)
        fprintf(stderr, "cannot join: %s\n", status.text);
    hgr_dump_close(first);
    hgr_dump_close(second);
    hgr_run_free(run);
    return file && fclose(file) == 0 && done ? 0 : 1;
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_runtime_answers_as_if_alone),
    };
    return argc == 4 ? write_joined(argv) : cmocka_run_group_tests(tests, NULL, NULL);
}
