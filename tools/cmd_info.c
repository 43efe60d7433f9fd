/* tools: `info`: what the dump is, whether it is whole, what is in it. Milliseconds unless
 * --totals. */
#include "info_json.h"
#include "segment_sums.h"
#include "units.h"

const opt_row opts_info[] = {{OPT_TOTALS, "totals", 0, OPT_FLAG, NULL, NULL,
                              "walk the heap: objects, bytes, references, coverage"},
                             OPT_ROW_END};

static void print_line(const tool_session *session, const char *label, const char *text)
{
    strbuf safe = {0};
    tool_term term = term_of(session->opts);
    strbuf_add_safe(&safe, text);
    printf("%s%-9s%s %s\n", term_bold(&term), label, term_plain(&term), strbuf_get(&safe));
    strbuf_fini(&safe);
}

static const char *format_bytes(const tool_session *session, char buffer[UNITS_TEXT],
                                uint64_t bytes)
{
    return units_amount(buffer, bytes, opt_given(session->opts, OPT_HUMAN));
}

static void print_dump(const tool_session *session)
{
    const hgr_dump_info *info = hgr_dump_get_info(session->dump);
    char bytes[UNITS_TEXT], image[UNITS_TEXT];
    strbuf line = {0};
    print_line(session, "dump", session->dump_path);
    strbuf_format(&line, "%s by %s, %s", info->format, info->writer,
                  format_bytes(session, bytes, info->file_bytes));
    if (info->image_bytes != info->file_bytes)
        strbuf_format(&line, " (%s, %s unpacked)", info->compression,
                      format_bytes(session, image, info->image_bytes));
    print_line(session, "format", strbuf_get(&line));
    strbuf_clear(&line);
    strbuf_format(&line, "%s %s", info->os, info->cpu);
    if (info->process_id)
        strbuf_format(&line, ", process %u", info->process_id);
    strbuf_format(&line, ", %zu threads, %zu modules", hgr_dump_threads(session->dump),
                  hgr_dump_modules(session->dump));
    print_line(session, "process", strbuf_get(&line));
    strbuf_fini(&line);
}

static void print_runtime(const tool_session *session)
{
    const hgr_runtime_info *info = hgr_runtime_get_info(session->runtime);
    char text[UNITS_TEXT];
    strbuf line = {0};
    strbuf_format(&line, "%s %s, %s at %s", info->name, info->version, info->module_path,
                  units_address(text, info->module_addr, session_pointer_size(session)));
    print_line(session, "runtime", strbuf_get(&line));
    strbuf_clear(&line);
    strbuf_format(&line, "found by %s; %s", info->found_by, info->layout);
    print_line(session, "layout", strbuf_get(&line));
    strbuf_clear(&line);
    strbuf_format(&line, "%s, %s, %u heap%s%s%s", info->server_gc ? "server" : "workstation",
                  info->regions ? "regions" : "segments", info->heaps, info->heaps == 1 ? "" : "s",
                  info->dynamic_adaptation ? ", dynamic adaptation (DATAS)" : "",
                  info->standalone_gc ? ", standalone GC" : "");
    print_line(session, "gc", strbuf_get(&line));
    strbuf_fini(&line);
}

static void print_totals(const tool_session *session)
{
    char text[UNITS_TEXT];
    strbuf line = {0};
    const hgr_totals *totals = hgr_snapshot_totals(session->snapshot);
    strbuf_format(&line, "%s, ", units_count(text, totals->objects));
    strbuf_add_z(&line, format_bytes(session, text, totals->bytes));
    print_line(session, "objects", strbuf_get(&line));
    strbuf_clear(&line);
    strbuf_format(&line, "%s, ", units_count(text, totals->free_count));
    strbuf_add_z(&line, format_bytes(session, text, totals->free_bytes));
    print_line(session, "free", strbuf_get(&line));
    strbuf_clear(&line);
    strbuf_format(&line, "%s, ", units_count(text, totals->references));
    strbuf_format(&line, "and %s implied", units_count(text, totals->implied_references));
    print_line(session, "refs", strbuf_get(&line));
    strbuf_fini(&line);
}

/* What is not there, and what to do about it: the reader's next step depends on it. */
static void print_missing(const tool_session *session)
{
    const hgr_dump_info *dump = hgr_dump_get_info(session->dump);
    const hgr_runtime_info *info = hgr_runtime_get_info(session->runtime);
    char text[UNITS_TEXT];
    strbuf line = {0};
    if (dump->missing_bytes) {
        strbuf_format(&line,
                      "truncated: %s promised by the file's headers lie beyond its end; "
                      "copy it again",
                      format_bytes(session, text, dump->missing_bytes));
        print_line(session, "missing", strbuf_get(&line));
        strbuf_clear(&line);
    }
    if (info->absent_bytes) {
        strbuf_format(&line,
                      "%s of the heap are not in the dump; record with `createdump "
                      "--withheap` or `--full`",
                      format_bytes(session, text, info->absent_bytes));
        print_line(session, "missing", strbuf_get(&line));
    }
    if (*info->unknown)
        print_line(session, "unknown", info->unknown);
    if (info->gc_in_progress)
        print_line(session, "caution",
                   "taken in the middle of a garbage collection: some objects "
                   "may be half moved; take another dump if answers look odd");
    for (size_t i = 0; hgr_runtime_warning(session->runtime, i); i++)
        print_line(session, "caution", hgr_runtime_warning(session->runtime, i));
    if (!dump->missing_bytes && !info->absent_bytes)
        print_line(session, "missing", "nothing");
    strbuf_fini(&line);
}

static void print_segments(const tool_session *session)
{
    static const table_column columns[] = {
        {"segments", TABLE_COUNT},
        {"committed bytes", TABLE_BYTES},
        {"used bytes", TABLE_BYTES},
        {"generation", TABLE_TEXT},
    };
    segment_sum sums[HGR_GENERATIONS + 1];
    tool_table table;
    segment_sums_by_generation(session->runtime, NULL, sums);
    putchar('\n');
    table_init(&table, session->opts, session_pointer_size(session), columns, 4, NULL);
    for (unsigned g = 0; g <= HGR_GENERATIONS; g++) {
        if (sums[g].segments == 0 && g < HGR_GENERATIONS)
            continue;
        table_number(&table, sums[g].segments);
        table_number(&table, sums[g].committed_bytes);
        table_number(&table, sums[g].used_bytes);
        table_text(&table, g < HGR_GENERATIONS ? hgr_generation_name((hgr_generation)g) : "total");
    }
    table_finish(&table);
}

int cmd_info(const tool_opts *opts)
{
    tool_session session = {0};
    int code = session_open(&session, opts, opts->operands[0]);
    if (code == EXIT_DONE && opt_given(opts, OPT_TOTALS))
        code = session_scan(&session, HGR_SCAN_GRAPH);
    if (code != EXIT_DONE)
        return session_close(&session, code);
    session.incomplete |= hgr_dump_get_info(session.dump)->missing_bytes != 0 ||
                          hgr_runtime_get_info(session.runtime)->absent_bytes != 0;
    session_begin_answer(&session);
    if (session_wants_json(&session)) {
        info_write(&session);
    } else {
        print_dump(&session);
        print_runtime(&session);
        if (session.snapshot)
            print_totals(&session);
        print_missing(&session);
        print_segments(&session);
    }
    session_end_answer(&session, "types", "--retained");
    return session_close(&session, code);
}
