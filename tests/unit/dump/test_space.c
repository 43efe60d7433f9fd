/* dump/space.c against a model that knows each byte's owner; merging, views, wrapping, trace. */
#include "dump_testing.h"

#include <pthread.h>

#define MODEL_BYTES 96u

static hgr_range range_of(uint64_t start, uint64_t end, const uint8_t *bytes)
{
    return (hgr_range){.start_addr = start,
                       .end_addr = end,
                       .bytes = bytes,
                       .access = HGR_ACCESS_READ,
                       .origin = HGR_ORIGIN_DUMP};
}

static uint32_t next_random(uint64_t *seed, uint32_t below)
{
    *seed = *seed * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
    return (uint32_t)(*seed >> 33) % below;
}

/* ---- the slow twin: for each address the place of its byte, or NULL ---- */

struct model {
    const uint8_t *place[MODEL_BYTES];
    uint32_t origin[MODEL_BYTES];
};

static void model_add(struct model *model, const hgr_range *range)
{
    for (uint64_t addr = range->start_addr; addr < range->end_addr; addr++)
        if (!model->place[addr] || range->origin < model->origin[addr]) {
            model->place[addr] = range->bytes + (addr - range->start_addr);
            model->origin[addr] = range->origin;
        }
}

static uint64_t model_present(const struct model *model, uint64_t addr)
{
    uint64_t len = 0;
    while (addr + len < MODEL_BYTES && model->place[addr + len])
        len++;
    return len;
}

static bool model_side_by_side(const struct model *model, uint64_t addr, uint64_t len)
{
    for (uint64_t i = 1; i < len; i++)
        if (model->place[addr + i] != model->place[addr] + i)
            return false;
    return true;
}

static void check_address(const hgr_space *space, const struct model *model, uint64_t addr)
{
    uint64_t present = model_present(model, addr);
    assert_int_equal(hgr_space_find(space, addr) != NULL, present != 0);
    assert_int_equal(hgr_space_present(space, addr, MODEL_BYTES), present);
    assert_int_equal(hgr_space_present(space, addr, 3), present < 3 ? present : 3);
    uint64_t next = addr;
    while (next < MODEL_BYTES && !model->place[next])
        next++;
    const hgr_range *range = hgr_space_next(space, addr);
    assert_int_equal(range != NULL, next < MODEL_BYTES);
    if (range)
        assert_true(next == addr ? range->start_addr <= addr : range->start_addr == next);
    for (uint64_t len = 1; addr + len <= MODEL_BYTES; len++) {
        uint8_t buffer[MODEL_BYTES];
        memset(buffer, 0xee, sizeof buffer);
        const uint8_t *view = hgr_space_view(space, addr, len);
        bool viewable = len <= present && model_side_by_side(model, addr, len);
        assert_ptr_equal(view, viewable ? model->place[addr] : NULL);
        assert_int_equal(hgr_space_read(space, addr, buffer, (size_t)len), len <= present);
        for (uint64_t i = 0; i < MODEL_BYTES; i++)
            assert_int_equal(buffer[i], len <= present && i < len ? *model->place[addr + i] : 0xee);
    }
}

static void check_ranges(const hgr_space *space)
{
    for (size_t i = 0; i < space->count; i++) {
        assert_true(space->ranges[i].start_addr < space->ranges[i].end_addr);
        assert_true(i == 0 || space->ranges[i - 1].end_addr <= space->ranges[i].start_addr);
    }
}

