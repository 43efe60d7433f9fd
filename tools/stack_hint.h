/* tools: which object of a stack to look at first, for `stacks`. */
#ifndef TOOLS_STACK_HINT_H
#define TOOLS_STACK_HINT_H

#include "stack_groups.h"

/** The first object, youngest frame first, whose type is the one that declares its frame's method,
 * or nested in it (a closure holds arguments): what the program itself works on. 0 = none. */
uint64_t stack_hint(const hgr_stacks *stacks, const stack_groups *groups,
                    const stack_filter *filter, hgr_inspector *inspector);

#endif
