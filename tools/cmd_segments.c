/* tools: `segments`: committed, used and free bytes of the GC heap, by heap and generation or each.
 */
#include "pinned.h"
#include "segment_sums.h"
#include "session.h"
#include "units.h"

#include <stdlib.h>

const opt_row opts_segments[] = {
    {OPT_EACH, "each", 'e', OPT_FLAG, NULL, NULL, "one row per segment (region)"},
    {OPT_PINNED, "pinned", 'p', OPT_FLAG, NULL, NULL,
     "also the objects that handles pin, and the free space in front of them"},
    OPT_ROW_TOP,
    OPT_ROW_ALL,
    OPT_ROW_END};

#define HEAPS_MAX 65536 /* server GC has one per processor; more is damage */

static const char *generation_name(uint32_t generation)
{
    return generation < HGR_GENERATIONS ? hgr_generation_name((hgr_generation)generation)
                                        : "unknown";
}

#define COLUMNS_MAX 12
static const char LOST[] = "lost bytes"; /* a column only where some are */

static bool loses_bytes(const tool_session *session)
{
    const hgr_totals *totals = hgr_snapshot_totals(session->snapshot);
    return totals->walked_bytes < totals->used_bytes;
}

/* The columns but LOST, unless bytes are lost. */
static void begin_table(tool_table *table, const tool_session *session, const table_column *columns,
                        size_t count, const char *order)
{
    table_column shown[COLUMNS_MAX];
    size_t kept = 0;
    for (size_t i = 0; i < count; i++)
        if (columns[i].title != LOST || loses_bytes(session))
            shown[kept++] = columns[i];
    table_init(table, session->opts, session_pointer_size(session), shown, kept, order);
}

static void print_amounts(tool_table *table, const tool_session *session, const segment_sum *sum)
{
    table_number(table, sum->committed_bytes);
    table_number(table, sum->used_bytes);
    table_number(table, sum->objects);
    table_number(table, sum->free_bytes);
    table_share(table, sum->used_bytes ? sum->free_bytes : 0,
                sum->used_bytes ? sum->used_bytes : 1);
    if (loses_bytes(session))
        table_number(table, sum->lost_bytes);
}

/* Rows heap * HGR_GENERATIONS + generation; the caller frees. */
static segment_sum *sum_by_heap(const tool_session *session, uint32_t *out_heaps)
{
    uint32_t heaps = 1;
    size_t count = hgr_runtime_segments(session->runtime);
    for (size_t i = 0; i < count; i++)
        if (hgr_runtime_segment(session->runtime, i)->heap >= heaps &&
            hgr_runtime_segment(session->runtime, i)->heap < HEAPS_MAX)
            heaps = hgr_runtime_segment(session->runtime, i)->heap + 1;
    segment_sum *sums = must_alloc((size_t)heaps * HGR_GENERATIONS, sizeof *sums);
    for (size_t i = 0; i < count; i++) {
        const hgr_segment *segment = hgr_runtime_segment(session->runtime, i);
        if (segment->generation < HGR_GENERATIONS && segment->heap < heaps)
            segment_sum_add(&sums[(size_t)segment->heap * HGR_GENERATIONS + segment->generation],
                            session->runtime, session->snapshot, i);
    }
    *out_heaps = heaps;
    return sums;
}

static void print_sums(const tool_session *session, const segment_sum *sums, uint32_t heaps)
{
    static const table_column columns[] = {
        {"segments", TABLE_COUNT},   {"committed bytes", TABLE_BYTES},
        {"used bytes", TABLE_BYTES}, {"objects", TABLE_COUNT},
        {"free bytes", TABLE_BYTES}, {"fragmented", TABLE_SHARE},
        {LOST, TABLE_BYTES},         {"heap", TABLE_COUNT},
        {"generation", TABLE_TEXT}};
    segment_sum all[HGR_GENERATIONS + 1];
    tool_table table;
    begin_table(&table, session, columns, sizeof columns / sizeof columns[0], NULL);
    for (uint32_t row = 0; row < heaps * HGR_GENERATIONS; row++) {
        if (sums[row].segments == 0)
            continue;
        table_number(&table, sums[row].segments);
        print_amounts(&table, session, &sums[row]);
        table_number(&table, row / HGR_GENERATIONS);
        table_text(&table, generation_name(row % HGR_GENERATIONS));
    }
    segment_sums_by_generation(session->runtime, session->snapshot, all);
    table_gap(&table);
    table_number(&table, all[HGR_GENERATIONS].segments);
    print_amounts(&table, session, &all[HGR_GENERATIONS]);
    table_empty(&table);
    table_text(&table, "(all)");
    table_finish(&table);
}

