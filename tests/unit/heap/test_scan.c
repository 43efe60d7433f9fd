/* heap: small heaps with known answers. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>
#include <cmocka.h>

#include "base/run.h"
#include "graph/graph.h"
#include "heap/scan.h"
#include "synth/fake_heap.h"

#define BASE UINT64_C(0x7f0000000028)

struct world {
    hgr_run *run;
    fake_heap *fake;
    const hgr_source *source;
    hgr_heap *heap;
    uint64_t free_type, pair, string, array;
};

static void open_world(struct world *w, uint32_t threads)
{
    *w = (struct world){0};
    assert_int_equal(hgr_run_create(threads, &w->run, NULL), HGR_OK);
    hgr_run_set_check_level(w->run, 2);
    w->fake = fake_heap_create(w->run, 8);
    w->free_type = fake_type_free(w->fake);
    w->pair = fake_type_fixed(w->fake, 32, 8, 2);
    w->string = fake_type_bytes(w->fake, 22, 2);
    w->array = fake_type_references(w->fake);
}

static void scan_world(struct world *w)
{
    hgr_status status = {0};
    w->source = fake_finish(w->fake);
    hgr_result result = hgr_heap_scan_tuned(
        w->source, HGR_SCAN_GRAPH, (hgr_scan_tuning){.eager = true}, w->run, &w->heap, &status);
    if (result != HGR_OK)
        print_error("%s\n", status.text);
    assert_int_equal(result, HGR_OK);
}

static void close_world(struct world *w)
{
    hgr_heap_free(w->heap);
    fake_heap_free(w->fake);
    assert_int_equal(hgr_run_memory_bytes(w->run), 0);
    hgr_run_free(w->run);
}

static void objects_types_and_references(void **state)
{
    (void)state;
    struct world w;
    open_world(&w, 2);
    fake_segment(w.fake, BASE, 4096, HGR_GEN0);
    uint64_t a = fake_object(w.fake, w.pair, 0), b = fake_object(w.fake, w.string, 3);
    fake_object(w.fake, w.free_type, 16);
    uint64_t c = fake_object(w.fake, w.array, 3);
    fake_pointer(w.fake, a + 8, c);
    fake_pointer(w.fake, a + 16, b);
    fake_pointer(w.fake, c + 16, a);
    fake_pointer(w.fake, c + 32, a);
    scan_world(&w);
    static const uint32_t row[] = {0, 2, 2, 4}, col[] = {2, 1, 0, 0}, bytes[] = {32, 28, 48};
    assert_int_equal(hgr_objects_count(w.heap->objects), 3);
    assert_memory_equal(w.heap->graph->row, row, sizeof row);
    assert_memory_equal(w.heap->graph->col, col, sizeof col);
    assert_memory_equal(w.heap->node_bytes, bytes, sizeof bytes);
    assert_int_equal(w.heap->ntypes, 3); /* Free is none of them */
    assert_int_equal(w.heap->types[w.heap->node_type[1]].shape.method_table_addr, w.string);
    assert_int_equal(w.heap->types[w.heap->node_type[1]].bytes[HGR_GEN0], 28);
    const hgr_totals *t = &w.heap->totals;
    assert_int_equal(t->objects, 3);
    assert_int_equal(t->bytes, 108);
    assert_int_equal(t->aligned_bytes, 112);
    assert_int_equal(t->free_count, 1);
    assert_int_equal(t->free_bytes, 40);
    assert_int_equal(t->used_bytes, 152);
    assert_int_equal(t->walked_bytes, 152);
    close_world(&w);
}

static void no_heap_at_all(void **state)
{
    (void)state;
    struct world w;
    open_world(&w, 2);
    scan_world(&w);
    assert_int_equal(hgr_graph_nodes(w.heap->graph), 0);
    assert_int_equal(w.heap->segment_first[0], 0);
    close_world(&w);
    open_world(&w, 2);
    fake_segment(w.fake, BASE, 64, HGR_GEN0); /* an empty region */
    fake_segment(w.fake, BASE + 0x1000, 64, HGR_GEN2);
    fake_object(w.fake, w.pair, 0);
    scan_world(&w);
    assert_int_equal(hgr_graph_nodes(w.heap->graph), 1);
    assert_int_equal(w.heap->segment_first[1], 0);
    assert_int_equal(w.heap->segment_first[2], 1);
    close_world(&w);
}

