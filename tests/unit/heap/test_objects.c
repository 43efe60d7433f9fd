/* heap: address <-> node on hand-made marks: far-apart granules, word edges, empty stretches. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <cmocka.h>

#include "heap/objects.h"
#include "synth/fake_heap.h"

#define FAR UINT64_C(0x600000000000)

struct fixture {
    hgr_run *run;
    fake_heap *fake;
    const hgr_source *source;
    hgr_objects *objects;
};

static void mark(hgr_objects *objects, uint64_t addr)
{
    uint64_t slot = hgr_objects_slot(objects, addr);
    assert_true(slot != HGR_NO_SLOT);
    objects->bits[slot >> 6] |= UINT64_C(1) << (slot & 63);
}

/* Two segments terabytes apart; objects every `step` bytes in each. */
static void setup(struct fixture *f, uint32_t pointer_size, uint64_t far, uint64_t bytes,
                  uint64_t step)
{
    *f = (struct fixture){0};
    assert_int_equal(hgr_run_create(2, &f->run, NULL), HGR_OK);
    f->fake = fake_heap_create(f->run, pointer_size);
    fake_segment(f->fake, 0x400000, bytes, HGR_GEN0);
    fake_garbage(f->fake, bytes, 0);
    fake_segment(f->fake, far, bytes, HGR_GEN2);
    fake_garbage(f->fake, bytes, 0);
    f->source = fake_finish(f->fake);
    assert_int_equal(hgr_objects_create(f->source, f->run, &f->objects, NULL), HGR_OK);
    for (uint64_t off = 0; step && off < bytes; off += step) {
        mark(f->objects, 0x400000 + off);
        mark(f->objects, far + off);
    }
    assert_int_equal(hgr_objects_index(f->objects, f->run, NULL), HGR_OK);
}

static void teardown(struct fixture *f)
{
    hgr_objects_free(f->objects);
    fake_heap_free(f->fake);
    assert_int_equal(hgr_run_memory_bytes(f->run), 0);
    hgr_run_free(f->run);
}

static void check_both_ways(const struct fixture *f, uint64_t far, uint64_t bytes, uint64_t step)
{
    uint32_t half = (uint32_t)((bytes + step - 1) / step), node = 0;
    assert_int_equal(hgr_objects_count(f->objects), 2 * half);
    for (uint64_t off = 0; off < bytes; off += step, node++) {
        assert_int_equal(hgr_objects_at(f->objects, 0x400000 + off), node);
        assert_int_equal(hgr_objects_address(f->objects, node), 0x400000 + off);
        assert_int_equal(hgr_objects_at(f->objects, far + off), half + node);
        assert_int_equal(hgr_objects_address(f->objects, half + node), far + off);
        assert_int_equal(hgr_objects_at(f->objects, far + off + 1), HGR_NO_NODE);
        if (off + step < bytes)
            assert_int_equal(hgr_objects_before(f->objects, far + off + step - 1), half + node);
    }
}

static void node_and_address_are_inverse(void **state)
{
    (void)state;
    static const uint64_t steps[] = {24, 40, 512, 4096, 100000, 3000000};
    for (size_t i = 0; i < sizeof steps / sizeof steps[0]; i++) {
        struct fixture f;
        uint64_t step = steps[i] - steps[i] % 8;
        setup(&f, 8, FAR + 0x28, 9 << 20, step);
        check_both_ways(&f, FAR + 0x28, 9 << 20, step);
        teardown(&f);
    }
}

static void slots_of_four_bytes(void **state)
{
    (void)state;
    struct fixture f;
    setup(&f, 4, 0x7ffc0000, 5 << 20, 12);
    check_both_ways(&f, 0x7ffc0000, 5 << 20, 12);
    teardown(&f);
}

static void addresses_outside_are_no_nodes(void **state)
{
    (void)state;
    struct fixture f;
    setup(&f, 8, FAR, 1 << 20, 64);
    static const uint64_t outside[] = {0,
                                       8,
                                       0x3ffff8,
                                       0x500000,
                                       FAR - 8,
                                       FAR + (1 << 20),
                                       UINT64_MAX,
                                       UINT64_MAX - 7,
                                       UINT64_C(1) << 63};
    for (size_t i = 0; i < sizeof outside / sizeof outside[0]; i++) {
        assert_int_equal(hgr_objects_at(f.objects, outside[i]), HGR_NO_NODE);
        assert_int_equal(hgr_objects_before(f.objects, outside[i]), HGR_NO_NODE);
    }
    teardown(&f);
}

static void before_stays_in_its_segment(void **state)
{
    (void)state;
    struct fixture f;
    setup(&f, 8, FAR, 1 << 20, 0);
    assert_int_equal(hgr_objects_count(f.objects), 0);
    assert_int_equal(hgr_objects_before(f.objects, FAR + 64), HGR_NO_NODE);
    hgr_objects_free(f.objects);
    f.objects = NULL;
    assert_int_equal(hgr_objects_create(f.source, f.run, &f.objects, NULL), HGR_OK);
    mark(f.objects, 0x400000 + 1000 * 8);
    mark(f.objects, FAR + 100 * 8);
    assert_int_equal(hgr_objects_index(f.objects, f.run, NULL), HGR_OK);
    assert_int_equal(hgr_objects_before(f.objects, FAR + 99 * 8), HGR_NO_NODE);
    assert_int_equal(hgr_objects_before(f.objects, FAR + 100 * 8), 1);
    assert_int_equal(hgr_objects_before(f.objects, FAR + (1 << 20) - 1), 1);
    assert_int_equal(hgr_objects_before(f.objects, 0x400000), HGR_NO_NODE);
    assert_int_equal(hgr_objects_before(f.objects, 0x400000 + 1000 * 8 + 7), 0);
    teardown(&f);
}

static void absent_memory_costs_nothing(void **state)
{
    (void)state;
    hgr_run *run = NULL;
    hgr_objects *objects = NULL;
    assert_int_equal(hgr_run_create(1, &run, NULL), HGR_OK);
    hgr_space space;
    hgr_space_init(&space, run, 8);
    static uint8_t bytes[64];
    hgr_range range = {.start_addr = FAR, .end_addr = FAR + 64, .bytes = bytes};
    assert_int_equal(hgr_space_add(&space, &range, NULL), HGR_OK);
    assert_int_equal(hgr_space_seal(&space, NULL), HGR_OK);
    /* a header that promises 100 TB */
    hgr_segment segment = {.start_addr = 0x400000, .end_addr = FAR + 4096};
    hgr_source source = {.space = &space, .segments = &segment, .nsegments = 1};
    assert_int_equal(hgr_objects_create(&source, run, &objects, NULL), HGR_OK);
    assert_int_equal(objects->ngranules, 1);
    assert_true(hgr_run_memory_bytes(run) < 1 << 20);
    mark(objects, FAR + 8);
    assert_int_equal(hgr_objects_index(objects, run, NULL), HGR_OK);
    assert_int_equal(hgr_objects_before(objects, FAR + 4000), 0);
    assert_int_equal(hgr_objects_before(objects, FAR - HGR_GRANULE_BYTES), HGR_NO_NODE);
    hgr_objects_free(objects);
    hgr_space_fini(&space);
    assert_int_equal(hgr_run_memory_bytes(run), 0);
    hgr_run_free(run);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(node_and_address_are_inverse),
        cmocka_unit_test(slots_of_four_bytes),
        cmocka_unit_test(addresses_outside_are_no_nodes),
        cmocka_unit_test(before_stays_in_its_segment),
        cmocka_unit_test(absent_memory_costs_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
