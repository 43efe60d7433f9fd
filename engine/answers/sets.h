/* answers: node sets and plain bits, back and forth. */
#ifndef HGR_ANSWERS_SETS_H
#define HGR_ANSWERS_SETS_H

#include <heapgraph/answers.h>
#include "../base/alloc.h"

/** Bits of [0, n) as a set, runs compressed. Kernels mark in plain bits; sets are for keeping. */
HGR_MUST_CHECK hgr_result hgr_set_from_bits(const uint64_t *bits, uint32_t n, const hgr_run *run,
                                            hgr_set **out, hgr_status *status);

/** The members below n as (n + 63) / 64 words; members from n on are left out. Owner: hgr_free. */
HGR_MUST_CHECK hgr_result hgr_set_to_bits(const hgr_set *set, uint32_t n, const hgr_run *run,
                                          uint64_t **out, hgr_status *status);

#endif
