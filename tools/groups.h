/* tools: the rows of `types`: types of the same name and module as one, or by namespace, assembly,
 * generation. */
#ifndef TOOLS_GROUPS_H
#define TOOLS_GROUPS_H

#include "session.h"

typedef enum group_by {
    BY_TYPE,
    BY_GENERATION,
    BY_NAMESPACE,
    BY_ASSEMBLY,
    BY_METHOD_TABLE
} group_by;

typedef struct tool_group {
    char *name;
    uint32_t first, end; /* its types: groups.types[first .. end); none by generation */
    uint64_t count, bytes, retained_bytes, owned_bytes;
    uint64_t generation_count[HGR_GENERATIONS], generation_bytes[HGR_GENERATIONS];
} tool_group;

typedef struct tool_groups {
    tool_group *rows; /* by name */
    uint32_t count;
    uint32_t *types;   /* type ids, group after group */
    uint32_t *of_type; /* type id -> row; NULL by generation */
} tool_groups;

/** Partition the snapshot's types; the totals are still zero. */
void groups_init(tool_groups *groups, const hgr_snapshot *snapshot, group_by by);
void groups_fini(tool_groups *groups);

/** Add up the objects of a set, or of the heap when set is NULL. */
void groups_count(tool_groups *groups, const hgr_snapshot *snapshot, const hgr_set *set);

/** Exact retained and owned bytes of each row (of its members in the set). EXIT_DONE, or a line and
 * an exit code. */
int groups_retain(tool_groups *groups, tool_session *session, const hgr_set *set);

/** "System.Collections" of "System.Collections.List<System.Int32>"; "" when there is none. */
size_t groups_namespace_length(const char *type_name);

#endif
