/* tools: segments added up, for `info` and `segments`. */
#ifndef TOOLS_SEGMENT_SUMS_H
#define TOOLS_SEGMENT_SUMS_H

#include "out_json.h"
#include <heapgraph/heapgraph.h>

typedef struct segment_sum {
    uint64_t segments, committed_bytes, used_bytes;
    uint64_t objects, bytes, free_count, free_bytes; /* zero unless the heap was walked */
    uint64_t lost_bytes; /* used, but absent from the dump or damaged; likewise */
} segment_sum;

/** Add one segment; snapshot may be NULL. */
void segment_sum_add(segment_sum *sum, const hgr_runtime *runtime, const hgr_snapshot *snapshot,
                     size_t segment);
/** Sums per generation, and of all in the last row. */
void segment_sums_by_generation(const hgr_runtime *runtime, const hgr_snapshot *snapshot,
                                segment_sum sums[HGR_GENERATIONS + 1]);
/** One JSON object of an array; walked: with what the walk found. */
void segment_sum_write(tool_json *json, const char *generation, const segment_sum *sum,
                       bool walked);

#endif
