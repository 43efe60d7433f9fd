/* graph: making, asking and checking a graph. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>
#include <cmocka.h>

#include "graph/graph.h"

static hgr_run *make_run(void)
{
    hgr_run *run = NULL;
    assert_int_equal(hgr_run_create(2, &run, NULL), HGR_OK);
    return run;
}

static void rows_come_back_as_given(void **state)
{
    (void)state;
    hgr_run *run = make_run();
    uint32_t row[] = {0, 2, 2, 5};
    hgr_node col[] = {1, 1, 0, 2, 1};
    hgr_graph *graph = NULL;
    assert_int_equal(hgr_graph_create(3, row, col, run, &graph, NULL), HGR_OK);
    memset(col, 0xff, sizeof col); /* the graph has its own copy */
    assert_int_equal(hgr_graph_nodes(graph), 3);
    assert_int_equal(hgr_graph_references(graph), 5);
    uint32_t count = 9;
    assert_int_equal(hgr_graph_targets(graph, 0, &count)[1], 1);
    assert_int_equal(count, 2);
    hgr_graph_targets(graph, 1, &count);
    assert_int_equal(count, 0);
    assert_int_equal(hgr_graph_targets(graph, 2, &count)[1], 2);
    assert_int_equal(count, 3);
    assert_int_equal(hgr_graph_row(graph, 3), 5);
    assert_int_equal(hgr_graph_validate(graph, NULL), HGR_OK);
    hgr_graph_free(graph);
    assert_int_equal(hgr_run_memory_bytes(run), 0);
    hgr_run_free(run);
}

static void empty_graph_is_a_graph(void **state)
{
    (void)state;
    hgr_run *run = make_run();
    uint32_t row[] = {0};
    hgr_graph *graph = NULL, *back = NULL;
    assert_int_equal(hgr_graph_create(0, row, NULL, run, &graph, NULL), HGR_OK);
    assert_int_equal(hgr_graph_validate(graph, NULL), HGR_OK);
    assert_int_equal(hgr_graph_transpose(graph, run, &back, NULL), HGR_OK);
    assert_int_equal(hgr_graph_nodes(back), 0);
    hgr_graph_free(back);
    hgr_graph_free(graph);
    hgr_run_free(run);
}

static void refuses_arrays_that_are_no_graph(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        uint32_t row[3];
        hgr_node col[2];
    } cases[] = {
        {"row[0] is 1", {1, 1, 2}, {0, 0}},
        {"row[1] is 2, above row[2] = 1", {0, 2, 1}, {0, 0}},
        {"col[1] is 2, expected below 2", {0, 1, 2}, {1, 2}},
    };
    hgr_run *run = make_run();
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        hgr_graph *graph = NULL;
        hgr_status status = {0};
        assert_int_equal(hgr_graph_create(2, cases[i].row, cases[i].col, run, &graph, &status),
                         HGR_BAD_ARGUMENT);
        assert_null(graph);
        assert_non_null(strstr(status.text, cases[i].text));
    }
    assert_int_equal(hgr_run_memory_bytes(run), 0);
    hgr_run_free(run);
}

static void validate_names_what_is_broken(void **state)
{
    (void)state;
    uint32_t row[] = {0, 1, 3}, implied[] = {2, 2};
    hgr_node col[] = {1, 0, 1};
    hgr_graph graph = {.n = 2, .m = 3, .row = row, .col = col};
    assert_int_equal(hgr_graph_validate(&graph, NULL), HGR_OK);
    hgr_status status = {0};
    graph.m = 2;
    assert_int_equal(hgr_graph_validate(&graph, &status), HGR_INTERNAL);
    assert_non_null(strstr(status.text, "row[2] is 3, expected 2 references"));
    graph.m = 3;
    graph.implied = implied;
    graph.nimplied = 2;
    assert_int_equal(hgr_graph_validate(&graph, &status), HGR_INTERNAL);
    assert_non_null(strstr(status.text, "implied[1] is 2"));
    graph.nimplied = 1;
    assert_int_equal(hgr_graph_validate(&graph, &status), HGR_OK);
    col[1] = 7;
    assert_int_equal(hgr_graph_validate(&graph, &status), HGR_INTERNAL);
}

static void implied_references_are_found_by_index(void **state)
{
    (void)state;
    uint32_t row[] = {0, 3, 5}, implied[] = {2, 4};
    hgr_node col[] = {1, 0, 1, 0, 0};
    hgr_graph graph = {.n = 2, .m = 5, .row = row, .col = col, .implied = implied, .nimplied = 2};
    static const bool expected[] = {false, false, true, false, true, false};
    for (uint64_t e = 0; e < 6; e++)
        assert_int_equal(hgr_graph_is_implied(&graph, e), expected[e]);
    assert_int_equal(hgr_graph_implied(&graph), 2);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(rows_come_back_as_given),
        cmocka_unit_test(empty_graph_is_a_graph),
        cmocka_unit_test(refuses_arrays_that_are_no_graph),
        cmocka_unit_test(validate_names_what_is_broken),
        cmocka_unit_test(implied_references_are_found_by_index),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
