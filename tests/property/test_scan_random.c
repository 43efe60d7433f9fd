/* property: the parallel scan of random fake heaps equals the serial walk by definition, and its
 * bytes are the same for 1, 2, 7 and 64 threads, narrow and wide. The seed is printed when it
 * fails. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "graph/graph.h"
#include "heap/scan.h"
#include "reference/walk_slow.h"
#include "synth/fake_heap.h"

enum {
    WITH_DAMAGE = 1, /* garbage between objects, wrong sizes */
    WITH_GAPS = 2,
    WITH_ABSENT = 4,
    WITH_SPLITS = 8,
    WITH_BAD_REFERENCES = 16,
    WITH_ALL = 31
};

struct shape_of_heap {
    uint32_t pointer_size;
    unsigned with;
    unsigned segments;
    uint64_t segment_bytes;
};

struct random_heap {
    fake_heap *fake;
    uint64_t seed;
    uint64_t types[10];
    uint64_t *objects, *ends;
    size_t nobjects;
};

static uint64_t next_random(uint64_t *seed)
{
    *seed += UINT64_C(0x9e3779b97f4a7c15);
    uint64_t z = *seed;
    z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
    return z ^ (z >> 31);
}

static uint64_t below(struct random_heap *heap, uint64_t limit)
{
    return next_random(&heap->seed) % limit;
}

static void make_types(struct random_heap *heap, uint32_t p)
{
    fake_heap *fake = heap->fake;
    hgr_slot_run two[] = {{p, 2}, {5 * p, 1}}, structs[] = {{p, 1}, {2 * p, 2}};
    hgr_shape runs = {.base_size = 7 * p, .slots = HGR_SLOTS_FIXED};
    hgr_shape array = {.base_size = 3 * p,
                       .component_size = 6 * p,
                       .slots = HGR_SLOTS_STRUCTS,
                       .start = 2 * p,
                       .tail_bytes = p};
    hgr_slot_run beyond = {2 * p, 99};
    hgr_shape bad = {.base_size = 4 * p, .slots = HGR_SLOTS_FIXED, .flags = HGR_SHAPE_BAD_GCDESC};
    heap->types[0] = fake_type_free(fake);
    heap->types[1] = fake_type_fixed(fake, 5 * p, p, 3);
    heap->types[2] = fake_type_bytes(fake, 2 * p + 6, 2); /* a string: smaller than the minimum */
    heap->types[3] = fake_type_references(fake);
    heap->types[4] = fake_type(fake, &runs, two, 2);
    heap->types[5] = fake_type(fake, &array, structs, 2);
    heap->types[6] = fake_type_fixed(fake, 3 * p, 0, 0);
    heap->types[7] = fake_type(fake, &bad, &beyond, 1);
    heap->types[8] = fake_type_bytes(fake, 3 * p, 1);
}

static void add_object(struct random_heap *heap, uint64_t type, uint64_t components)
{
    heap->objects[heap->nobjects] = fake_object(heap->fake, type, components);
    heap->ends[heap->nobjects++] = fake_next(heap->fake);
}

static void fill_segment(struct random_heap *heap, const struct shape_of_heap *shape, bool large)
{
    uint32_t p = shape->pointer_size;
    while (fake_room(heap->fake) > 8192) {
        uint64_t dice = below(heap, 1000);
        if (dice < 4 && shape->with & WITH_GAPS)
            fake_gap(heap->fake, p * (1 + below(heap, 40)), heap->types[1] | below(heap, 2));
        else if (dice < 8 && shape->with & WITH_DAMAGE)
            fake_garbage(heap->fake, p * (1 + below(heap, 60)),
                         below(heap, 3) ? next_random(&heap->seed) : heap->types[8] + 64 * 5);
        else if (dice < 9 && fake_room(heap->fake) > (2 << 20))
            add_object(heap, heap->types[dice % 2 ? 0 : 3], (1 << 20) / (dice % 2 ? 1 : p));
        else if (dice == 10 && large)
            add_object(heap, heap->types[8], 1 + below(heap, fake_room(heap->fake) - 8000));
        else
            add_object(heap, heap->types[below(heap, 9)], below(heap, dice < 30 ? 100 : 12));
    }
}

