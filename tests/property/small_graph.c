/* Random small graphs: generator, printer, shrinker. */
#include "small_graph.h"

#include <stdio.h>
#include <string.h>

/* ---- random numbers: splitmix64 ---- */

static uint64_t next_random(uint64_t *state)
{
    uint64_t z = *state += UINT64_C(0x9e3779b97f4a7c15);
    z = (z ^ z >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ z >> 27) * UINT64_C(0x94d049bb133111eb);
    return z ^ z >> 31;
}

static uint32_t below(uint64_t *state, uint32_t limit)
{
    return (uint32_t)(next_random(state) >> 33) % limit;
}

/* ---- making ---- */

static void add_edge(struct small_graph *g, uint32_t from, uint32_t to)
{
    if (g->m == SMALL_EDGES)
        return;
    uint32_t at = g->m++;
    for (; at > 0 && g->from[at - 1] > from; at--) {
        g->from[at] = g->from[at - 1];
        g->to[at] = g->to[at - 1];
    }
    g->from[at] = from;
    g->to[at] = to;
}

/* One piece of structure over random nodes: chain, two-way list, fan out, fan in, or loose edges.
 */
static void add_piece(struct small_graph *g, uint64_t *state)
{
    uint32_t kind = below(state, 6), length = 2 + below(state, 8);
    uint32_t hub = below(state, g->n), at = below(state, g->n);
    for (uint32_t i = 0; i < length; i++) {
        uint32_t next = below(state, 3) ? (at + 1) % g->n : below(state, g->n);
        switch (kind) {
        case 0: add_edge(g, at, next); break;
        case 1: add_edge(g, at, next); add_edge(g, next, at); break;
        case 2: add_edge(g, hub, next); break;
        case 3: add_edge(g, next, hub); break;
        case 4: add_edge(g, at, next); add_edge(g, next, hub); break;
        default: add_edge(g, below(state, g->n), below(state, g->n)); break;
        }
        at = next;
    }
}

void small_graph_random(uint64_t seed, struct small_graph *out)
{
    uint64_t state = seed;
    memset(out, 0, sizeof *out);
    out->n = 1 + below(&state, seed % 4 ? 14 : SMALL_NODES);
    out->nroots = below(&state, 10) ? 1 + below(&state, 3) : below(&state, SMALL_ROOTS + 1);
    out->nclasses = 1 + below(&state, SMALL_CLASSES);
    for (uint32_t r = 0; r < out->nroots; r++)
        out->roots[r] = below(&state, out->n);
    for (uint32_t u = 0; u < out->n; u++) {
        out->class_of[u] = below(&state, out->nclasses);
        out->bytes[u] = 24 + below(&state, 1000);
    }
    for (uint32_t pieces = below(&state, 3 + out->n / 2); pieces > 0; pieces--)
        add_piece(out, &state);
    for (uint32_t loose = below(&state, 2 * out->n); loose > 0; loose--)
        add_edge(out, below(&state, out->n), below(&state, out->n));
}

hgr_graph *small_graph_build(const struct small_graph *small, const hgr_run *run)
{
    uint32_t row[SMALL_NODES + 1] = {0};
    hgr_graph *graph = NULL;
    for (uint32_t e = 0; e < small->m; e++)
        row[small->from[e] + 1]++;
    for (uint32_t u = 0; u < small->n; u++)
        row[u + 1] += row[u];
    if (hgr_graph_create(small->n, row, small->to, run, &graph, NULL) != HGR_OK)
        return NULL;
    return graph;
}

uint64_t small_graph_bytes(const void *bytes, hgr_node u)
{
    return ((const uint64_t *)bytes)[u];
}

/* ---- shrinking ---- */

static void remove_edge(struct small_graph *g, uint32_t at)
{
    g->m--;
    memmove(g->from + at, g->from + at + 1, (g->m - at) * sizeof g->from[0]);
    memmove(g->to + at, g->to + at + 1, (g->m - at) * sizeof g->to[0]);
}

static void remove_root(struct small_graph *g, uint32_t at)
{
    g->nroots--;
    memmove(g->roots + at, g->roots + at + 1, (g->nroots - at) * sizeof g->roots[0]);
}

/* The last node goes, with its edges and roots. */
static void remove_last_node(struct small_graph *g)
{
    uint32_t last = --g->n;
    for (uint32_t e = g->m; e-- > 0;)
        if (g->from[e] == last || g->to[e] == last)
            remove_edge(g, e);
    for (uint32_t r = g->nroots; r-- > 0;)
        if (g->roots[r] == last)
            remove_root(g, r);
}

/* One smaller graph that still fails, or false. Steps: last node, then roots, then edges. */
static bool shrink_once(struct small_graph *g, small_graph_property *property)
{
    for (uint32_t step = 0; step < 1 + g->nroots + g->m; step++) {
        struct small_graph smaller = *g;
        if (step == 0) {
            if (g->n < 2)
                continue;
            remove_last_node(&smaller);
        } else if (step <= g->nroots) {
            remove_root(&smaller, step - 1);
        } else {
            remove_edge(&smaller, step - 1 - g->nroots);
        }
        if (property(&smaller)) {
            *g = smaller;
            return true;
        }
    }
    return false;
}

static void print_failure(const char *name, uint64_t seed, const struct small_graph *g,
                          const char *reason)
{
    fprintf(stderr, "%s fails, seed %llu, shrunk to n=%u: %s\n  roots", name,
            (unsigned long long)seed, g->n, reason);
    for (uint32_t r = 0; r < g->nroots; r++)
        fprintf(stderr, " %u", g->roots[r]);
    fprintf(stderr, "\n  classes");
    for (uint32_t u = 0; u < g->n; u++)
        fprintf(stderr, " %u", g->class_of[u]);
    fprintf(stderr, "\n  edges");
    for (uint32_t e = 0; e < g->m; e++)
        fprintf(stderr, " %u>%u", g->from[e], g->to[e]);
    fprintf(stderr, "\n");
}

bool small_graph_holds(const char *name, uint64_t count, small_graph_property *property)
{
    for (uint64_t seed = 1; seed <= count; seed++) {
        struct small_graph g;
        small_graph_random(seed, &g);
        if (!property(&g))
            continue;
        while (shrink_once(&g, property)) {
        }
        print_failure(name, seed, &g, property(&g));
        return false;
    }
    return true;
}
