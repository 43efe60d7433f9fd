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

/* Group number + 1 of each node; 0 = in none. */
static uint32_t *mark_members(const tool_session *session, const hgr_strings *strings,
                              const hgr_string_group *groups, size_t ngroups)
{
    uint32_t *marks = must_alloc(session_nodes(session), sizeof *marks);
    for (size_t g = 0; g < ngroups; g++)
        for (uint64_t i = 0; i < groups[g].count; i++)
            marks[hgr_strings_member(strings, groups[g].first_member + i)] =
                (uint32_t)g + 1; /* as many groups as rows are printed */
    return marks;
}

static void count_references(const tool_session *session, const uint32_t *marks,
                             struct counts *counts)
{
    const hgr_graph *graph = hgr_snapshot_graph(session->snapshot);
    for (hgr_node u = 0; u < session_nodes(session); u++) {
        uint32_t count = 0;
        const hgr_node *targets = hgr_graph_targets(graph, u, &count);
        for (uint32_t e = 0; e < count; e++)
            if (marks[targets[e]])
                add(counts, marks[targets[e]] - 1, hgr_node_type(session->snapshot, u), u, e);
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
    uint32_t *marks = mark_members(session, strings, groups, ngroups);
    count_references(session, marks, &counts);
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
    free(marks);
    free(best);
    free(counts.rows);
}
