/* tools: the invariants `check` verifies. */
#ifndef TOOLS_VIOLATIONS_H
#define TOOLS_VIOLATIONS_H

#include "session.h"

/* What was found wrong. Text is NULL for a finding of the walk. */
typedef struct violation {
    const char *kind;
    const char *text;
    uint64_t addr, value, bytes;
} violation;

typedef struct violation_list {
    violation *rows;
    size_t count, capacity;
    hgr_status graph; /* why the validator refused the graph */
} violation_list;

/** Self checks of the runtime, segments, findings of the walk, the graph's validator, sums, the
 * runtime's tables against the heap. EXIT_DONE, or a line and an exit code. */
int violations_find(violation_list *violations, tool_session *session);
void violations_free(violation_list *violations);
/** A type without a readable name is a gap in what can be said, not damage of the heap. */
bool violations_is_damage(hgr_finding_kind kind);

#endif