static void print_each(const tool_session *session)
{
    static const table_column columns[] = {
        {"start", TABLE_ADDRESS},    {"end", TABLE_ADDRESS},   {"committed bytes", TABLE_BYTES},
        {"used bytes", TABLE_BYTES}, {"objects", TABLE_COUNT}, {"free bytes", TABLE_BYTES},
        {"fragmented", TABLE_SHARE}, {LOST, TABLE_BYTES},      {"heap", TABLE_COUNT},
        {"generation", TABLE_TEXT}};
    tool_table table;
    begin_table(&table, session, columns, sizeof columns / sizeof columns[0], "sorted by address");
    for (size_t i = 0; i < hgr_runtime_segments(session->runtime); i++) {
        const hgr_segment *segment = hgr_runtime_segment(session->runtime, i);
        segment_sum sum = {0};
        segment_sum_add(&sum, session->runtime, session->snapshot, i);
        table_number(&table, segment->start_addr);
        table_number(&table, segment->end_addr);
        print_amounts(&table, session, &sum);
        table_number(&table, segment->heap);
        table_text(&table, generation_name(segment->generation));
    }
    table_finish(&table);
}

static void write_json(tool_session *session)
{
    tool_json *json = &session->json;
    segment_sum sums[HGR_GENERATIONS + 1];
    segment_sums_by_generation(session->runtime, session->snapshot, sums);
    out_array(json, "generations");
    for (unsigned g = 0; g < HGR_GENERATIONS; g++)
        segment_sum_write(json, generation_name(g), &sums[g], true);
    out_end_array(json);
    out_array(json, "segments");
    for (size_t i = 0; i < hgr_runtime_segments(session->runtime); i++) {
        const hgr_segment *segment = hgr_runtime_segment(session->runtime, i);
        const hgr_segment_totals *totals = hgr_snapshot_segment_totals(session->snapshot, i);
        out_object(json, NULL);
        out_address(json, "start", segment->start_addr);
        out_address(json, "end", segment->end_addr);
        out_address(json, "committed_end", segment->committed_addr);
        out_address(json, "reserved_end", segment->reserved_addr);
        out_u64(json, "heap", segment->heap);
        out_text(json, "generation", generation_name(segment->generation));
        out_u64(json, "objects", totals->objects);
        out_u64(json, "bytes", totals->bytes);
        out_u64(json, "free_count", totals->free_count);
        out_u64(json, "free_bytes", totals->free_bytes);
        out_u64(json, "walked_bytes", totals->walked_bytes);
        out_u64(json, "lost_bytes", segment->end_addr - segment->start_addr - totals->walked_bytes);
        out_end_object(json);
    }
    out_end_array(json);
}

int cmd_segments(const tool_opts *opts)
{
    tool_session session = {0};
    pinned_rows pinned = {0};
    bool with_pins = opt_given(opts, OPT_PINNED);
    int code = session_open(&session, opts, opts->operands[0]);
    if (code == EXIT_DONE)
        code = session_scan(&session, with_pins ? HGR_SCAN_GRAPH : HGR_SCAN_TYPES);
    if (code == EXIT_DONE && with_pins)
        code = pinned_find(&session, &pinned);
    if (code == EXIT_DONE) {
        session_begin_answer(&session);
        if (session_wants_json(&session)) {
            write_json(&session);
        } else if (opt_given(opts, OPT_EACH)) {
            print_each(&session);
        } else {
            uint32_t heaps = 0;
            segment_sum *sums = sum_by_heap(&session, &heaps);
            print_sums(&session, sums, heaps);
            free(sums);
        }
        if (with_pins && session_wants_json(&session))
            pinned_write(&session, &pinned);
        else if (with_pins)
            pinned_print(&session, &pinned);
        session_end_answer(&session, with_pins ? "types" : "segments", "%s",
                           with_pins ? "" : "--pinned");
    }
    pinned_free(&pinned);
    return session_close(&session, code);
}
