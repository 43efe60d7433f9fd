/* tools: roots added up by kind. */
#ifndef TOOLS_ROOT_KINDS_H
#define TOOLS_ROOT_KINDS_H

#include "session.h"

typedef struct root_kind_sum {
    uint64_t count;
    uint64_t objects, bytes; /* distinct objects and their own bytes */
    uint64_t retained_bytes; /* freed if all roots of the kind went */
} root_kind_sum;

/* sums start at zero. */
void root_kinds_count(root_kind_sum sums[HGR_ROOT_KINDS], const tool_session *session);
/** One walk from the other roots per kind. EXIT_DONE, or a line on stderr and an exit code. */
int root_kinds_retain(root_kind_sum sums[HGR_ROOT_KINDS], tool_session *session);
void root_kinds_print(const root_kind_sum sums[HGR_ROOT_KINDS], const tool_session *session);
/** The array "kinds". */
void root_kinds_write(const root_kind_sum sums[HGR_ROOT_KINDS], tool_session *session,
                      bool retained);

#endif
