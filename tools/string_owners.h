/* tools: who refers to the strings of a group: the types and fields that hold most of them. */
#ifndef TOOLS_STRING_OWNERS_H
#define TOOLS_STRING_OWNERS_H

#include <heapgraph/strings.h>

#include "session.h"

/** The place that holds most members of one group. */
typedef struct string_owner {
    char *name; /* "Shop.Order.Name", "System.Object[]"; NULL: nothing in the heap refers to them */
    char *brief;         /* the same without namespaces, for a narrow terminal */
    uint64_t count;      /* references from there */
    uint64_t references; /* from anywhere in the heap */
} string_owner;

/** Find the owners of groups, in one pass over the references of the heap. Free each name and
 * brief. */
void string_owners_find(tool_session *session, const hgr_strings *strings,
                        const hgr_string_group *groups, size_t ngroups, string_owner *out);

#endif
