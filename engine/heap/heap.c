/* heap: the scan as a whole, and what the heap answers afterwards.
 *
 * Input: a source. Output: struct hgr_heap. Phases: cut, walk (waves.c), index (objects.c),
 * number the types, translate (translate.c), totals. */
#include "scan.h"

#include <stdlib.h>

#include "../base/parallel.h"
#include "../base/status.h"
#include "../graph/graph.h"

#define FOLLOW_MAX 4096u /* Free blocks stepped over to find the object behind a large one */

/* ---- types ---- */

struct type_order {
    uint64_t method_table_addr;
    uint32_t type;
};

static int compare_types(const void *a, const void *b)
{
    const struct type_order *x = a, *y = b;
    return x->method_table_addr < y->method_table_addr
               ? -1
               : x->method_table_addr > y->method_table_addr;
}

static uint64_t instances(const hgr_heap_type *type, uint64_t *out_bytes)
{
    uint64_t count = 0;
    for (int g = 0; g < HGR_GENERATIONS; g++) {
        count += type->count[g];
        *out_bytes += type->bytes[g];
    }
    return count;
}

static hgr_result find_bad_map(hgr_scan *scan, const hgr_heap_type *type, hgr_status *status)
{
    uint64_t bytes = 0, count = instances(type, &bytes);
    hgr_finding finding = {HGR_FOUND_BAD_GCDESC, type->shape.method_table_addr, count, 0};
    return type->shape.flags & HGR_SHAPE_BAD_GCDESC
               ? hgr_finding_add(&scan->findings, scan->run, &finding, status)
               : HGR_OK;
}

/* Types with instances, Free apart, ascending by method table; remap: discovery -> place. */
static hgr_result number_types(hgr_scan *scan, hgr_heap *heap, uint32_t **out_remap,
                               hgr_status *status)
{
    struct type_order *order = NULL;
    uint32_t *remap = NULL;
    size_t n = 0, known = scan->types.count < scan->tally_capacity ? scan->types.count
                                                                   : scan->tally_capacity;
    hgr_result result =
        hgr_alloc(scan->run, known + 1, sizeof *order, "type order", &order, status);
    if (result == HGR_OK)
        result = hgr_alloc(scan->run, known + 1, sizeof *remap, "type numbers", &remap, status);
    if (result != HGR_OK)
        goto done;
    for (uint32_t t = 0; t < known; t++) {
        uint64_t bytes = 0, count = instances(&scan->tallies[t], &bytes);
        const hgr_shape *shape = scan->types.shapes[t];
        if (shape->flags & HGR_SHAPE_FREE) {
            scan->totals.free_count += count;
            scan->totals.free_bytes += bytes;
        } else if (count) {
            scan->totals.objects += count;
            scan->totals.bytes += bytes;
            order[n++] = (struct type_order){shape->method_table_addr, t};
        }
    }
    qsort(order, n, sizeof *order, compare_types);
    result = hgr_alloc(scan->run, n, sizeof *heap->types, "types", &heap->types, status);
    for (uint32_t i = 0; result == HGR_OK && i < n; i++) {
        heap->types[i] = scan->tallies[order[i].type];
        heap->types[i].shape = *scan->types.shapes[order[i].type];
        remap[order[i].type] = i;
        result = find_bad_map(scan, &heap->types[i], status);
    }
    heap->ntypes = (uint32_t)n; /* <= HGR_TYPES_MAX */
done:
    hgr_free(order);
    if (result == HGR_OK)
        *out_remap = remap;
    else
        hgr_free(remap);
    return result;
}

static uint32_t type_of(const hgr_heap *heap, uint64_t method_table_addr)
{
    uint32_t lo = 0, hi = heap->ntypes;
    while (lo < hi) {
        uint32_t mid = lo + (hi - lo) / 2;
        if (heap->types[mid].shape.method_table_addr < method_table_addr)
            lo = mid + 1;
        else
            hi = mid;
    }
    return lo < heap->ntypes && heap->types[lo].shape.method_table_addr == method_table_addr
               ? lo
               : UINT32_MAX;
}

