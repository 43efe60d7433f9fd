/* tools: the document of `info`. */
#ifndef TOOLS_INFO_JSON_H
#define TOOLS_INFO_JSON_H

#include "session.h"

void info_write(tool_session *session);

#endif
