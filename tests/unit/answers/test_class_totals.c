/* answers: class totals and the interned sets below them. */
#include "answers_fixture.h"

#include "answers/class_sets.h"
#include "answers/class_totals.h"

static uint64_t ten_bytes(const void *user, hgr_node u)
{
    (void)user;
    return 10 + u % 3;
}

/* Two nodes of class 1 hold 3 only together: neither dominates it, the class retains it. */
static void members_hold_together(void **state)
{
    (void)state;
    hgr_run *run = make_run(1);
    hgr_graph *graph = graph_of(4, '0', "01 02 13 23", run);
    static const hgr_node root = 0;
    static const uint32_t class_of[] = {0, 1, 1, 2};
    hgr_domtree *tree = NULL;
    hgr_class_totals *totals = NULL;
    assert_int_equal(hgr_domtree_create(graph, &root, 1, run, &tree, NULL), HGR_OK);
    assert_int_equal(hgr_class_totals_create(graph, tree, &root, 1, class_of, 3, ten_bytes, NULL,
                                             run, &totals, NULL),
                     HGR_OK);
    assert_int_equal(totals[1].retained_bytes, 11 + 12 + 10);
    assert_int_equal(totals[1].owned_bytes, 0);
    assert_int_equal(totals[1].reachable_count, 2);
    assert_int_equal(totals[0].owned_bytes, 11 + 12 + 10);
    assert_int_equal(totals[2].retained_bytes, 10);
    assert_int_equal(totals[3].owned_bytes, 10);
    assert_int_equal(totals[3].retained_bytes, 43);
    hgr_class_totals_free(totals);
    hgr_domtree_free(tree);
    hgr_graph_free(graph);
    hgr_run_free(run);
}

/* Interned sets, a store too small for them, an iteration cut short, and any number of threads
 * agree; the owned bytes add up to what is reachable. */
static void ways_agree_on_a_larger_graph(void **state)
{
    (void)state;
    enum { CLASSES = 150 };
    static const hgr_class_totals_options ways[] = {{0, 0}, {300, 0}, {0, 20000},
                                                    {0, 0}, {0, 0},   {0, 0}};
    uint32_t n = 30000, *class_of = calloc(n, sizeof *class_of);
    for (uint32_t u = 0; u < n; u++)
        class_of[u] = (u * 7919u >> 3) % (u % 5 ? CLASSES : 3);
    static const hgr_node roots[] = {1, 2, 5};
    hgr_class_totals first[CLASSES + 1];
    for (size_t way = 0; way < sizeof ways / sizeof ways[0]; way++) {
        hgr_run *run = make_run(THREADS[way % 4]);
        hgr_graph *graph = medium_graph(n, run);
        hgr_domtree *tree = NULL;
        hgr_class_totals *totals = NULL;
        uint64_t owned = 0;
        assert_int_equal(hgr_domtree_create(graph, roots, 3, run, &tree, NULL), HGR_OK);
        assert_int_equal(hgr_class_totals_find(graph, tree, roots, 3, class_of, CLASSES, ten_bytes,
                                               NULL, &ways[way], run, &totals, NULL),
                         HGR_OK);
        for (uint32_t c = 0; c <= CLASSES; c++)
            owned += totals[c].owned_bytes;
        assert_int_equal(owned, totals[CLASSES].reachable_bytes);
        if (way == 0)
            memcpy(first, totals, sizeof first);
        assert_memory_equal(totals, first, sizeof first);
        hgr_class_totals_free(totals);
        hgr_domtree_free(tree);
        hgr_graph_free(graph);
        assert_int_equal(hgr_run_memory_bytes(run), 0);
        hgr_run_free(run);
    }
    free(class_of);
}

/* Head and tail held, 40 classes in turn: sets meet from both ends, changes creep through the list.
 */
static void two_way_list_settles(void **state)
{
    (void)state;
    enum { CLASSES = 40, N = 100000 };
    hgr_run *run = make_run(1);
    hgr_graph *graph = chain_graph(N, true, run);
    static const hgr_node ends[] = {0, N - 1};
    uint32_t *class_of = calloc(N, sizeof *class_of);
    for (uint32_t u = 0; u < N; u++)
        class_of[u] = u % CLASSES;
    hgr_domtree *tree = NULL;
    hgr_class_totals *totals = NULL;
    assert_int_equal(hgr_domtree_create(graph, ends, 2, run, &tree, NULL), HGR_OK);
    assert_int_equal(hgr_class_totals_create(graph, tree, ends, 2, class_of, CLASSES, ten_bytes,
                                             NULL, run, &totals, NULL),
                     HGR_OK);
    for (uint32_t c = 0; c < CLASSES; c++) {
        /* From the first node of the class to the last: cut off from both ends. */
        uint64_t want = 0;
        for (uint32_t u = c; u <= N - CLASSES + c; u++)
            want += ten_bytes(NULL, u);
        assert_int_equal(totals[c].retained_bytes, want);
    }
    hgr_class_totals_free(totals);
    hgr_domtree_free(tree);
    free(class_of);
    hgr_graph_free(graph);
    hgr_run_free(run);
}

