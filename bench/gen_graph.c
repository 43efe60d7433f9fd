/* Synthetic reference graphs: heap-like ones and the shapes that are hard for dominators. */
#include "gen_graph.h"

#include <stdlib.h>
#include <string.h>

/* Names of classes are their numbers; what they stand for is in the shapes below. */
enum {
    STRING, ARRAY, ITEM, DETAIL, BOX, LOOKUP, LIST, ENTRY, NODE, TREE, CACHE, SERVICE, DELEGATE,
    FIRST_ENTITY, ENTITIES = 400, CLASSES = FIRST_ENTITY + ENTITIES
};

struct builder {
    uint64_t  random;
    bool      failed;
    uint32_t  n, m, nroots;
    size_t    node_capacity, edge_capacity, root_capacity;
    uint32_t *class_of, *from, *to;
    hgr_node *roots;
};

static uint32_t below(struct builder *b, uint32_t limit)
{
    uint64_t z = b->random += UINT64_C(0x9e3779b97f4a7c15);
    z = (z ^ z >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ z >> 27) * UINT64_C(0x94d049bb133111eb);
    return (uint32_t)(((z ^ z >> 31) >> 32) * limit >> 32);
}

static void reserve(struct builder *b, uint32_t **array, size_t capacity)
{
    uint32_t *grown = realloc(*array, capacity * sizeof **array);
    if (grown)
        *array = grown;
    b->failed = b->failed || !grown;
}

static hgr_node add_node(struct builder *b, uint32_t class_id)
{
    if (b->n == b->node_capacity)
        reserve(b, &b->class_of, b->node_capacity = b->node_capacity * 2 + 1024);
    if (!b->failed)
        b->class_of[b->n] = class_id;
    return b->n++;
}

static void add_edge(struct builder *b, hgr_node from, hgr_node to)
{
    if (b->m == b->edge_capacity) {
        b->edge_capacity = b->edge_capacity * 2 + 1024;
        reserve(b, &b->from, b->edge_capacity);
        reserve(b, &b->to, b->edge_capacity);
    }
    if (b->failed)
        return;
    b->from[b->m] = from;
    b->to[b->m++] = to;
}

static hgr_node add_child(struct builder *b, hgr_node parent, uint32_t class_id)
{
    hgr_node child = add_node(b, class_id);
    add_edge(b, parent, child);
    return child;
}

static void add_root(struct builder *b, hgr_node u)
{
    if (b->nroots == b->root_capacity)
        reserve(b, &b->roots, b->root_capacity = b->root_capacity * 2 + 64);
    if (!b->failed)
        b->roots[b->nroots++] = u;
}

/* ---- heap-like shapes ---- */

/* A web site that keeps every answer: one array of items, each with strings of its own, shared
 * strings, a detail that points back, a shared lookup entity. 5.5 nodes per item. */
static void make_founding(struct builder *b, uint32_t nodes)
{
    uint32_t items = nodes / 11 * 2;
    hgr_node list = add_node(b, LIST), array = add_child(b, list, ARRAY), first = b->n;
    add_root(b, list);
    for (uint32_t i = 0; i < 2000; i++)
        add_node(b, STRING);
    hgr_node lookups = b->n;
    for (uint32_t i = 0; i < 200; i++)
        add_edge(b, add_node(b, LOOKUP), first + below(b, 2000));
    for (uint32_t i = 0; i < items; i++) {
        hgr_node item = add_child(b, array, ITEM);
        add_child(b, item, STRING);
        add_child(b, item, STRING);
        add_edge(b, item, first + below(b, 2000));
        hgr_node detail = add_child(b, item, DETAIL);
        add_child(b, detail, STRING);
        add_edge(b, detail, item);
        add_edge(b, detail, lookups + below(b, 200));
        if (i % 2)
            add_child(b, item, BOX);
        if (i % 16 == 0) /* garbage that still refers to live things */
            add_edge(b, add_node(b, ITEM), first + below(b, 2000));
    }
}

