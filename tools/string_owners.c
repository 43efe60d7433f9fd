/* tools: owners of strings.
 *
 * Method: mark the members of the groups, look at every reference once; those to a marked string
 * are counted by (group, type of the referrer). The field is that of the first such reference:
 * objects of one type mostly hold a value in the same field. */
#include "string_owners.h"

#include <stdlib.h>
#include <string.h>

#include "describe.h"

struct count {
    uint32_t group, type;
    uint64_t count;
    hgr_node referrer; /* of the first reference */
    uint32_t edge;
};

/* Open addressing by (group, type); capacity is a power of two. */
struct counts {
    struct count *rows;
    size_t used, capacity;
};

static struct count *find(struct counts *counts, uint32_t group, uint32_t type)
{
    size_t slot =
        (group * UINT64_C(0x9e3779b97f4a7c15) ^ type * UINT64_C(0xc2b2ae3d27d4eb4f)) >> 20;
    for (slot &= counts->capacity - 1;; slot = (slot + 1) & (counts->capacity - 1)) {
        struct count *row = &counts->rows[slot];
        if (row->count == 0 || (row->group == group && row->type == type))
            return row;
    }
}

static void grow(struct counts *counts)
{
    struct counts old = *counts;
    if (counts->capacity && counts->used < counts->capacity / 2)
        return;
    counts->capacity = counts->capacity ? 2 * counts->capacity : 4096;
    counts->rows = must_alloc(counts->capacity, sizeof *counts->rows);
    for (size_t i = 0; i < old.capacity; i++)
        if (old.rows[i].count)
            *find(counts, old.rows[i].group, old.rows[i].type) = old.rows[i];
    free(old.rows);
}

static void add(struct counts *counts, uint32_t group, uint32_t type, hgr_node referrer,
                uint32_t edge)
{
    grow(counts);
    struct count *row = find(counts, group, type);
    if (row->count++ == 0) {
        counts->used++;
        *row = (struct count){group, type, 1, referrer, edge};
    }
}

/* Whose group? The marks say quickly that most nodes are in none: a bit for each stays in the
 * cache. */
struct members {
    uint64_t *marks;
    struct member {
        hgr_node node;
        uint32_t group;
    } * rows; /* ascending by node */
    size_t count;
};

static int by_node(const void *left, const void *right)
{
    const struct member *a = left, *b = right;
    return (a->node > b->node) - (a->node < b->node);
}

static struct members list_members(const tool_session *session, const hgr_strings *strings,
                                   const hgr_string_group *groups, size_t ngroups)
{
    struct members members = {0};
    for (size_t g = 0; g < ngroups; g++)
        members.count += groups[g].count;
    members.marks = must_alloc(session_nodes(session) / 64 + 1, sizeof *members.marks);
    members.rows = must_alloc(members.count, sizeof *members.rows);
    for (size_t g = 0, at = 0; g < ngroups; g++)
        for (uint64_t i = 0; i < groups[g].count; i++) {
            hgr_node node = hgr_strings_member(strings, groups[g].first_member + i);
            members.rows[at++] = (struct member){node, (uint32_t)g}; /* a group is a printed row */
            members.marks[node >> 6] |= UINT64_C(1) << (node & 63);
        }
    if (members.count > 1)
        qsort(members.rows, members.count, sizeof *members.rows, by_node);
    return members;
}

static uint32_t group_of(const struct members *members, hgr_node node)
{
    struct member key = {.node = node};
    const struct member *found = bsearch(&key, members->rows, members->count, sizeof key, by_node);
    return found->group; /* marked: it is there */
}

static void count_references(const tool_session *session, const struct members *members,
                             struct counts *counts)
{
    const hgr_graph *graph = hgr_snapshot_graph(session->snapshot);
    for (hgr_node u = 0; u < session_nodes(session); u++) {
        uint32_t count = 0;
        const hgr_node *targets = hgr_graph_targets(graph, u, &count);
        for (uint32_t e = 0; e < count; e++)
            if (members->marks[targets[e] >> 6] >> (targets[e] & 63) & 1)
                add(counts, group_of(members, targets[e]), hgr_node_type(session->snapshot, u), u,
                    e);
    }
}

static char *copy(const strbuf *text)
{
    char *kept = must_alloc(text->len + 1, 1);
    memcpy(kept, strbuf_get(text), text->len + 1);
    return kept;
}

/* "[17]" says nothing about the others: the index of an array is left out. */
static void name_owner(const tool_session *session, const struct count *row, string_owner *out)
{
    strbuf via = {0}, brief = {0}, name = {0};
    describe_reference(session, row->referrer, row->edge, &via);
    const char *member = strbuf_get(&via), *type = session_type_name(session, row->referrer);
    if (member[0] == '[' && strchr(member, ']'))
        member = strchr(member, ']') + 1;
    describe_member(type, member, &name);
    out->name = copy(&name);
    strbuf_add_brief(&brief, type);
    strbuf_clear(&name);
    describe_member(strbuf_get(&brief), member, &name);
    out->brief = copy(&name);
    out->count = row->count;
    strbuf_fini(&name);
    strbuf_fini(&brief);
    strbuf_fini(&via);
}

void string_owners_find(tool_session *session, const hgr_strings *strings,
                        const hgr_string_group *groups, size_t ngroups, string_owner *out)
{
    struct counts counts = {0};
    struct count **best = must_alloc(ngroups, sizeof *best);
    memset(out, 0, ngroups * sizeof *out);
    struct members members = list_members(session, strings, groups, ngroups);
    count_references(session, &members, &counts);
    for (size_t i = 0; i < counts.capacity; i++) {
        struct count *row = &counts.rows[i];
        if (row->count == 0)
            continue;
        struct count **kept = &best[row->group];
        out[row->group].references += row->count;
        if (!*kept || row->count > (*kept)->count ||
            (row->count == (*kept)->count && row->type < (*kept)->type))
            *kept = row;
    }
    for (size_t g = 0; g < ngroups; g++)
        if (best[g])
            name_owner(session, best[g], &out[g]);
    free(members.rows);
    free(members.marks);
    free(best);
    free(counts.rows);
}
