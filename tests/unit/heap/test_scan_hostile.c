/* heap: sources that lie, run out of memory, are cancelled, or try to make the scan slow. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>
#include <time.h>
#include <cmocka.h>

#include "base/run.h"
#include "base/status.h"
#include "heap/scan.h"
#include "synth/fake_heap.h"

#define BASE UINT64_C(0x7f0000000000)

static hgr_run *make_run(uint32_t threads)
{
    hgr_run *run = NULL;
    assert_int_equal(hgr_run_create(threads, &run, NULL), HGR_OK);
    return run;
}

static hgr_result scan(const hgr_source *source, const hgr_run *run, hgr_heap **out,
                       hgr_status *status)
{
    return hgr_heap_scan_tuned(source, HGR_SCAN_GRAPH, (hgr_scan_tuning){.eager = true}, run, out,
                               status);
}

/* Everything that allocates: damage, gaps, implied, bad references, large Free, several blocks. */
static fake_heap *busy_heap(const hgr_run *run)
{
    fake_heap *fake = fake_heap_create(run, 8);
    uint64_t free_type = fake_type_free(fake), pair = fake_type_fixed(fake, 32, 8, 2);
    uint64_t list = fake_type_references(fake), last = BASE;
    for (uint64_t s = 0; s < 3; s++) {
        fake_segment(fake, BASE + s * 0x800000, 5 << 20, HGR_GEN2);
        fake_object(fake, free_type, 600000);
        uint64_t array = fake_object(fake, list, 2000);
        for (uint64_t i = 0; i < 2000; i++)
            fake_pointer(fake, array + 16 + 8 * i, last + i % 3);
        fake_garbage(fake, 64, 3);
        while (fake_room(fake) > 64)
            last = fake_object(fake, pair, 0);
        fake_pointer(fake, last + 8, array);
        fake_implied(fake, last, array);
    }
    return fake;
}

static void survives_every_failed_allocation(void **state)
{
    (void)state;
    for (uint32_t threads = 1; threads < 3; threads++) {
        hgr_run *builder = make_run(1), *run = make_run(threads);
        fake_heap *fake = busy_heap(builder);
        const hgr_source *source = fake_finish(fake);
        hgr_heap *heap = NULL;
        uint64_t k = 1;
        for (;; k++) {
            hgr_status status = {0};
            hgr_run_fail_allocation(run, k);
            hgr_result result = scan(source, run, &heap, &status);
            if (result == HGR_OK)
                break;
            assert_int_equal(result, HGR_NO_MEMORY);
            assert_non_null(strstr(status.text, "refused"));
            assert_null(heap);
            assert_int_equal(hgr_run_memory_bytes(run), 0);
        }
        assert_true(k > 20);
        hgr_run_fail_allocation(run, 0);
        hgr_heap_free(heap);
        assert_int_equal(hgr_run_memory_bytes(run), 0);
        fake_heap_free(fake);
        hgr_run_free(run);
        hgr_run_free(builder);
    }
}

static void memory_limit_is_respected(void **state)
{
    (void)state;
    hgr_run *builder = make_run(1), *run = make_run(2);
    fake_heap *fake = busy_heap(builder);
    const hgr_source *source = fake_finish(fake);
    hgr_heap *heap = NULL;
    hgr_run_set_memory_limit(run, 1 << 20);
    assert_int_equal(scan(source, run, &heap, NULL), HGR_NO_MEMORY);
    assert_true(hgr_run_memory_peak_bytes(run) <= 1 << 20);
    hgr_run_set_memory_limit(run, 256 << 20);
    assert_int_equal(scan(source, run, &heap, NULL), HGR_OK);
    hgr_heap_free(heap);
    fake_heap_free(fake);
    hgr_run_free(run);
    hgr_run_free(builder);
}

