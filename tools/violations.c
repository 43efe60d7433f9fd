/* tools: find what violates an invariant; the walk's own findings come first in address order. */
#include "violations.h"

#include <stdlib.h>

static void add_violation(violation_list *violations, violation row)
{
    if (violations->count == violations->capacity) {
        violations->capacity = violations->capacity ? violations->capacity * 2 : 64;
        violations->rows =
            must_resize(violations->rows, violations->capacity, sizeof *violations->rows);
    }
    violations->rows[violations->count++] = row;
}

bool violations_is_damage(hgr_finding_kind kind)
{
    return kind != HGR_FOUND_NO_NAME;
}

static void check_segments(violation_list *violations, const hgr_runtime *runtime)
{
    uint64_t end = 0;
    for (size_t i = 0; i < hgr_runtime_segments(runtime); i++) {
        const hgr_segment *segment = hgr_runtime_segment(runtime, i);
        if (segment->start_addr < end)
            add_violation(violations, (violation){"segments", "overlaps the segment before",
                                                  segment->start_addr, end, 0});
        if (segment->end_addr < segment->start_addr || segment->committed_addr < segment->end_addr)
            add_violation(violations,
                          (violation){"segments",
                                      "ends before it starts or beyond its committed memory",
                                      segment->start_addr, segment->end_addr, 0});
        end = segment->end_addr;
    }
}

static void check_totals(violation_list *violations, const hgr_snapshot *snapshot)
{
    uint32_t n = hgr_graph_nodes(hgr_snapshot_graph(snapshot));
    const hgr_totals *totals = hgr_snapshot_totals(snapshot);
    uint64_t count = 0, bytes = 0;
    for (uint32_t t = 0; t < hgr_snapshot_types(snapshot); t++) {
        count += hgr_snapshot_type(snapshot, t)->count;
        bytes += hgr_snapshot_type(snapshot, t)->bytes;
    }
    if (count != totals->objects || count != n)
        add_violation(
            violations,
            (violation){"totals", "objects of all types and of the heap differ", 0, count, 0});
    if (bytes != totals->bytes)
        add_violation(violations, (violation){"totals", "bytes of all types and of the heap differ",
                                              0, bytes, 0});
    for (size_t i = 0; i < hgr_snapshot_roots(snapshot); i++)
        if (hgr_snapshot_root(snapshot, i)->node >= n)
            add_violation(violations, (violation){"roots", "names no object",
                                                  hgr_snapshot_root(snapshot, i)->slot_addr,
                                                  hgr_snapshot_root(snapshot, i)->object_addr, 0});
}

static bool add_table_violation(void *user, const hgr_violation *found)
{
    add_violation(user, (violation){found->kind, found->text, found->addr, found->value, 0});
    return true;
}

int violations_find(violation_list *violations, tool_session *session)
{
    hgr_status status = {0};
    for (size_t i = 0; hgr_runtime_warning(session->runtime, i); i++)
        add_violation(violations,
                      (violation){"self-check", hgr_runtime_warning(session->runtime, i), 0, 0, 0});
    check_segments(violations, session->runtime);
    for (size_t i = 0; i < hgr_snapshot_findings(session->snapshot); i++) {
        const hgr_finding *finding = hgr_snapshot_finding(session->snapshot, i);
        if (violations_is_damage(finding->kind))
            add_violation(violations, (violation){hgr_finding_kind_name(finding->kind), NULL,
                                                  finding->addr, finding->value, finding->bytes});
    }
    if (hgr_graph_validate(hgr_snapshot_graph(session->snapshot), &violations->graph) != HGR_OK)
        add_violation(violations, (violation){"graph", violations->graph.text, 0, 0, 0});
    check_totals(violations, session->snapshot);
    int code = session_state(session);
    if (code != EXIT_DONE)
        return code;
    hgr_result result = hgr_state_check(session->state, session->snapshot, add_table_violation,
                                        violations, &status);
    return result == HGR_OK ? EXIT_DONE : session_fail(session, result, &status);
}

void violations_free(violation_list *violations)
{
    free(violations->rows);
}
