/* Reference: owner paths by their definition, one text per object. */
#ifndef HGR_TESTS_OWNER_PATHS_SLOW_H
#define HGR_TESTS_OWNER_PATHS_SLOW_H

#include <heapgraph/diff.h>

#define SLOW_TEXT 4096

/** The path of node u as hgr_diff_path_text writes it; type names must differ from each other. */
void owner_path_slow(const hgr_diff_view *view, hgr_node u, char out[SLOW_TEXT]);

#endif
