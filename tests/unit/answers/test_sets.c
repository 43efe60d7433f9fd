/* answers: node sets. */
#include "answers_fixture.h"

#include "answers/sets.h"

static void ranges_combine(void **state)
{
    (void)state;
    hgr_set *a = NULL, *b = NULL, *copy = NULL;
    assert_int_equal(hgr_set_create(&a, NULL), HGR_OK);
    assert_int_equal(hgr_set_create(&b, NULL), HGR_OK);
    assert_int_equal(hgr_set_add_range(a, 10, 200000, NULL), HGR_OK);
    assert_int_equal(hgr_set_add_range(a, 5, 5, NULL), HGR_OK);
    assert_int_equal(hgr_set_add_range(b, 150000, 300000, NULL), HGR_OK);
    assert_int_equal(hgr_set_add(b, 3, NULL), HGR_OK);
    assert_int_equal(hgr_set_copy(a, &copy, NULL), HGR_OK);
    hgr_set_and(copy, b);
    assert_int_equal(hgr_set_count(copy), 50000);
    assert_false(hgr_set_has(copy, 149999));
    hgr_set_and_not(a, b);
    assert_int_equal(hgr_set_count(a), 149990);
    assert_int_equal(hgr_set_or(a, b, NULL), HGR_OK);
    assert_int_equal(hgr_set_count(a), 299991);
    assert_true(hgr_set_has(a, 3));
    hgr_set_and_not(a, a);
    assert_int_equal(hgr_set_count(a), 0);
    hgr_set_free(copy);
    hgr_set_free(b);
    hgr_set_free(a);
}

static void no_node_is_no_member(void **state)
{
    (void)state;
    hgr_set *set = NULL;
    hgr_status status = {0};
    assert_int_equal(hgr_set_create(&set, NULL), HGR_OK);
    assert_int_equal(hgr_set_add(set, HGR_NO_NODE, &status), HGR_BAD_ARGUMENT);
    assert_int_equal(hgr_set_add_range(set, 0, UINT64_C(1) << 32, &status), HGR_BAD_ARGUMENT);
    assert_int_equal(hgr_set_add_range(set, HGR_NO_NODE - 2, HGR_NO_NODE, &status), HGR_OK);
    assert_int_equal(hgr_set_count(set), 2);
    hgr_set_free(set);
}

struct seen {
    hgr_node last;
    uint32_t count, limit;
};

static bool see(void *user, hgr_node node)
{
    struct seen *seen = user;
    assert_true(seen->count == 0 || node > seen->last);
    seen->last = node;
    return ++seen->count < seen->limit;
}

static void visits_ascend_and_stop(void **state)
{
    (void)state;
    hgr_set *set = NULL;
    struct seen seen = {.limit = 3};
    assert_int_equal(hgr_set_create(&set, NULL), HGR_OK);
    for (uint32_t u = 900000; u > 0; u -= 90000)
        assert_int_equal(hgr_set_add(set, u, NULL), HGR_OK);
    hgr_set_visit(set, see, &seen);
    assert_int_equal(seen.count, 3);
    assert_int_equal(seen.last, 270000);
    hgr_set_free(set);
}

/* Chunks that are empty, full, of long runs, of scattered bits, and a last one that is cut. */
static bool pattern(const void *user, hgr_node u)
{
    (void)user;
    switch (u >> 16) {
    case 0: return false;
    case 1: return true;
    case 2: return u % 1000 < 900;
    case 3: return u % 7 == 3;
    case 4: return u % 65536 == 65535;
    default: return u % 64 < 63;
    }
}

static void bits_come_back(void **state)
{
    (void)state;
    uint32_t n = 6 * 65536 + 777;
    uint64_t *first = NULL;
    for (size_t t = 0; t < 4; t++) {
        hgr_run *run = make_run(THREADS[t]);
        hgr_set *set = NULL;
        uint64_t *bits = NULL, count = 0;
        assert_int_equal(hgr_set_where(n, pattern, NULL, run, &set, NULL), HGR_OK);
        assert_int_equal(hgr_set_to_bits(set, n, run, &bits, NULL), HGR_OK);
        for (hgr_node u = 0; u < n; u++) {
            assert_int_equal(hgr_set_has(set, u), pattern(NULL, u));
            assert_int_equal(bits[u >> 6] >> (u & 63) & 1, pattern(NULL, u));
            count += pattern(NULL, u);
        }
        assert_int_equal(hgr_set_count(set), count);
        if (first)
            assert_memory_equal(bits, first, (n + 63) / 64 * sizeof *bits);
        else
            memcpy(first = malloc((n + 63) / 64 * sizeof *bits), bits,
                   (n + 63) / 64 * sizeof *bits);
        hgr_free(bits);
        assert_int_equal(hgr_set_to_bits(set, 65540, run, &bits, NULL), HGR_OK);
        assert_int_equal(bits[65536 / 64], 15); /* nodes from 65540 on are left out */
        hgr_free(bits);
        hgr_set_free(set);
        assert_int_equal(hgr_run_memory_bytes(run), 0);
        hgr_run_free(run);
    }
    free(first);
}

static void every_failed_allocation_is_survived(void **state)
{
    (void)state;
    hgr_run *run = make_run(2);
    hgr_graph *graph = medium_graph(500, run);
    static const hgr_node roots[] = {0, 1};
    uint64_t before = hgr_run_memory_bytes(run);
    hgr_set *members = NULL;
    assert_int_equal(hgr_set_create(&members, NULL), HGR_OK);
    assert_int_equal(hgr_set_add_range(members, 3, 90, NULL), HGR_OK);
    hgr_result result = HGR_NO_MEMORY;
    for (uint64_t k = 1; result == HGR_NO_MEMORY; k++) {
        hgr_set *targets = NULL, *sources = NULL, *retained = NULL;
        hgr_run_fail_allocation(run, k);
        result = hgr_set_neighbours(graph, members, false, run, &targets, NULL);
        if (result == HGR_OK)
            result = hgr_set_neighbours(graph, members, true, run, &sources, NULL);
        if (result == HGR_OK)
            result = hgr_set_retained(graph, roots, 2, members, run, &retained, NULL);
        assert_true(result == HGR_OK ? k > 10 && retained : retained == NULL);
        hgr_run_fail_allocation(run, 0);
        hgr_set_free(retained);
        hgr_set_free(sources);
        hgr_set_free(targets);
        assert_int_equal(hgr_run_memory_bytes(run), before);
    }
    assert_int_equal(result, HGR_OK);
    hgr_set_free(members);
    hgr_graph_free(graph);
    hgr_run_free(run);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(ranges_combine),
        cmocka_unit_test(no_node_is_no_member),
        cmocka_unit_test(visits_ascend_and_stop),
        cmocka_unit_test(bits_come_back),
        cmocka_unit_test(every_failed_allocation_is_survived),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
