/* On every recorded heap: the class totals, solved for all types at once, equal what one blocked
 * walk per type says. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <cmocka.h>

#include "fixture.h"

#define TYPES_CHECKED 80  /* per fixture, spread over all types; a walk each */

struct heap {
    struct opened  opened;
    hgr_snapshot  *snapshot;
    hgr_node      *roots;
    size_t         nroots;
    hgr_domtree   *tree;
    uint32_t      *class_of;
};

static void require(hgr_result result, const hgr_status *status)
{
    if (result != HGR_OK)
        fail_msg("%s", status->text);
}

static uint64_t shallow(const void *snapshot, hgr_node u)
{
    return hgr_node_bytes(snapshot, u);
}

static void open_heap(const struct fixture *fixture, struct heap *heap)
{
    hgr_status status = {0};
    hgr_snapshot_options options = {.depth = HGR_SCAN_GRAPH};
    fixture_open(fixture, 2, NULL, &heap->opened);
    hgr_run *run = heap->opened.run;
    require(hgr_snapshot_create(heap->opened.runtime, &options, run, &heap->snapshot, &status),
            &status);
    const hgr_graph *graph = hgr_snapshot_graph(heap->snapshot);
    require(hgr_root_nodes(heap->snapshot, run, &heap->roots, &heap->nroots, &status), &status);
    require(hgr_domtree_create(graph, heap->roots, heap->nroots, run, &heap->tree, &status),
            &status);
    heap->class_of = calloc((size_t)hgr_graph_nodes(graph) + 1, sizeof *heap->class_of);
    for (hgr_node u = 0; u < hgr_graph_nodes(graph); u++)
        heap->class_of[u] = hgr_node_type(heap->snapshot, u);
}

static void close_heap(struct heap *heap)
{
    free(heap->class_of);
    hgr_domtree_free(heap->tree);
    hgr_nodes_free(heap->roots);
    hgr_snapshot_free(heap->snapshot);
    fixture_close(&heap->opened);
}

struct of_type {
    const uint32_t *class_of;
    uint32_t        type;
};

static bool is_of_type(const void *of_type, hgr_node u)
{
    const struct of_type *wanted = of_type;
    return wanted->class_of[u] == wanted->type;
}

struct sum {
    const hgr_snapshot *snapshot;
    uint64_t            bytes;
};

static bool add_node_bytes(void *user, hgr_node u)
{
    struct sum *sum = user;
    sum->bytes += hgr_node_bytes(sum->snapshot, u);
    return true;
}

static uint64_t retained_by_removal(const struct heap *heap, uint32_t type)
{
    const hgr_graph *graph = hgr_snapshot_graph(heap->snapshot);
    struct of_type wanted = {heap->class_of, type};
    struct sum sum = {heap->snapshot, 0};
    hgr_set *set = NULL, *retained = NULL;
    hgr_status status = {0};
    require(
        hgr_set_where(hgr_graph_nodes(graph), is_of_type, &wanted, heap->opened.run, &set, &status),
        &status);
    require(hgr_set_retained(graph, heap->roots, heap->nroots, set, heap->opened.run, &retained,
                             &status),
            &status);
    hgr_set_visit(retained, add_node_bytes, &sum);
    hgr_set_free(retained);
    hgr_set_free(set);
    return sum.bytes;
}

static void class_totals_are_what_removal_frees(void **state)
{
    (void)state;
    static struct fixture fixtures[FIXTURES_MAX];
    size_t count = fixture_list(fixtures);
    for (size_t k = 0; k < count; k++) {
        struct heap heap = {0};
        hgr_status status = {0};
        hgr_class_totals *totals = NULL;
        open_heap(&fixtures[k], &heap);
        uint32_t ntypes = hgr_snapshot_types(heap.snapshot);
        require(hgr_class_totals_create(hgr_snapshot_graph(heap.snapshot), heap.tree, heap.roots,
                                        heap.nroots, heap.class_of, ntypes, shallow, heap.snapshot,
                                        heap.opened.run, &totals, &status), &status);
        uint32_t step = 1 + ntypes / TYPES_CHECKED;
        for (uint32_t type = (uint32_t)k % step; type < ntypes; type += step)
            if (totals[type].retained_bytes != retained_by_removal(&heap, type))
                fail_msg("%s: %s", fixtures[k].name, hgr_snapshot_type(heap.snapshot, type)->name);
        hgr_class_totals_free(totals);
        close_heap(&heap);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(class_totals_are_what_removal_frees),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