static void gaps_are_jumped_and_count_as_walked(void **state)
{
    (void)state;
    struct world w;
    open_world(&w, 1);
    fake_segment(w.fake, BASE, 4096, HGR_GEN0);
    fake_object(w.fake, w.pair, 0);
    fake_gap(w.fake, 160, w.pair); /* stale objects: must not be seen */
    uint64_t b = fake_object(w.fake, w.pair, 0);
    fake_gap(w.fake, 48, 0);
    scan_world(&w);
    assert_int_equal(hgr_objects_count(w.heap->objects), 2);
    assert_int_equal(hgr_objects_at(w.heap->objects, b), 1);
    assert_int_equal(w.heap->totals.walked_bytes, w.heap->totals.used_bytes);
    assert_int_equal(w.heap->findings.nfirst, 0);
    close_world(&w);
}

static void damage_is_skipped_and_counted(void **state)
{
    (void)state;
    struct world w;
    open_world(&w, 1);
    fake_segment(w.fake, BASE, 4096, HGR_GEN0);
    fake_object(w.fake, w.pair, 0);
    uint64_t bad = fake_next(w.fake);
    fake_garbage(w.fake, 80, 0x1234567);
    for (int i = 0; i < 10; i++)
        fake_object(w.fake, w.pair, 0);
    uint64_t huge = fake_object(w.fake, w.string, 10);
    fake_pointer(w.fake, huge + 8, 0x7fffffff);
    for (int i = 0; i < 3; i++)
        fake_object(w.fake, w.pair, 0);
    scan_world(&w);
    assert_int_equal(hgr_objects_count(w.heap->objects), 14);
    assert_int_equal(w.heap->findings.count[HGR_FOUND_BAD_METHOD_TABLE], 1);
    assert_int_equal(w.heap->findings.bytes[HGR_FOUND_BAD_METHOD_TABLE], 80);
    assert_int_equal(w.heap->findings.first[0].addr, bad);
    assert_int_equal(w.heap->findings.first[0].value, 0x1234567);
    assert_int_equal(w.heap->findings.count[HGR_FOUND_BAD_SIZE], 1);
    assert_int_equal(w.heap->findings.first[1].addr, huge);
    assert_int_equal(w.heap->findings.bytes[HGR_FOUND_BAD_SIZE], 48);
    assert_int_equal(w.heap->totals.walked_bytes, w.heap->totals.used_bytes - 128);
    close_world(&w);
}

static void bad_references_are_dropped_and_counted(void **state)
{
    (void)state;
    struct world w;
    open_world(&w, 1);
    fake_segment(w.fake, BASE, 4096, HGR_GEN0);
    uint64_t a = fake_object(w.fake, w.pair, 0), b = fake_object(w.fake, w.pair, 0);
    uint64_t gap = fake_object(w.fake, w.free_type, 0);
    fake_pointer(w.fake, a + 8, 0x123456789); /* outside the heap */
    fake_pointer(w.fake, a + 16, b);
    fake_pointer(w.fake, b + 8, gap);    /* a Free object */
    fake_pointer(w.fake, b + 16, a + 4); /* inside an object */
    fake_implied(w.fake, b, a);
    fake_implied(w.fake, gap, a); /* from no object */
    scan_world(&w);
    static const uint32_t row[] = {0, 1, 2}, col[] = {1, 0};
    assert_memory_equal(w.heap->graph->row, row, sizeof row);
    assert_memory_equal(w.heap->graph->col, col, sizeof col);
    assert_int_equal(w.heap->graph->nimplied, 1);
    assert_int_equal(w.heap->graph->implied[0], 1);
    assert_int_equal(w.heap->findings.count[HGR_FOUND_BAD_REFERENCE], 4);
    assert_int_equal(w.heap->findings.nfirst, 4);
    assert_int_equal(w.heap->findings.first[0].addr, a);
    assert_int_equal(w.heap->findings.first[0].value, 0x123456789);
    assert_int_equal(w.heap->findings.first[1].addr, b);
    assert_int_equal(w.heap->findings.first[2].addr, b);
    assert_int_equal(w.heap->findings.first[3].addr, gap);
    close_world(&w);
}

