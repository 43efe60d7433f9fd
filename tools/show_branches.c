/* tools: the merged root paths of a set as an indented tree. */
#include "show_path.h"

#include <inttypes.h>

#include "describe.h"

/* What a branch is called: the root's name, or "Type._field" of its example below the branch above. */
static void describe_branch(const tool_session *session, const hgr_branches *branches, size_t index,
                            strbuf *out)
{
    const hgr_branch *branch = hgr_branches_get(branches, index);
    if (branch->depth == 0) {
        strbuf_add_z(out, hgr_snapshot_root(session->snapshot, branch->root)->name);
        return;
    }
    strbuf via = {0};
    if (branch->example_parent != HGR_NO_NODE)
        describe_via(session, branch->example_parent, branch->example, &via);
    if (via.len)
        strbuf_format(out, "%s%s → ", *strbuf_get(&via) == '[' || *strbuf_get(&via) == '(' ? "" : ".",
                      *strbuf_get(&via) == '[' ? "[…]" : strbuf_get(&via));
    strbuf_add_z(out, session_type_name(session, branch->example));
    strbuf_fini(&via);
}

void show_branches(tool_session *session, const hgr_branches *branches, uint64_t least, uint64_t whole)
{
    static const table_column columns[] = {
        {"count", TABLE_COUNT}, {"bytes", TABLE_BYTES}, {"share", TABLE_SHARE}, {"path", TABLE_TEXT}};
    tool_table table;
    uint64_t left_out = 0, rows = 0, top = session_top(session, false);
    bool limited = opt_given(session->opts, OPT_TOP);
    table_init(&table, session->opts, session_pointer_size(session), columns, 4,
               "sorted by bytes in each branch");
    for (size_t i = 0; i < hgr_branches_count(branches); i++) {
        const hgr_branch *branch = hgr_branches_get(branches, i);
        if (branch->bytes < least || (limited && rows >= top)) {
            left_out++;
            continue;
        }
        strbuf line = {0};
        strbuf_format(&line, "%*s", (int)(branch->depth > 60 ? 120 : 2 * branch->depth), "");
        describe_branch(session, branches, i, &line);
        table_number(&table, branch->count);
        table_number(&table, branch->bytes);
        table_share(&table, branch->bytes, whole);
        table_text(&table, strbuf_get(&line));
        strbuf_fini(&line);
        rows++;
    }
    table_finish(&table);
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
        describe_branch(session, branches, i, &name);
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
