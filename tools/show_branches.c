/* tools: the merged root paths of a set as an indented tree. */
#include "show_path.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "describe.h"
#include "units.h"

/* What a branch is called: the root's name, or field and type of its example below the branch
 * above:
 * "._items → Order[]", "[…] → Order", " → Order". brief: types without namespaces. */
static void describe_branch(const tool_session *session, const hgr_branches *branches, size_t index,
                            bool brief, strbuf *out)
{
    const hgr_branch *branch = hgr_branches_get(branches, index);
    if (branch->depth == 0) {
        strbuf_add_z(out, hgr_snapshot_root(session->snapshot, branch->root)->name);
        return;
    }
    strbuf via = {0};
    if (branch->example_parent != HGR_NO_NODE)
        describe_via(session, branch->example_parent, branch->example, &via);
    if (*strbuf_get(&via) == '[')
        strbuf_add_z(out, "[…]");
    else
        describe_member("", strbuf_get(&via), out);
    strbuf_add_z(out, " → ");
    if (brief)
        strbuf_add_brief(out, session_type_name(session, branch->example));
    else
        strbuf_add_z(out, session_type_name(session, branch->example));
    strbuf_fini(&via);
}

/* Columns for a path on a terminal: what count, bytes and share leave. */
static size_t path_columns(const tool_session *session, const hgr_branches *branches,
                           uint64_t whole)
{
    char text[UNITS_TEXT];
    uint64_t most = 0;
    size_t width = term_of(session->opts).width;
    for (size_t i = 0; i < hgr_branches_count(branches); i++)
        if (hgr_branches_get(branches, i)->count > most)
            most = hgr_branches_get(branches, i)->count;
    size_t count = strlen(units_count(text, most));
    size_t bytes = strlen(units_bytes(text, whole, opt_given(session->opts, OPT_HUMAN)));
    size_t used = (count > 5 ? count : 5) + 2 + (bytes > 5 ? bytes : 5) + 2 + strlen("100.0 %") + 2;
    return width == SIZE_MAX || width < used + 30 ? width : width - used;
}

/* One printed row: a branch, and the branches below it for as long as nothing forks off. */
struct line {
    strbuf text, brief;
    uint32_t level; /* indentation */
    size_t last;    /* the last branch on it */
};

static bool goes_on(const hgr_branches *branches, size_t index)
{
    if (index + 1 >= hgr_branches_count(branches))
        return false;
    const hgr_branch *branch = hgr_branches_get(branches, index);
    const hgr_branch *next = hgr_branches_get(branches, index + 1);
    return next->parent == index && next->count == branch->count && next->bytes == branch->bytes;
}

/* A row's first branch: indented, without the arrow of an unnamed step. */
static void begin_line(const tool_session *session, const hgr_branches *branches, size_t first,
                       bool brief, uint32_t level, strbuf *out)
{
    strbuf name = {0};
    describe_branch(session, branches, first, brief, &name);
    const char *text = strbuf_get(&name);
    strbuf_format(out, "%*s", (int)(level > 60 ? 120 : 2 * level), "");
    strbuf_add_z(out, strncmp(text, " → ", strlen(" → ")) == 0 ? text + strlen(" → ") : text);
    strbuf_fini(&name);
}

/* "static Shop.Cache.Items → List<Order>._items → Order[][…] → Order"; on a terminal a new row
 * before it is too long even with short names. */
static void join_branches(const tool_session *session, const hgr_branches *branches, size_t first,
                          size_t columns, struct line *line)
{
    begin_line(session, branches, first, false, line->level, &line->text);
    begin_line(session, branches, first, true, line->level, &line->brief);
    for (line->last = first; goes_on(branches, line->last); line->last++) {
        strbuf next = {0};
        describe_branch(session, branches, line->last + 1, true, &next);
        bool fits =
            columns == SIZE_MAX ||
            utf8_columns(strbuf_get(&line->brief)) + utf8_columns(strbuf_get(&next)) <= columns;
        if (fits) {
            strbuf_add_z(&line->brief, strbuf_get(&next));
            describe_branch(session, branches, line->last + 1, false, &line->text);
        }
        strbuf_fini(&next);
        if (!fits)
            break;
    }
}

void show_branches(tool_session *session, const hgr_branches *branches, uint64_t least,
                   uint64_t whole)
{
    static const table_column columns[] = {{"count", TABLE_COUNT},
                                           {"bytes", TABLE_BYTES},
                                           {"share", TABLE_SHARE},
                                           {"path", TABLE_TEXT}};
    size_t count = hgr_branches_count(branches), fitting = path_columns(session, branches, whole);
    uint64_t rows = 0, left_out = 0;
    uint64_t top = opt_given(session->opts, OPT_TOP) ? session_top(session, false) : UINT64_MAX;
    uint32_t *level = must_alloc(count, sizeof *level);
    tool_table table;
    table_init(&table, session->opts, session_pointer_size(session), columns, 4,
               "sorted by bytes in each branch");
    for (size_t i = 0; i < count; i++) {
        const hgr_branch *branch = hgr_branches_get(branches, i);
        struct line line = {.level = branch->parent == UINT32_MAX ? 0 : level[branch->parent] + 1};
        if (branch->bytes < least || rows >= top) {
            left_out++;
            continue;
        }
        join_branches(session, branches, i, fitting, &line);
        table_number(&table, branch->count);
        table_number(&table, branch->bytes);
        table_share(&table, branch->bytes, whole);
        table_text_or(&table, strbuf_get(&line.text), strbuf_get(&line.brief));
        strbuf_fini(&line.text);
        strbuf_fini(&line.brief);
        for (; i < line.last; i++)
            level[i] = line.level;
        level[i] = line.level;
        rows++;
    }
    table_finish(&table);
    free(level);
    if (left_out)
        printf("\n%" PRIu64 " smaller branches left out; --all shows every one\n", left_out);
}

void show_branches_json(tool_session *session, const hgr_branches *branches)
{
    tool_json *json = &session->json;
    out_array(json, "branches");
    for (size_t i = 0; i < hgr_branches_count(branches); i++) {
        const hgr_branch *branch = hgr_branches_get(branches, i);
        strbuf name = {0};
        begin_line(session, branches, i, false, 0, &name);
        out_object(json, NULL);
        out_u64(json, "depth", branch->depth);
        if (branch->parent == UINT32_MAX)
            out_null(json, "parent");
        else
            out_u64(json, "parent", branch->parent);
        out_text(json, "name", strbuf_get(&name));
        out_u64(json, "count", branch->count);
        out_u64(json, "bytes", branch->bytes);
        if (branch->depth)
            out_address(json, "example", hgr_node_address(session->snapshot, branch->example));
        out_end_object(json);
        strbuf_fini(&name);
    }
    out_end_array(json);
}
