/* answers: private leaves, the nodes whose dominator needs no search. */
#ifndef HGR_ANSWERS_LEAVES_H
#define HGR_ANSWERS_LEAVES_H

#include "../graph/graph.h"

/** Bit u of word u / 64. */
static inline bool hgr_bit(const uint64_t *bits, hgr_node u)
{
    return bits[u >> 6] >> (u & 63) & 1;
}

/**
 * Mark the private leaves: nodes without references of their own, referred to by exactly one slot
 * of the whole graph, that are no root object.
 *
 * Values   *out_bits: (n + 63) / 64 words; *out_count: how many bits are set.
 * Cost     one sequential pass over the references with random access to n / 4 bytes.
 * Owner    hgr_free.
 */
HGR_MUST_CHECK hgr_result hgr_private_leaves(const hgr_graph *graph, const hgr_node *roots,
                                             size_t nroots, const hgr_run *run, uint64_t **out_bits,
                                             uint32_t *out_count, hgr_status *status);

#endif