/* ---- what follows a large Free block ---- */

static hgr_result follow(hgr_scan *scan, hgr_walk *walk, const hgr_heap *heap,
                         hgr_free_block *block, hgr_status *status)
{
    const hgr_source *source = scan->source;
    hgr_block at = {.segment = hgr_segment_at(source->segments, source->nsegments, block->addr)};
    uint64_t addr = block->addr;
    walk->result = HGR_OK;
    for (unsigned step = 0; step < FOLLOW_MAX; step++) {
        hgr_type_slot *type;
        uint64_t bytes, advance;
        hgr_finding why;
        hgr_walk_aim(walk, &at, addr);
        if (walk->gap < source->ngaps && source->gaps[walk->gap].start_addr == addr &&
            source->gaps[walk->gap].end_addr > addr) {
            addr = source->gaps[walk->gap].end_addr;
            continue;
        }
        if (addr >= walk->segment_end ||
            !hgr_walk_measure(walk, addr, &type, &bytes, &advance, &why))
            break;
        if (type->is_node) {
            block->next_addr = addr;
            block->next_type = type_of(heap, type->shape->method_table_addr);
            break;
        }
        addr += advance;
    }
    if (walk->result != HGR_OK && status)
        *status = walk->status;
    return walk->result;
}

static hgr_result follow_all(hgr_scan *scan, const hgr_heap *heap, hgr_status *status)
{
    hgr_walk walk;
    if (scan->nfrees == 0)
        return HGR_OK;
    hgr_result result =
        hgr_walk_init(&walk, scan->source, &scan->types, NULL, false, scan->run, status);
    if (result != HGR_OK)
        return result;
    for (size_t i = 0; result == HGR_OK && i < scan->nfrees; i++)
        result = follow(scan, &walk, heap, &scan->frees[i], status);
    hgr_walk_fini(&walk);
    return result;
}

/* ---- the rest ---- */

/* Implied references whose primary is no object were met by no walk. */
static hgr_result find_lost_implied(hgr_scan *scan, hgr_status *status)
{
    for (size_t i = 0; i < scan->source->nimplied; i++) {
        const hgr_implied *implied = &scan->source->implied[i];
        hgr_finding finding = {HGR_FOUND_BAD_REFERENCE, implied->from_addr, implied->to_addr, 0};
        if (hgr_objects_at(scan->objects, implied->from_addr) != HGR_NO_NODE)
            continue;
        hgr_result result = hgr_finding_add(&scan->findings, scan->run, &finding, status);
        if (result != HGR_OK)
            return result;
    }
    return HGR_OK;
}

static int compare_findings(const void *a, const void *b)
{
    const hgr_finding *x = a, *y = b;
    if (x->addr != y->addr)
        return x->addr < y->addr ? -1 : 1;
    if (x->kind != y->kind)
        return x->kind < y->kind ? -1 : 1;
    return x->value < y->value ? -1 : x->value > y->value;
}

static void take_findings(hgr_scan *scan, hgr_heap *heap)
{
    hgr_findings *to = &heap->findings;
    memcpy(to->count, scan->findings.count, sizeof to->count);
    memcpy(to->bytes, scan->findings.bytes, sizeof to->bytes);
    to->first = scan->findings.list;
    to->nfirst = scan->findings.nlist;
    scan->findings.list = NULL;
    if (to->nfirst)
        qsort(to->first, to->nfirst, sizeof *to->first, compare_findings);
}

/* First node of each segment: of a segment without blocks, the next one's. */
static void fill_segment_first(hgr_scan *scan)
{
    size_t nsegments = scan->source->nsegments, b = 0;
    for (size_t s = 0; s < nsegments; s++) {
        while (b < scan->nblocks && scan->blocks[b].segment < s)
            b++;
        scan->segment_first[s] = b < scan->nblocks ? scan->blocks[b].first_node : (uint32_t)scan->n;
    }
    scan->segment_first[nsegments] = (uint32_t)scan->n;
}

