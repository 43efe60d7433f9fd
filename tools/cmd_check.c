/* tools: `check`: every violated invariant of the heap, the graph and the totals. Exit 1 when there is one. */
#include "session.h"
#include "units.h"

#include <stdlib.h>

const opt_row opts_check[] = {
    OPT_ROW_TOP,
    OPT_ROW_ALL,
    OPT_ROW_END};

/* What was found wrong. Text is NULL for a finding of the walk. */
typedef struct violation {
    const char *kind;
    const char *text;
    uint64_t    addr, value, bytes;
} violation;

typedef struct violation_list {
    violation *rows;
    size_t     count, capacity;
} violation_list;

struct answer {
    tool_session    session;
    violation_list violations;
    hgr_status     graph; /* why the validator refused the graph */
};

static void add_violation(violation_list *violations, violation row)
{
    if (violations->count == violations->capacity) {
        violations->capacity = violations->capacity ? violations->capacity * 2 : 64;
        violations->rows =
            must_resize(violations->rows, violations->capacity, sizeof *violations->rows);
    }
    violations->rows[violations->count++] = row;
}

/* A type without a readable name is a gap in what can be said, not damage of the heap. */
static bool is_damage(hgr_finding_kind kind)
{
    return kind != HGR_FOUND_NO_NAME;
}

static void check_segments(struct answer *answer)
{
    const hgr_runtime *runtime = answer->session.runtime;
    uint64_t end = 0;
    for (size_t i = 0; i < hgr_runtime_segments(runtime); i++) {
        const hgr_segment *segment = hgr_runtime_segment(runtime, i);
        if (segment->start_addr < end)
            add_violation(&answer->violations,
                          (violation){"segments", "overlaps the segment before", segment->start_addr,
                                      end, 0});
        if (segment->end_addr < segment->start_addr || segment->committed_addr < segment->end_addr)
            add_violation(&answer->violations,
                          (violation){"segments", "ends before it starts or beyond its committed memory",
                                      segment->start_addr, segment->end_addr, 0});
        end = segment->end_addr;
    }
}

static void check_totals(struct answer *answer)
{
    const hgr_snapshot *snapshot = answer->session.snapshot;
    const hgr_totals *totals = hgr_snapshot_totals(snapshot);
    uint64_t count = 0, bytes = 0;
    for (uint32_t t = 0; t < hgr_snapshot_types(snapshot); t++) {
        count += hgr_snapshot_type(snapshot, t)->count;
        bytes += hgr_snapshot_type(snapshot, t)->bytes;
    }
    if (count != totals->objects || count != session_nodes(&answer->session))
        add_violation(&answer->violations,
                      (violation){"totals", "objects of all types and of the heap differ", 0, count, 0});
    if (bytes != totals->bytes)
        add_violation(&answer->violations,
                      (violation){"totals", "bytes of all types and of the heap differ", 0, bytes, 0});
    for (size_t i = 0; i < hgr_snapshot_roots(snapshot); i++)
        if (hgr_snapshot_root(snapshot, i)->node >= session_nodes(&answer->session))
            add_violation(&answer->violations,
                          (violation){"roots", "names no object", hgr_snapshot_root(snapshot, i)->slot_addr,
                                      hgr_snapshot_root(snapshot, i)->object_addr, 0});
}

static void check_heap(struct answer *answer)
{
    const tool_session *session = &answer->session;
    for (size_t i = 0; hgr_runtime_warning(session->runtime, i); i++)
        add_violation(&answer->violations,
                      (violation){"self-check", hgr_runtime_warning(session->runtime, i), 0, 0, 0});
    check_segments(answer);
    for (size_t i = 0; i < hgr_snapshot_findings(session->snapshot); i++) {
        const hgr_finding *finding = hgr_snapshot_finding(session->snapshot, i);
        if (is_damage(finding->kind))
            add_violation(&answer->violations,
                          (violation){hgr_finding_kind_name(finding->kind), NULL, finding->addr,
                                      finding->value, finding->bytes});
    }
    if (hgr_graph_validate(hgr_snapshot_graph(session->snapshot), &answer->graph) != HGR_OK)
        add_violation(&answer->violations, (violation){"graph", answer->graph.text, 0, 0, 0});
    check_totals(answer);
}

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
        out_bool(json, "damage", is_damage((hgr_finding_kind)k));
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
                      is_damage((hgr_finding_kind)k) ? "" : " (no damage)");
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
    static const table_column columns[] = {
        {"address", TABLE_ADDRESS}, {"seen", TABLE_ADDRESS}, {"bytes lost", TABLE_BYTES},
        {"violation", TABLE_TEXT}};
    uint64_t top = session_top(&answer->session, false);
    tool_table table;
    putchar('\n');
    table_init(&table, answer->session.opts, session_pointer_size(&answer->session), columns, 4, NULL);
    for (size_t i = 0; i < answer->violations.count && i < top; i++) {
        const violation *row = &answer->violations.rows[i];
        strbuf text = {0};
        strbuf_format(&text, "%s%s%s", row->kind, row->text ? ": " : "", row->text ? row->text : "");
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
           units_bytes(bytes, totals->walked_bytes, opt_given(answer->session.opts, OPT_HUMAN)));
    print_kinds(answer);
    if (answer->violations.count)
        print_violations(answer);
}

int cmd_check(const tool_opts *opts)
{
    struct answer answer = {0};
    tool_session *session = &answer.session;
    int code = session_open(session, opts, opts->operands[0]);
    if (code == EXIT_DONE)
        hgr_run_set_check_level(session->run, 2);
    if (code == EXIT_DONE)
        code = session_scan(session, HGR_SCAN_GRAPH);
    if (code == EXIT_DONE) {
        check_heap(&answer);
        session_begin_answer(session);
        if (session_wants_json(session))
            write_json(&answer);
        else
            print_answer(&answer);
        session_end_answer(session, NULL);
        if (answer.violations.count)
            code = EXIT_HOLDS;
    }
    free(answer.violations.rows);
    return session_close(session, code);
}