static uint64_t random_target(struct random_heap *heap, unsigned with)
{
    uint64_t dice = below(heap, 100);
    uint64_t target = heap->objects[below(heap, heap->nobjects)];
    if (dice < 25)
        return 0;
    if (dice < 27 && with & WITH_BAD_REFERENCES)
        return target + (dice & 1 ? 8 : 1);
    if (dice == 27 && with & WITH_BAD_REFERENCES)
        return next_random(&heap->seed);
    return target;
}

/* Pointers into every word behind the component count: slots or not, the layout decides. */
static void fill_pointers(struct random_heap *heap, const struct shape_of_heap *shape)
{
    uint32_t p = shape->pointer_size;
    for (size_t i = 0; i < heap->nobjects; i++) {
        uint64_t addr = heap->objects[i], end = heap->ends[i];
        for (uint64_t at = addr + 2 * p; at + p <= end && at < addr + 4096; at += p)
            fake_pointer(heap->fake, at, random_target(heap, shape->with));
        if (shape->with & WITH_DAMAGE && below(heap, 2000) == 0)
            fake_pointer(heap->fake, addr, below(heap, 2) ? 0 : heap->types[8]);
    }
}

static void cut_memory(struct random_heap *heap, const struct shape_of_heap *shape)
{
    uint64_t last = 0;
    for (size_t i = 0; i < heap->nobjects; i++) {
        uint64_t at = heap->objects[i] & ~UINT64_C(63);
        if (at <= last || below(heap, 700))
            continue;
        if (shape->with & WITH_ABSENT && below(heap, 2)) {
            last = at + 64 * (1 + below(heap, 20));
            fake_absent(heap->fake, at, last);
        } else if (shape->with & WITH_SPLITS) {
            last = at + 4 * below(heap, 16);
            fake_split(heap->fake, last);
        }
    }
}

static void random_heap_make(struct random_heap *heap, const struct shape_of_heap *shape,
                             const hgr_run *run, uint64_t seed)
{
    static const hgr_generation generations[] = {HGR_GEN0, HGR_GEN2, HGR_LOH, HGR_POH, HGR_FROZEN};
    *heap = (struct random_heap){.seed = seed, .fake = fake_heap_create(run, shape->pointer_size)};
    size_t most = shape->segments * shape->segment_bytes / (3 * shape->pointer_size) + 1;
    heap->objects = malloc(most * sizeof *heap->objects);
    heap->ends = malloc(most * sizeof *heap->ends);
    make_types(heap, shape->pointer_size);
    uint64_t addr = 0x10000000 + (below(heap, 64) << 16);
    for (unsigned s = 0; s < shape->segments; s++) {
        hgr_generation generation = generations[below(heap, 5)];
        /* a third of the segments touch: pieces cut at a generation boundary */
        addr += s && below(heap, 3) == 0 ? 0 : below(heap, 6) << 20;
        addr += generation == HGR_LOH ? addr % 8 : 0;
        fake_segment(heap->fake, addr, shape->segment_bytes, generation);
        fill_segment(heap, shape, generation == HGR_LOH);
        addr = fake_next(heap->fake);
        addr += addr % 8;
    }
    fill_pointers(heap, shape);
    for (unsigned i = 0; i < 20 && heap->nobjects; i++)
        fake_implied(heap->fake, random_target(heap, shape->with),
                     random_target(heap, shape->with));
    cut_memory(heap, shape);
}

static void random_heap_free(struct random_heap *heap)
{
    fake_heap_free(heap->fake);
    free(heap->objects);
    free(heap->ends);
}

/* ---- the two comparisons ---- */

struct seen {
    const hgr_heap *heap;
    uint32_t at; /* index into col */
};

static bool see_slot(void *user, uint64_t offset, uint64_t value, bool implied)
{
    struct seen *seen = user;
    const hgr_heap *heap = seen->heap;
    assert_int_equal(heap->graph->col[seen->at], hgr_objects_at(heap->objects, value));
    assert_int_equal(implied, hgr_graph_is_implied(heap->graph, seen->at));
    assert_int_equal(implied, offset == UINT32_MAX);
    seen->at++;
    return true;
}

static size_t lost_implied(const hgr_source *source, const hgr_heap *heap)
{
    size_t lost = 0;
    for (size_t i = 0; i < source->nimplied; i++)
        lost += hgr_objects_at(heap->objects, source->implied[i].from_addr) == HGR_NO_NODE;
    return lost;
}