static void equals_the_model_for_random_overlaps(void **state)
{
    (void)state;
    hgr_run *run = make_run();
    static uint8_t backing[4 * MODEL_BYTES];
    for (size_t i = 0; i < sizeof backing; i++)
        backing[i] = byte_at(i);
    for (uint64_t seed = 1; seed <= 120; seed++) {
        uint64_t random = seed;
        struct model model = {0};
        hgr_space space;
        hgr_space_init(&space, run, 8);
        for (int round = 0; round < 2; round++) { /* sealed, added to, sealed again */
            uint32_t count = next_random(&random, 9);
            for (uint32_t i = 0; i < count; i++) {
                uint64_t start = next_random(&random, MODEL_BYTES - 1);
                uint64_t end = start + 1 + next_random(&random, (uint32_t)(MODEL_BYTES - start));
                end = end > MODEL_BYTES ? MODEL_BYTES : end;
                /* Few places per address, so that neighbours often continue each other. */
                hgr_range range =
                    range_of(start, end, backing + start + MODEL_BYTES * next_random(&random, 3));
                range.origin = round == 0 ? HGR_ORIGIN_DUMP : HGR_ORIGIN_MODULE_FILE;
                range.access = next_random(&random, 2) ? HGR_ACCESS_READ : HGR_ACCESS_WRITE;
                assert_int_equal(hgr_space_add(&space, &range, NULL), HGR_OK);
                model_add(&model, &range);
            }
            assert_int_equal(hgr_space_seal(&space, NULL), HGR_OK);
            check_ranges(&space);
            for (uint64_t addr = 0; addr < MODEL_BYTES; addr++)
                check_address(&space, &model, addr);
        }
        hgr_space_fini(&space);
    }
    end_run(run);
}

static void merges_what_continues_and_keeps_access_apart(void **state)
{
    (void)state;
    hgr_run *run = make_run();
    static const uint8_t bytes[64];
    hgr_space space;
    hgr_space_init(&space, run, 8);
    hgr_range ranges[] = {range_of(16, 32, bytes + 16), range_of(0, 16, bytes),
                          range_of(32, 48, bytes + 32), range_of(64, 80, bytes + 48)};
    ranges[2].access = HGR_ACCESS_READ | HGR_ACCESS_WRITE;
    for (size_t i = 0; i < 4; i++)
        assert_int_equal(hgr_space_add(&space, &ranges[i], NULL), HGR_OK);
    assert_int_equal(hgr_space_seal(&space, NULL), HGR_OK);
    assert_int_equal(space.count, 3);
    assert_int_equal(space.ranges[0].end_addr, 32);
    assert_int_equal(space.ranges[1].access, HGR_ACCESS_READ | HGR_ACCESS_WRITE);
    assert_ptr_equal(hgr_space_view(&space, 1, 47), bytes + 1); /* crosses the change of access */
    assert_null(hgr_space_view(&space, 1, 48));
    assert_null(
        hgr_space_view(&space, 40, 30)); /* a hole between, though side by side in the file */
    assert_int_equal(space.overlap_bytes, 0);
    hgr_space_fini(&space);
    end_run(run);
}

static void refuses_empty_and_wrapping(void **state)
{
    (void)state;
    hgr_run *run = make_run();
    static const uint8_t bytes[16] = {1, 2, 3, 4, 5, 6, 7, 8, 9};
    hgr_space space;
    hgr_status status = {0};
    hgr_space_init(&space, run, 4);
    hgr_range empty = range_of(5, 5, bytes), wrapping = range_of(UINT64_MAX - 4, 4, bytes);
    assert_int_equal(hgr_space_add(&space, &empty, &status), HGR_BAD_DATA);
    assert_int_equal(hgr_space_add(&space, &wrapping, &status), HGR_BAD_DATA);
    assert_int_equal(status.at, UINT64_MAX - 4);
    hgr_range last = range_of(UINT64_MAX - 8, UINT64_MAX, bytes);
    assert_int_equal(hgr_space_seal(&space, NULL), HGR_OK); /* empty: everything is absent */
    assert_null(hgr_space_find(&space, 0));
    assert_null(hgr_space_next(&space, 0));
    assert_int_equal(hgr_space_add(&space, &last, NULL), HGR_OK);
    assert_int_equal(hgr_space_seal(&space, NULL), HGR_OK);
    uint64_t value = 7;
    assert_true(hgr_space_ptr(&space, UINT64_MAX - 8, &value)); /* a 32-bit pointer */
    assert_int_equal(value, 0x04030201);
    assert_false(hgr_space_ptr(&space, UINT64_MAX - 3, &value));
    assert_int_equal(value, 0x04030201);
    assert_false(hgr_space_u64(&space, UINT64_MAX - 2, &value));
    assert_null(hgr_space_view(&space, UINT64_MAX - 8, UINT64_MAX));
    assert_int_equal(hgr_space_present(&space, UINT64_MAX - 8, UINT64_MAX), 8);
    hgr_space_fini(&space);
    end_run(run);
}