static void add_collection(struct builder *b, hgr_node owner, const hgr_node *services)
{
    uint32_t count = 1 + below(b, below(b, 20) ? 40 : 5000),
             entity = FIRST_ENTITY + below(b, ENTITIES);
    hgr_node list = add_child(b, owner, LIST), array = add_child(b, list, ARRAY);
    bool points_back = below(b, 3) == 0;
    for (uint32_t i = 0; i < count; i++) {
        hgr_node u = add_child(b, array, entity);
        for (uint32_t field = below(b, 5); field > 0; field--) {
            uint32_t kind = below(b, 10);
            if (kind < 5)
                add_child(b, u, STRING);
            else if (kind < 7)
                add_edge(b, u, services[below(b, 400)]);
            else if (kind < 8)
                add_child(b, add_child(b, u, LIST), ARRAY);
            else
                add_child(b, u, BOX);
        }
        if (points_back)
            add_edge(b, u, list);
    }
}

static void add_tree(struct builder *b, hgr_node owner)
{
    uint32_t count = 5 + below(b, below(b, 10) ? 60 : 4000),
             entity = FIRST_ENTITY + below(b, ENTITIES);
    hgr_node first = add_child(b, owner, TREE);
    bool points_back = below(b, 2) == 0;
    add_child(b, first, STRING); /* tree nodes lie at even distance, each before its string */
    for (uint32_t i = 1; i < count; i++) {
        hgr_node parent = first + 2 * (i > 8 ? i - 1 - below(b, 8) : below(b, i));
        hgr_node u = add_node(b, below(b, 3) ? TREE : entity);
        add_edge(b, parent, u);
        if (points_back)
            add_edge(b, u, parent);
        add_child(b, u, STRING);
    }
}

static void add_linked_list(struct builder *b, hgr_node owner, const hgr_node *services)
{
    uint32_t count = below(b, 200) ? 2 + below(b, 60) : below(b, 60000);
    hgr_node head = add_child(b, owner, LIST), before = head;
    bool both_ways = below(b, 2) == 0;
    for (uint32_t i = 0; i < count; i++) {
        hgr_node u = add_child(b, before, NODE), value = add_child(b, u, FIRST_ENTITY + i % 7);
        if (both_ways)
            add_edge(b, u, before);
        if (below(b, 4) == 0)
            add_edge(b, value, services[below(b, 400)]);
        before = u;
    }
    if (both_ways)
        add_edge(b, head, before);
}

static void add_lru_cache(struct builder *b, hgr_node owner)
{
    uint32_t count = 10 + below(b, 800);
    hgr_node cache = add_child(b, owner, CACHE), array = add_child(b, cache, ARRAY), before = cache;
    for (uint32_t i = 0; i < count; i++) {
        hgr_node entry = add_child(b, array, ENTRY), key = add_child(b, array, STRING);
        add_edge(b, entry, key);
        add_child(b, entry, FIRST_ENTITY + below(b, ENTITIES));
        add_edge(b, before, entry);
        add_edge(b, entry, before);
        before = entry;
    }
}

/* Services that own collections, trees, lists and caches; delegates, references back. */
static void make_app(struct builder *b, uint32_t nodes)
{
    hgr_node services[400], statics = add_node(b, ARRAY);
    add_root(b, statics);
    for (uint32_t i = 0; i < 400; i++)
        services[i] = add_child(b, statics, i % 4 ? SERVICE : FIRST_ENTITY + i);
    while (b->n < nodes && !b->failed) {
        hgr_node owner = services[below(b, 400)];
        uint32_t kind = below(b, 100);
        if (kind < 55)
            add_collection(b, owner, services);
        else if (kind < 75)
            add_tree(b, owner);
        else if (kind < 85)
            add_linked_list(b, owner, services);
        else if (kind < 92)
            add_lru_cache(b, owner);
        else {
            hgr_node session = add_child(b, owner, FIRST_ENTITY + below(b, ENTITIES));
            hgr_node delegate = add_child(b, services[below(b, 400)], DELEGATE);
            add_edge(b, delegate, session);
            add_edge(b, session, services[below(b, 400)]);
            services[below(b, 400)] = session;
        }
        if (below(b, 8) == 0)
            add_root(b, b->n - 1 - below(b, b->n < 1000 ? b->n : 1000));
    }
}

