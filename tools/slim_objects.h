/* tools: reads what questions about objects read, so that a slim dump keeps it. */
#ifndef TOOLS_SLIM_OBJECTS_H
#define TOOLS_SLIM_OBJECTS_H

#include "session.h"

/** Fields of all types, enums, static fields with their values, some objects of each type.
 * EXIT_DONE, or a line on stderr and an exit code. */
int slim_read_objects(tool_session *session);

#endif
