/* answers: dominator tree and retained bytes. */
#include "answers_fixture.h"

#include "answers/domtree.h"

static uint64_t one_byte(const void *user, hgr_node u)
{
    (void)user;
    (void)u;
    return 1;
}

/* Figure 1 of Lengauer & Tarjan 1979: R A B C D E F G H I J K L. Its tree is figure 3 there. */
static void figure_of_1979(void **state)
{
    (void)state;
    static const char names[] = "RABCDEFGHIJKL";
    static const char *const edges =
        "01 02 03 14 21 24 25 36 37 4< 58 69 79 7: 85 8; 9; :9 ;9 ;0 <8";
    static const char want[] = "-RRRRRCCRRGRD";
    hgr_run *run = make_run(2);
    hgr_graph *graph = graph_of(13, '0', edges, run);
    hgr_node root = 0;
    hgr_domtree *tree = NULL;
    assert_int_equal(hgr_domtree_create(graph, &root, 1, run, &tree, NULL), HGR_OK);
    assert_int_equal(hgr_domtree_reachable(tree), 13);
    assert_int_equal(hgr_domtree_idom(tree)[0], 13);
    for (uint32_t v = 1; v < 13; v++)
        assert_int_equal(names[hgr_domtree_idom(tree)[v]], want[v]);
    hgr_domtree_free(tree);
    hgr_graph_free(graph);
    hgr_run_free(run);
}

static void two_roots_share_no_dominator(void **state)
{
    (void)state;
    hgr_run *run = make_run(1);
    hgr_graph *graph = graph_of(4, '0', "02 12 31", run);
    static const hgr_node roots[] = {0, 1, 0};
    hgr_domtree *tree = NULL;
    uint64_t *retained = NULL;
    assert_int_equal(hgr_domtree_create(graph, roots, 3, run, &tree, NULL), HGR_OK);
    assert_int_equal(hgr_domtree_idom(tree)[2], 4);
    assert_int_equal(hgr_domtree_idom(tree)[3], HGR_NO_NODE);
    assert_int_equal(hgr_domtree_idom(tree)[4], 4);
    assert_int_equal(hgr_retained_create(tree, one_byte, NULL, run, &retained, NULL), HGR_OK);
    assert_int_equal(retained[0], 1);
    assert_int_equal(retained[3], 0);
    assert_int_equal(retained[4], 3);
    hgr_retained_free(retained);
    hgr_domtree_free(tree);
    hgr_graph_free(graph);
    hgr_run_free(run);
}

static void nothing_is_reachable_without_roots(void **state)
{
    (void)state;
    hgr_run *run = make_run(1);
    hgr_graph *graph = graph_of(2, '0', "01", run);
    hgr_domtree *tree = NULL;
    assert_int_equal(hgr_domtree_create(graph, NULL, 0, run, &tree, NULL), HGR_OK);
    assert_int_equal(hgr_domtree_reachable(tree), 0);
    assert_int_equal(hgr_domtree_idom(tree)[1], HGR_NO_NODE);
    hgr_domtree_free(tree);
    hgr_graph_free(graph);
    hgr_run_free(run);
}

static void refuses_roots_outside_the_graph(void **state)
{
    (void)state;
    hgr_run *run = make_run(1);
    hgr_graph *graph = graph_of(2, '0', "01", run);
    hgr_domtree *tree = NULL;
    hgr_status status = {0};
    static const hgr_node roots[] = {0, 2};
    assert_int_equal(hgr_domtree_create(graph, roots, 2, run, &tree, &status), HGR_BAD_ARGUMENT);
    assert_null(tree);
    assert_string_equal(status.text, "roots[1]: node 2, the graph has 2");
    hgr_graph_free(graph);
    hgr_run_free(run);
}

/* Recursion would need gigabytes of stack here. */
static void deep_lists_are_walked(void **state)
{
    (void)state;
    uint32_t n = 1500000;
    for (int back = 0; back < 2; back++) {
        hgr_run *run = make_run(2);
        hgr_graph *graph = chain_graph(n, back, run);
        static const hgr_node root = 0;
        hgr_domtree *tree = NULL;
        uint64_t *retained = NULL;
        assert_int_equal(hgr_domtree_create(graph, &root, 1, run, &tree, NULL), HGR_OK);
        assert_int_equal(hgr_domtree_idom(tree)[n - 1], n - 2);
        assert_int_equal(hgr_retained_create(tree, one_byte, NULL, run, &retained, NULL), HGR_OK);
        for (uint32_t u = 0; u < n; u++)
            assert_true(retained[u] == n - u);
        hgr_retained_free(retained);
        hgr_domtree_free(tree);
        hgr_graph_free(graph);
        hgr_run_free(run);
    }
}

static void threads_change_no_byte(void **state)
{
    (void)state;
    uint32_t n = 200000;
    hgr_node roots[300];
    for (uint32_t r = 0; r < 300; r++)
        roots[r] = r * 7 % 300;
    uint64_t *first = NULL;
    hgr_run *runs[4];
    for (size_t t = 0; t < 4; t++) {
        hgr_run *run = runs[t] = make_run(THREADS[t]);
        hgr_run_set_check_level(run, 2);
        hgr_graph *graph = medium_graph(n, run);
        hgr_domtree *tree = NULL;
        uint64_t *retained = NULL;
        assert_int_equal(hgr_domtree_create(graph, roots, 300, run, &tree, NULL), HGR_OK);
        assert_int_equal(hgr_retained_create(tree, one_byte, NULL, run, &retained, NULL), HGR_OK);
        assert_int_equal(retained[n], hgr_domtree_reachable(tree));
        if (first)
            assert_memory_equal(retained, first, ((size_t)n + 1) * sizeof *first);
        else
            first = retained;
        if (retained != first)
            hgr_retained_free(retained);
        hgr_domtree_free(tree);
        hgr_graph_free(graph);
    }
    hgr_retained_free(first);
    for (size_t t = 0; t < 4; t++) {
        assert_int_equal(hgr_run_memory_bytes(runs[t]), 0);
        hgr_run_free(runs[t]);
    }
}

