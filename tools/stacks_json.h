/* tools: threads and stacks as JSON. */
#ifndef TOOLS_STACKS_JSON_H
#define TOOLS_STACKS_JSON_H

#include "stack_groups.h"

/** threads[]; retained: bytes of each thread, NULL = not asked for. */
void threads_json_write(tool_session *session, const uint64_t *retained);
/** stacks[]: the groups with their frames. objects: the references of each frame, too. */
void stacks_json_write(tool_session *session, const stack_groups *groups,
                       const stack_filter *filter, bool objects);

#endif