static bool keep_slot(void *user, uint64_t offset, uint64_t value, bool implied)
{
    uint64_t **at = user;
    *(*at)++ = offset;
    *(*at)++ = value;
    *(*at)++ = implied;
    return true;
}

static void implied_come_last_and_keep_their_order(void **state)
{
    (void)state;
    struct world w;
    open_world(&w, 1);
    hgr_slot_run slot = {8, 1};
    hgr_shape shape = {.base_size = 24, .slots = HGR_SLOTS_FIXED, .implied_addr = BASE};
    uint64_t collectible = fake_type(w.fake, &shape, &slot, 1);
    fake_segment(w.fake, BASE, 4096, HGR_GEN0);
    uint64_t loader = fake_object(w.fake, w.pair, 0), a = fake_object(w.fake, collectible, 0);
    uint64_t b = fake_object(w.fake, w.pair, 0);
    fake_pointer(w.fake, a + 8, a);
    fake_implied(w.fake, a, b);
    scan_world(&w);
    static const uint32_t row[] = {0, 0, 3, 3}, col[] = {1, 0, 2}, implied[] = {1, 2};
    assert_memory_equal(w.heap->graph->row, row, sizeof row);
    assert_memory_equal(w.heap->graph->col, col, sizeof col);
    assert_int_equal(w.heap->totals.implied_references, 2);
    assert_memory_equal(w.heap->graph->implied, implied, sizeof implied);
    uint64_t seen[9] = {0}, *at = seen;
    hgr_heap_visit_slots(w.heap, w.source, 1, keep_slot, &at);
    uint64_t expected[] = {8, a, 0, UINT32_MAX, loader, 1, UINT32_MAX, b, 1};
    assert_memory_equal(seen, expected, sizeof expected);
    close_world(&w);
}

static void absent_memory_is_counted_not_guessed(void **state)
{
    (void)state;
    struct world w;
    open_world(&w, 1);
    fake_segment(w.fake, BASE, 4096, HGR_GEN0);
    uint64_t a = fake_object(w.fake, w.pair, 0);
    uint64_t list = fake_object(w.fake, w.array, 100);
    for (uint64_t i = 0; i < 100; i++)
        fake_pointer(w.fake, list + 16 + 8 * i, a);
    for (int i = 0; i < 20; i++)
        fake_object(w.fake, w.pair, 0);
    uint64_t next = fake_next(w.fake);
    fake_absent(w.fake, list + 80, list + 160);          /* in the middle of an object */
    fake_absent(w.fake, next - 20 * 32, next - 18 * 32); /* two objects and no more */
    scan_world(&w);
    assert_int_equal(hgr_objects_count(w.heap->objects), 20);
    assert_int_equal(w.heap->totals.references, 90);
    assert_int_equal(w.heap->findings.count[HGR_FOUND_ABSENT_MEMORY], 2);
    assert_int_equal(w.heap->findings.bytes[HGR_FOUND_ABSENT_MEMORY], 144);
    assert_int_equal(w.heap->findings.first[0].addr, list + 80);
    assert_int_equal(w.heap->totals.walked_bytes, w.heap->totals.used_bytes - 144);
    close_world(&w);
}

static void large_free_blocks_name_what_follows(void **state)
{
    (void)state;
    struct world w;
    open_world(&w, 2);
    fake_segment(w.fake, BASE, 2 << 20, HGR_GEN2);
    uint64_t first = fake_object(w.fake, w.free_type, 524288 - 24);
    fake_object(w.fake, w.free_type, 0);
    fake_gap(w.fake, 64, 1);
    uint64_t follower = fake_object(w.fake, w.string, 1);
    fake_object(w.fake, w.free_type, 524288 - 32); /* just below the limit */
    uint64_t last = fake_object(w.fake, w.free_type, 600000);
    scan_world(&w);
    assert_int_equal(w.heap->nfree_blocks, 2);
    assert_int_equal(w.heap->free_blocks[0].addr, first);
    assert_int_equal(w.heap->free_blocks[0].bytes, 524288);
    assert_int_equal(w.heap->free_blocks[0].next_addr, follower);
    assert_int_equal(w.heap->free_blocks[0].next_type, 0);
    assert_int_equal(w.heap->free_blocks[1].addr, last);
    assert_int_equal(w.heap->free_blocks[1].next_addr, 0);
    assert_int_equal(w.heap->free_blocks[1].next_type, UINT32_MAX);
    close_world(&w);
}

