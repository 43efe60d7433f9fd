/* tools: set expression -> node set of the session's snapshot. */
#ifndef TOOLS_SET_EVAL_H
#define TOOLS_SET_EVAL_H

#include "session.h"
#include "set_expr.h"

/**
 * Parse the expression of an option before anything is opened. EXIT_DONE, or EXIT_USAGE with two
 * lines on stderr. *out is NULL when the option was not given; the caller frees it.
 */
int set_parse_option(const tool_opts *opts, opt_id id, set_expr **out);

/** Is there a term of this kind anywhere in it? */
bool set_expr_has(const set_expr *expr, set_op op);

/** Evaluate; scans and walks what the expression needs. EXIT_DONE, or a line on stderr and an exit
 * code. */
int set_eval(tool_session *session, const set_expr *expr, hgr_set **out);

#endif
