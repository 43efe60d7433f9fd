/* base: OpenMP when there is one, serial when not. Threads only ever come from run->threads. */
#ifndef HGR_BASE_PARALLEL_H
#define HGR_BASE_PARALLEL_H

#include <stdint.h>
#include "run.h"

#ifdef _OPENMP
#include <omp.h>
static inline uint32_t hgr_thread_index(void)
{
    return (uint32_t)omp_get_thread_num();
}
#else
static inline uint32_t hgr_thread_index(void)
{
    return 0;
}
#endif

/** counts[0 .. n) becomes its exclusive prefix sum, counts[n] (which must exist) the total. Serial. */
static inline uint64_t hgr_prefix_sum(uint64_t *counts, size_t n)
{
    uint64_t sum = 0;
    for (size_t i = 0; i < n; i++) {
        uint64_t count = counts[i];
        counts[i] = sum;
        sum += count;
    }
    counts[n] = sum;
    return sum;
}

#endif