static void equals_slow(const hgr_heap *heap, const hgr_source *source, const slow_heap *slow)
{
    assert_int_equal(hgr_objects_count(heap->objects), slow->n);
    assert_int_equal(heap->totals.objects, slow->n);
    assert_int_equal(heap->totals.free_count, slow->free_count);
    assert_int_equal(heap->totals.free_bytes, slow->free_bytes);
    assert_int_equal(heap->totals.walked_bytes, slow->walked_bytes);
    assert_int_equal(heap->totals.references, slow->m - slow->nimplied);
    assert_int_equal(heap->totals.implied_references, slow->nimplied);
    assert_int_equal(heap->findings.count[HGR_FOUND_BAD_REFERENCE],
                     slow->nbad + lost_implied(source, heap));
    for (uint32_t u = 0; u < slow->n; u++) {
        const slow_object *object = &slow->objects[u];
        assert_int_equal(hgr_objects_address(heap->objects, u), object->addr);
        assert_int_equal(hgr_objects_at(heap->objects, object->addr), u);
        assert_int_equal(hgr_objects_before(heap->objects, object->addr + object->bytes - 1), u);
        assert_int_equal(hgr_heap_node_bytes(heap, u), object->bytes);
        assert_int_equal(heap->types[heap->node_type[u]].shape.method_table_addr,
                         object->shape.method_table_addr);
        struct seen seen = {heap, heap->graph->row[u]};
        hgr_heap_visit_slots(heap, source, u, see_slot, &seen);
        assert_int_equal(seen.at, heap->graph->row[u + 1]);
    }
    assert_memory_equal(heap->graph->row, slow->row, (slow->n + 1) * sizeof *slow->row);
    if (slow->m)
        assert_memory_equal(heap->graph->col, slow->col, slow->m * sizeof *slow->col);
}

static void same_bytes(const void *a, const void *b, size_t bytes)
{
    if (bytes)
        assert_memory_equal(a, b, bytes);
}

static void equals_scan(const hgr_heap *a, const hgr_heap *b, size_t nsegments)
{
    size_t n = hgr_objects_count(a->objects);
    assert_int_equal(n, hgr_objects_count(b->objects));
    assert_int_equal(a->ntypes, b->ntypes);
    same_bytes(&a->totals, &b->totals, sizeof a->totals);
    same_bytes(a->types, b->types, a->ntypes * sizeof *a->types);
    same_bytes(a->segment_totals, b->segment_totals, nsegments * sizeof *a->segment_totals);
    same_bytes(a->segment_first, b->segment_first, (nsegments + 1) * 4);
    same_bytes(a->node_type, b->node_type, n * 4);
    same_bytes(a->node_bytes, b->node_bytes, n * 4);
    same_bytes(a->graph->row, b->graph->row, (n + 1) * 4);
    same_bytes(a->graph->col, b->graph->col, (size_t)a->graph->m * 4);
    assert_int_equal(a->graph->nimplied, b->graph->nimplied);
    same_bytes(a->graph->implied, b->graph->implied, (size_t)a->graph->nimplied * 4);
    assert_int_equal(a->nfree_blocks, b->nfree_blocks);
    for (size_t i = 0; i < a->nfree_blocks; i++) {
        assert_int_equal(a->free_blocks[i].addr, b->free_blocks[i].addr);
        assert_int_equal(a->free_blocks[i].next_addr, b->free_blocks[i].next_addr);
        assert_int_equal(a->free_blocks[i].next_type, b->free_blocks[i].next_type);
    }
    same_bytes(a->findings.count, b->findings.count, sizeof a->findings.count);
    same_bytes(a->findings.bytes, b->findings.bytes, sizeof a->findings.bytes);
    assert_int_equal(a->findings.nfirst, b->findings.nfirst);
    for (size_t i = 0; i < a->findings.nfirst; i++) {
        assert_int_equal(a->findings.first[i].kind, b->findings.first[i].kind);
        assert_int_equal(a->findings.first[i].addr, b->findings.first[i].addr);
        assert_int_equal(a->findings.first[i].value, b->findings.first[i].value);
        assert_int_equal(a->findings.first[i].bytes, b->findings.first[i].bytes);
    }
}