/* Cut a growing array to what it holds. */
static hgr_result trim(hgr_scan *scan, void *pointer_to_pointer, uint64_t count, const char *what,
                       hgr_status *status)
{
    return hgr_resize(scan->run, pointer_to_pointer, (size_t)count, 4, what, status);
}

static hgr_result build_graph(hgr_scan *scan, hgr_heap *heap, const uint32_t *remap,
                              hgr_status *status)
{
    hgr_phase_timer timer = hgr_phase_begin(scan->run, "translate");
    hgr_result result = HGR_OK;
    if (scan->n == 0) /* nothing was committed */
        result = trim(scan, &scan->row, 1, "graph rows", status);
    if (result == HGR_OK)
        result = hgr_objects_index(scan->objects, scan->run, status);
    if (result != HGR_OK)
        return result;
    if (scan->objects->n != scan->n)
        return hgr_fail(status, HGR_INTERNAL, "heap: %llu nodes, %u start bits",
                        (unsigned long long)scan->n, scan->objects->n);
    fill_segment_first(scan);
    scan->row[scan->n] = (uint32_t)scan->m;
    if ((result = hgr_scan_translate(scan, remap, status)) != HGR_OK)
        return result;
    if ((result = find_lost_implied(scan, status)) != HGR_OK)
        return result;
    if ((result = trim(scan, &scan->node_type, scan->n, "node types", status)) != HGR_OK ||
        (result = trim(scan, &scan->node_bytes, scan->n, "node sizes", status)) != HGR_OK ||
        (result = trim(scan, &scan->row, scan->n + 1, "graph rows", status)) != HGR_OK ||
        (result = trim(scan, &scan->col, scan->m, "graph references", status)) != HGR_OK)
        return result;
    result =
        hgr_graph_adopt((uint32_t)scan->n, (uint32_t)scan->m, scan->row, scan->col, scan->implied,
                        (uint32_t)scan->nimplied, scan->run, &heap->graph, status);
    if (result != HGR_OK)
        return result;
    scan->row = NULL;
    scan->col = NULL;
    scan->implied = NULL;
    hgr_phase_end(&timer, 0, scan->n, scan->m);
    if (scan->run->check_level >= 2)
        result = hgr_graph_validate(heap->graph, status);
    return result;
}

/* Everything found moves from the scan to the heap. */
static void hand_over(hgr_scan *scan, hgr_heap *heap)
{
    for (size_t s = 0; s < scan->source->nsegments; s++)
        scan->totals.walked_bytes += scan->segment_totals[s].walked_bytes;
    scan->totals.aligned_bytes -= scan->totals.free_bytes;
    if (heap->graph) {
        scan->totals.references = heap->graph->m - heap->graph->nimplied;
        scan->totals.implied_references = heap->graph->nimplied;
    }
    heap->totals = scan->totals;
    heap->segment_totals = scan->segment_totals;
    heap->free_blocks = scan->frees;
    heap->nfree_blocks = scan->nfrees;
    heap->objects = scan->objects;
    heap->node_type = scan->node_type;
    heap->node_bytes = scan->node_bytes;
    heap->big = scan->bigs;
    heap->nbig = scan->nbigs;
    heap->segment_first = scan->segment_first;
    take_findings(scan, heap);
    scan->segment_totals = NULL;
    scan->frees = NULL;
    scan->objects = NULL;
    scan->node_type = scan->node_bytes = scan->segment_first = NULL;
    scan->bigs = NULL;
}

static void scan_fini(hgr_scan *scan)
{
    hgr_free(scan->segment_first);
    hgr_free(scan->segment_totals);
    hgr_free(scan->findings.list);
    hgr_free(scan->frees);
    hgr_free(scan->tallies);
    hgr_free(scan->bigs);
    hgr_free(scan->implied);
    hgr_free(scan->col);
    hgr_free(scan->row);
    hgr_free(scan->node_bytes);
    hgr_free(scan->node_type);
    hgr_free(scan->blocks);
    hgr_objects_free(scan->objects);
    hgr_types_fini(&scan->types);
}

