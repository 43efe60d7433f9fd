/* graph: the immutable CSR graph: made from arrays, asked for rows, checked.
 *
 * Input: row offsets and targets. Output: struct hgr_graph. Offsets are 32 bits: a heap of more
 * than 2^32 - 2 references is refused, which halves the size of every row. */
#include "graph.h"

#include <string.h>

#include "../base/status.h"

void hgr_graph_free(hgr_graph *graph)
{
    if (!graph)
        return;
    hgr_free(graph->implied);
    hgr_free(graph->col);
    hgr_free(graph->row);
    hgr_free(graph);
}

hgr_result hgr_graph_adopt(uint32_t n, uint32_t m, uint32_t *row, hgr_node *col, uint32_t *implied,
                           uint32_t nimplied, const hgr_run *run, hgr_graph **out,
                           hgr_status *status)
{
    hgr_graph *graph = NULL;
    hgr_result result = hgr_alloc(run, 1, sizeof *graph, "graph", &graph, status);
    if (result != HGR_OK)
        return result;
    *graph = (hgr_graph){
        .n = n, .m = m, .row = row, .col = col, .implied = implied, .nimplied = nimplied};
    *out = graph;
    return HGR_OK;
}

/* The first violated invariant of (n, row, col), with `code`. */
static hgr_result check_arrays(uint32_t n, const uint32_t *row, const hgr_node *col,
                               hgr_result code, hgr_status *status)
{
    if (row[0] != 0)
        return hgr_fail(status, code, "graph: row[0] is %u, expected 0", row[0]);
    for (uint32_t u = 0; u < n; u++)
        if (row[u] > row[u + 1])
            return hgr_fail(status, code, "graph: row[%u] is %u, above row[%u] = %u", u, row[u],
                            u + 1, row[u + 1]);
    for (uint32_t e = 0; e < row[n]; e++)
        if (col[e] >= n)
            return hgr_fail(status, code, "graph: col[%u] is %u, expected below %u nodes", e,
                            col[e], n);
    return HGR_OK;
}

hgr_result hgr_graph_create(uint32_t n, const uint32_t *row, const hgr_node *col,
                            const hgr_run *run, hgr_graph **out, hgr_status *status)
{
    if (n == HGR_NO_NODE || row[n] == UINT32_MAX)
        return hgr_fail(status, HGR_TOO_LARGE, "graph: %u nodes, %u references, limit 2^32 - 2", n,
                        row[n]);
    hgr_result result = check_arrays(n, row, col, HGR_BAD_ARGUMENT, status);
    if (result != HGR_OK)
        return result;
    uint32_t m = row[n];
    uint32_t *own_row = NULL;
    hgr_node *own_col = NULL;
    result = hgr_alloc(run, (size_t)n + 1, sizeof *own_row, "graph rows", &own_row, status);
    if (result == HGR_OK)
        result = hgr_alloc(run, m, sizeof *own_col, "graph references", &own_col, status);
    if (result == HGR_OK) {
        memcpy(own_row, row, ((size_t)n + 1) * sizeof *own_row);
        if (m)
            memcpy(own_col, col, (size_t)m * sizeof *own_col);
        result = hgr_graph_adopt(n, m, own_row, own_col, NULL, 0, run, out, status);
    }
    if (result != HGR_OK) {
        hgr_free(own_col);
        hgr_free(own_row);
    }
    return result;
}

uint32_t hgr_graph_nodes(const hgr_graph *graph)
{
    return graph->n;
}

uint64_t hgr_graph_references(const hgr_graph *graph)
{
    return graph->m;
}

uint64_t hgr_graph_implied(const hgr_graph *graph)
{
    return graph->nimplied;
}

const hgr_node *hgr_graph_targets(const hgr_graph *graph, hgr_node u, uint32_t *out_count)
{
    *out_count = graph->row[u + 1] - graph->row[u];
    return graph->col + graph->row[u];
}

bool hgr_graph_is_implied(const hgr_graph *graph, uint64_t e)
{
    uint32_t lo = 0, hi = graph->nimplied;
    while (lo < hi) {
        uint32_t mid = lo + (hi - lo) / 2;
        if (graph->implied[mid] < e)
            lo = mid + 1;
        else
            hi = mid;
    }
    return lo < graph->nimplied && graph->implied[lo] == e;
}

uint64_t hgr_graph_row(const hgr_graph *graph, hgr_node u)
{
    return graph->row[u];
}

hgr_result hgr_graph_validate(const hgr_graph *graph, hgr_status *status)
{
    if (graph->n == HGR_NO_NODE || graph->m == UINT32_MAX)
        return hgr_fail(status, HGR_INTERNAL, "graph: %u nodes, %u references, limit 2^32 - 2",
                        graph->n, graph->m);
    if (graph->row[graph->n] != graph->m)
        return hgr_fail(status, HGR_INTERNAL, "graph: row[%u] is %u, expected %u references",
                        graph->n, graph->row[graph->n], graph->m);
    hgr_result result = check_arrays(graph->n, graph->row, graph->col, HGR_INTERNAL, status);
    if (result != HGR_OK)
        return result;
    for (uint32_t i = 0; i < graph->nimplied; i++)
        if (graph->implied[i] >= graph->m || (i && graph->implied[i - 1] >= graph->implied[i]))
            return hgr_fail(status, HGR_INTERNAL,
                            "graph: implied[%u] is %u, not ascending or not below %u", i,
                            graph->implied[i], graph->m);
    return HGR_OK;
}
