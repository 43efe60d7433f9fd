/* tools: what to do about an error: the engine says what is wrong, the program says what helps. */
#ifndef TOOLS_ADVICE_H
#define TOOLS_ADVICE_H

#include <heapgraph/heapgraph.h>

/** dump: NULL when the file itself could not be opened; else what failed lies behind it. Static
 * text. */
const char *advice_for(hgr_result result, const hgr_status *status, const hgr_dump *dump,
                       const char *path);
/** opening: nothing was open yet, so an I/O error is the input's. */
int advice_exit_code(hgr_result result, bool opening);

#endif
