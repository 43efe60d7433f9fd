/* tools: `types`: what fills the heap. Without --retained and --set one pass that keeps no graph.
 */
#include "free_blocks.h"
#include "groups.h"
#include "pick.h"
#include "set_eval.h"
#include "types_json.h"
#include "units.h"

#include <stdlib.h>

const opt_row opts_types[] = {
    {OPT_RETAINED, "retained", 'r', OPT_FLAG, NULL, NULL,
     "also retained bytes (of all objects of a type) and owned"},
    {OPT_BY, "by", 0, OPT_CHOICE, "type|generation|namespace|assembly", "type", "one row per"},
    OPT_ROW_SET("only objects of this set (heapgraph help sets)"),
    {OPT_SORT, "sort", 0, OPT_CHOICE, "bytes|count|retained|owned|name", "bytes",
     "order; retained with --retained"},
    OPT_ROW_TOP,
    OPT_ROW_ALL,
    {OPT_ADDRESSES, "addresses", 0, OPT_FLAG, NULL, NULL,
     "one row per method table, with its address"},
    OPT_ROW_END};

enum { SORT_BYTES, SORT_COUNT, SORT_RETAINED, SORT_OWNED, SORT_NAME };

struct answer {
    tool_session session;
    tool_groups groups;
    tool_pick order;
    tool_group total;
    unsigned sort;
    bool retained, addresses;
};

/* Rows below the line have no retained bytes of their own. */
static void print_row(const struct answer *answer, tool_table *table, const tool_group *row,
                      const char *name, bool below)
{
    table_number(table, row->count);
    table_number(table, row->bytes);
    table_number(table, row->count ? row->bytes / row->count : 0);
    for (int extra = 0; extra < 2; extra++)
        if (below)
            table_empty(table);
        else
            table_number(table, extra ? row->owned_bytes : row->retained_bytes);
    if (answer->addresses && row->first < row->end)
        table_number(table,
                     hgr_snapshot_type(answer->session.snapshot, answer->groups.types[row->first])
                         ->method_table_addr);
    else
        table_empty(table);
    table_text(table, name);
}

static void print_foot(const struct answer *answer, tool_table *table)
{
    const hgr_totals *totals = hgr_snapshot_totals(answer->session.snapshot);
    tool_group rest = {0}, free_row = {.count = totals->free_count, .bytes = totals->free_bytes};
    char count[UNITS_TEXT], text[96];
    size_t shown = answer->order.count, rows = 0;
    for (uint32_t g = 0; g < answer->groups.count; g++)
        rows += answer->groups.rows[g].count != 0;
    for (size_t i = 0; i < shown; i++) {
        rest.count += answer->groups.rows[answer->order.rows[i].id].count;
        rest.bytes += answer->groups.rows[answer->order.rows[i].id].bytes;
    }
    rest.count = answer->total.count - rest.count;
    rest.bytes = answer->total.bytes - rest.bytes;
    table_gap(table);
    if (rows > shown) {
        snprintf(text, sizeof text, "(%s more rows: --all)", units_count(count, rows - shown));
        print_row(answer, table, &rest, text, true);
    }
    bool set = opt_given(answer->session.opts, OPT_SET);
    print_row(answer, table, &answer->total, set ? "(the whole set)" : "(all objects)", true);
    if (!set)
        print_row(answer, table, &free_row, "Free", true);
}

