/* tools: `roots`: what keeps objects alive, by kind or one by one. */
#include "describe.h"
#include "pick.h"
#include "root_kinds.h"
#include "units.h"

#include <stdlib.h>
#include <string.h>

const opt_row opts_roots[] = {{OPT_KIND, "kind", 'k', OPT_TEXT, "KIND", NULL,
                               "list the roots of one kind (the names in the table), or all"},
                              {OPT_RETAINED, "retained", 'r', OPT_FLAG, NULL, NULL,
                               "also what goes when all roots of a kind go; listed: by object"},
                              OPT_ROW_TOP,
                              OPT_ROW_ALL,
                              OPT_ROW_END};

struct answer {
    tool_session session;
    root_kind_sum kinds[HGR_ROOT_KINDS];
    int kind; /* to list; HGR_ROOT_KINDS = all, -1 = none */
};

static void write_root(struct answer *answer, size_t index)
{
    tool_session *session = &answer->session;
    const hgr_root *root = hgr_snapshot_root(session->snapshot, index);
    tool_json *json = &session->json;
    out_object(json, NULL);
    describe_root_place(json, root);
    out_text(json, "type", session_type_name(session, root->node));
    out_u64(json, "bytes", hgr_node_bytes(session->snapshot, root->node));
    if (session->retained)
        out_u64(json, "retained_bytes", session->retained[root->node]);
    describe_root_evidence(json, root);
    out_end_object(json);
}

static void print_root(struct answer *answer, tool_table *table, size_t index)
{
    const tool_session *session = &answer->session;
    const hgr_root *root = hgr_snapshot_root(session->snapshot, index);
    strbuf line = {0};
    strbuf_format(&line, "%s → ", root->name);
    strbuf_add_z(&line, session_type_name(session, root->node));
    table_number(table, root->object_addr);
    table_number(table, hgr_node_bytes(session->snapshot, root->node));
    table_number(table, session->retained ? session->retained[root->node] : 0);
    table_text(table, strbuf_get(&line));
    strbuf_fini(&line);
}

static void list_roots(struct answer *answer)
{
    tool_session *session = &answer->session;
    const table_column columns[] = {
        {"object", TABLE_ADDRESS},
        {"bytes", TABLE_BYTES},
        {"retained bytes", session->retained ? TABLE_BYTES : TABLE_SKIP},
        {"root → type", TABLE_TEXT}};
    bool json_wanted = session_wants_json(session);
    tool_table table;
    tool_pick order;
    uint64_t matching = 0;
    pick_init(&order, session_top(session, true));
    for (size_t i = 0; i < session->nroots; i++) {
        const hgr_root *root = hgr_snapshot_root(session->snapshot, i);
        if (answer->kind >= 0 && answer->kind != HGR_ROOT_KINDS && (int)root->kind != answer->kind)
            continue;
        matching++;
        pick_add(&order, session->retained ? session->retained[root->node] : 0, (uint32_t)i);
    }
    pick_sort(&order);
    if (json_wanted)
        out_array(&session->json, "roots");
    else
        table_init(&table, session->opts, session_pointer_size(session), columns, 4,
                   session->retained ? "sorted by retained bytes" : "sorted by kind, slot");
    for (size_t i = 0; i < order.count; i++) {
        if (json_wanted)
            write_root(answer, order.rows[i].id);
        else
            print_root(answer, &table, order.rows[i].id);
    }
    if (json_wanted) {
        out_end_array(&session->json);
    } else {
        table_finish(&table);
        if (matching > order.count)
            printf("\n%zu of %llu roots; --all shows every one\n", order.count,
                   (unsigned long long)matching);
    }
    pick_fini(&order);
}

static int read_kind(const tool_opts *opts, int *out)
{
    const char *names[HGR_ROOT_KINDS + 1];
    for (int k = 0; k < HGR_ROOT_KINDS; k++)
        names[k] = hgr_root_kind_name((hgr_root_kind)k);
    names[HGR_ROOT_KINDS] = "all";
    return opt_word(opts, OPT_KIND, names, HGR_ROOT_KINDS + 1, out);
}

int cmd_roots(const tool_opts *opts)
{
    struct answer answer = {0};
    tool_session *session = &answer.session;
    int code = read_kind(opts, &answer.kind);
    if (code != EXIT_DONE)
        return code;
    bool listed = answer.kind >= 0, retained = opt_given(opts, OPT_RETAINED);
    code = session_open(session, opts, opts->operands[0]);
    if (code == EXIT_DONE)
        code = session_roots(session);
    if (code == EXIT_DONE)
        root_kinds_count(answer.kinds, session);
    if (code == EXIT_DONE && retained && (listed || session_wants_json(session)))
        code = session_retained(session);
    if (code == EXIT_DONE && retained && !listed)
        code = root_kinds_retain(answer.kinds, session);
    if (code == EXIT_DONE) {
        session_begin_answer(session);
        if (session_wants_json(session))
            root_kinds_write(answer.kinds, session, retained && !listed);
        if (session_wants_json(session) || listed)
            list_roots(&answer);
        else
            root_kinds_print(answer.kinds, session);
        session_end_answer(session, listed ? NULL : "roots", "%s", "--kind static --retained");
    }
    return session_close(session, code);
}