static void cancelled_run_gives_nothing(void **state)
{
    (void)state;
    for (uint32_t threads = 1; threads < 3; threads++) {
        hgr_run *run = make_run(threads);
        fake_heap *fake = busy_heap(run);
        const hgr_source *source = fake_finish(fake);
        hgr_heap *heap = NULL;
        uint64_t before = hgr_run_memory_bytes(run);
        hgr_run_cancel(run);
        assert_int_equal(scan(source, run, &heap, NULL), HGR_CANCELLED);
        assert_null(heap);
        assert_int_equal(hgr_run_memory_bytes(run), before);
        fake_heap_free(fake);
        hgr_run_free(run);
    }
}

static hgr_result failing_describe(void *self, uint64_t addr, hgr_shape *out, hgr_status *status)
{
    (void)self;
    (void)addr;
    (void)out;
    return hgr_fail(status, HGR_IO, "the disk is gone");
}

static void error_of_the_source_stops_the_scan(void **state)
{
    (void)state;
    hgr_run *run = make_run(2);
    fake_heap *fake = busy_heap(run);
    hgr_source source = *fake_finish(fake);
    hgr_heap *heap = NULL;
    hgr_status status = {0};
    source.describe = failing_describe;
    assert_int_equal(scan(&source, run, &heap, &status), HGR_IO);
    assert_string_equal(status.text, "the disk is gone");
    fake_heap_free(fake);
    hgr_run_free(run);
}

static void segments_that_cannot_be(void **state)
{
    (void)state;
    hgr_run *run = make_run(2);
    fake_heap *fake = fake_heap_create(run, 8);
    uint64_t pair = fake_type_fixed(fake, 32, 8, 2);
    fake_segment(fake, BASE, 4096, HGR_GEN2);
    fake_object(fake, pair, 0);
    hgr_source source = *fake_finish(fake);
    hgr_segment segments[] = {
        {.start_addr = BASE, .end_addr = BASE + 32},
        {.start_addr = BASE + 16, .end_addr = BASE + 64},        /* overlaps */
        {.start_addr = BASE + 4096, .end_addr = BASE + 100},     /* backwards */
        {.start_addr = BASE + 8193, .end_addr = BASE + 9000},    /* unaligned */
        {.start_addr = BASE + 9008, .end_addr = UINT64_MAX - 7}, /* absurd */
    };
    source.segments = segments;
    source.nsegments = 5;
    hgr_heap *heap = NULL;
    assert_int_equal(scan(&source, run, &heap, NULL), HGR_OK);
    assert_int_equal(heap->findings.count[HGR_FOUND_BAD_SEGMENT], 4);
    assert_int_equal(hgr_objects_count(heap->objects), 1);
    assert_int_equal(heap->totals.used_bytes, 32);
    hgr_heap_free(heap);
    fake_heap_free(fake);
    hgr_run_free(run);
}

static void shapes_that_cannot_be(void **state)
{
    (void)state;
    hgr_run *run = make_run(1);
    static const hgr_slot_run beyond[] = {{8, 4}}, crossed[] = {{16, 1}, {8, 1}},
                              wide[] = {{8, UINT32_MAX}}, header[] = {{0, 1}}, still[] = {{0, 0}};
    const struct {
        hgr_shape shape;
        const hgr_slot_run *runs;
        uint32_t nruns;
    } cases[] = {
        {{.base_size = 32, .slots = HGR_SLOTS_FIXED}, beyond, 1},
        {{.base_size = 32, .slots = HGR_SLOTS_FIXED}, crossed, 2},
        {{.base_size = 32, .slots = HGR_SLOTS_FIXED}, wide, 1},
        {{.base_size = 32, .slots = HGR_SLOTS_FIXED}, header, 1},
        {{.base_size = 32, .slots = HGR_SLOTS_STRUCTS, .start = 16}, still, 1},
        {{.base_size = 32, .slots = HGR_SLOTS_ARRAY, .start = 0}, NULL, 0},
        {{.base_size = 32, .slots = (hgr_slots)77}, NULL, 0},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        fake_heap *fake = fake_heap_create(run, 8);
        uint64_t type = fake_type(fake, &cases[i].shape, cases[i].runs, cases[i].nruns);
        fake_segment(fake, BASE, 4096, HGR_GEN2);
        uint64_t object = fake_object(fake, type, 0);
        fake_pointer(fake, object + 8, object);
        hgr_heap *heap = NULL;
        assert_int_equal(scan(fake_finish(fake), run, &heap, NULL), HGR_OK);
        assert_int_equal(hgr_objects_count(heap->objects), 1);
        assert_int_equal(heap->totals.references, 0);
        assert_int_equal(heap->findings.count[HGR_FOUND_BAD_GCDESC], 1);
        hgr_heap_free(heap);
        fake_heap_free(fake);
    }
    hgr_run_free(run);
}

