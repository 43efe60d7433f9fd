/* Random small graphs for properties: made from a seed, printed and shrunk when a property fails.
 */
#ifndef HGR_TESTS_SMALL_GRAPH_H
#define HGR_TESTS_SMALL_GRAPH_H

#include <heapgraph/answers.h>

#define SMALL_NODES   40
#define SMALL_EDGES   240
#define SMALL_ROOTS   12
#define SMALL_CLASSES 9

struct small_graph {
    uint32_t n, m, nroots, nclasses;
    uint32_t from[SMALL_EDGES], to[SMALL_EDGES]; /* from ascending: slot order is kept */
    hgr_node roots[SMALL_ROOTS];
    uint32_t class_of[SMALL_NODES];
    uint64_t bytes[SMALL_NODES];
};

/** Sparse to dense, with chains, loops, two-way lists, repeated references, unreachable parts; by
 * seed. */
void small_graph_random(uint64_t seed, struct small_graph *out);

/** The graph of it; NULL when the library refuses. */
hgr_graph *small_graph_build(const struct small_graph *small, const hgr_run *run);

/** hgr_node_bytes_fn over bytes[]. */
uint64_t small_graph_bytes(const void *bytes, hgr_node u);

/** NULL when the property holds, else what is wrong. */
typedef const char *small_graph_property(const struct small_graph *small);

/** Try seeds 1 .. count; on failure print the seed and the smallest failing graph found. true =
 * holds. */
bool small_graph_holds(const char *name, uint64_t count, small_graph_property *property);

#endif
