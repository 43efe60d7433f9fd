/* tools: root paths as text and as JSON. */
#ifndef TOOLS_SHOW_PATH_H
#define TOOLS_SHOW_PATH_H

#include "session.h"

/** The root's name, then one line per object: "→ 0x... Type._field". */
void show_path(const tool_session *session, const hgr_path *path);
/** "paths": the first count of them. paths may be NULL when count is 0. */
void show_paths_json(tool_session *session, const hgr_paths *paths, size_t count);

/** The merged paths of a set as an indented table; branches of fewer than `least` bytes are left
 * out. */
void show_branches(tool_session *session, const hgr_branches *branches, uint64_t least,
                   uint64_t whole);
/** "branches". */
void show_branches_json(tool_session *session, const hgr_branches *branches);

#endif