static void types_agree(const hgr_source *source, const hgr_heap *graph, const hgr_run *run)
{
    hgr_heap *types = NULL;
    hgr_totals expected = graph->totals;
    assert_int_equal(hgr_heap_scan_tuned(source, HGR_SCAN_TYPES, (hgr_scan_tuning){.eager = true},
                                         run, &types, NULL),
                     HGR_OK);
    expected.references = expected.implied_references = 0;
    same_bytes(&types->totals, &expected, sizeof expected);
    assert_int_equal(types->ntypes, graph->ntypes);
    same_bytes(types->types, graph->types, types->ntypes * sizeof *types->types);
    assert_null(types->graph);
    hgr_heap_free(types);
}

static void check_heap(const struct shape_of_heap *shape, uint64_t seed)
{
    static const uint32_t threads[] = {1, 2, 7, 64};
    hgr_run *runs[4] = {0};
    hgr_heap *first = NULL;
    struct random_heap heap;
    slow_heap slow;
    for (size_t t = 0; t < 4; t++) {
        assert_int_equal(hgr_run_create(threads[t], &runs[t], NULL), HGR_OK);
        hgr_run_set_check_level(runs[t], 2);
    }
    random_heap_make(&heap, shape, runs[0], seed);
    const hgr_source *source = fake_finish(heap.fake);
    slow_walk(source, &slow);
    for (size_t t = 0; t < 4; t++)
        for (int wide = 0; wide < 2; wide++) {
            hgr_heap *scanned = NULL;
            hgr_status status = {0};
            hgr_scan_tuning tuning = {.wide = wide != 0, .eager = true, .moving = t % 2 == 1};
            hgr_result result =
                hgr_heap_scan_tuned(source, HGR_SCAN_GRAPH, tuning, runs[t], &scanned, &status);
            if (result != HGR_OK)
                print_error("%s\n", status.text);
            assert_int_equal(result, HGR_OK);
            if (!first)
                equals_slow(first = scanned, source, &slow);
            else
                equals_scan(first, scanned, source->nsegments);
            types_agree(source, scanned, runs[t]);
            if (scanned != first)
                hgr_heap_free(scanned);
        }
    hgr_heap_free(first);
    slow_heap_free(&slow);
    random_heap_free(&heap);
    for (size_t t = 0; t < 4; t++) {
        assert_int_equal(hgr_run_memory_bytes(runs[t]), 0);
        hgr_run_free(runs[t]);
    }
}

static void check_seeds(const struct shape_of_heap *shape, uint64_t from, uint64_t to)
{
    for (uint64_t seed = from; seed < to; seed++) {
        /* cmocka leaves by longjmp: say beforehand what was tried, in case it fails */
        fprintf(stderr, "\rpointer %u, with %u, segments %u x %llu, seed %llu   ",
                shape->pointer_size, shape->with, shape->segments,
                (unsigned long long)shape->segment_bytes, (unsigned long long)seed);
        check_heap(shape, seed);
    }
    fprintf(stderr, "\n");
}

static void small_heaps_without_damage(void **state)
{
    (void)state;
    check_seeds(&(struct shape_of_heap){8, 0, 3, 20000}, 1, 10);
    check_seeds(&(struct shape_of_heap){4, 0, 3, 20000}, 1, 10);
}

static void small_heaps_with_each_kind_of_trouble(void **state)
{
    (void)state;
    for (unsigned with = 1; with < WITH_ALL; with <<= 1) {
        check_seeds(&(struct shape_of_heap){8, with, 3, 40000}, 100, 105);
        check_seeds(&(struct shape_of_heap){4, with, 3, 40000}, 100, 105);
    }
}

static void small_heaps_with_all_trouble_at_once(void **state)
{
    (void)state;
    check_seeds(&(struct shape_of_heap){8, WITH_ALL, 5, 80000}, 200, 212);
    check_seeds(&(struct shape_of_heap){4, WITH_ALL, 5, 80000}, 200, 212);
}

static void long_segments_are_cut_by_guess(void **state)
{
    (void)state;
    check_seeds(&(struct shape_of_heap){8, 0, 2, 9 << 20}, 300, 301);
    check_seeds(&(struct shape_of_heap){8, WITH_ALL, 2, 9 << 20}, 301, 302);
    check_seeds(&(struct shape_of_heap){4, WITH_ALL, 2, 6 << 20}, 303, 304);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(small_heaps_without_damage),
        cmocka_unit_test(small_heaps_with_each_kind_of_trouble),
        cmocka_unit_test(small_heaps_with_all_trouble_at_once),
        cmocka_unit_test(long_segments_are_cut_by_guess),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
