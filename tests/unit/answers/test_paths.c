/* answers: root paths of one node and merged root paths of a set. */
#include "answers_fixture.h"

static uint64_t ten_bytes(const void *user, hgr_node u)
{
    (void)user;
    (void)u;
    return 10;
}

static uint64_t by_third(const void *user, uint32_t root_or_node)
{
    (void)user;
    return root_or_node / 3;
}

static uint64_t one_label(const void *user, uint32_t root_or_node)
{
    (void)user;
    (void)root_or_node;
    return 7;
}

static void limit_cuts_but_total_says(void **state)
{
    (void)state;
    hgr_run *run = make_run(1);
    hgr_graph *graph = graph_of(6, '0', "05 14 23 34 45", run);
    static const hgr_node roots[] = {2, 1, 0, 1, 5};
    hgr_paths *paths = NULL;
    assert_int_equal(hgr_paths_create(graph, roots, 5, 5, 2, run, &paths, NULL), HGR_OK);
    assert_int_equal(hgr_paths_count(paths), 2);
    assert_int_equal(hgr_paths_total(paths), 4);
    assert_int_equal(hgr_paths_get(paths, 0)->root, 4);
    assert_int_equal(hgr_paths_get(paths, 0)->length, 1);
    assert_int_equal(hgr_paths_get(paths, 1)->root, 2);
    assert_int_equal(hgr_paths_get(paths, 1)->nodes[1], 5);
    assert_null(hgr_paths_get(paths, 2));
    hgr_paths_free(paths);
    hgr_graph_free(graph);
    hgr_run_free(run);
}

static void says_what_it_cannot_find(void **state)
{
    (void)state;
    hgr_run *run = make_run(1);
    hgr_graph *graph = graph_of(3, '0', "01 21", run);
    static const hgr_node root = 0;
    hgr_paths *paths = NULL;
    hgr_status status = {0};
    assert_int_equal(hgr_paths_create(graph, &root, 1, 2, 1, run, &paths, &status), HGR_NOT_FOUND);
    assert_string_equal(status.text, "paths: no root reaches node 2");
    assert_int_equal(hgr_paths_create(graph, &root, 1, 3, 1, run, &paths, &status),
                     HGR_BAD_ARGUMENT);
    assert_int_equal(hgr_paths_create(graph, &root, 1, 1, 0, run, &paths, &status),
                     HGR_BAD_ARGUMENT);
    assert_null(paths);
    hgr_graph_free(graph);
    assert_int_equal(hgr_run_memory_bytes(run), 0);
    hgr_run_free(run);
}

/* A million deep: one label makes one step, many labels a million; both without recursion. */
static void deep_sets_fold(void **state)
{
    (void)state;
    uint32_t n = 600000;
    hgr_run *run = make_run(2);
    hgr_graph *graph = chain_graph(n, false, run);
    static const hgr_node root = 0;
    hgr_set *set = NULL;
    hgr_branches *branches = NULL;
    assert_int_equal(hgr_set_create(&set, NULL), HGR_OK);
    assert_int_equal(hgr_set_add_range(set, 1, n, NULL), HGR_OK);
    assert_int_equal(hgr_branches_create(graph, &root, 1, set, one_label, one_label, ten_bytes,
                                         NULL, run, &branches, NULL),
                     HGR_OK);
    assert_int_equal(hgr_branches_count(branches), 2);
    assert_int_equal(hgr_branches_get(branches, 1)->count, n - 1);
    assert_int_equal(hgr_branches_get(branches, 1)->example, 0);
    hgr_branches_free(branches);
    assert_int_equal(hgr_branches_create(graph, &root, 1, set, one_label, by_third, ten_bytes, NULL,
                                         run, &branches, NULL),
                     HGR_OK);
    assert_int_equal(hgr_branches_count(branches), 1 + n / 3);
    assert_int_equal(hgr_branches_get(branches, n / 3)->depth, n / 3);
    assert_int_equal(hgr_branches_get(branches, n / 3)->bytes, 30);
    assert_int_equal(hgr_branches_get(branches, 0)->bytes, 10 * (uint64_t)(n - 1));
    hgr_branches_free(branches);
    hgr_set_free(set);
    hgr_graph_free(graph);
    hgr_run_free(run);
}

static void assert_same_branch(const hgr_branch *a, const hgr_branch *b)
{
    assert_int_equal(a->parent, b->parent);
    assert_int_equal(a->depth, b->depth);
    assert_int_equal(a->root, b->root);
    assert_int_equal(a->example, b->example);
    assert_int_equal(a->example_parent, b->example_parent);
    assert_int_equal(a->count, b->count);
    assert_int_equal(a->bytes, b->bytes);
}

static void threads_change_nothing(void **state)
{
    (void)state;
    uint32_t n = 200000;
    hgr_node roots[200];
    for (uint32_t r = 0; r < 200; r++)
        roots[r] = 199 - r;
    hgr_branch *first = NULL;
    size_t count = 0;
    for (size_t t = 0; t < 4; t++) {
        hgr_run *run = make_run(THREADS[t]);
        hgr_graph *graph = medium_graph(n, run);
        hgr_set *set = NULL;
        hgr_branches *branches = NULL;
        assert_int_equal(hgr_set_create(&set, NULL), HGR_OK);
        assert_int_equal(hgr_set_add_range(set, n / 2, n, NULL), HGR_OK);
        assert_int_equal(hgr_branches_create(graph, roots, 200, set, by_third, by_third, ten_bytes,
                                             NULL, run, &branches, NULL),
                         HGR_OK);
        if (t == 0) {
            count = hgr_branches_count(branches);
            memcpy(first = malloc(count * sizeof *first), hgr_branches_get(branches, 0),
                   count * sizeof *first);
        }
        assert_int_equal(hgr_branches_count(branches), count);
        for (size_t k = 0; k < count; k++)
            assert_same_branch(hgr_branches_get(branches, k), &first[k]);
        hgr_branches_free(branches);
        hgr_set_free(set);
        hgr_graph_free(graph);
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
    hgr_set *set = NULL;
    assert_int_equal(hgr_set_create(&set, NULL), HGR_OK);
    assert_int_equal(hgr_set_add_range(set, 3, 90, NULL), HGR_OK);
    hgr_result result = HGR_NO_MEMORY;
    for (uint64_t k = 1; result == HGR_NO_MEMORY; k++) {
        hgr_paths *paths = NULL;
        hgr_branches *branches = NULL;
        hgr_run_fail_allocation(run, k);
        result = hgr_paths_create(graph, roots, 2, 7, 5, run, &paths, NULL);
        if (result == HGR_OK)
            result = hgr_branches_create(graph, roots, 2, set, by_third, by_third, ten_bytes, NULL,
                                         run, &branches, NULL);
        assert_true(result == HGR_OK ? k > 20 && branches : branches == NULL);
        hgr_run_fail_allocation(run, 0);
        hgr_branches_free(branches);
        hgr_paths_free(paths);
        assert_int_equal(hgr_run_memory_bytes(run), before);
    }
    assert_int_equal(result, HGR_OK);
    hgr_set_free(set);
    hgr_graph_free(graph);
    hgr_run_free(run);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(limit_cuts_but_total_says),
        cmocka_unit_test(says_what_it_cannot_find),
        cmocka_unit_test(deep_sets_fold),
        cmocka_unit_test(threads_change_nothing),
        cmocka_unit_test(every_failed_allocation_is_survived),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
