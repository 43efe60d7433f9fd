/* tools: `list`: the objects of a set, one by one; `--set free`: the large free blocks. */
#include "field_filter.h"
#include "free_blocks.h"
#include "pick.h"
#include "set_eval.h"
#include "units.h"

#include <inttypes.h>
#include <stdlib.h>

const opt_row opts_list[] = {
    OPT_ROW_SET("only objects of this set (heapgraph help sets)"),
    {OPT_SORT, "sort", 0, OPT_CHOICE, "bytes|address|retained", "bytes", "order"},
    {OPT_RETAINED, "retained", 'r', OPT_FLAG, NULL, NULL, "also the bytes each object retains"},
    {OPT_WHERE, "where", 'w', OPT_TEXT, "COND", NULL,
     "only objects whose field compares: Age>=18, Owner.Name=Ann, Url~login"},
    {OPT_FIELDS, "fields", 'f', OPT_TEXT, "PATHS", NULL,
     "columns with these fields: Name,Owner.Age"},
    {OPT_COUNT_BY, "count-by", 0, OPT_TEXT, "PATH", NULL,
     "count the objects by this field's value"},
    OPT_ROW_TOP,
    OPT_ROW_ALL,
    OPT_ROW_END};

enum { SORT_BYTES, SORT_ADDRESS, SORT_RETAINED };

struct answer {
    tool_session session;
    tool_pick order;
    field_filter filter;
    value_tally tally;
    const char *count_by;
    unsigned sort;
    bool retained;
    uint64_t count, bytes;
};

static bool add_node(void *user, hgr_node node)
{
    struct answer *answer = user;
    if (answer->filter.nconditions &&
        !field_filter_matches(&answer->filter, &answer->session, node))
        return true;
    uint64_t bytes = hgr_node_bytes(answer->session.snapshot, node), key = bytes;
    if (answer->sort == SORT_ADDRESS)
        key = UINT64_MAX - node; /* descending keys: ascending addresses */
    else if (answer->sort == SORT_RETAINED)
        key = answer->session.retained[node];
    if (answer->count_by)
        value_tally_add(&answer->tally, &answer->session, node, answer->count_by);
    else
        pick_add(&answer->order, key, node);
    answer->count++;
    answer->bytes += bytes;
    return true;
}

static void write_json(struct answer *answer)
{
    tool_session *session = &answer->session;
    tool_json *json = &session->json;
    out_object(json, "set");
    out_u64(json, "count", answer->count);
    out_u64(json, "bytes", answer->bytes);
    out_end_object(json);
    if (answer->count_by) {
        value_tally_write(&answer->tally, session, answer->count_by, session_top(session, false));
        return;
    }
    out_array(json, "objects");
    for (size_t i = 0; i < answer->order.count; i++) {
        hgr_node node = answer->order.rows[i].id;
        out_object(json, NULL);
        out_address(json, "address", hgr_node_address(session->snapshot, node));
        out_text(json, "type", session_type_name(session, node));
        out_u64(json, "bytes", hgr_node_bytes(session->snapshot, node));
        if (answer->retained)
            out_u64(json, "retained_bytes", session->retained[node]);
        out_text(json, "generation",
                 hgr_generation_name(hgr_node_generation(session->snapshot, node)));
        field_columns_write(&answer->filter, session, node);
        out_end_object(json);
    }
    out_end_array(json);
}

