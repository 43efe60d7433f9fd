/* tools: `refs`: what an object refers to, and with --in what refers to it. */
#include "describe.h"
#include "units.h"

#include <inttypes.h>
#include <stdlib.h>

const opt_row opts_refs[] = {
    {OPT_IN, "in", 'i', OPT_FLAG, NULL, NULL, "incoming: the objects and roots that refer to it"},
    OPT_ROW_TOP,
    OPT_ROW_ALL,
    OPT_ROW_END};

/* One reference from u to v by its e-th slot; rows go to the table or the JSON array. */
struct rows {
    tool_session *session;
    tool_table table;
    hgr_node object;
    uint64_t left, left_out;
};

static void add_row(struct rows *rows, hgr_node other, hgr_node u, uint32_t e)
{
    tool_session *session = rows->session;
    strbuf via = {0};
    if (rows->left == 0) {
        rows->left_out++;
        return;
    }
    rows->left--;
    describe_reference(session, u, e, &via);
    if (session_wants_json(session)) {
        tool_json *json = &session->json;
        out_object(json, NULL);
        out_address(json, "address", hgr_node_address(session->snapshot, other));
        out_text(json, "type", session_type_name(session, other));
        out_u64(json, "bytes", hgr_node_bytes(session->snapshot, other));
        out_text(json, "via", strbuf_get(&via));
        out_end_object(json);
    } else {
        table_number(&rows->table, hgr_node_address(session->snapshot, other));
        table_number(&rows->table, hgr_node_bytes(session->snapshot, other));
        table_text(&rows->table, strbuf_get(&via));
        table_text(&rows->table, session_type_name(session, other));
    }
    strbuf_fini(&via);
}

static void add_outgoing(struct rows *rows)
{
    uint32_t count = 0;
    const hgr_node *targets =
        hgr_graph_targets(hgr_snapshot_graph(rows->session->snapshot), rows->object, &count);
    for (uint32_t e = 0; e < count; e++)
        add_row(rows, targets[e], rows->object, e);
}

static bool add_referrer(void *user, hgr_node referrer)
{
    struct rows *rows = user;
    uint32_t count = 0;
    const hgr_node *targets =
        hgr_graph_targets(hgr_snapshot_graph(rows->session->snapshot), referrer, &count);
    for (uint32_t e = 0; e < count; e++)
        if (targets[e] == rows->object)
            add_row(rows, referrer, referrer, e);
    return true;
}

static void add_roots(struct rows *rows)
{
    tool_session *session = rows->session;
    bool json_wanted = session_wants_json(session), first = true;
    if (json_wanted)
        out_array(&session->json, "roots");
    for (size_t i = 0; i < hgr_snapshot_roots(session->snapshot); i++) {
        const hgr_root *root = hgr_snapshot_root(session->snapshot, i);
        if (root->node != rows->object)
            continue;
        if (json_wanted) {
            describe_root_json(&session->json, NULL, root);
            continue;
        }
        strbuf safe = {0};
        strbuf_add_safe(&safe, root->name);
        printf("%s  %s\n", first ? "\nroots:\n" : "", strbuf_get(&safe));
        strbuf_fini(&safe);
        first = false;
    }
    if (json_wanted)
        out_end_array(&session->json);
}

static void print_object(const struct rows *rows)
{
    const tool_session *session = rows->session;
    strbuf line = {0};
    char address[UNITS_TEXT], bytes[UNITS_TEXT];
    strbuf safe = {0}, brief = {0};
    size_t width = term_of(session->opts).width;
    strbuf_add_safe(&safe, session_type_name(session, rows->object));
    strbuf_add_brief(&brief, strbuf_get(&safe));
    strbuf_add_fitted(&line, strbuf_get(&safe), strbuf_get(&brief),
                      width == SIZE_MAX || width < 60 ? SIZE_MAX : width - 48);
    strbuf_fini(&safe);
    strbuf_fini(&brief);
    printf("%s  %s, %s, %s\n\n",
           units_address(address, hgr_node_address(session->snapshot, rows->object),
                         session_pointer_size(session)),
           strbuf_get(&line),
           units_amount(bytes, hgr_node_bytes(session->snapshot, rows->object),
                        opt_given(session->opts, OPT_HUMAN)),
           hgr_generation_name(hgr_node_generation(session->snapshot, rows->object)));
    strbuf_fini(&line);
}

static void answer(struct rows *rows, const hgr_set *referrers)
{
    static const table_column columns[] = {{"address", TABLE_ADDRESS},
                                           {"bytes", TABLE_BYTES},
                                           {"through", TABLE_TEXT},
                                           {"type", TABLE_TEXT}};
    tool_session *session = rows->session;
    session_begin_answer(session);
    if (session_wants_json(session)) {
        out_address(&session->json, "object", hgr_node_address(session->snapshot, rows->object));
        out_text(&session->json, "type", session_type_name(session, rows->object));
        out_text(&session->json, "direction", referrers ? "in" : "out");
        out_array(&session->json, "references");
    } else {
        print_object(rows);
        table_init(&rows->table, session->opts, session_pointer_size(session), columns, 4,
                   referrers ? "sorted by address" : "in slot order");
    }
    if (referrers)
        hgr_set_visit(referrers, add_referrer, rows);
    else
        add_outgoing(rows);
    if (session_wants_json(session)) {
        out_end_array(&session->json);
    } else {
        table_finish(&rows->table);
        if (rows->left_out)
            printf("%llu more references: --all\n", (unsigned long long)rows->left_out);
    }
    if (referrers)
        add_roots(rows);
    session_end_answer(session, referrers ? "path" : "refs", "0x%" PRIx64 "%s",
                       hgr_node_address(session->snapshot, rows->object), referrers ? "" : " --in");
}

static int find_referrers(tool_session *session, hgr_node object, hgr_set **out)
{
    hgr_status status = {0};
    hgr_set *set = NULL;
    hgr_result result = hgr_set_create(&set, &status);
    if (result == HGR_OK)
        result = hgr_set_add(set, object, &status);
    if (result == HGR_OK)
        result = hgr_set_neighbours(hgr_snapshot_graph(session->snapshot), set, true, session->run,
                                    out, &status);
    hgr_set_free(set);
    return result == HGR_OK ? EXIT_DONE : session_fail(session, result, &status);
}

int cmd_refs(const tool_opts *opts)
{
    tool_session session = {0};
    struct rows rows = {.session = &session};
    hgr_set *referrers = NULL;
    const char *dump = NULL;
    uint64_t addr = 0;
    bool has_addr = false;
    int code = describe_operands(opts, &dump, &addr, &has_addr);
    if (code != EXIT_DONE)
        return code;
    code = session_open(&session, opts, dump);
    if (code == EXIT_DONE)
        code = session_scan(&session, HGR_SCAN_GRAPH);
    if (code == EXIT_DONE)
        code = session_node(&session, addr, &rows.object);
    if (code == EXIT_DONE && opt_given(opts, OPT_IN))
        code = find_referrers(&session, rows.object, &referrers);
    if (code == EXIT_DONE) {
        rows.left = session_top(&session, true);
        answer(&rows, referrers);
    }
    hgr_set_free(referrers);
    return session_close(&session, code);
}
