/* tools: `check`: every violated invariant of the heap, the graph, the totals and the runtime's
 * tables. Exit 1 when there is one. */
#include "session.h"
#include "units.h"
#include "violations.h"

const opt_row opts_check[] = {OPT_ROW_TOP, OPT_ROW_ALL, OPT_ROW_END};

struct answer {
    tool_session session;
    violation_list violations;
};

static void write_kinds(struct answer *answer)
{
    tool_json *json = &answer->session.json;
    out_array(json, "findings");
    for (unsigned k = 0; k < HGR_FINDING_KINDS; k++) {
        uint64_t bytes = 0;
        uint64_t count =
            hgr_snapshot_finding_count(answer->session.snapshot, (hgr_finding_kind)k, &bytes);
        if (count == 0)
            continue;
        out_object(json, NULL);
        out_text(json, "kind", hgr_finding_kind_name((hgr_finding_kind)k));
        out_u64(json, "count", count);
        out_u64(json, "bytes", bytes);
        out_bool(json, "damage", violations_is_damage((hgr_finding_kind)k));
        out_end_object(json);
    }
    out_end_array(json);
}

static void write_json(struct answer *answer)
{
    tool_json *json = &answer->session.json;
    const hgr_totals *totals = hgr_snapshot_totals(answer->session.snapshot);
    uint64_t top = session_top(&answer->session, true);
    out_bool(json, "damaged", answer->violations.count != 0);
    out_u64(json, "objects", totals->objects);
    out_u64(json, "references", totals->references);
    out_u64(json, "used_bytes", totals->used_bytes);
    out_u64(json, "walked_bytes", totals->walked_bytes);
    write_kinds(answer);
    out_array(json, "violations");
    for (size_t i = 0; i < answer->violations.count && i < top; i++) {
        const violation *row = &answer->violations.rows[i];
        out_object(json, NULL);
        out_text(json, "kind", row->kind);
        out_address(json, "address", row->addr);
        out_address(json, "value", row->value);
        out_u64(json, "bytes", row->bytes);
        out_text(json, "text", row->text);
        out_end_object(json);
    }
    out_end_array(json);
}

static void print_kinds(const struct answer *answer)
{
    static const table_column columns[] = {
        {"count", TABLE_COUNT}, {"bytes lost", TABLE_BYTES}, {"finding", TABLE_TEXT}};
    tool_table table;
    table_init(&table, answer->session.opts, 8, columns, 3, NULL);
    for (unsigned k = 0; k < HGR_FINDING_KINDS; k++) {
        uint64_t bytes = 0;
        uint64_t count =
            hgr_snapshot_finding_count(answer->session.snapshot, (hgr_finding_kind)k, &bytes);
        if (count == 0)
            continue;
        strbuf name = {0};
        strbuf_format(&name, "%s%s", hgr_finding_kind_name((hgr_finding_kind)k),
                      violations_is_damage((hgr_finding_kind)k) ? "" : " (no damage)");
        table_number(&table, count);
        table_number(&table, bytes);
        table_text(&table, strbuf_get(&name));
        strbuf_fini(&name);
    }
    if (table.rows)
        table_finish(&table);
}

static void print_violations(const struct answer *answer)
{
    static const table_column columns[] = {{"address", TABLE_ADDRESS},
                                           {"seen", TABLE_ADDRESS},
                                           {"bytes lost", TABLE_BYTES},
                                           {"violation", TABLE_TEXT}};
    uint64_t top = session_top(&answer->session, false);
    tool_table table;
    putchar('\n');
    table_init(&table, answer->session.opts, session_pointer_size(&answer->session), columns, 4,
               NULL);
    for (size_t i = 0; i < answer->violations.count && i < top; i++) {
        const violation *row = &answer->violations.rows[i];
        strbuf text = {0};
        strbuf_format(&text, "%s%s%s", row->kind, row->text ? ": " : "",
                      row->text ? row->text : "");
        table_number(&table, row->addr);
        table_number(&table, row->value);
        table_number(&table, row->bytes);
        table_text(&table, strbuf_get(&text));
        strbuf_fini(&text);
    }
    table_finish(&table);
    if (answer->violations.count > top)
        printf("\n%zu more; --all shows every one\n", answer->violations.count - (size_t)top);
}

static void print_answer(const struct answer *answer)
{
    const hgr_totals *totals = hgr_snapshot_totals(answer->session.snapshot);
    char objects[UNITS_TEXT], references[UNITS_TEXT], bytes[UNITS_TEXT];
    printf("%s: %s objects, %s references, %s of heap walked\n",
           answer->violations.count ? "DAMAGED" : "sound", units_count(objects, totals->objects),
           units_count(references, totals->references),
           units_amount(bytes, totals->walked_bytes, opt_given(answer->session.opts, OPT_HUMAN)));
    print_kinds(answer);
    if (answer->violations.count)
        print_violations(answer);
}

int cmd_check(const tool_opts *opts)
{
    struct answer answer = {.session.cross_check = true};
    tool_session *session = &answer.session;
    int code = session_open(session, opts, opts->operands[0]);
    if (code == EXIT_DONE)
        hgr_run_set_check_level(session->run, 2);
    if (code == EXIT_DONE)
        code = session_scan(session, HGR_SCAN_GRAPH);
    if (code == EXIT_DONE)
        code = violations_find(&answer.violations, session);
    if (code == EXIT_DONE) {
        session_begin_answer(session);
        if (session_wants_json(session))
            write_json(&answer);
        else
            print_answer(&answer);
        session_end_answer(session, NULL, "%s", "");
        if (answer.violations.count)
            code = EXIT_HOLDS;
    }
    violations_free(&answer.violations);
    return session_close(session, code);
}