/* ---- hard shapes ---- */

static void make_chain(struct builder *b, uint32_t nodes)
{
    add_root(b, add_node(b, NODE));
    while (b->n < nodes && !b->failed)
        add_child(b, b->n - 1, NODE);
}

/* Head and tail are both held; types differ along the list, so that class sets meet everywhere. */
static void make_two_way_list(struct builder *b, uint32_t nodes)
{
    hgr_node head = add_node(b, LIST);
    add_root(b, head);
    for (uint32_t i = 0; i + 1 < nodes; i++) {
        hgr_node u = add_child(b, b->n - 1, FIRST_ENTITY + i % ENTITIES);
        add_edge(b, u, u - 1);
    }
    add_edge(b, head, b->n - 1);
}

static void make_ladder(struct builder *b, uint32_t nodes)
{
    hgr_node left = add_node(b, NODE), right = add_child(b, left, TREE);
    add_root(b, left);
    while (b->n < nodes && !b->failed) {
        hgr_node next_left = add_child(b, left, NODE), next_right = add_child(b, right, TREE);
        add_edge(b, next_left, next_right);
        add_edge(b, next_right, next_left);
        left = next_left;
        right = next_right;
    }
}

static void make_bipartite(struct builder *b, uint32_t nodes)
{
    uint32_t half = nodes / 2;
    for (uint32_t i = 0; i < 2 * half; i++)
        add_node(b, i < half ? NODE : TREE);
    add_root(b, 0);
    for (uint32_t i = 0; i < half; i++)
        for (uint32_t k = 0; k < half; k++) {
            add_edge(b, i, half + k);
            if (k % 8 == i % 8)
                add_edge(b, half + k, i);
        }
}

static void make_fan_out(struct builder *b, uint32_t nodes)
{
    hgr_node hub = add_node(b, ARRAY);
    add_root(b, hub);
    while (b->n < nodes && !b->failed)
        add_child(b, hub, b->n % 4 ? STRING : BOX);
}

/* One array slot for each, and all refer to one string. */
static void make_fan_in(struct builder *b, uint32_t nodes)
{
    hgr_node hub = add_node(b, ARRAY), shared = add_node(b, STRING);
    add_root(b, hub);
    while (b->n < nodes && !b->failed)
        add_edge(b, add_child(b, hub, ITEM), shared);
}

static void make_dense_dag(struct builder *b, uint32_t nodes)
{
    add_root(b, add_node(b, NODE));
    for (uint32_t u = 1; u < nodes; u++) {
        add_node(b, FIRST_ENTITY + u % ENTITIES);
        for (uint32_t k = 0; k < 10; k++)
            add_edge(b, u - 1 - below(b, u < 1000 ? u : 1000), u);
    }
}

static void make_many_roots(struct builder *b, uint32_t nodes)
{
    while (b->n < nodes && !b->failed) {
        hgr_node u = add_node(b, ITEM);
        add_root(b, u);
        add_child(b, u, STRING);
        if (u > 4)
            add_edge(b, u, u - 4);
    }
}

/* A chain where every node also refers to one a little above it. */
static void make_back_pointers(struct builder *b, uint32_t nodes)
{
    add_root(b, add_node(b, NODE));
    while (b->n < nodes && !b->failed) {
        hgr_node u = add_child(b, b->n - 1, NODE);
        add_edge(b, u, u - 1 - below(b, u < 64 ? u : 64));
    }
}

/* The same to any node above: nothing lies near what refers to it, every step misses the cache. */
static void make_random_back_pointers(struct builder *b, uint32_t nodes)
{
    add_root(b, add_node(b, NODE));
    while (b->n < nodes && !b->failed) {
        hgr_node u = add_child(b, b->n - 1, NODE);
        add_edge(b, u, u - 1 - below(b, u));
    }
}

