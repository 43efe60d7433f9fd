/* Synthetic reference graphs: heap-like ones and the shapes that are hard for dominators. */
#ifndef HGR_BENCH_GEN_GRAPH_H
#define HGR_BENCH_GEN_GRAPH_H

#include <heapgraph/answers.h>

/** A graph under construction and, after gen_graph_make, its rows. Same arguments, same bytes. */
struct gen_graph {
    uint32_t  n, m, nroots, nclasses;
    uint32_t *row;      /* n + 1 */
    hgr_node *col;      /* m */
    hgr_node *roots;
    uint32_t *class_of; /* n */
};

/** name: a row of gen_graph_name; nodes: about how many. false when memory is short or the name
 * unknown. */
bool gen_graph_make(const char *name, uint32_t nodes, struct gen_graph *out);
void gen_graph_free(struct gen_graph *g);

/** The index-th shape, NULL past the last; the size it is measured at, and what it is. */
const char *gen_graph_name(size_t index, uint32_t *out_nodes, const char **out_what);

/** hgr_node_bytes_fn: plausible shallow bytes by class and node. */
uint64_t gen_graph_bytes(const void *gen_graph, hgr_node u);

#endif
