/* clr: pointer maps, good and hostile, in 8 and 4 byte words. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>
#include <cmocka.h>

#include "clr/gcdesc.h"

#define BASE  UINT64_C(0x10000)
#define TABLE (BASE + 0x800) /* the method table; its map lies below */

/* A page of memory and what reads it. */
struct world {
    hgr_run *run;
    hgr_space space;
    hgr_arena arena;
    uint8_t bytes[0x1000];
};

static void make_world(struct world *w, uint32_t word)
{
    memset(w, 0, sizeof *w);
    assert_int_equal(hgr_run_create(1, &w->run, NULL), HGR_OK);
    hgr_space_init(&w->space, w->run, word);
    hgr_range range = {.start_addr = BASE, .end_addr = BASE + sizeof w->bytes, .bytes = w->bytes};
    assert_int_equal(hgr_space_add(&w->space, &range, NULL), HGR_OK);
    assert_int_equal(hgr_space_seal(&w->space, NULL), HGR_OK);
    hgr_arena_init(&w->arena, w->run);
}

static void end_world(struct world *w)
{
    hgr_arena_fini(&w->arena);
    hgr_space_fini(&w->space);
    hgr_run_free(w->run);
}

/* The map as it is written: word 1 is right below the table, then downwards. */
static void put_map(struct world *w, const int64_t *words, size_t count)
{
    uint32_t size = w->space.pointer_size;
    for (size_t i = 0; i < count; i++)
        memcpy(w->bytes + (TABLE - BASE) - (i + 1) * size, &words[i], size);
}

static hgr_shape read_shape(struct world *w, uint32_t base_size, uint32_t component_size)
{
    hgr_shape shape = {
        .method_table_addr = TABLE, .base_size = base_size, .component_size = component_size};
    assert_int_equal(hgr_gcdesc_read(&w->space, &w->arena, &shape, NULL), HGR_OK);
    return shape;
}

static int64_t pair(uint32_t pointers, uint32_t skip)
{
    return (int64_t)((uint64_t)skip << 32 | pointers);
}

static void fixed_runs_ascend_and_join(void **state)
{
    (void)state;
    struct world w;
    make_world(&w, 8);
    /* Three series of an object of 64 bytes, given from the last to the first; two of them touch.
     */
    const int64_t map[] = {3, 48, 8 - 64, 8, 16 - 64, 24, 8 - 64};
    put_map(&w, map, 7);
    hgr_shape shape = read_shape(&w, 64, 0);
    assert_int_equal(shape.flags, 0);
    assert_int_equal(shape.slots, HGR_SLOTS_FIXED);
    assert_int_equal(shape.nruns, 2);
    assert_int_equal(shape.runs[0].offset, 8);
    assert_int_equal(shape.runs[0].count, 3);
    assert_int_equal(shape.runs[1].offset, 48);
    assert_int_equal(shape.runs[1].count, 1);
    end_world(&w);
}

static void arrays_of_references_keep_their_tail(void **state)
{
    (void)state;
    struct world w;
    make_world(&w, 8);
    const int64_t vector[] = {1, 16, -24};
    put_map(&w, vector, 3);
    hgr_shape shape = read_shape(&w, 24, 8);
    assert_int_equal(shape.slots, HGR_SLOTS_ARRAY);
    assert_int_equal(shape.start, 16);
    assert_int_equal(shape.tail_bytes, 8);
    const int64_t matrix[] = {1, 32, -40}; /* two dimensions: 16 bytes of lengths and bounds */
    put_map(&w, matrix, 3);
    shape = read_shape(&w, 40, 8);
    assert_int_equal(shape.slots, HGR_SLOTS_ARRAY);
    assert_int_equal(shape.start, 32);
    end_world(&w);
}

static void arrays_of_structures_repeat(void **state)
{
    (void)state;
    struct world w;
    make_world(&w, 8);
    /* Elements of 40 bytes: 8 plain, 2 pointers, 8 plain, 1 pointer. */
    const int64_t map[] = {-2, 24, pair(2, 8), pair(1, 8)};
    put_map(&w, map, 4);
    hgr_shape shape = read_shape(&w, 24, 40);
    assert_int_equal(shape.slots, HGR_SLOTS_STRUCTS);
    assert_int_equal(shape.start, 24);
    assert_int_equal(shape.tail_bytes, 8);
    assert_int_equal(shape.nruns, 2);
    assert_int_equal(shape.runs[0].count, 2);
    assert_int_equal(shape.runs[0].offset, 8);
    assert_int_equal(shape.runs[1].count, 1);
    assert_int_equal(shape.runs[1].offset, 8);
    end_world(&w);
}

static void words_of_four_bytes(void **state)
{
    (void)state;
    struct world w;
    make_world(&w, 4);
    const int64_t fixed[] = {1, 4, 8 - 16};
    put_map(&w, fixed, 3);
    hgr_shape shape = read_shape(&w, 16, 0);
    assert_int_equal(shape.slots, HGR_SLOTS_FIXED);
    assert_int_equal(shape.runs[0].offset, 4);
    assert_int_equal(shape.runs[0].count, 2);
    const int64_t structs[] = {-1, 8, (int64_t)(8u << 16 | 1u)}; /* halves of 16 bits */
    put_map(&w, structs, 3);
    shape = read_shape(&w, 12, 12);
    assert_int_equal(shape.slots, HGR_SLOTS_STRUCTS);
    assert_int_equal(shape.runs[0].count, 1);
    assert_int_equal(shape.runs[0].offset, 8);
    end_world(&w);
}