static hgr_result prepare(hgr_scan *scan, hgr_status *status)
{
    const hgr_source *source = scan->source;
    hgr_result result = hgr_alloc(scan->run, source->nsegments, sizeof *scan->segment_totals,
                                  "segment totals", &scan->segment_totals, status);
    if (result == HGR_OK)
        result = hgr_scan_cut(scan, status);
    if (result != HGR_OK || scan->depth != HGR_SCAN_GRAPH)
        return result;
    result = hgr_alloc(scan->run, source->nsegments + 1, sizeof *scan->segment_first,
                       "segment nodes", &scan->segment_first, status);
    if (result == HGR_OK)
        result = hgr_objects_create(source, scan->run, &scan->objects, status);
    if (result == HGR_OK)
        scan->wide = scan->tuning.wide || scan->objects->nwords > (UINT64_C(1) << 32) / 64;
    return result;
}

hgr_result hgr_heap_scan_tuned(const hgr_source *source, hgr_scan_depth depth,
                               hgr_scan_tuning tuning, const hgr_run *run, hgr_heap **out,
                               hgr_status *status)
{
    hgr_scan scan = {.source = source, .run = run, .depth = depth, .tuning = tuning};
    hgr_heap *heap = NULL;
    uint32_t *remap = NULL;
    hgr_types_init(&scan.types, source, run);
    hgr_phase_timer timer = hgr_phase_begin(run, "scan");
    hgr_result result = hgr_alloc(run, 1, sizeof *heap, "heap", &heap, status);
    if (result != HGR_OK)
        goto done;
    heap->run = run;
    if ((result = prepare(&scan, status)) != HGR_OK ||
        (result = hgr_scan_walk(&scan, status)) != HGR_OK ||
        (result = number_types(&scan, heap, &remap, status)) != HGR_OK ||
        (result = follow_all(&scan, heap, status)) != HGR_OK)
        goto done;
    hgr_phase_end(&timer, scan.totals.used_bytes, scan.totals.objects, scan.m);
    if (scan.objects && (result = build_graph(&scan, heap, remap, status)) != HGR_OK)
        goto done;
    hand_over(&scan, heap);
    *out = heap;
done:
    if (result != HGR_OK)
        hgr_heap_free(heap);
    hgr_free(remap);
    scan_fini(&scan);
    return result;
}

hgr_result hgr_heap_scan(const hgr_source *source, hgr_scan_depth depth, const hgr_run *run,
                         hgr_heap **out, hgr_status *status)
{
    return hgr_heap_scan_tuned(source, depth, (hgr_scan_tuning){0}, run, out, status);
}

void hgr_heap_free(hgr_heap *heap)
{
    if (!heap)
        return;
    hgr_graph_free(heap->graph);
    hgr_free(heap->segment_first);
    hgr_free(heap->big);
    hgr_free(heap->node_bytes);
    hgr_free(heap->node_type);
    hgr_objects_free(heap->objects);
    hgr_free(heap->findings.first);
    hgr_free(heap->free_blocks);
    hgr_free(heap->types);
    hgr_free(heap->segment_totals);
    hgr_free(heap);
}

uint64_t hgr_heap_node_bytes(const hgr_heap *heap, hgr_node node)
{
    size_t lo = 0, hi = heap->nbig;
    if (heap->node_bytes[node] != UINT32_MAX)
        return heap->node_bytes[node];
    while (lo < hi) {
        size_t mid = lo + (hi - lo) / 2;
        if (heap->big[mid].node < node)
            lo = mid + 1;
        else
            hi = mid;
    }
    return lo < heap->nbig ? heap->big[lo].bytes : 0;
}
