/* tools: one root path, step by step. A step names the field or index that leads on to the next
 * object. */
#include "show_path.h"

#include <string.h>

#include "describe.h"
#include "units.h"

#define RUN_SHOWN                                                                                  \
    3 /* objects at each end of a run of one type; the rest of a long run is one line */

/* "Type._field" as it may be printed; brief: without namespaces. */
static void describe_step(const tool_session *session, const hgr_path *path, uint32_t i, bool brief,
                          strbuf *out)
{
    strbuf via = {0}, type = {0}, member = {0};
    const char *name = session_type_name(session, path->nodes[i]);
    if (brief)
        strbuf_add_brief(&type, name);
    else
        strbuf_add_z(&type, name);
    if (i + 1 < path->length)
        describe_via(session, path->nodes[i], path->nodes[i + 1], &via);
    describe_member(strbuf_get(&type), strbuf_get(&via), &member);
    strbuf_add_safe(out, strbuf_get(&member));
    strbuf_fini(&via);
    strbuf_fini(&type);
    strbuf_fini(&member);
}

/* "  → 0x... Type._field", fitted into the terminal's width. */
static void print_step(const tool_session *session, const tool_term *term, const hgr_path *path,
                       uint32_t i)
{
    strbuf whole = {0}, brief = {0}, line = {0};
    char address[UNITS_TEXT];
    units_address(address, hgr_node_address(session->snapshot, path->nodes[i]),
                  session_pointer_size(session));
    size_t used = strlen(address) + 6;
    bool cut = term->width != SIZE_MAX && used + 8 <= term->width;
    describe_step(session, path, i, false, &whole);
    describe_step(session, path, i, true, &brief);
    strbuf_add_fitted(&line, strbuf_get(&whole), strbuf_get(&brief),
                      cut ? term->width - used : SIZE_MAX);
    printf("  → %s%s%s  %s\n", term_dim(term), address, term_plain(term), strbuf_get(&line));
    strbuf_fini(&whole);
    strbuf_fini(&brief);
    strbuf_fini(&line);
}

/* The end of the run of one type that begins at i. */
static uint32_t find_run_end(const tool_session *session, const hgr_path *path, uint32_t i)
{
    uint32_t type = hgr_node_type(session->snapshot, path->nodes[i]);
    while (i < path->length && hgr_node_type(session->snapshot, path->nodes[i]) == type)
        i++;
    return i;
}

void show_path(const tool_session *session, const hgr_path *path)
{
    strbuf name = {0};
    char count[UNITS_TEXT];
    tool_term term = term_of(session->opts);
    strbuf_add_safe(&name, hgr_snapshot_root(session->snapshot, path->root)->name);
    printf("%s%s%s\n", term_bold(&term), strbuf_get(&name), term_plain(&term));
    strbuf_fini(&name);
    for (uint32_t i = 0, end = 0; i < path->length; i = end) {
        end = find_run_end(session, path, i);
        bool skips = end - i > 2 * RUN_SHOWN + 1;
        for (uint32_t step = i; step < end; step++) {
            if (skips && step == i + RUN_SHOWN) {
                step = end - RUN_SHOWN;
                printf("  → … %s more of the same type …\n",
                       units_count(count, step - i - RUN_SHOWN));
            }
            print_step(session, &term, path, step);
        }
    }
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
