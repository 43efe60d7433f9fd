/* Lengauer-Tarjan as other heap tools have it: node order, separate arrays, buckets as linked
 * lists, simple linking. The virtual root is node n. Source: TOPLAS 1(1), 1979,
 * doi:10.1145/357062.357071. */
#include "reference.h"

#include <stdlib.h>
#include <string.h>

enum { PARENT, ANCESTOR, VERTEX, LABEL, SEMI, BUCKET, NEXT, STACK, CURSOR, ARRAYS };

static uint32_t number_nodes(const hgr_graph *graph, const hgr_node *roots, size_t nroots,
                             uint32_t **a)
{
    uint32_t n = hgr_graph_nodes(graph), count = 0, depth = 0;
    a[SEMI][n] = count;
    a[VERTEX][count++] = n;
    for (size_t r = 0; r < nroots; r++) {
        if (a[SEMI][roots[r]] != HGR_NO_NODE)
            continue;
        a[STACK][depth++] = roots[r];
        a[PARENT][roots[r]] = n;
        a[SEMI][roots[r]] = count;
        a[VERTEX][count++] = roots[r];
        while (depth > 0) {
            hgr_node u = a[STACK][depth - 1];
            uint32_t degree = 0;
            const hgr_node *targets = hgr_graph_targets(graph, u, &degree);
            while (a[CURSOR][u] < degree && a[SEMI][targets[a[CURSOR][u]]] != HGR_NO_NODE)
                a[CURSOR][u]++;
            if (a[CURSOR][u] == degree) {
                depth--;
                continue;
            }
            hgr_node v = targets[a[CURSOR][u]++];
            a[PARENT][v] = u;
            a[SEMI][v] = count;
            a[VERTEX][count++] = v;
            a[STACK][depth++] = v;
        }
    }
    return count;
}

static hgr_node evaluate(uint32_t **a, hgr_node v)
{
    uint32_t *ancestor = a[ANCESTOR], *label = a[LABEL], *semi = a[SEMI], *stack = a[STACK],
             depth = 0;
    if (ancestor[v] == HGR_NO_NODE)
        return label[v];
    for (hgr_node u = v; ancestor[ancestor[u]] != HGR_NO_NODE; u = ancestor[u])
        stack[depth++] = u;
    while (depth > 0) {
        hgr_node u = stack[--depth];
        if (semi[label[ancestor[u]]] < semi[label[u]])
            label[u] = label[ancestor[u]];
        ancestor[u] = ancestor[ancestor[u]];
    }
    return label[v];
}

static void solve(const hgr_graph *referrers, const bool *is_root, uint32_t count, uint32_t **a,
                  hgr_node *idom)
{
    uint32_t n = hgr_graph_nodes(referrers);
    for (uint32_t i = count; i-- > 1;) {
        hgr_node w = a[VERTEX][i], parent = a[PARENT][w];
        uint32_t degree = 0;
        const hgr_node *sources = hgr_graph_targets(referrers, w, &degree);
        if (is_root[w])
            a[SEMI][w] = 0;
        for (uint32_t e = 0; e < degree; e++) {
            if (a[SEMI][sources[e]] == HGR_NO_NODE)
                continue;
            uint32_t semi = a[SEMI][evaluate(a, sources[e])];
            a[SEMI][w] = semi < a[SEMI][w] ? semi : a[SEMI][w];
        }
        hgr_node above = a[VERTEX][a[SEMI][w]];
        a[NEXT][w] = a[BUCKET][above];
        a[BUCKET][above] = w;
        a[ANCESTOR][w] = parent;
        for (hgr_node v = a[BUCKET][parent]; v != HGR_NO_NODE; v = a[NEXT][v]) {
            hgr_node u = evaluate(a, v);
            idom[v] = a[SEMI][u] < a[SEMI][v] ? u : parent;
        }
        a[BUCKET][parent] = HGR_NO_NODE;
    }
    for (uint32_t i = 1; i < count; i++) {
        hgr_node w = a[VERTEX][i];
        if (idom[w] != a[VERTEX][a[SEMI][w]])
            idom[w] = idom[idom[w]];
    }
    idom[n] = n;
}

bool lengauer_tarjan(const hgr_graph *graph, const hgr_graph *referrers, const hgr_node *roots,
                     size_t nroots, hgr_node *idom)
{
    size_t n = hgr_graph_nodes(graph);
    uint32_t *a[ARRAYS] = {0};
    bool *is_root = calloc(n + 1, 1), ok = is_root != NULL;
    for (int k = 0; k < ARRAYS; k++)
        ok = (a[k] = malloc((n + 1) * sizeof **a)) != NULL && ok;
    if (ok) {
        for (int k = 0; k < ARRAYS; k++)
            memset(a[k], k == CURSOR ? 0 : 0xff, (n + 1) * sizeof **a);
        memset(idom, 0xff, (n + 1) * sizeof *idom);
        for (size_t u = 0; u <= n; u++)
            a[LABEL][u] = (uint32_t)u;
        for (size_t r = 0; r < nroots; r++)
            is_root[roots[r]] = true;
        solve(referrers, is_root, number_nodes(graph, roots, nroots, a), a, idom);
    }
    for (int k = 0; k < ARRAYS; k++)
        free(a[k]);
    free(is_root);
    return ok;
}