static void check_finds_what_is_wrong(void **state)
{
    (void)state;
    hgr_run *run = make_run(1);
    /* 0 → 1 → 2 → 3, 1 → 3, 4 alone: idom n 0 1 1 - n. */
    hgr_graph *graph = graph_of(5, '0', "01 12 13 23", run);
    static const hgr_node root = 0;
    static const struct {
        uint32_t idom[6], order[4];
        const char *text;
    } cases[] = {
        {{5, 0, 1, 1, UINT32_MAX, 5}, {0, 1, 2, 3}, NULL},
        {{5, 0, 1, 1, UINT32_MAX, 5}, {0, 2, 1, 3}, "order[1]"},
        {{5, 0, 1, 1, UINT32_MAX, 5}, {0, 1, 2, 2}, "order[3]"},
        {{5, 0, 1, 2, UINT32_MAX, 5}, {0, 1, 2, 3}, "does not lie below"},
        {{5, 0, 1, 0, UINT32_MAX, 5}, {0, 1, 2, 3}, "without node 1"},
        {{5, 0, 1, 1, 0, 5}, {0, 1, 2, 3}, "are reachable"},
        {{1, 5, 1, 1, UINT32_MAX, 5}, {1, 0, 2, 3}, "root object"},
    };
    for (size_t k = 0; k < sizeof cases / sizeof cases[0]; k++) {
        hgr_node idom[6], order[4];
        memcpy(idom, cases[k].idom, sizeof idom);
        memcpy(order, cases[k].order, sizeof order);
        hgr_domtree tree = {5, 4, idom, order};
        hgr_status status = {0};
        hgr_result result = hgr_domtree_check(&tree, graph, &root, 1, 4, run, &status);
        assert_int_equal(result, cases[k].text ? HGR_INTERNAL : HGR_OK);
        if (cases[k].text && !strstr(status.text, cases[k].text))
            fail_msg("case %zu: %s", k, status.text);
    }
    hgr_graph_free(graph);
    assert_int_equal(hgr_run_memory_bytes(run), 0);
    hgr_run_free(run);
}

static void every_failed_allocation_is_survived(void **state)
{
    (void)state;
    hgr_run *run = make_run(2);
    hgr_run_set_check_level(run, 2);
    hgr_graph *graph = medium_graph(500, run);
    static const hgr_node roots[] = {0, 1};
    uint64_t before = hgr_run_memory_bytes(run);
    hgr_result result = HGR_NO_MEMORY;
    for (uint64_t k = 1; result == HGR_NO_MEMORY; k++) {
        hgr_domtree *tree = NULL;
        uint64_t *retained = NULL;
        hgr_run_fail_allocation(run, k);
        result = hgr_domtree_create(graph, roots, 2, run, &tree, NULL);
        if (result == HGR_OK)
            result = hgr_retained_create(tree, one_byte, NULL, run, &retained, NULL);
        assert_true(result == HGR_OK ? k > 10 && retained : retained == NULL);
        hgr_run_fail_allocation(run, 0);
        hgr_retained_free(retained);
        hgr_domtree_free(tree);
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
    hgr_graph *graph = medium_graph(100000, run);
    static const hgr_node root = 0;
    hgr_domtree *tree = NULL;
    hgr_run_cancel(run);
    assert_int_equal(hgr_domtree_create(graph, &root, 1, run, &tree, NULL), HGR_CANCELLED);
    assert_null(tree);
    hgr_graph_free(graph);
    assert_int_equal(hgr_run_memory_bytes(run), 0);
    hgr_run_free(run);
}

/* The promise of the header: 16 bytes per node that is no private leaf, besides what is kept. */
static void working_memory_is_small(void **state)
{
    (void)state;
    uint32_t n = 1000000;
    hgr_run *run = make_run(1);
    hgr_graph *graph = chain_graph(n, false, run);
    static const hgr_node root = 0;
    hgr_domtree *tree = NULL;
    uint64_t before = hgr_run_memory_bytes(run);
    assert_int_equal(hgr_domtree_create(graph, &root, 1, run, &tree, NULL), HGR_OK);
    assert_true(hgr_run_memory_peak_bytes(run) - before < 25 * (uint64_t)n);
    assert_true(hgr_run_memory_bytes(run) - before < 8 * (uint64_t)n + 4096);
    hgr_domtree_free(tree);
    hgr_graph_free(graph);
    hgr_run_free(run);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(figure_of_1979),
        cmocka_unit_test(two_roots_share_no_dominator),
        cmocka_unit_test(nothing_is_reachable_without_roots),
        cmocka_unit_test(refuses_roots_outside_the_graph),
        cmocka_unit_test(deep_lists_are_walked),
        cmocka_unit_test(threads_change_no_byte),
        cmocka_unit_test(check_finds_what_is_wrong),
        cmocka_unit_test(every_failed_allocation_is_survived),
        cmocka_unit_test(stops_when_cancelled),
        cmocka_unit_test(working_memory_is_small),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
