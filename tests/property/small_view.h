/* A small graph as a diff reads it: types C0, C1, ... of module lib.dll, fields f0 to f2 by slot. */
#ifndef HGR_TESTS_SMALL_VIEW_H
#define HGR_TESTS_SMALL_VIEW_H

#include <heapgraph/diff.h>
#include "small_graph.h"

struct small_view {
    const uint32_t *class_of;
    const uint64_t *bytes;
    hgr_graph      *graph;
    hgr_domtree    *tree;
    hgr_diff_view   view;
};

/** Over arrays of n nodes, which it borrows; takes the graph. false: the library refused. */
bool small_view_create(hgr_graph *graph, const uint32_t *class_of, const uint64_t *bytes,
                       uint32_t nclasses, const hgr_node *roots, size_t nroots, const hgr_run *run,
                       struct small_view *out);
void small_view_free(struct small_view *view);

#endif