static void refuses_a_class_out_of_range(void **state)
{
    (void)state;
    hgr_run *run = make_run(1);
    hgr_graph *graph = graph_of(2, '0', "01", run);
    static const hgr_node root = 0;
    static const uint32_t class_of[] = {0, 4};
    hgr_domtree *tree = NULL;
    hgr_class_totals *totals = NULL;
    hgr_status status = {0};
    assert_int_equal(hgr_domtree_create(graph, &root, 1, run, &tree, NULL), HGR_OK);
    assert_int_equal(hgr_class_totals_create(graph, tree, &root, 1, class_of, 4, ten_bytes, NULL,
                                             run, &totals, &status),
                     HGR_BAD_ARGUMENT);
    assert_string_equal(status.text, "class totals: node 1 has class 4 of 4");
    assert_null(totals);
    hgr_domtree_free(tree);
    hgr_graph_free(graph);
    hgr_run_free(run);
}

static void every_failed_allocation_is_survived(void **state)
{
    (void)state;
    hgr_run *run = make_run(2);
    hgr_graph *graph = medium_graph(500, run);
    static const hgr_node roots[] = {0, 1};
    uint32_t class_of[500];
    for (uint32_t u = 0; u < 500; u++)
        class_of[u] = u % 90;
    hgr_domtree *tree = NULL;
    assert_int_equal(hgr_domtree_create(graph, roots, 2, run, &tree, NULL), HGR_OK);
    uint64_t before = hgr_run_memory_bytes(run);
    static const hgr_class_totals_options ways[] = {{0, 0}, {1, 0}};
    for (size_t way = 0; way < 2; way++) {
        hgr_result result = HGR_NO_MEMORY;
        for (uint64_t k = 1; result == HGR_NO_MEMORY; k++) {
            hgr_class_totals *totals = NULL;
            hgr_run_fail_allocation(run, k);
            result = hgr_class_totals_find(graph, tree, roots, 2, class_of, 90, ten_bytes, NULL,
                                           &ways[way], run, &totals, NULL);
            assert_true(result == HGR_OK ? k > 8 && totals : totals == NULL);
            hgr_run_fail_allocation(run, 0);
            hgr_class_totals_free(totals);
            assert_int_equal(hgr_run_memory_bytes(run), before);
        }
        assert_int_equal(result, HGR_OK);
    }
    hgr_domtree_free(tree);
    hgr_graph_free(graph);
    hgr_run_free(run);
}

static void equal_sets_have_equal_numbers(void **state)
{
    (void)state;
    hgr_run *run = make_run(1);
    struct hgr_class_sets sets;
    assert_int_equal(hgr_class_sets_init(&sets, 100000, 1000, run, NULL), HGR_OK);
    uint32_t up = HGR_CLASSES_NONE, down = HGR_CLASSES_NONE, odd = HGR_CLASSES_NONE;
    for (uint32_t c = 0; c < 200; c++) {
        up = hgr_class_sets_insert(&sets, up, c);
        down = hgr_class_sets_insert(&sets, down, 199 - c);
        if (c % 2)
            odd = hgr_class_sets_insert(&sets, odd, c);
    }
    assert_int_equal(up, down);
    assert_int_equal(hgr_class_sets_insert(&sets, up, 77), up);
    assert_int_equal(hgr_class_sets_meet(&sets, up, odd), odd);
    assert_int_equal(hgr_class_sets_meet(&sets, odd, HGR_CLASSES_NONE), HGR_CLASSES_NONE);
    assert_true(hgr_class_sets_has(&sets, odd, 1));
    assert_false(hgr_class_sets_has(&sets, odd, 2));
    uint32_t pair = hgr_class_sets_insert(&sets, hgr_class_sets_insert(&sets, 0, 2), 3);
    assert_int_equal(hgr_class_sets_meet(&sets, pair, odd), hgr_class_sets_insert(&sets, 0, 3));
    assert_int_equal(sets.result, HGR_OK);
    hgr_class_sets_fini(&sets);
    assert_int_equal(hgr_run_memory_bytes(run), 0);
    hgr_run_free(run);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(members_hold_together),
        cmocka_unit_test(ways_agree_on_a_larger_graph),
        cmocka_unit_test(two_way_list_settles),
        cmocka_unit_test(refuses_a_class_out_of_range),
        cmocka_unit_test(every_failed_allocation_is_survived),
        cmocka_unit_test(equal_sets_have_equal_numbers),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
