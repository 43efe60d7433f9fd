/* tools: --time: what each phase took, and how near to the machine's limits that is. On stderr. */
#ifndef TOOLS_TIMING_H
#define TOOLS_TIMING_H

#include <heapgraph/heapgraph.h>

#define TIMING_PHASES_MAX 64

typedef struct tool_timing {
    hgr_phase phases[TIMING_PHASES_MAX];
    size_t count;
    int64_t start_ns; /* wall clock when the session began */
} tool_timing;

void timing_init(tool_timing *timing);
/** An hgr_phase_fn: user is the timing. */
void timing_add(void *timing, const hgr_phase *phase);
/** totals may be NULL: nothing was walked. */
void timing_print(const tool_timing *timing, const hgr_run *run, const hgr_totals *totals);

#endif
