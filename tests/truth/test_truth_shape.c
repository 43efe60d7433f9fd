/* The search by shape alone (no symbol, export, resource, table or descriptor) against the tables,
 * on every recorded dump of a collector with segments: the same segments, objects, bytes and
 * references of every type in every generation, the same handles. The tables' answers are held
 * against other readers elsewhere.
 *
 * What it cannot know (statics' names, the finalizer queue) is not compared. The end of the
 * youngest objects is that of the last one, where the tables give the end of the stretch being
 * allocated from. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>

#include "clr/clr.h"
#include "fixture.h"

static const char *const WITH_SEGMENTS[] = {
    "windows/net-6.0.13-x64-wks.dmp.zst",     "windows/netcore-2.1.8-x86-wks.dmp.zst",
    "windows/netcore-2.1.8-x86-big.dmp.zst",  "early/netcore-2.0.0-linux-x64.core.zst",
    "early/netcore-3.1.3-linux-x64.core.zst", "linux/site-net9-segments-x64.before.dmp.zst",
};
static const char WITH_REGIONS[] = "windows/net-9.0.22-x64-wks.dmp.zst";

struct heap {
    hgr_runtime *runtime;
    hgr_snapshot *snapshot;
};

static hgr_dump *open_dump(const char *name, hgr_run *run)
{
    char path[512];
    hgr_status status = {0};
    hgr_dump *dump = NULL;
    snprintf(path, sizeof path, "%s/%s", HGR_FIXTURES, name);
    if (hgr_dump_open(path, NULL, run, &dump, &status) != HGR_OK)
        fail_msg("%s: %s", name, status.text);
    return dump;
}

static struct heap open_heap(const hgr_dump *dump, const hgr_run *run, bool heap_search)
{
    const hgr_runtime_options options = {.heap_search = heap_search, .cross_check = !heap_search};
    const hgr_snapshot_options depth = {.depth = HGR_SCAN_GRAPH};
    hgr_status status = {0};
    struct heap heap = {0};
    if (hgr_runtime_open(dump, &options, run, &heap.runtime, &status) != HGR_OK ||
        hgr_snapshot_create(heap.runtime, &depth, run, &heap.snapshot, &status) != HGR_OK)
        fail_msg("%s", status.text);
    return heap;
}

static void close_heap(struct heap *heap)
{
    hgr_snapshot_free(heap->snapshot);
    hgr_runtime_close(heap->runtime);
}

static void compare_segments(const struct heap *tables, const struct heap *shape)
{
    size_t count = hgr_runtime_segments(tables->runtime);
    assert_int_equal(hgr_runtime_segments(shape->runtime), count);
    for (size_t i = 0; i < count; i++) {
        const hgr_segment *x = hgr_runtime_segment(tables->runtime, i);
        const hgr_segment *y = hgr_runtime_segment(shape->runtime, i);
        assert_int_equal(x->start_addr, y->start_addr);
        assert_int_equal(x->segment_addr, y->segment_addr);
        assert_int_equal(x->generation, y->generation);
        if (x->generation == HGR_GEN0)
            assert_true(y->end_addr <= x->end_addr);
        else
            assert_int_equal(x->end_addr, y->end_addr);
    }
}

static void compare_types(const struct heap *tables, const struct heap *shape)
{
    const hgr_totals *x = hgr_snapshot_totals(tables->snapshot);
    const hgr_totals *y = hgr_snapshot_totals(shape->snapshot);
    assert_int_equal(x->objects, y->objects);
    assert_int_equal(x->bytes, y->bytes);
    assert_int_equal(x->free_count, y->free_count);
    assert_int_equal(x->free_bytes, y->free_bytes);
    assert_int_equal(x->references, y->references);
    assert_int_equal(x->implied_references, y->implied_references);
    assert_int_equal(y->walked_bytes, y->used_bytes);
    assert_int_equal(hgr_snapshot_types(tables->snapshot), hgr_snapshot_types(shape->snapshot));
    for (uint32_t t = 0; t < hgr_snapshot_types(tables->snapshot); t++) {
        const hgr_type_info *a = hgr_snapshot_type(tables->snapshot, t);
        const hgr_type_info *b = hgr_snapshot_type(shape->snapshot, t);
        assert_int_equal(a->method_table_addr, b->method_table_addr);
        assert_string_equal(a->name, b->name);
        for (int g = 0; g < HGR_GENERATIONS; g++) {
            assert_int_equal(hgr_snapshot_type_count(tables->snapshot, t, (hgr_generation)g),
                             hgr_snapshot_type_count(shape->snapshot, t, (hgr_generation)g));
            assert_int_equal(hgr_snapshot_type_bytes(tables->snapshot, t, (hgr_generation)g),
                             hgr_snapshot_type_bytes(shape->snapshot, t, (hgr_generation)g));
        }
    }
}

static void compare_handles(const struct heap *tables, const struct heap *shape)
{
    size_t count = hgr_snapshot_handles(tables->snapshot);
    assert_true(count > 0);
    assert_int_equal(hgr_snapshot_handles(shape->snapshot), count);
    for (size_t i = 0; i < count; i++) {
        const hgr_handle *x = hgr_snapshot_handle(tables->snapshot, i);
        const hgr_handle *y = hgr_snapshot_handle(shape->snapshot, i);
        assert_int_equal(x->slot_addr, y->slot_addr);
        assert_int_equal(x->object_addr, y->object_addr);
        assert_int_equal(x->kind, y->kind);
        assert_int_equal(x->dependent_addr, y->dependent_addr);
    }
}

static void compare_info(const struct heap *tables, const struct heap *shape)
{
    const hgr_runtime_info *x = hgr_runtime_get_info(tables->runtime);
    const hgr_runtime_info *y = hgr_runtime_get_info(shape->runtime);
    assert_string_equal(x->version, y->version);
    assert_string_equal(x->layout, y->layout);
    assert_string_equal(y->found_by, "shape of the heap");
    assert_string_not_equal(x->found_by, y->found_by);
    assert_int_equal(x->heaps, y->heaps);
    assert_string_equal(x->unknown, "");
    assert_true(strlen(y->unknown) > 0);
    assert_null(hgr_runtime_warning(tables->runtime, 0)); /* the cross-check too is silent */
    assert_null(hgr_runtime_warning(shape->runtime, 0));
}

