/* answers: breadth-first tree and marks. */
#include "answers_fixture.h"

#include "answers/mark.h"
#include "answers/reach.h"

static void ties_go_to_root_then_parent(void **state)
{
    (void)state;
    hgr_run *run = make_run(1);
    /* 3 is referred to by 1 and 2, both root objects; 4 by 2 alone; 5 by 3 and 4. */
    hgr_graph *graph = graph_of(6, '0', "13 23 24 35 45", run);
    static const hgr_node roots[] = {2, 1, 2};
    hgr_reach *reach = NULL;
    assert_int_equal(hgr_reach_create(graph, roots, 3, NULL, run, &reach, NULL), HGR_OK);
    assert_int_equal(hgr_reach_count(reach), 5);
    assert_int_equal(hgr_reach_parent(reach, 2), 6);
    assert_int_equal(hgr_reach_root(reach, 2), 0);
    assert_int_equal(hgr_reach_parent(reach, 3), 2);
    assert_int_equal(hgr_reach_root(reach, 3), 0);
    assert_int_equal(hgr_reach_parent(reach, 5), 3);
    assert_int_equal(hgr_reach_distance(reach, 5), 3);
    assert_int_equal(hgr_reach_parent(reach, 0), HGR_NO_NODE);
    assert_int_equal(hgr_reach_root(reach, 0), HGR_NO_NODE);
    assert_int_equal(hgr_reach_distance(reach, 0), 0);
    hgr_reach_free(reach);
    hgr_graph_free(graph);
    hgr_run_free(run);
}

static void threads_change_no_byte(void **state)
{
    (void)state;
    uint32_t n = 400000, nroots = 20000;
    hgr_run *run = make_run(1), *many[4];
    hgr_graph *graph = medium_graph(n, run);
    hgr_node *roots = calloc(nroots, sizeof *roots);
    for (uint32_t r = 0; r < nroots; r++)
        roots[r] = (nroots - r) * 3;
    hgr_reach *first = NULL;
    uint64_t *marks = NULL;
    for (size_t t = 0; t < 4; t++) {
        many[t] = make_run(THREADS[t]);
        hgr_reach *reach = NULL;
        uint64_t *bits = NULL, count = 0;
        assert_int_equal(hgr_reach_create(graph, roots, nroots, NULL, many[t], &reach, NULL),
                         HGR_OK);
        assert_int_equal(hgr_mark(graph, roots, nroots, NULL, many[t], &bits, &count, NULL),
                         HGR_OK);
        assert_int_equal(count, hgr_reach_count(reach));
        for (hgr_node u = 0; first && u < n; u++) {
            assert_int_equal(hgr_reach_parent(reach, u), hgr_reach_parent(first, u));
            assert_int_equal(hgr_reach_root(reach, u), hgr_reach_root(first, u));
            assert_int_equal(hgr_reach_distance(reach, u), hgr_reach_distance(first, u));
        }
        for (hgr_node u = 0; u < n; u++)
            assert_int_equal(bits[u >> 6] >> (u & 63) & 1, hgr_reach_has(reach, u));
        if (first) {
            assert_memory_equal(bits, marks, (n + 63) / 64 * sizeof *bits);
            hgr_free(bits);
            hgr_reach_free(reach);
        } else {
            marks = bits;
            first = reach;
        }
    }
    hgr_free(marks);
    hgr_reach_free(first);
    for (size_t t = 0; t < 4; t++)
        hgr_run_free(many[t]);
    free(roots);
    hgr_graph_free(graph);
    hgr_run_free(run);
}

static void walk_ends_with_its_target(void **state)
{
    (void)state;
    hgr_run *run = make_run(2);
    hgr_graph *graph = chain_graph(1000, true, run);
    static const hgr_node root = 0;
    hgr_reach *reach = NULL;
    assert_int_equal(hgr_reach_until(graph, &root, 1, NULL, 9, run, &reach, NULL), HGR_OK);
    assert_int_equal(hgr_reach_distance(reach, 9), 10);
    assert_int_equal(hgr_reach_parent(reach, 9), 8);
    assert_false(hgr_reach_has(reach, 10));
    hgr_reach_free(reach);
    hgr_graph_free(graph);
    hgr_run_free(run);
}

static void every_failed_allocation_is_survived(void **state)
{
    (void)state;
    hgr_run *run = make_run(2);
    hgr_graph *graph = medium_graph(500, run);
    static const hgr_node roots[] = {0, 1};
    uint64_t before = hgr_run_memory_bytes(run);
    hgr_result result = HGR_NO_MEMORY;
    for (uint64_t k = 1; result == HGR_NO_MEMORY; k++) {
        hgr_reach *reach = NULL;
        uint64_t *bits = NULL, count = 0;
        hgr_run_fail_allocation(run, k);
        result = hgr_reach_create(graph, roots, 2, NULL, run, &reach, NULL);
        if (result == HGR_OK)
            result = hgr_mark(graph, roots, 2, NULL, run, &bits, &count, NULL);
        assert_true(result == HGR_OK ? k > 6 && bits : bits == NULL);
        hgr_run_fail_allocation(run, 0);
        hgr_free(bits);
        hgr_reach_free(reach);
        assert_int_equal(hgr_run_memory_bytes(run), before);
    }
    assert_int_equal(result, HGR_OK);
    hgr_graph_free(graph);
    hgr_run_free(run);
}

static void stops_when_cancelled(void **state)
{
    (void)state;
    hgr_run *run = make_run(2);
    hgr_graph *graph = medium_graph(1000, run);
    static const hgr_node root = 0;
    hgr_reach *reach = NULL;
    hgr_run_cancel(run);
    assert_int_equal(hgr_reach_create(graph, &root, 1, NULL, run, &reach, NULL), HGR_CANCELLED);
    assert_null(reach);
    hgr_graph_free(graph);
    hgr_run_free(run);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(ties_go_to_root_then_parent),
        cmocka_unit_test(threads_change_no_byte),
        cmocka_unit_test(walk_ends_with_its_target),
        cmocka_unit_test(every_failed_allocation_is_survived),
        cmocka_unit_test(stops_when_cancelled),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
