/* tools: the document of `locks`. */
#ifndef TOOLS_LOCKS_JSON_H
#define TOOLS_LOCKS_JSON_H

#include "session.h"

void locks_json_write(tool_json *json, const hgr_locks *locks, const hgr_thread_row *threads);

#endif
