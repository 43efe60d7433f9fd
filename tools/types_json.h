/* tools: the document of `types`. */
#ifndef TOOLS_TYPES_JSON_H
#define TOOLS_TYPES_JSON_H

#include "groups.h"
#include "pick.h"

/** Totals, the rows of groups in the given order (ids are row numbers), large Free blocks. */
void types_write(tool_session *session, const tool_groups *groups, const tool_pick *order,
                 const tool_group *total, bool retained);

#endif
