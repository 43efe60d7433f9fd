/* What the tests of the answers share: a run, graphs from tables, a medium random graph. */
#ifndef HGR_TESTS_ANSWERS_FIXTURE_H
#define HGR_TESTS_ANSWERS_FIXTURE_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include <heapgraph/answers.h>
#include "base/run.h"

static inline hgr_run *make_run(uint32_t threads)
{
    hgr_run *run = NULL;
    assert_int_equal(hgr_run_create(threads, &run, NULL), HGR_OK);
    return run;
}

/* edges: pairs of letters or digits, sorted by source, '0' or 'A' the first node. */
static inline hgr_graph *graph_of(uint32_t n, char first, const char *edges, const hgr_run *run)
{
    uint32_t row[64] = {0};
    hgr_node col[256];
    uint32_t m = 0;
    for (const char *at = edges; *at; at += at[2] ? 3 : 2) {
        row[at[0] - first + 1]++;
        col[m++] = (hgr_node)(at[1] - first);
    }
    for (uint32_t u = 0; u < n; u++)
        row[u + 1] += row[u];
    hgr_graph *graph = NULL;
    assert_int_equal(hgr_graph_create(n, row, col, run, &graph, NULL), HGR_OK);
    return graph;
}

/* Wide levels (parallel walks), cycles, shared targets, an unreachable tenth; no two runs differ.
 */
static inline hgr_graph *medium_graph(uint32_t n, const hgr_run *run)
{
    uint32_t *row = calloc((size_t)n + 1, sizeof *row);
    hgr_node *col = calloc(4 * (size_t)n, sizeof *col);
    uint64_t state = 88172645463325252u;
    uint32_t m = 0;
    for (uint32_t u = 0; u < n; u++) {
        for (uint32_t k = 0; k < 1 + u % 4; k++) {
            state ^= state << 13;
            state ^= state >> 7;
            state ^= state << 17;
            col[m++] = (hgr_node)(state >> 20) % (u < n / 10 * 9 ? n / 10 * 9 : n);
        }
        row[u + 1] = m;
    }
    hgr_graph *graph = NULL;
    assert_int_equal(hgr_graph_create(n, row, col, run, &graph, NULL), HGR_OK);
    free(col);
    free(row);
    return graph;
}

/* n nodes in a row; with back: each refers to the one before it as well. */
static inline hgr_graph *chain_graph(uint32_t n, bool back, const hgr_run *run)
{
    uint32_t *row = calloc((size_t)n + 1, sizeof *row);
    hgr_node *col = calloc(2 * (size_t)n, sizeof *col);
    uint32_t m = 0;
    for (uint32_t u = 0; u < n; u++) {
        if (u + 1 < n)
            col[m++] = u + 1;
        if (back && u > 0)
            col[m++] = u - 1;
        row[u + 1] = m;
    }
    hgr_graph *graph = NULL;
    assert_int_equal(hgr_graph_create(n, row, col, run, &graph, NULL), HGR_OK);
    free(col);
    free(row);
    return graph;
}

static const uint32_t THREADS[] = {1, 2, 7, 64};

#endif