static void objects_of_4_gib_keep_their_size(void **state)
{
    (void)state;
    struct world w;
    open_world(&w, 2);
    uint64_t wide = fake_type_bytes(w.fake, 24, 16), start = BASE,
             bytes = 24 + 16 * UINT64_C(0x10000002);
    fake_segment(w.fake, start, 64, HGR_LOH);
    uint64_t big = fake_object(w.fake, wide, 0);
    fake_pointer(w.fake, big + 8, 0x10000002);
    scan_world(&w); /* the segment ends behind its header: damage */
    assert_int_equal(w.heap->findings.count[HGR_FOUND_BAD_SIZE], 1);
    assert_int_equal(w.heap->findings.first[0].value, bytes);
    hgr_heap_free(w.heap);
    /* now with a segment that holds it; its bytes are absent, which costs nothing */
    hgr_segment segment = {.start_addr = start, .end_addr = start + bytes, .generation = HGR_LOH};
    hgr_source source = *w.source;
    source.segments = &segment;
    assert_int_equal(hgr_heap_scan(&source, HGR_SCAN_GRAPH, w.run, &w.heap, NULL), HGR_OK);
    assert_int_equal(hgr_objects_count(w.heap->objects), 1);
    assert_int_equal(w.heap->node_bytes[0], UINT32_MAX);
    assert_int_equal(hgr_heap_node_bytes(w.heap, 0), bytes);
    assert_int_equal(w.heap->totals.bytes, bytes);
    assert_int_equal(w.heap->findings.bytes[HGR_FOUND_ABSENT_MEMORY], bytes - 24);
    close_world(&w);
}

static void marked_method_tables_are_understood(void **state)
{
    (void)state;
    struct world w;
    open_world(&w, 1);
    fake_segment(w.fake, BASE, 4096, HGR_GEN0);
    for (int i = 0; i < 8; i++) {
        uint64_t object = fake_object(w.fake, w.pair, 0);
        fake_pointer(w.fake, object, w.pair | (uint64_t)i); /* a dump taken while the GC marks */
    }
    scan_world(&w);
    assert_int_equal(hgr_objects_count(w.heap->objects), 8);
    assert_int_equal(w.heap->ntypes, 1);
    assert_int_equal(w.heap->types[0].count[HGR_GEN0], 8);
    close_world(&w);
}

struct seen_phases {
    char text[200];
};

static void see_phase(void *user, const hgr_phase *phase)
{
    struct seen_phases *seen = user;
    strncat(seen->text, phase->name, sizeof seen->text - strlen(seen->text) - 1);
    strncat(seen->text, " ", sizeof seen->text - strlen(seen->text) - 1);
}

static void see_progress(void *user, const char *stage, uint64_t done, uint64_t total)
{
    uint64_t *last = user;
    assert_string_equal(stage, "scan");
    assert_true(done > *last && done <= total);
    *last = done;
}

static void progress_and_phases_are_told(void **state)
{
    (void)state;
    struct world w;
    struct seen_phases seen = {""};
    uint64_t last = 0;
    open_world(&w, 2);
    fake_segment(w.fake, BASE, 4096, HGR_GEN0);
    fake_object(w.fake, w.pair, 0);
    hgr_run_set_phase(w.run, see_phase, &seen);
    hgr_run_set_progress(w.run, see_progress, &last);
    scan_world(&w);
    assert_string_equal(seen.text, "scan translate ");
    assert_int_equal(last, 32);
    close_world(&w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(objects_types_and_references),
        cmocka_unit_test(no_heap_at_all),
        cmocka_unit_test(gaps_are_jumped_and_count_as_walked),
        cmocka_unit_test(damage_is_skipped_and_counted),
        cmocka_unit_test(bad_references_are_dropped_and_counted),
        cmocka_unit_test(implied_come_last_and_keep_their_order),
        cmocka_unit_test(absent_memory_is_counted_not_guessed),
        cmocka_unit_test(large_free_blocks_name_what_follows),
        cmocka_unit_test(objects_of_4_gib_keep_their_size),
        cmocka_unit_test(marked_method_tables_are_understood),
        cmocka_unit_test(progress_and_phases_are_told),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
