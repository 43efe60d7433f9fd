/* tools: one root path, step by step. A step names the field or index that leads on to the next object. */
#include "show_path.h"

#include "describe.h"
#include "units.h"

void show_path(const tool_session *session, const hgr_path *path)
{
    strbuf via = {0}, line = {0};
    char address[UNITS_TEXT];
    tool_term term = term_of(session->opts);
    strbuf_add_safe(&line, hgr_snapshot_root(session->snapshot, path->root)->name);
    printf("%s%s%s\n", term_bold(&term), strbuf_get(&line), term_plain(&term));
    for (uint32_t i = 0; i < path->length; i++) {
        strbuf member = {0};
        strbuf_clear(&via);
        strbuf_clear(&line);
        if (i + 1 < path->length)
            describe_via(session, path->nodes[i], path->nodes[i + 1], &via);
        describe_member(session_type_name(session, path->nodes[i]), strbuf_get(&via), &member);
        strbuf_add_safe(&line, strbuf_get(&member));
        strbuf_fini(&member);
        size_t used = session_pointer_size(session) == 8 ? 24 : 16, bytes = line.len;
        if (used + utf8_columns(strbuf_get(&line)) > term.width && term.width > used + 8)
            bytes = utf8_prefix(strbuf_get(&line), term.width - used - 1);
        printf("  → %s%s%s  %.*s%s\n", term_dim(&term),
               units_address(address, hgr_node_address(session->snapshot, path->nodes[i]),
                             session_pointer_size(session)),
               term_plain(&term), (int)bytes, strbuf_get(&line), bytes < line.len ? "…" : "");
    }
    strbuf_fini(&via);
    strbuf_fini(&line);
}

static void write_path(tool_session *session, const hgr_path *path)
{
    tool_json *json = &session->json;
    strbuf via = {0};
    out_object(json, NULL);
    describe_root_json(json, "root", hgr_snapshot_root(session->snapshot, path->root));
    out_array(json, "steps");
    for (uint32_t i = 0; i < path->length; i++) {
        strbuf_clear(&via);
        if (i)
            describe_via(session, path->nodes[i - 1], path->nodes[i], &via);
        out_object(json, NULL);
        out_address(json, "address", hgr_node_address(session->snapshot, path->nodes[i]));
        out_text(json, "type", session_type_name(session, path->nodes[i]));
        out_text(json, "via", i ? strbuf_get(&via) : NULL);
        out_u64(json, "bytes", hgr_node_bytes(session->snapshot, path->nodes[i]));
        out_end_object(json);
    }
    out_end_array(json);
    out_end_object(json);
    strbuf_fini(&via);
}

void show_paths_json(tool_session *session, const hgr_paths *paths, size_t count)
{
    out_array(&session->json, "paths");
    for (size_t i = 0; i < count; i++)
        write_path(session, hgr_paths_get(paths, i));
    out_end_array(&session->json);
}
