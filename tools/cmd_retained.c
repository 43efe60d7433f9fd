/* tools: `retained`: the objects that keep the most memory alive; of a set, exactly, as a whole. */
#include "describe.h"
#include "pick.h"
#include "set_eval.h"
#include "units.h"

#include <inttypes.h>
#include <stdlib.h>

const opt_row opts_retained[] = {
    OPT_ROW_SET("the set's own retained bytes, then its objects"),
    OPT_ROW_TOP,
    {OPT_ALL, "all", 'a', OPT_FLAG, NULL, NULL, "every reachable object (of the set)"},
    OPT_ROW_END};

struct answer {
    tool_session session;
    tool_pick order;
    bool of_set;
    uint64_t count, bytes;                   /* of the set */
    uint64_t retained_count, retained_bytes; /* by it */
};

static bool add_node(void *user, hgr_node node)
{
    struct answer *answer = user;
    const tool_session *session = &answer->session;
    answer->count++;
    answer->bytes += hgr_node_bytes(session->snapshot, node);
    if (hgr_domtree_idom(session->tree)[node] != HGR_NO_NODE)
        pick_add(&answer->order, session->retained[node], node);
    return true;
}

static bool add_retained(void *user, hgr_node node)
{
    struct answer *answer = user;
    answer->retained_count++;
    answer->retained_bytes += hgr_node_bytes(answer->session.snapshot, node);
    return true;
}

static int add_set(struct answer *answer, const set_expr *expr)
{
    tool_session *session = &answer->session;
    hgr_status status = {0};
    hgr_set *set = NULL, *retained = NULL;
    int code = set_eval(session, expr, &set);
    if (code != EXIT_DONE)
        return code;
    hgr_result result = hgr_set_retained(hgr_snapshot_graph(session->snapshot), session->roots,
                                         session->nroots, set, session->run, &retained, &status);
    if (result == HGR_OK) {
        hgr_set_visit(set, add_node, answer);
        hgr_set_visit(retained, add_retained, answer);
    }
    hgr_set_free(retained);
    hgr_set_free(set);
    return result == HGR_OK ? EXIT_DONE : session_fail(session, result, &status);
}

static void write_json(struct answer *answer)
{
    tool_session *session = &answer->session;
    tool_json *json = &session->json;
    uint32_t n = session_nodes(session);
    out_u64(json, "reachable_count", hgr_domtree_reachable(session->tree));
    out_u64(json, "reachable_bytes", session->retained[n]);
    if (answer->of_set) {
        out_object(json, "set");
        out_u64(json, "count", answer->count);
        out_u64(json, "bytes", answer->bytes);
        out_u64(json, "retained_count", answer->retained_count);
        out_u64(json, "retained_bytes", answer->retained_bytes);
        out_end_object(json);
    }
    named_roots roots = named_roots_create(session);
    out_array(json, "objects");
    for (size_t i = 0; i < answer->order.count; i++) {
        hgr_node node = answer->order.rows[i].id, idom = hgr_domtree_idom(session->tree)[node];
        out_object(json, NULL);
        out_address(json, "address", hgr_node_address(session->snapshot, node));
        out_text(json, "type", session_type_name(session, node));
        out_u64(json, "bytes", hgr_node_bytes(session->snapshot, node));
        out_u64(json, "retained_bytes", session->retained[node]);
        if (idom < n)
            out_address(json, "dominator", hgr_node_address(session->snapshot, idom));
        else
            out_null(json, "dominator");
        uint32_t root = named_root_of(&roots, node);
        if (root != UINT32_MAX)
            out_text(json, "root", hgr_snapshot_root(session->snapshot, root)->name);
        out_end_object(json);
    }
    out_end_array(json);
    named_roots_free(&roots);
}

static void print_set(const struct answer *answer)
{
    bool human = opt_given(answer->session.opts, OPT_HUMAN);
    char count[UNITS_TEXT], bytes[UNITS_TEXT];
    printf("the set       %s, %s\n", units_things(count, answer->count, "object"),
           units_amount(bytes, answer->bytes, human));
    printf("it retains    %s, %s\n\n", units_things(count, answer->retained_count, "object"),
           units_amount(bytes, answer->retained_bytes, human));
}

static void print_table(const struct answer *answer)
{
    static const table_column columns[] = {
        {"retained bytes", TABLE_BYTES},
        {"share", TABLE_SHARE},
        {"bytes", TABLE_BYTES | TABLE_OPTIONAL},
        {"address", TABLE_ADDRESS},
        {"dominator", TABLE_TEXT | TABLE_OPTIONAL},
        {"type", TABLE_TEXT},
    };
    const tool_session *session = &answer->session;
    uint32_t n = session_nodes(session);
    char text[UNITS_TEXT], count[UNITS_TEXT];
    named_roots roots = named_roots_create(session);
    strbuf line = {0};
    tool_table table;
    table_init(&table, session->opts, session_pointer_size(session), columns, 6,
               "sorted by retained bytes, then address");
    for (size_t i = 0; i < answer->order.count; i++) {
        hgr_node node = answer->order.rows[i].id, idom = hgr_domtree_idom(session->tree)[node];
        table_number(&table, session->retained[node]);
        table_share(&table, session->retained[node], session->retained[n]);
        table_number(&table, hgr_node_bytes(session->snapshot, node));
        table_number(&table, hgr_node_address(session->snapshot, node));
        table_text(&table, idom < n ? units_address(text, hgr_node_address(session->snapshot, idom),
                                                    session_pointer_size(session))
                                    : "(roots)");
        describe_with_root(session, &roots, node, &line);
        table_text(&table, strbuf_get(&line));
        strbuf_clear(&line);
    }
    table_finish(&table);
    strbuf_fini(&line);
    named_roots_free(&roots);
    printf("\n%s reachable objects, ", units_count(count, hgr_domtree_reachable(session->tree)));
    printf("%s\n", units_amount(text, session->retained[n], opt_given(session->opts, OPT_HUMAN)));
}

int cmd_retained(const tool_opts *opts)
{
    struct answer answer = {0};
    tool_session *session = &answer.session;
    set_expr *expr = NULL;
    int code = set_parse_option(opts, OPT_SET, &expr);
    if (code != EXIT_DONE)
        return code;
    answer.of_set = expr != NULL;
    code = session_open(session, opts, opts->operands[0]);
    if (code == EXIT_DONE)
        code = session_retained(session);
    if (code == EXIT_DONE) {
        pick_init(&answer.order, session_top(session, false));
        for (hgr_node u = 0; !expr && u < session_nodes(session); u++)
            add_node(&answer, u);
        if (expr)
            code = add_set(&answer, expr);
    }
    if (code == EXIT_DONE) {
        pick_sort(&answer.order);
        session_begin_answer(session);
        if (session_wants_json(session)) {
            write_json(&answer);
        } else {
            if (answer.of_set)
                print_set(&answer);
            print_table(&answer);
        }
        session_end_answer(
            session, answer.order.count ? "path" : NULL, "0x%" PRIx64,
            answer.order.count ? hgr_node_address(session->snapshot, answer.order.rows[0].id) : 0);
    }
    pick_fini(&answer.order);
    free(expr);
    return session_close(session, code);
}
