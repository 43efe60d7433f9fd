/* tools: the large Free blocks (fragmentation), below `types` and as `list --set free`. */
#ifndef TOOLS_FREE_BLOCKS_H
#define TOOLS_FREE_BLOCKS_H

#include "session.h"

/** Address, bytes and what follows, at most `top` rows. */
void free_blocks_print(const tool_session *session, uint64_t top);
/** The array `key`. */
void free_blocks_write(tool_session *session, const char *key);

#endif