/* Every one of these must be refused, whatever it would make the scanner do. */
static const struct {
    const char *what;
    uint32_t base_size, component_size;
    size_t count;
    int64_t map[8];
} HOSTILE[] = {
    {"no series", 64, 0, 1, {0}},
    {"too many series", 64, 0, 1, {65537}},
    {"too many items", 64, 8, 1, {-65537}},
    {"the smallest count", 64, 8, 1, {INT64_MIN}},
    {"run over the method table word", 64, 0, 3, {1, 0, 8 - 64}},
    {"run off a pointer's border", 64, 0, 3, {1, 12, 8 - 64}},
    {"run of half a pointer", 64, 0, 3, {1, 8, 4 - 64}},
    {"run of nothing", 64, 0, 3, {1, 8, -64}},
    {"run beyond the object", 64, 0, 3, {1, 48, 16 - 64}},
    {"run that begins beyond", 64, 0, 3, {1, 64, 8 - 64}},
    {"run of a negative length", 64, 0, 3, {1, 8, -72}},
    {"run as long as the world", 64, 0, 3, {1, 8, INT64_MAX}},
    {"start below zero", 64, 0, 3, {1, -8, 8 - 64}},
    {"overlapping runs", 64, 0, 5, {2, 8, 16 - 64, 16, 8 - 64}},
    {"twice the same run", 64, 0, 5, {2, 8, 8 - 64, 8, 8 - 64}},
    {"array with two series", 24, 8, 5, {2, 16, -24, 16, -24}},
    {"array over its length", 24, 8, 3, {1, 8, -16}},
    {"array with a short tail", 24, 8, 3, {1, 16, -16}},
    {"array with a long tail", 24, 8, 3, {1, 16, -32}},
    {"array with a positive size", 24, 8, 3, {1, 16, 24}},
    {"array of odd elements", 24, 12, 3, {1, 16, -24}},
    {"structures in a class", 24, 0, 3, {-1, 16, (int64_t)1 << 35 | 1}},
    {"structures that add up to more", 24, 40, 3, {-1, 16, (int64_t)40 << 32 | 1}},
    {"structures that add up to less", 24, 40, 3, {-1, 16, (int64_t)16 << 32 | 1}},
    {"structures without a pointer", 24, 16, 3, {-1, 16, (int64_t)16 << 32}},
    {"structures that skip half words", 24, 12, 3, {-1, 16, (int64_t)4 << 32 | 1}},
    {"structures over the length", 24, 16, 3, {-1, 8, (int64_t)8 << 32 | 1}},
    {"structures from beyond the element", 24, 16, 3, {-1, 48, (int64_t)8 << 32 | 1}},
};

static void hostile_maps_hold_no_reference(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof HOSTILE / sizeof HOSTILE[0]; i++) {
        struct world w;
        make_world(&w, 8);
        put_map(&w, HOSTILE[i].map, HOSTILE[i].count);
        hgr_shape shape = read_shape(&w, HOSTILE[i].base_size, HOSTILE[i].component_size);
        if (shape.slots != HGR_SLOTS_NONE || shape.flags != HGR_SHAPE_BAD_GCDESC)
            fail_msg("%s was accepted", HOSTILE[i].what);
        end_world(&w);
    }
}

static void absent_maps_hold_no_reference(void **state)
{
    (void)state;
    struct world w;
    make_world(&w, 8);
    hgr_shape shape = {.method_table_addr = BASE,
                       .base_size = 64}; /* its map would lie below the page */
    assert_int_equal(hgr_gcdesc_read(&w.space, &w.arena, &shape, NULL), HGR_OK);
    assert_int_equal(shape.flags, HGR_SHAPE_BAD_GCDESC);
    shape = (hgr_shape){.method_table_addr = 4, .base_size = 64}; /* nor below address 0 */
    assert_int_equal(hgr_gcdesc_read(&w.space, &w.arena, &shape, NULL), HGR_OK);
    assert_int_equal(shape.flags, HGR_SHAPE_BAD_GCDESC);
    end_world(&w);
}

static void out_of_memory_is_said(void **state)
{
    (void)state;
    struct world w;
    make_world(&w, 8);
    const int64_t map[] = {1, 8, 8 - 64};
    put_map(&w, map, 3);
    hgr_shape shape = {.method_table_addr = TABLE, .base_size = 64};
    hgr_run_fail_allocation(w.run, 1);
    assert_int_equal(hgr_gcdesc_read(&w.space, &w.arena, &shape, NULL), HGR_NO_MEMORY);
    assert_int_equal(hgr_gcdesc_read(&w.space, &w.arena, &shape, NULL), HGR_OK);
    assert_int_equal(shape.slots, HGR_SLOTS_FIXED);
    end_world(&w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(fixed_runs_ascend_and_join),
        cmocka_unit_test(arrays_of_references_keep_their_tail),
        cmocka_unit_test(arrays_of_structures_repeat),
        cmocka_unit_test(words_of_four_bytes),
        cmocka_unit_test(hostile_maps_hold_no_reference),
        cmocka_unit_test(absent_maps_hold_no_reference),
        cmocka_unit_test(out_of_memory_is_said),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