static double seconds(void)
{
    struct timespec now;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
    return (double)now.tv_sec + (double)now.tv_nsec * 1e-9;
}

/* Heaps of pure garbage: each word tries to be a method table. Linear, and no describe for each
 * word. */
static void garbage_is_not_quadratic(void **state)
{
    (void)state;
    hgr_run *run = make_run(2);
    for (int kind = 0; kind < 4; kind++) {
        fake_heap *fake = fake_heap_create(run, 8);
        uint64_t pair = fake_type_fixed(fake, 32, 8, 2), list = fake_type_references(fake);
        uint64_t content[] = {0, BASE + 64, pair + 8, list};
        fake_segment(fake, BASE, 16 << 20, HGR_GEN2);
        fake_garbage(fake, 16 << 20, content[kind]);
        const hgr_source *source = fake_finish(fake);
        hgr_heap *heap = NULL;
        double before = seconds();
        assert_int_equal(scan(source, run, &heap, NULL), HGR_OK);
        assert_true(seconds() - before < 20);
        assert_int_equal(heap->totals.walked_bytes +
                             heap->findings.bytes[HGR_FOUND_BAD_METHOD_TABLE] +
                             heap->findings.bytes[HGR_FOUND_BAD_SIZE],
                         16 << 20);
        hgr_heap_free(heap);
        fake_heap_free(fake);
    }
    hgr_run_free(run);
}

/* An object here and there in the garbage: the search begins anew each time, from where it was. */
static void scattered_damage_is_linear(void **state)
{
    (void)state;
    hgr_run *run = make_run(1);
    fake_heap *fake = fake_heap_create(run, 8);
    uint64_t pair = fake_type_fixed(fake, 32, 8, 2);
    fake_segment(fake, BASE, 16 << 20, HGR_GEN2);
    while (fake_room(fake) > 4096) {
        for (int i = 0; i < 9; i++)
            fake_object(fake, pair, 0);
        fake_garbage(fake, 72, 5);
    }
    hgr_heap *heap = NULL;
    double before = seconds();
    assert_int_equal(scan(fake_finish(fake), run, &heap, NULL), HGR_OK);
    assert_true(seconds() - before < 20);
    assert_true(heap->findings.count[HGR_FOUND_BAD_METHOD_TABLE] > 40000);
    assert_true(heap->findings.nfirst <= HGR_FINDING_KINDS * HGR_FINDINGS_KEPT);
    assert_true(hgr_objects_count(heap->objects) > 9 * 40000);
    hgr_heap_free(heap);
    fake_heap_free(fake);
    hgr_run_free(run);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(survives_every_failed_allocation),
        cmocka_unit_test(memory_limit_is_respected),
        cmocka_unit_test(cancelled_run_gives_nothing),
        cmocka_unit_test(error_of_the_source_stops_the_scan),
        cmocka_unit_test(segments_that_cannot_be),
        cmocka_unit_test(shapes_that_cannot_be),
        cmocka_unit_test(garbage_is_not_quadratic),
        cmocka_unit_test(scattered_damage_is_linear),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
