/* graph: what the immutable graph holds. */
#ifndef HGR_GRAPH_GRAPH_H
#define HGR_GRAPH_GRAPH_H

#include <heapgraph/graph.h>
#include "../base/alloc.h"

struct hgr_graph {
    uint32_t n;
    uint32_t m;
    uint32_t *row;     /* n + 1 */
    hgr_node *col;     /* m */
    uint32_t *implied; /* ascending indices into col of the implied references */
    uint32_t nimplied;
};

/** Take over row, col and implied (made by hgr_alloc; implied may be NULL). Not validated. */
HGR_MUST_CHECK hgr_result hgr_graph_adopt(uint32_t n, uint32_t m, uint32_t *row, hgr_node *col,
                                          uint32_t *implied, uint32_t nimplied, const hgr_run *run,
                                          hgr_graph **out, hgr_status *status);

#endif