static void print_table(struct answer *answer)
{
    static const char *const orders[] = {"sorted by bytes, then address", "sorted by address",
                                         "sorted by retained bytes, then address"};
    table_column columns[5 + FILTER_COLUMNS_MAX] = {
        {"address", TABLE_ADDRESS},
        {"bytes", TABLE_BYTES},
        {"retained bytes", answer->retained ? TABLE_BYTES : TABLE_SKIP},
        {"gen", TABLE_TEXT},
    };
    const field_filter *filter = &answer->filter;
    size_t ncolumns = 4;
    for (size_t i = 0; i < filter->ncolumns; i++)
        columns[ncolumns++] = (table_column){filter->columns[i], TABLE_TEXT};
    columns[ncolumns++] = (table_column){"type", TABLE_TEXT};
    tool_session *session = &answer->session;
    char count[UNITS_TEXT], bytes[UNITS_TEXT];
    tool_table table;
    table_init(&table, session->opts, session_pointer_size(session), columns, ncolumns,
               orders[answer->sort]);
    for (size_t i = 0; i < answer->order.count; i++) {
        hgr_node node = answer->order.rows[i].id;
        table_number(&table, hgr_node_address(session->snapshot, node));
        table_number(&table, hgr_node_bytes(session->snapshot, node));
        table_number(&table, answer->retained ? session->retained[node] : 0);
        table_text(&table, hgr_generation_name(hgr_node_generation(session->snapshot, node)));
        field_columns_print(filter, session, node, &table);
        table_text(&table, session_type_name(session, node));
    }
    table_finish(&table);
    printf("\n%s, %s", units_things(count, answer->count, "object"),
           units_amount(bytes, answer->bytes, opt_given(session->opts, OPT_HUMAN)));
    if (answer->order.count < answer->count)
        printf("; --all shows every one");
    putchar('\n');
}

static int list_objects(struct answer *answer, const set_expr *expr)
{
    tool_session *session = &answer->session;
    hgr_set *set = NULL;
    int code = answer->retained ? session_retained(session) : session_scan(session, HGR_SCAN_GRAPH);
    if (code == EXIT_DONE && expr)
        code = set_eval(session, expr, &set);
    if (code != EXIT_DONE)
        return code;
    if (answer->filter.nconditions || answer->filter.ncolumns || answer->count_by)
        code = session_inspector(session);
    if (code != EXIT_DONE) {
        hgr_set_free(set);
        return code;
    }
    pick_init(&answer->order, session_top(session, false));
    if (set)
        hgr_set_visit(set, add_node, answer);
    for (hgr_node u = 0; !set && u < session_nodes(session); u++)
        add_node(answer, u);
    pick_sort(&answer->order);
    hgr_set_free(set);
    session_begin_answer(session);
    if (session_wants_json(session))
        write_json(answer);
    else if (answer->count_by)
        value_tally_write(&answer->tally, session, answer->count_by, session_top(session, false));
    else
        print_table(answer);
    if (!session_wants_json(session))
        field_filter_note(&answer->filter);
    session_end_answer(
        session, answer->order.count ? "show" : NULL, "0x%" PRIx64,
        answer->order.count ? hgr_node_address(session->snapshot, answer->order.rows[0].id) : 0);
    return EXIT_DONE;
}

/* Free blocks are no objects, so they have a list of their own: those of at least 0.5 MiB. */
static int list_free(tool_session *session)
{
    int code = session_scan(session, HGR_SCAN_TYPES);
    if (code != EXIT_DONE)
        return code;
    session_begin_answer(session);
    if (session_wants_json(session))
        free_blocks_write(session, "free_blocks");
    else
        free_blocks_print(session, session_top(session, false));
    session_end_answer(session, "segments", "%s", "");
    return EXIT_DONE;
}

int cmd_list(const tool_opts *opts)
{
    struct answer answer = {.sort = (unsigned)opt_number(opts, OPT_SORT),
                            .count_by = opt_text(opts, OPT_COUNT_BY)};
    set_expr *expr = NULL;
    int code = set_parse_option(opts, OPT_SET, &expr);
    if (code == EXIT_DONE)
        code = field_filter_parse(opts, &answer.filter);
    if (code != EXIT_DONE)
        return code;
    answer.retained = opt_given(opts, OPT_RETAINED) || answer.sort == SORT_RETAINED;
    code = session_open(&answer.session, opts, opts->operands[0]);
    if (code == EXIT_DONE)
        code = expr && expr->count == 1 && expr->terms[0].op == SET_FREE
                   ? list_free(&answer.session)
                   : list_objects(&answer, expr);
    pick_fini(&answer.order);
    field_filter_fini(&answer.filter);
    free(expr);
    return session_close(&answer.session, code);
}
