/* graph: transpose by hand, against a count-and-fill on random graphs, for several thread counts.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "graph/graph.h"

static hgr_run *make_run(uint32_t threads)
{
    hgr_run *run = NULL;
    assert_int_equal(hgr_run_create(threads, &run, NULL), HGR_OK);
    return run;
}

static uint64_t next_random(uint64_t *seed)
{
    *seed += UINT64_C(0x9e3779b97f4a7c15);
    uint64_t z = *seed;
    z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
    return z ^ (z >> 31);
}

/* A graph in which few nodes get many references and some rows are long. */
static hgr_graph *random_graph(uint32_t n, uint64_t seed, const hgr_run *run)
{
    uint32_t *row = calloc((size_t)n + 1, sizeof *row);
    hgr_node *col = malloc(((size_t)n * 16 + 100000) * sizeof *col);
    uint32_t m = 0;
    for (uint32_t u = 0; u < n; u++) {
        uint32_t degree = (uint32_t)(next_random(&seed) % (u % 7 == 0 ? 9 : 3));
        if (u == n / 2)
            degree += 50000;
        for (uint32_t k = 0; k < degree; k++) {
            uint32_t r = (uint32_t)next_random(&seed);
            col[m++] = r % 5 == 0 ? r % 3 % n : r % n;
        }
        row[u + 1] = m;
    }
    hgr_graph *graph = NULL;
    assert_int_equal(hgr_graph_create(n, row, col, run, &graph, NULL), HGR_OK);
    free(col);
    free(row);
    return graph;
}

/* The slow twin: count, then fill in source order. */
static void check_against_count_and_fill(const hgr_graph *graph, const hgr_graph *back)
{
    uint32_t n = hgr_graph_nodes(graph);
    uint32_t *at = calloc((size_t)n + 1, sizeof *at);
    for (uint32_t e = 0; e < graph->m; e++)
        at[graph->col[e] + 1]++;
    for (uint32_t v = 0; v < n; v++)
        at[v + 1] += at[v];
    assert_memory_equal(at, back->row, ((size_t)n + 1) * sizeof *at);
    for (uint32_t u = 0; u < n; u++)
        for (uint32_t e = graph->row[u]; e < graph->row[u + 1]; e++)
            assert_int_equal(back->col[at[graph->col[e]]++], u);
    free(at);
}

static void referrers_by_hand(void **state)
{
    (void)state;
    hgr_run *run = make_run(2);
    uint32_t row[] = {0, 2, 3, 5}, expected_row[] = {0, 1, 4, 5};
    hgr_node col[] = {1, 1, 2, 0, 1}, expected_col[] = {2, 0, 0, 2, 1};
    hgr_graph *graph = NULL, *back = NULL;
    assert_int_equal(hgr_graph_create(3, row, col, run, &graph, NULL), HGR_OK);
    assert_int_equal(hgr_graph_transpose(graph, run, &back, NULL), HGR_OK);
    assert_memory_equal(back->row, expected_row, sizeof expected_row);
    assert_memory_equal(back->col, expected_col, sizeof expected_col);
    hgr_graph_free(back);
    hgr_graph_free(graph);
    hgr_run_free(run);
}

static void implied_follow_their_reference(void **state)
{
    (void)state;
    hgr_run *run = make_run(1);
    /* 0 -> 1, 1 (implied), 2 (implied); 1 -> 1; 2 -> 1 (implied) */
    uint32_t row[] = {0, 3, 4, 5}, implied[] = {1, 2, 4};
    hgr_node col[] = {1, 1, 2, 1, 1};
    hgr_graph graph = {.n = 3, .m = 5, .row = row, .col = col, .implied = implied, .nimplied = 3};
    hgr_graph *back = NULL;
    assert_int_equal(hgr_graph_transpose(&graph, run, &back, NULL), HGR_OK);
    /* 1 <- 0, 0 (implied), 1, 2 (implied); 2 <- 0 (implied) */
    static const uint32_t expected[] = {1, 3, 4};
    assert_int_equal(hgr_graph_implied(back), 3);
    assert_memory_equal(back->implied, expected, sizeof expected);
    assert_int_equal(hgr_graph_validate(back, NULL), HGR_OK);
    hgr_graph_free(back);
    assert_int_equal(hgr_run_memory_bytes(run), 0);
    hgr_run_free(run);
}

static void equals_count_and_fill_for_every_thread_count(void **state)
{
    (void)state;
    static const uint32_t sizes[] = {1, 2, 1000, 65536, 65537, 300000};
    static const uint32_t threads[] = {1, 2, 7, 64};
    for (size_t s = 0; s < sizeof sizes / sizeof sizes[0]; s++)
        for (size_t t = 0; t < sizeof threads / sizeof threads[0]; t++) {
            hgr_run *run = make_run(threads[t]);
            hgr_graph *graph = random_graph(sizes[s], 17 + s, run), *back = NULL;
            assert_int_equal(hgr_graph_transpose(graph, run, &back, NULL), HGR_OK);
            assert_int_equal(hgr_graph_validate(back, NULL), HGR_OK);
            check_against_count_and_fill(graph, back);
            hgr_graph_free(back);
            hgr_graph_free(graph);
            assert_int_equal(hgr_run_memory_bytes(run), 0);
            hgr_run_free(run);
        }
}

static void survives_every_failed_allocation(void **state)
{
    (void)state;
    hgr_run *run = make_run(2);
    hgr_graph *graph = random_graph(500, 3, run), *back = NULL;
    uint64_t before = hgr_run_memory_bytes(run);
    uint64_t k = 1;
    for (;; k++) {
        hgr_run_fail_allocation(run, k);
        hgr_result result = hgr_graph_transpose(graph, run, &back, NULL);
        if (result == HGR_OK)
            break;
        assert_int_equal(result, HGR_NO_MEMORY);
        assert_null(back);
        assert_int_equal(hgr_run_memory_bytes(run), before);
    }
    assert_true(k > 5);
    hgr_run_fail_allocation(run, 0);
    hgr_graph_free(back);
    hgr_graph_free(graph);
    hgr_run_free(run);
}

static void cancelled_run_gives_nothing(void **state)
{
    (void)state;
    hgr_run *run = make_run(2);
    hgr_graph *graph = random_graph(500, 3, run), *back = NULL;
    hgr_run_cancel(run);
    assert_int_equal(hgr_graph_transpose(graph, run, &back, NULL), HGR_CANCELLED);
    assert_null(back);
    hgr_graph_free(graph);
    assert_int_equal(hgr_run_memory_bytes(run), 0);
    hgr_run_free(run);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(referrers_by_hand),
        cmocka_unit_test(implied_follow_their_reference),
        cmocka_unit_test(equals_count_and_fill_for_every_thread_count),
        cmocka_unit_test(survives_every_failed_allocation),
        cmocka_unit_test(cancelled_run_gives_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
