/* heapgraph: the immutable reference graph in compressed sparse rows (CSR), and its transpose. */
#ifndef HEAPGRAPH_GRAPH_H
#define HEAPGRAPH_GRAPH_H

#include <stdbool.h>
#include <stddef.h>
#include <heapgraph/run.h>

#ifdef __cplusplus
extern "C" {
#endif

/** Node id: dense, ascending with the object's address. */
typedef uint32_t hgr_node;
#define HGR_NO_NODE UINT32_MAX

/** Immutable once created; share it between threads freely. */
typedef struct hgr_graph hgr_graph;

/** n: nodes 0 .. n-1. The virtual root of dominator trees is node n. */
HGR_API uint32_t hgr_graph_nodes(const hgr_graph *graph);
/** m: references, the implied ones included. At most 2^32 - 2. */
HGR_API uint64_t hgr_graph_references(const hgr_graph *graph);
/** How many of the m references are implied (dependent handle, collectible type). */
HGR_API uint64_t hgr_graph_implied(const hgr_graph *graph);

/**
 * The targets of u's references, in slot order, implied ones last; *out_count of them. Repeated
 * targets appear once per slot. Borrowed: valid until the graph is freed. O(1).
 */
HGR_API const hgr_node *hgr_graph_targets(const hgr_graph *graph, hgr_node u, uint32_t *out_count);

/** Is the e-th reference of the whole graph implied? e counts from 0 in row order. O(log implied). */
HGR_API bool hgr_graph_is_implied(const hgr_graph *graph, uint64_t e);
/** Index of u's first reference in the whole graph (row offset); u may be n. O(1). */
HGR_API uint64_t hgr_graph_row(const hgr_graph *graph, hgr_node u);

/**
 * Make a graph from arrays, which are copied.
 *
 * Shapes   row: n + 1 ascending offsets, row[0] = 0, row[n] = m; col: m node ids below n.
 * Errors   HGR_BAD_ARGUMENT (says which invariant), HGR_TOO_LARGE, HGR_NO_MEMORY.
 * Owner    caller frees with hgr_graph_free.
 */
HGR_API HGR_MUST_CHECK hgr_result hgr_graph_create(uint32_t n, const uint32_t *row,
                                                   const hgr_node *col, const hgr_run *run,
                                                   hgr_graph **out, hgr_status *status);
HGR_API void hgr_graph_free(hgr_graph *graph);

/**
 * The referrers: u -> v here becomes v -> u there; rows ascending by referrer.
 *
 * Cost     O(n + m), 4 (n + m) bytes kept, 8 m bytes while it works.
 * Threads  parallel; same bytes for every thread count.
 * Errors   HGR_NO_MEMORY, HGR_CANCELLED.
 * Source   propagation blocking: Beamer, Asanovic, Patterson, "Reducing Pagerank Communication via
 *          Propagation Blocking", IPDPS 2017, doi:10.1109/IPDPS.2017.112.
 */
HGR_API HGR_MUST_CHECK hgr_result hgr_graph_transpose(const hgr_graph *graph, const hgr_run *run,
                                                      hgr_graph **out, hgr_status *status);

/** Check every invariant; HGR_OK, or HGR_INTERNAL with the first violation in status. O(n + m). */
HGR_API HGR_MUST_CHECK hgr_result hgr_graph_validate(const hgr_graph *graph, hgr_status *status);

#ifdef __cplusplus
}
#endif
#endif
