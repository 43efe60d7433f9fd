/* tools: `dominators`: the dominator tree from the roots (or one object) down, folded by type. */
#include "describe.h"
#include "fold.h"
#include "units.h"

#include <inttypes.h>
#include <stdlib.h>

const opt_row opts_dominators[] = {
    {OPT_NODE, "node", 0, OPT_ADDRESS, "ADDRESS", NULL,
     "begin at this object instead of the roots"},
    {OPT_DEPTH, "depth", 'd', OPT_COUNT, "N", "5", "levels to go down"},
    {OPT_MIN, "min", 0, OPT_SHARE, "SHARE", "1%", "leave out rows that retain less of the whole"},
    OPT_ROW_TOP,
    {OPT_ALL, "all", 'a', OPT_FLAG, NULL, NULL, "print every row, however small"},
    OPT_ROW_END};

struct answer {
    tool_session session;
    tool_fold fold;
    uint32_t *order;
    named_roots roots;
    bool *shown; /* by row */
    uint64_t whole, least, rows;
    hgr_node top;
};

/* The type, and for a single object where it is; at the top also the root that holds it. */
static void describe_row(const struct answer *answer, const fold_row *row, strbuf *out)
{
    const tool_session *session = &answer->session;
    char address[UNITS_TEXT];
    if (row->count == 1 && row->depth == 0)
        describe_with_root(session, &answer->roots, row->example, out);
    else
        strbuf_add_z(out, hgr_snapshot_type(session->snapshot, row->type)->name);
    if (row->count == 1)
        strbuf_format(out, "  %s",
                      units_address(address, hgr_node_address(session->snapshot, row->example),
                                    session_pointer_size(session)));
}

/* A row is shown when it is large enough and its parent is shown. */
static void choose_rows(struct answer *answer)
{
    bool all = opt_given(answer->session.opts, OPT_ALL);
    bool json_all = session_wants_json(&answer->session);
    uint64_t top = session_top(&answer->session, true);
    for (size_t i = 0; i < answer->fold.count; i++) {
        const fold_row *row = &answer->fold.rows[answer->order[i]];
        bool above = row->parent == UINT32_MAX || answer->shown[row->parent];
        bool fits = all || json_all || answer->rows < top || row->depth > 0;
        answer->shown[answer->order[i]] = above && fits && row->retained_bytes >= answer->least;
        answer->rows += row->depth == 0 && answer->shown[answer->order[i]];
    }
}

static void print_table(const struct answer *answer)
{
    static const table_column columns[] = {{"retained bytes", TABLE_BYTES},
                                           {"share", TABLE_SHARE},
                                           {"bytes", TABLE_BYTES | TABLE_OPTIONAL},
                                           {"count", TABLE_COUNT},
                                           {"type", TABLE_TEXT}};
    tool_table table;
    size_t left_out = 0;
    table_init(&table, answer->session.opts, session_pointer_size(&answer->session), columns, 5,
               "sorted by retained bytes on each level");
    for (size_t i = 0; i < answer->fold.count; i++) {
        const fold_row *row = &answer->fold.rows[answer->order[i]];
        if (!answer->shown[answer->order[i]]) {
            left_out++;
            continue;
        }
        strbuf line = {0};
        strbuf_format(&line, "%*s", (int)(row->depth > 40 ? 80 : row->depth * 2), "");
        describe_row(answer, row, &line);
        table_number(&table, row->retained_bytes);
        table_share(&table, row->retained_bytes, answer->whole);
        table_number(&table, row->bytes);
        table_number(&table, row->count);
        table_text(&table, strbuf_get(&line));
        strbuf_fini(&line);
    }
    table_finish(&table);
    if (left_out)
        printf("\n%zu smaller rows left out; --min and --all show them, --depth goes deeper\n",
               left_out);
}

static void write_json(struct answer *answer)
{
    tool_json *json = &answer->session.json;
    out_u64(json, "retained_bytes", answer->whole);
    out_array(json, "rows");
    for (size_t i = 0; i < answer->fold.count; i++) {
        const fold_row *row = &answer->fold.rows[answer->order[i]];
        if (!answer->shown[answer->order[i]])
            continue;
        out_object(json, NULL);
        out_u64(json, "depth", row->depth);
        out_text(json, "type", hgr_snapshot_type(answer->session.snapshot, row->type)->name);
        out_u64(json, "count", row->count);
        out_u64(json, "bytes", row->bytes);
        out_u64(json, "retained_bytes", row->retained_bytes);
        out_address(json, "example", hgr_node_address(answer->session.snapshot, row->example));
        uint32_t root = named_root_of(&answer->roots, row->example);
        if (row->depth == 0 && row->count == 1 && root != UINT32_MAX)
            out_text(json, "root", hgr_snapshot_root(answer->session.snapshot, root)->name);
        out_end_object(json);
    }
    out_end_array(json);
}

static int find_top(struct answer *answer)
{
    tool_session *session = &answer->session;
    answer->top = session_nodes(session);
    if (!opt_given(session->opts, OPT_NODE))
        return EXIT_DONE;
    int code = session_node(session, opt_number(session->opts, OPT_NODE), &answer->top);
    if (code == EXIT_DONE && hgr_domtree_idom(session->tree)[answer->top] == HGR_NO_NODE)
        return session_refuse(session,
                              "%s: no root reaches the object at %s, so nothing dominates it",
                              session->dump_path, opt_text(session->opts, OPT_NODE));
    return code;
}

static int answer_tree(struct answer *answer)
{
    tool_session *session = &answer->session;
    int code = find_top(answer);
    if (code != EXIT_DONE)
        return code;
    uint64_t depth = opt_number(session->opts, OPT_DEPTH);
    uint64_t whole = session->retained[answer->top], ppm = opt_number(session->opts, OPT_MIN);
    uint64_t large = whole / 1000000 * ppm + whole % 1000000 * ppm / 1000000;
    answer->whole = whole;
    answer->least = opt_given(session->opts, OPT_ALL) ? 0 : large;
    fold_create(&answer->fold, session, answer->top, depth > 1000 ? 1000 : (uint32_t)depth,
                large ? large : 1);
    answer->order = fold_order(&answer->fold);
    answer->roots = named_roots_create(session);
    answer->shown = must_alloc(answer->fold.count, sizeof *answer->shown);
    choose_rows(answer);
    session_begin_answer(session);
    if (session_wants_json(session))
        write_json(answer);
    else
        print_table(answer);
    session_end_answer(
        session, answer->fold.count ? "path" : NULL, "0x%" PRIx64,
        answer->fold.count
            ? hgr_node_address(session->snapshot, answer->fold.rows[answer->order[0]].example)
            : 0);
    return EXIT_DONE;
}

int cmd_dominators(const tool_opts *opts)
{
    struct answer answer = {0};
    if (opt_number(opts, OPT_DEPTH) == 0)
        return opt_usage(opts, "--depth '0': allowed: 1 and more");
    int code = session_open(&answer.session, opts, opts->operands[0]);
    if (code == EXIT_DONE)
        code = session_retained(&answer.session);
    if (code == EXIT_DONE)
        code = answer_tree(&answer);
    fold_free(&answer.fold);
    free(answer.order);
    named_roots_free(&answer.roots);
    free(answer.shown);
    return session_close(&answer.session, code);
}
