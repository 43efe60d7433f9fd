/* answers: what the roots reach, as bits only. */
#ifndef HGR_ANSWERS_MARK_H
#define HGR_ANSWERS_MARK_H

#include "../graph/graph.h"

/**
 * Mark every node that a path from the roots reaches without entering a blocked one.
 *
 * Values   *out_bits: (n + 63) / 64 words; blocked: the same shape, or NULL; *out_count: bits set.
 * Cost     O(n + m); 4 bytes per node while it works, n / 8 kept.
 * Threads  parallel where a level is wide; same bits for every thread count.
 * Owner    hgr_free.
 */
HGR_MUST_CHECK hgr_result hgr_mark(const hgr_graph *graph, const hgr_node *roots, size_t nroots,
                                   const uint64_t *blocked, const hgr_run *run, uint64_t **out_bits,
                                   uint64_t *out_count, hgr_status *status);

#endif
