/* Slow twins of the answers: each a definition written down, for graphs of a few dozen nodes. */
#ifndef HGR_TESTS_REFERENCE_H
#define HGR_TESTS_REFERENCE_H

#include <heapgraph/answers.h>

/** seen[v] = a path from the roots reaches v without entering a blocked node. blocked may be NULL.
 */
void reach_slow(const hgr_graph *graph, const hgr_node *roots, size_t nroots, const bool *blocked,
                bool *seen);

/** idom: n + 1 entries, by removing every node in turn. */
void dominators_slow(const hgr_graph *graph, const hgr_node *roots, size_t nroots, hgr_node *idom);

/** retained: n + 1 sums, by removing every node in turn. */
void retained_slow(const hgr_graph *graph, const hgr_node *roots, size_t nroots,
                   const uint64_t *bytes, uint64_t *retained);

/** totals: nclasses + 1 rows, by removing every class in turn. */
void class_totals_slow(const hgr_graph *graph, const hgr_node *roots, size_t nroots,
                       const uint32_t *class_of, uint32_t nclasses, const uint64_t *bytes,
                       hgr_class_totals *totals);

/** Distance 1 for root objects, 0 = unreachable; best root and parent by the documented rule. */
void paths_slow(const hgr_graph *graph, const hgr_node *roots, size_t nroots, uint32_t *distance,
                uint32_t *root, hgr_node *parent);

/** The plain algorithm of every other heap tool: Lengauer-Tarjan, simple linking, six arrays in
 * node order. referrers: the transpose. false when memory is short. For graphs of any size. */
bool lengauer_tarjan(const hgr_graph *graph, const hgr_graph *referrers, const hgr_node *roots,
                     size_t nroots, hgr_node *idom);

#endif
