/* tools: the document of `threadpool`. */
#ifndef TOOLS_THREADPOOL_JSON_H
#define TOOLS_THREADPOOL_JSON_H

#include "session.h"

void threadpool_json_write(tool_json *json, const hgr_pool *pool);

#endif
