/* tools: what to do about an error: the engine says what is wrong, the program says what helps. */
#ifndef TOOLS_ADVICE_H
#define TOOLS_ADVICE_H

#include <heapgraph/heapgraph.h>

#include "strbuf.h"

/** Append what helps. dump: NULL when the file itself could not be opened; else what failed lies
 * behind it. */
void advice_add(hgr_result result, const hgr_status *status, const hgr_dump *dump, const char *path,
                strbuf *out);
/** Append how to take a dump that has all that is needed: commands for the dump's own system. */
void advice_record_again(const hgr_dump_info *info, strbuf *out);
/** opening: nothing was open yet, so an I/O error is the input's. */
int advice_exit_code(hgr_result result, bool opening);

#endif