/* The worst order for a walking nearest-common-dominator: a long chain, then leaves of its end that
 * the top refers to as well. */
static void make_long_walks(struct builder *b, uint32_t nodes)
{
    make_chain(b, nodes / 2);
    hgr_node end = b->n - 1;
    while (b->n < nodes && !b->failed) {
        hgr_node u = add_child(b, end, TREE);
        add_edge(b, 1 + below(b, 8), u);
    }
}

/* ---- the table ---- */

static const struct shape {
    const char *name;
    uint32_t    nodes;
    void      (*make)(struct builder *b, uint32_t nodes);
    const char *what;
} shapes[] = {
    {"founding", 11500000, make_founding,
     "one array of 2.1 million items with strings and details"},
    {"app", 11500000, make_app, "services, collections, trees, lists, caches, 400 entity types"},
    {"chain", 10000000, make_chain, "10 million deep"},
    {"two-way-list", 10000000, make_two_way_list, "next, previous, head and tail held"},
    {"ladder", 10000000, make_ladder, "two lists, rungs both ways"},
    {"bipartite", 6000, make_bipartite, "3000 x 3000, one in eight back"},
    {"fan-out", 50000000, make_fan_out, "one object with 50 million references"},
    {"fan-in", 10000000, make_fan_in, "10 million objects refer to one"},
    {"dense-dag", 4000000, make_dense_dag, "ten references in, from near above"},
    {"many-roots", 10000000, make_many_roots, "every second object is a root"},
    {"back-pointers", 10000000, make_back_pointers,
     "a chain, each node refers to one a little above"},
    {"random-back-pointers", 10000000, make_random_back_pointers, "the same to any node above"},
    {"long-walks", 10000000, make_long_walks, "wide below a long chain, held from its top as well"},
};

const char *gen_graph_name(size_t index, uint32_t *out_nodes, const char **out_what)
{
    if (index >= sizeof shapes / sizeof shapes[0])
        return NULL;
    *out_nodes = shapes[index].nodes;
    *out_what = shapes[index].what;
    return shapes[index].name;
}

/* Rows by source, slots in the order they were added. */
static bool sort_rows(struct builder *b, struct gen_graph *out)
{
    out->row = calloc((size_t)b->n + 2, sizeof *out->row);
    out->col = malloc(((size_t)b->m + 1) * sizeof *out->col);
    if (!out->row || !out->col)
        return false;
    for (uint32_t e = 0; e < b->m; e++)
        out->row[b->from[e] + 1]++;
    for (uint32_t u = 0; u < b->n; u++)
        out->row[u + 1] += out->row[u];
    for (uint32_t e = 0; e < b->m; e++)
        out->col[out->row[b->from[e]]++] = b->to[e];
    memmove(out->row + 1, out->row, b->n * sizeof *out->row);
    out->row[0] = 0;
    return true;
}

bool gen_graph_make(const char *name, uint32_t nodes, struct gen_graph *out)
{
    struct builder b = {.random = 1};
    *out = (struct gen_graph){0};
    for (size_t k = 0; k < sizeof shapes / sizeof shapes[0]; k++)
        if (strcmp(shapes[k].name, name) == 0)
            shapes[k].make(&b, nodes);
    bool made = b.n > 0 && !b.failed && sort_rows(&b, out);
    out->n = b.n;
    out->m = b.m;
    out->nroots = b.nroots;
    out->nclasses = CLASSES;
    out->roots = b.roots;
    out->class_of = b.class_of;
    free(b.from);
    free(b.to);
    if (!made)
        gen_graph_free(out);
    return made;
}

void gen_graph_free(struct gen_graph *g)
{
    free(g->row);
    free(g->col);
    free(g->roots);
    free(g->class_of);
    *g = (struct gen_graph){0};
}

uint64_t gen_graph_bytes(const void *gen_graph, hgr_node u)
{
    const struct gen_graph *g = gen_graph;
    uint64_t references = g->row[u + 1] - g->row[u];
    return 24 + 8 * references + (g->class_of[u] == STRING ? 2 * (u % 61) : 0);
}
