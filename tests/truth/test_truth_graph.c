/* Recorded dumps: objects, references, reachability, dominators, retained bytes and distances equal the
 * independent reader's, object by object, when computed from its own roots; and each difference between
 * its roots and ours is of a kind listed here with its reason. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "fixture.h"

struct case_data {
    struct fixture fixture;
    struct opened  opened;
    hgr_snapshot  *heap;
};

/* The checksums of the answers: sums over splitmix64, so that the order of rows does not matter. */
static uint64_t mix(uint64_t x)
{
    x += UINT64_C(0x9e3779b97f4a7c15);
    x = (x ^ (x >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    x = (x ^ (x >> 27)) * UINT64_C(0x94d049bb133111eb);
    return x ^ (x >> 31);
}

static uint64_t mix2(uint64_t a, uint64_t b)
{
    return mix(mix(a) + b);
}

static uint64_t shallow(const void *user, hgr_node node)
{
    return hgr_node_bytes(user, node);
}

static void open_case(const struct fixture *fixture, hgr_scan_depth depth, struct case_data *out)
{
    memset(out, 0, sizeof *out);
    out->fixture = *fixture;
    fixture_open(fixture, 2, NULL, &out->opened);
    hgr_snapshot_options options = {.depth = depth};
    hgr_status status = {0};
    hgr_run_set_check_level(out->opened.run, 2);
    if (hgr_snapshot_create(out->opened.runtime, &options, out->opened.run, &out->heap, &status) !=
        HGR_OK)
        fail_msg("%s: %s", fixture->name, status.text);
}

static void close_case(struct case_data *data)
{
    hgr_snapshot_free(data->heap);
    fixture_close(&data->opened);
}

typedef void check_fn(struct case_data *data);

static void on_every_fixture(hgr_scan_depth depth, check_fn *check)
{
    static struct fixture fixtures[FIXTURES_MAX];
    size_t count = fixture_list(fixtures);
    for (size_t i = 0; i < count; i++) {
        struct case_data data;
        open_case(&fixtures[i], depth, &data);
        check(&data);
        close_case(&data);
    }
}

/* ---- objects and types ---- */

static uint32_t type_by_method_table(const hgr_snapshot *heap, uint64_t mt)
{
    for (uint32_t t = 0; t < hgr_snapshot_types(heap); t++)
        if (hgr_snapshot_type(heap, t)->method_table_addr == mt)
            return t;
    return UINT32_MAX;
}

static void check_type_rows(struct case_data *data, json_object *stat)
{
    json_object *rows = truth_get(stat, "types");
    size_t seen = 0;
    for (size_t i = 0; i < json_object_array_length(rows); i++) {
        json_object *row = json_object_array_get_idx(rows, i);
        const char *name = json_object_get_string(truth_get(row, "name")); /* the peer lacks some */
        if (name && strcmp(name, "Free") == 0)
            continue;
        uint32_t type = type_by_method_table(data->heap, truth_u64(row, "mt"));
        if (type == UINT32_MAX)
            fail_msg("%s: no type %s", data->fixture.name, name ? name : "(unnamed)");
        assert_int_equal(hgr_snapshot_type(data->heap, type)->count, truth_u64(row, "count"));
        assert_int_equal(hgr_snapshot_type(data->heap, type)->bytes, truth_u64(row, "bytes"));
        seen++;
    }
    assert_int_equal(seen, hgr_snapshot_types(data->heap));
}

static void check_totals(struct case_data *data)
{
    json_object *stat = fixture_json(&data->fixture, "stat");
    const hgr_totals *totals = hgr_snapshot_totals(data->heap);
    assert_int_equal(totals->objects, truth_u64(stat, "objects"));
    assert_int_equal(totals->bytes, truth_u64(stat, "bytes"));
    assert_int_equal(totals->aligned_bytes, truth_u64(stat, "bytes_aligned8"));
    assert_int_equal(totals->free_count, truth_u64(stat, "free_objects"));
    assert_int_equal(totals->free_bytes, truth_u64(stat, "free_bytes"));
    assert_int_equal(totals->walked_bytes, totals->used_bytes); /* segments tile exactly */
    for (int kind = 0; kind < HGR_FINDING_KINDS; kind++)
        if (kind != HGR_FOUND_NO_NAME)
            assert_int_equal(hgr_snapshot_finding_count(data->heap, (hgr_finding_kind)kind, NULL), 0);
    check_type_rows(data, stat);
    json_object_put(stat);
}

static void check_objects(struct case_data *data)
{
    check_totals(data);
    json_object *stat = fixture_json(&data->fixture, "stat");
    uint64_t sum = 0;
    uint32_t n = hgr_graph_nodes(hgr_snapshot_graph(data->heap));
    for (hgr_node u = 0; u < n; u++) {
        uint64_t addr = hgr_node_address(data->heap, u);
        uint64_t mt = hgr_snapshot_type(data->heap, hgr_node_type(data->heap, u))->method_table_addr;
        sum += mix2(mix2(addr, mt), hgr_node_bytes(data->heap, u));
        assert_int_equal(hgr_node_at(data->heap, addr), u);
        assert_int_equal(hgr_node_containing(data->heap, addr + 9), u);
        assert_int_equal(hgr_node_at(data->heap, addr + 8), HGR_NO_NODE);
    }
    assert_int_equal(sum, truth_u64(stat, "checksum"));
    json_object_put(stat);
}

static void types_alone_equal(void **state)
{
    (void)state;
    on_every_fixture(HGR_SCAN_TYPES, check_totals);
}

static void objects_equal(void **state)
{
    (void)state;
    on_every_fixture(HGR_SCAN_GRAPH, check_objects);
}

/* ---- references ---- */

static void check_references(struct case_data *data)
{
    const hgr_graph *graph = hgr_snapshot_graph(data->heap);
    json_object *edges = fixture_json(&data->fixture, "edges");
    uint32_t ntypes = hgr_snapshot_types(data->heap);
    uint64_t *per_type = calloc(ntypes, sizeof *per_type);
    uint64_t sum = 0, plain = 0;
    assert_non_null(per_type);
    for (hgr_node u = 0; u < hgr_graph_nodes(graph); u++) {
        uint32_t count;
        const hgr_node *targets = hgr_graph_targets(graph, u, &count);
        for (uint32_t e = 0; e < count; e++) {
            if (hgr_graph_is_implied(graph, hgr_graph_row(graph, u) + e))
                continue;
            sum += mix2(hgr_node_address(data->heap, u), hgr_node_address(data->heap, targets[e]));
            per_type[hgr_node_type(data->heap, u)]++;
            plain++;
        }
    }
    assert_int_equal(plain, truth_u64(edges, "edges"));
    assert_int_equal(hgr_snapshot_totals(data->heap)->references, plain);
    assert_int_equal(hgr_snapshot_totals(data->heap)->implied_references, hgr_graph_implied(graph));
    assert_int_equal(sum, truth_u64(edges, "checksum"));
    json_object *rows = truth_get(edges, "by_source_type");
    for (size_t i = 0; i < json_object_array_length(rows); i++) {
        json_object *row = json_object_array_get_idx(rows, i);
        uint32_t type = type_by_method_table(data->heap, truth_u64(row, "mt"));
        assert_int_not_equal(type, UINT32_MAX);
        assert_int_equal(per_type[type], truth_u64(row, "edges"));
    }
    json_object *retained = fixture_json(&data->fixture, "retained");
    assert_int_equal(hgr_graph_references(graph), truth_u64(retained, "edges"));
    assert_int_equal(hgr_graph_implied(graph), truth_u64(retained, "dependent_edges") +
                                                   truth_u64(retained, "loader_allocator_edges"));
    json_object_put(retained);
    json_object_put(edges);
    free(per_type);
}

static void references_equal(void **state)
{
    (void)state;
    on_every_fixture(HGR_SCAN_GRAPH, check_references);
}

/* ---- dominators, retained bytes, distances from the oracle's own roots ---- */

static hgr_node *oracle_roots(struct case_data *data, size_t *out_count)
{
    json_object *roots = fixture_json(&data->fixture, "roots");
    json_object *rows = truth_get(roots, "roots");
    size_t count = json_object_array_length(rows);
    hgr_node *nodes = calloc(count, sizeof *nodes);
    assert_non_null(nodes);
    for (size_t i = 0; i < count; i++) {
        uint64_t addr = truth_u64(json_object_array_get_idx(rows, i), "obj");
        nodes[i] = hgr_node_containing(data->heap, addr);
        assert_int_not_equal(nodes[i], HGR_NO_NODE);
    }
    json_object_put(roots);
    *out_count = count;
    return nodes;
}

struct computed {
    hgr_domtree *tree;
    uint64_t    *retained;
    hgr_reach   *reach;
};

/* One row "addr idom retained distance"; idom 0 = virtual root, - = unreachable. */
static void check_row(struct case_data *data, const struct computed *computed, const char *line)
{
    char addr_text[32], idom_text[32], retained_text[32], distance_text[32];
    assert_int_equal(sscanf(line, "%31s %31s %31s %31s", addr_text, idom_text, retained_text,
                            distance_text),
                     4);
    hgr_node v = hgr_node_at(data->heap, strtoull(addr_text, NULL, 16));
    assert_int_not_equal(v, HGR_NO_NODE);
    uint32_t n = hgr_domtree_nodes(computed->tree);
    hgr_node idom = hgr_domtree_idom(computed->tree)[v];
    if (strcmp(idom_text, "-") == 0) {
        assert_int_equal(idom, HGR_NO_NODE);
        assert_int_equal(computed->retained[v], 0);
        assert_int_equal(hgr_reach_distance(computed->reach, v), 0);
        return;
    }
    uint64_t idom_addr = strtoull(idom_text, NULL, 16);
    assert_int_equal(idom, idom_addr ? hgr_node_at(data->heap, idom_addr) : n);
    assert_int_equal(computed->retained[v], strtoull(retained_text, NULL, 10));
    /* The oracle counts references: a root's object has distance 0 there, 1 here. */
    if (hgr_reach_distance(computed->reach, v) != strtoull(distance_text, NULL, 10) + 1)
        fail_msg("%s: distance of %s is %u, expected %s + 1", data->fixture.name, addr_text,
                 hgr_reach_distance(computed->reach, v), distance_text);
}

static void check_rows(struct case_data *data, const struct computed *computed)
{
    size_t len = 0;
    char *text = fixture_text(&data->fixture, "retained-all.tsv", &len);
    char *line = strchr(text, '\n'); /* the heading */
    size_t rows = 0;
    while (line && line[1]) {
        check_row(data, computed, line + 1);
        rows++;
        line = strchr(line + 1, '\n');
    }
    assert_int_equal(rows, hgr_graph_nodes(hgr_snapshot_graph(data->heap)));
    free(text);
}

/* Types whose exact retained sets the oracle recorded. */
static void check_class_totals(struct case_data *data, const hgr_node *roots, size_t nroots,
                               const struct computed *computed, json_object *retained)
{
    const hgr_graph *graph = hgr_snapshot_graph(data->heap);
    uint32_t n = hgr_graph_nodes(graph), ntypes = hgr_snapshot_types(data->heap);
    uint32_t *class_of = calloc(n, sizeof *class_of);
    assert_non_null(class_of);
    for (hgr_node u = 0; u < n; u++)
        class_of[u] = hgr_node_type(data->heap, u);
    hgr_class_totals *totals = NULL;
    hgr_status status = {0};
    if (hgr_class_totals_create(graph, computed->tree, roots, nroots, class_of, ntypes, shallow,
                                data->heap, data->opened.run, &totals, &status) != HGR_OK)
        fail_msg("%s", status.text);
    uint64_t owned = 0;
    for (uint32_t t = 0; t <= ntypes; t++)
        owned += totals[t].owned_bytes;
    assert_int_equal(owned, truth_u64(retained, "reachable_bytes"));
    json_object *rows = truth_get(retained, "per_type");
    size_t exact = 0;
    for (size_t i = 0; i < json_object_array_length(rows); i++) {
        json_object *row = json_object_array_get_idx(rows, i), *value;
        if (!json_object_object_get_ex(row, "retained_exact", &value) || !value)
            continue;
        uint32_t type = type_by_method_table(data->heap, truth_u64(row, "mt"));
        assert_int_not_equal(type, UINT32_MAX);
        assert_int_equal(totals[type].retained_bytes, truth_value_u64(value));
        exact++;
    }
    assert_true(exact > 0);
    hgr_class_totals_free(totals);
    free(class_of);
}

static void check_retained(struct case_data *data)
{
    const hgr_graph *graph = hgr_snapshot_graph(data->heap);
    const hgr_run *run = data->opened.run;
    struct computed computed = {0};
    hgr_status status = {0};
    size_t nroots;
    hgr_node *roots = oracle_roots(data, &nroots);
    if (hgr_domtree_create(graph, roots, nroots, run, &computed.tree, &status) != HGR_OK ||
        hgr_retained_create(computed.tree, shallow, data->heap, run, &computed.retained, &status) !=
            HGR_OK ||
        hgr_reach_create(graph, roots, nroots, NULL, run, &computed.reach, &status) != HGR_OK)
        fail_msg("%s: %s", data->fixture.name, status.text);
    json_object *retained = fixture_json(&data->fixture, "retained");
    assert_int_equal(hgr_domtree_reachable(computed.tree), truth_u64(retained, "reachable_objects"));
    assert_int_equal(hgr_reach_count(computed.reach), truth_u64(retained, "reachable_objects"));
    assert_int_equal(computed.retained[hgr_graph_nodes(graph)],
                     truth_u64(retained, "reachable_bytes"));
    check_rows(data, &computed);
    check_class_totals(data, roots, nroots, &computed, retained);
    json_object_put(retained);
    hgr_reach_free(computed.reach);
    hgr_retained_free(computed.retained);
    hgr_domtree_free(computed.tree);
    free(roots);
}

static void retained_equal(void **state)
{
    (void)state;
    on_every_fixture(HGR_SCAN_GRAPH, check_retained);
}

/* ---- our roots against theirs ---- */

/* Kinds of the oracle's roots that we do not have, each with its reason. */
static bool excused(const char *kind)
{
    /* A weak interior handle (kind 10, .NET 9 and later), which the peer takes for a strong one. */
    return strcmp(kind, "StaticVar") == 0;
}

static bool same_kind(const char *theirs, hgr_root_kind ours)
{
    static const struct {
        const char   *theirs;
        hgr_root_kind ours;
    } kinds[] = {
        {"StrongHandle", HGR_ROOT_STRONG},          {"PinnedHandle", HGR_ROOT_PINNED},
        {"RefCountedHandle", HGR_ROOT_REF_COUNTED}, {"SizedRefHandle", HGR_ROOT_SIZED_REF},
        {"AsyncPinnedHandle", HGR_ROOT_ASYNC_PINNED}, {"FinalizerQueue", HGR_ROOT_FINALIZER},
        {"Stack", HGR_ROOT_STACK},
    };
    for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++)
        if (strcmp(kinds[i].theirs, theirs) == 0)
            return kinds[i].ours == ours;
    return false;
}

static bool is_handle(hgr_root_kind kind)
{
    return kind >= HGR_ROOT_STRONG && kind <= HGR_ROOT_ASYNC_PINNED;
}

static bool we_have(const hgr_snapshot *heap, const char *kind, uint64_t object)
{
    for (size_t i = 0; i < hgr_snapshot_roots(heap); i++) {
        const hgr_root *root = hgr_snapshot_root(heap, i);
        if (root->object_addr == object && same_kind(kind, root->kind))
            return true;
    }
    return false;
}

/* Server GC: there is a handle table for each processor at start, but the peer stops at the number of heaps in
 * use and loses the handles in the tables of the others; ours are read until the tables end. */
static bool peer_loses_handles(const struct case_data *data)
{
    return hgr_runtime_get_info(data->opened.runtime)->server_gc;
}

/* The peer counts the references of classic COM only: to it, a ref-counted handle of ComWrappers holds
 * nothing, and is no root. */
static bool peer_sees_no_count(hgr_root_kind kind)
{
    return kind == HGR_ROOT_REF_COUNTED;
}

/* Every root of theirs is ours, by kind and object; handles and finalizer roots also the other way round. */
static void check_roots(struct case_data *data)
{
    json_object *answer = fixture_json(&data->fixture, "roots");
    json_object *rows = truth_get(answer, "roots");
    size_t handles = 0, ours = 0;
    for (size_t i = 0; i < json_object_array_length(rows); i++) {
        json_object *row = json_object_array_get_idx(rows, i);
        const char *kind = truth_text(row, "kind");
        hgr_node node = hgr_node_containing(data->heap, truth_u64(row, "obj"));
        if (!excused(kind) && !we_have(data->heap, kind, hgr_node_address(data->heap, node)))
            fail_msg("%s: %s root to 0x%llx missing", data->fixture.name, kind,
                     (unsigned long long)truth_u64(row, "obj"));
        handles += strstr(kind, "Handle") != NULL || strcmp(kind, "FinalizerQueue") == 0;
    }
    for (size_t i = 0; i < hgr_snapshot_roots(data->heap); i++) {
        hgr_root_kind kind = hgr_snapshot_root(data->heap, i)->kind;
        ours += (is_handle(kind) && !peer_sees_no_count(kind)) || kind == HGR_ROOT_FINALIZER;
    }
    if (peer_loses_handles(data))
        assert_true(ours >= handles);
    else
        assert_int_equal(ours, handles);
    json_object_put(answer);
}

static void roots_equal_or_listed(void **state)
{
    (void)state;
    on_every_fixture(HGR_SCAN_GRAPH, check_roots);
}

/* What we reach and the oracle does not: each such object hangs on a root of a kind it does not have:
 * frozen segments (never freed), thread statics (no root at the peer on 9 and 10), conservative stack
 * words, handles that the peer loses, ref-counted handles. What the oracle reaches and we do not hangs on its excused roots. */
static void check_reachable(struct case_data *data)
{
    const hgr_graph *graph = hgr_snapshot_graph(data->heap);
    const hgr_run *run = data->opened.run;
    hgr_reach *theirs = NULL, *both = NULL, *ours = NULL;
    size_t ntheirs, nours = hgr_snapshot_roots(data->heap), nboth = 0;
    hgr_node *their_roots = oracle_roots(data, &ntheirs);
    hgr_node *all = calloc(nours + ntheirs, sizeof *all), *our_roots = calloc(nours, sizeof *our_roots);
    assert_non_null(all);
    assert_non_null(our_roots);
    memcpy(all, their_roots, ntheirs * sizeof *all);
    nboth = ntheirs;
    for (size_t i = 0; i < nours; i++) {
        const hgr_root *root = hgr_snapshot_root(data->heap, i);
        our_roots[i] = root->node;
        if (root->kind == HGR_ROOT_FROZEN || root->kind == HGR_ROOT_THREAD_STATIC ||
            (root->kind == HGR_ROOT_STACK && root->conservative) || peer_sees_no_count(root->kind) ||
            (is_handle(root->kind) && peer_loses_handles(data)))
            all[nboth++] = root->node;
    }
    assert_int_equal(hgr_reach_create(graph, their_roots, ntheirs, NULL, run, &theirs, NULL), HGR_OK);
    assert_int_equal(hgr_reach_create(graph, our_roots, nours, NULL, run, &ours, NULL), HGR_OK);
    assert_int_equal(hgr_reach_create(graph, all, nboth, NULL, run, &both, NULL), HGR_OK);
    uint64_t lost = 0;
    for (hgr_node u = 0; u < hgr_graph_nodes(graph); u++) {
        if (hgr_reach_has(ours, u) && !hgr_reach_has(both, u))
            fail_msg("%s: 0x%llx is alive only here", data->fixture.name,
                     (unsigned long long)hgr_node_address(data->heap, u));
        lost += hgr_reach_has(theirs, u) && !hgr_reach_has(ours, u);
    }
    json_object *retained = fixture_json(&data->fixture, "retained");
    json_object *kinds = truth_get(retained, "root_kinds"), *weak = NULL;
    bool has_weak = json_object_object_get_ex(kinds, "StaticVar", &weak);
    if (!has_weak)
        assert_int_equal(lost, 0);
    json_object_put(retained);
    hgr_reach_free(theirs);
    hgr_reach_free(ours);
    hgr_reach_free(both);
    free(all);
    free(our_roots);
    free(their_roots);
}

static void reachable_differences_explained(void **state)
{
    (void)state;
    on_every_fixture(HGR_SCAN_GRAPH, check_reachable);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(types_alone_equal),   cmocka_unit_test(objects_equal),
        cmocka_unit_test(references_equal),    cmocka_unit_test(retained_equal),
        cmocka_unit_test(roots_equal_or_listed), cmocka_unit_test(reachable_differences_explained),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