static void print_table(const struct answer *answer)
{
    static const char *const orders[] = {"sorted by bytes, then name", "sorted by count, then name",
                                         "sorted by retained bytes, then name",
                                         "sorted by owned bytes, then name", "sorted by name"};
    static const char *const titles[] = {"type", "generation", "namespace", "assembly"};
    table_kind extra = answer->retained ? TABLE_BYTES : TABLE_SKIP;
    const table_column columns[] = {
        {"count", TABLE_COUNT},
        {"bytes", TABLE_BYTES},
        {"average", TABLE_BYTES | TABLE_OPTIONAL},
        {"retained bytes", extra},
        {"owned bytes", extra},
        {"method table", answer->addresses ? TABLE_ADDRESS : TABLE_SKIP},
        {titles[opt_number(answer->session.opts, OPT_BY)], TABLE_TEXT},
    };
    tool_table table;
    table_init(&table, answer->session.opts, session_pointer_size(&answer->session), columns, 7,
               orders[answer->sort]);
    for (size_t i = 0; i < answer->order.count; i++) {
        const tool_group *row = &answer->groups.rows[answer->order.rows[i].id];
        print_row(answer, &table, row, row->name, false);
    }
    print_foot(answer, &table);
    table_finish(&table);
    size_t blocks = hgr_snapshot_free_blocks(answer->session.snapshot);
    if (blocks == 0 || opt_given(answer->session.opts, OPT_SET))
        return;
    char count[UNITS_TEXT];
    printf("\nFragmentation: %s of at least 0.5 MiB\n", units_things(count, blocks, "free block"));
    free_blocks_print(&answer->session, session_top(&answer->session, false));
}

static void sort_rows(struct answer *answer)
{
    pick_init(&answer->order, session_top(&answer->session, true));
    for (uint32_t g = 0; g < answer->groups.count; g++) {
        const tool_group *row = &answer->groups.rows[g];
        const uint64_t keys[] = {row->bytes, row->count, row->retained_bytes, row->owned_bytes, 0};
        answer->total.count += row->count;
        answer->total.bytes += row->bytes;
        if (row->count)
            pick_add(&answer->order, keys[answer->sort], g); /* rows are by name: ties too */
    }
    pick_sort(&answer->order);
}

static int compute(struct answer *answer, const set_expr *expr)
{
    tool_session *session = &answer->session;
    hgr_set *set = NULL;
    bool graph = expr || answer->retained;
    int code = session_scan(session, graph ? HGR_SCAN_GRAPH : HGR_SCAN_TYPES);
    if (code == EXIT_DONE && expr)
        code = set_eval(session, expr, &set);
    if (code == EXIT_DONE) {
        group_by by = (group_by)opt_number(session->opts, OPT_BY);
        groups_init(&answer->groups, session->snapshot, answer->addresses ? BY_METHOD_TABLE : by);
        groups_count(&answer->groups, session->snapshot, set);
        if (answer->retained)
            code = groups_retain(&answer->groups, session, set);
    }
    hgr_set_free(set);
    return code;
}

int cmd_types(const tool_opts *opts)
{
    struct answer answer = {.sort = (unsigned)opt_number(opts, OPT_SORT),
                            .retained = opt_given(opts, OPT_RETAINED),
                            .addresses = opt_given(opts, OPT_ADDRESSES)};
    set_expr *expr = NULL;
    int code = set_parse_option(opts, OPT_SET, &expr);
    if (code != EXIT_DONE)
        return code;
    if (!answer.retained && (answer.sort == SORT_RETAINED || answer.sort == SORT_OWNED))
        answer.retained = true;
    if (answer.retained && !opt_given(opts, OPT_SORT))
        answer.sort = SORT_RETAINED;
    if (answer.addresses && opt_number(opts, OPT_BY) != BY_TYPE) {
        free(expr);
        return opt_usage(opts, "--addresses goes with --by type only, seen --by %s",
                         opt_text(opts, OPT_BY));
    }
    code = session_open(&answer.session, opts, opts->operands[0]);
    if (code == EXIT_DONE)
        code = compute(&answer, expr);
    if (code == EXIT_DONE) {
        sort_rows(&answer);
        session_begin_answer(&answer.session);
        if (session_wants_json(&answer.session))
            types_write(&answer.session, &answer.groups, &answer.order, &answer.total,
                        answer.retained);
        else
            print_table(&answer);
        const char *first = answer.order.count && opt_number(opts, OPT_BY) == BY_TYPE
                                ? answer.groups.rows[answer.order.rows[0].id].name
                                : NULL;
        if (answer.retained && first)
            session_end_answer(&answer.session, "path", "--to 'type=\"%.400s\"'", first);
        else
            session_end_answer(&answer.session, "types", "--retained");
    }
    pick_fini(&answer.order);
    groups_fini(&answer.groups);
    free(expr);
    return session_close(&answer.session, code);
}