static void the_same_heap_by_shape_alone(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof WITH_SEGMENTS / sizeof WITH_SEGMENTS[0]; i++) {
        hgr_run *run;
        assert_int_equal(hgr_run_create(2, &run, NULL), HGR_OK);
        hgr_dump *dump = open_dump(WITH_SEGMENTS[i], run);
        struct heap tables = open_heap(dump, run, false), shape = open_heap(dump, run, true);
        print_message("%s\n", WITH_SEGMENTS[i]);
        compare_info(&tables, &shape);
        compare_segments(&tables, &shape);
        compare_types(&tables, &shape);
        compare_handles(&tables, &shape);
        close_heap(&shape);
        close_heap(&tables);
        hgr_dump_close(dump);
        hgr_run_free(run);
    }
}

/* ---- any number of threads ---- */

static void compare_runs(const hgr_runtime *one, const hgr_runtime *many)
{
    assert_int_equal(one->nsegments, many->nsegments);
    assert_memory_equal(one->segments, many->segments, one->nsegments * sizeof *one->segments);
    assert_int_equal(one->ngaps, many->ngaps);
    if (one->ngaps > 0)
        assert_memory_equal(one->gaps, many->gaps, one->ngaps * sizeof *one->gaps);
    assert_int_equal(one->nhandle_segments, many->nhandle_segments);
    assert_memory_equal(one->handle_segments, many->handle_segments,
                        one->nhandle_segments * sizeof *one->handle_segments);
    assert_int_equal(one->object_mt, many->object_mt);
    assert_int_equal(one->string_mt, many->string_mt);
    assert_int_equal(one->free_mt, many->free_mt);
}

static void threads_do_not_matter(void **state)
{
    (void)state;
    static const uint32_t THREADS[] = {2, 7, 64};
    const hgr_runtime_options options = {.heap_search = true};
    hgr_runtime *one = NULL, *many = NULL;
    hgr_run *run;
    assert_int_equal(hgr_run_create(1, &run, NULL), HGR_OK);
    hgr_dump *dump = open_dump(WITH_SEGMENTS[1], run);
    assert_int_equal(hgr_runtime_open(dump, &options, run, &one, NULL), HGR_OK);
    for (size_t i = 0; i < sizeof THREADS / sizeof THREADS[0]; i++) {
        hgr_run *wide;
        assert_int_equal(hgr_run_create(THREADS[i], &wide, NULL), HGR_OK);
        assert_int_equal(hgr_runtime_open(dump, &options, wide, &many, NULL), HGR_OK);
        compare_runs(one, many);
        hgr_runtime_close(many);
        hgr_run_free(wide);
    }
    hgr_runtime_close(one);
    hgr_dump_close(dump);
    hgr_run_free(run);
}

/* ---- where there is nothing to find ---- */

static void regions_have_no_shape(void **state)
{
    (void)state;
    const hgr_runtime_options options = {.heap_search = true};
    hgr_status status = {0};
    hgr_runtime *runtime = NULL;
    hgr_run *run;
    assert_int_equal(hgr_run_create(2, &run, NULL), HGR_OK);
    hgr_dump *dump = open_dump(WITH_REGIONS, run);
    assert_int_equal(hgr_runtime_open(dump, &options, run, &runtime, &status), HGR_NOT_FOUND);
    assert_non_null(strstr(status.text, "no GC segment"));
    hgr_dump_close(dump);
    hgr_run_free(run);
}

static void every_failed_allocation_is_survived(void **state)
{
    (void)state;
    const hgr_runtime_options options = {.heap_search = true};
    hgr_run *run;
    assert_int_equal(hgr_run_create(1, &run, NULL), HGR_OK);
    hgr_dump *dump = open_dump(WITH_SEGMENTS[1], run);
    uint64_t before = hgr_run_memory_bytes(run), k = 0;
    hgr_result result = HGR_NO_MEMORY;
    while (result != HGR_OK) {
        hgr_runtime *runtime = NULL;
        hgr_run_fail_allocation(run, ++k);
        result = hgr_runtime_open(dump, &options, run, &runtime, NULL);
        hgr_run_fail_allocation(run, 0);
        assert_true(result == HGR_OK || result == HGR_NO_MEMORY);
        assert_true((runtime != NULL) == (result == HGR_OK));
        hgr_runtime_close(runtime);
        assert_int_equal(hgr_run_memory_bytes(run), before);
    }
    assert_true(k > 10);
    hgr_dump_close(dump);
    hgr_run_free(run);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_same_heap_by_shape_alone),
        cmocka_unit_test(threads_do_not_matter),
        cmocka_unit_test(regions_have_no_shape),
        cmocka_unit_test(every_failed_allocation_is_survived),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