static void trace_marks_exactly_what_was_given_out(void **state)
{
    (void)state;
    hgr_run *run = make_run();
    uint8_t *bytes = calloc(8, PAGE);
    hgr_space space;
    hgr_space_init(&space, run, 8);
    hgr_range first = range_of(0x10800, 0x13000, bytes); /* three pages, the first a half */
    hgr_range second = range_of(0x13000, 0x16000, bytes + 4 * PAGE); /* adjacent, elsewhere */
    assert_int_equal(hgr_space_add(&space, &first, NULL), HGR_OK);
    assert_int_equal(hgr_space_add(&space, &second, NULL), HGR_OK);
    assert_int_equal(hgr_space_seal(&space, NULL), HGR_OK);
    uint64_t value;
    assert_true(hgr_space_u64(&space, 0x15000, &value)); /* before: not traced */
    assert_false(hgr_space_traced(&space, 1, 0x15000));
    assert_int_equal(hgr_space_trace_begin(&space, NULL), HGR_OK);
    assert_true(hgr_space_u64(&space, 0x12ffc, &value)); /* across both ranges */
    assert_non_null(hgr_space_view(&space, 0x10900, 16));
    assert_null(hgr_space_view(&space, 0x14000, 0x3000)); /* refused: gives nothing out */
    assert_false(hgr_space_u64(&space, 0x15ffc, &value));
    assert_true(hgr_space_traced(&space, 0, 0x10800));
    assert_false(hgr_space_traced(&space, 0, 0x11000));
    assert_true(hgr_space_traced(&space, 0, 0x12000));
    assert_true(hgr_space_traced(&space, 1, 0x13000));
    assert_false(hgr_space_traced(&space, 1, 0x14000));
    assert_false(hgr_space_traced(&space, 1, 0x15000));
    hgr_space_fini(&space);
    free(bytes);
    end_run(run);
}

#define READERS 4
#define PAGES   2048u

struct reader {
    const hgr_space *space;
    uint64_t first; /* reads every READERS-th page from here, and the first of all */
};

static void *read_pages(void *user)
{
    const struct reader *reader = user;
    uint8_t byte;
    for (uint64_t page = reader->first; page < PAGES; page += READERS)
        if (page % 3 == 0)
            (void)hgr_space_u8(reader->space, 0x100000 + page * PAGE, &byte);
    (void)hgr_space_u8(reader->space, 0x100000, &byte);
    return NULL;
}

/* Readers set neighbouring bits of the same words at the same time; none may get lost. */
static void trace_is_exact_with_many_readers(void **state)
{
    (void)state;
    hgr_run *run = make_run();
    uint8_t *bytes = calloc(PAGES, PAGE);
    hgr_space space;
    hgr_space_init(&space, run, 8);
    hgr_range range = range_of(0x100000, 0x100000 + PAGES * PAGE, bytes);
    assert_int_equal(hgr_space_add(&space, &range, NULL), HGR_OK);
    assert_int_equal(hgr_space_seal(&space, NULL), HGR_OK);
    for (int round = 0; round < 20; round++) {
        pthread_t threads[READERS];
        struct reader readers[READERS];
        assert_int_equal(hgr_space_trace_begin(&space, NULL), HGR_OK);
        for (uint64_t t = 0; t < READERS; t++) {
            readers[t] = (struct reader){&space, t};
            assert_int_equal(pthread_create(&threads[t], NULL, read_pages, &readers[t]), 0);
        }
        for (uint64_t t = 0; t < READERS; t++)
            pthread_join(threads[t], NULL);
        for (uint64_t page = 0; page < PAGES; page++)
            assert_int_equal(hgr_space_traced(&space, 0, 0x100000 + page * PAGE), page % 3 == 0);
    }
    hgr_space_fini(&space);
    free(bytes);
    end_run(run);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(equals_the_model_for_random_overlaps),
        cmocka_unit_test(merges_what_continues_and_keeps_access_apart),
        cmocka_unit_test(refuses_empty_and_wrapping),
        cmocka_unit_test(trace_marks_exactly_what_was_given_out),
        cmocka_unit_test(trace_is_exact_with_many_readers),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
