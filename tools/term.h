/* tools: what the terminal can do, progress on it, and the end of stdout. */
#ifndef TOOLS_TERM_H
#define TOOLS_TERM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "opt.h"

/** How to write to stdout. */
typedef struct tool_term {
    bool terminal; /* stdout is one */
    bool color;
    size_t width; /* columns, SIZE_MAX when piped: nothing is cut */
} tool_term;

tool_term term_of(const tool_opts *opts);

/* Empty texts without colour, so that they can always be printed. */
const char *term_bold(const tool_term *term);
const char *term_dim(const tool_term *term);
const char *term_plain(const tool_term *term);

/** One line on stderr, only if that is a terminal and nobody asked for quiet. */
typedef struct tool_progress {
    bool on, shown;
    int64_t start_ns; /* of the stage */
    char stage[32];
} tool_progress;

void progress_init(tool_progress *progress, const tool_opts *opts);
/** An hgr_progress_fn: user is the progress. */
void progress_show(void *progress, const char *stage, uint64_t done, uint64_t total);
/** Erase the line. */
void progress_erase(tool_progress *progress);

/** Flush and close stdout; EXIT_MACHINE with one line on stderr when anything was lost, else code.
 */
int term_close_stdout(int code);

#endif
