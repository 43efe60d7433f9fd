/* tools: `info`: what the dump is, whether it is whole, what is in it. Milliseconds unless
 * --totals. */
#include "advice.h"
#include "info_json.h"
#include "segment_sums.h"
#include "units.h"

const opt_row opts_info[] = {{OPT_TOTALS, "totals", 0, OPT_FLAG, NULL, NULL,
                              "walk the heap: objects, bytes, references, coverage"},
                             OPT_ROW_END};

#define MOST_REFUSALS 5u /* of module files; all are counted */

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

static void print_process(const tool_session *session)
{
    const hgr_dump_info *info = hgr_dump_get_info(session->dump);
    strbuf line = {0};
    strbuf_format(&line, "%s %s%s", info->os, info->cpu,
                  info->wow64 ? " (wow64, dumped by a 64-bit tool)" : "");
    if (*info->os_version)
        strbuf_format(&line, ", version %s", info->os_version);
    if (info->process_id)
        strbuf_format(&line, ", process %u", info->process_id);
    strbuf_format(&line, ", %zu threads, %zu modules", hgr_dump_threads(session->dump),
                  hgr_dump_modules(session->dump));
    print_line(session, "process", strbuf_get(&line));
    strbuf_fini(&line);
}

/* What the writer of the dump says about why it was taken. */
static void print_reason(const tool_session *session)
{
    const hgr_dump_info *info = hgr_dump_get_info(session->dump);
    char at[UNITS_TEXT];
    strbuf line = {0};
    if (info->exception_thread_id || info->exception_code) {
        strbuf_format(&line, "code 0x%08x in thread 0x%x at %s", info->exception_code,
                      info->exception_thread_id,
                      units_address(at, info->exception_addr, session_pointer_size(session)));
        print_line(session, "exception", strbuf_get(&line));
    }
    if (*info->comment)
        print_line(session, "comment", info->comment);
    strbuf_fini(&line);
}

static void print_dump(const tool_session *session)
{
    const hgr_dump_info *info = hgr_dump_get_info(session->dump);
    static const char *const contents[] = {
        [HGR_CONTENT_UNKNOWN] = "",
        [HGR_CONTENT_STACKS] = " of stacks and modules",
        [HGR_CONTENT_PRIVATE] = " of private memory",
        [HGR_CONTENT_FULL] = " of full memory",
    };
    char bytes[UNITS_TEXT], image[UNITS_TEXT];
    strbuf line = {0};
    print_line(session, "dump", session->dump_path);
    strbuf_format(&line, "%s%s by %s, %s", info->format, contents[info->content], info->writer,
                  format_bytes(session, bytes, info->file_bytes));
    if (info->image_bytes != info->file_bytes)
        strbuf_format(&line, " (%s, %s unpacked)", info->compression,
                      format_bytes(session, image, info->image_bytes));
    print_line(session, "format", strbuf_get(&line));
    strbuf_fini(&line);
    print_process(session);
    print_reason(session);
}

static void add_place(const tool_session *session, const char *name, const char *version,
                      const char *path, uint64_t addr, strbuf *out)
{
    char text[UNITS_TEXT];
    strbuf_format(out, "%s%s%s, %s at %s", name, *version ? " " : "", version, path,
                  units_address(text, addr, session_pointer_size(session)));
}

/* The other runtimes of the process, and how to look at them. */
static void print_others(const tool_session *session)
{
    char bytes[UNITS_TEXT];
    for (uint32_t i = 0; i < hgr_runtime_places(session->runtime); i++) {
        const hgr_runtime_place *place = hgr_runtime_place_at(session->runtime, i);
        strbuf line = {0};
        if (i + 1 == hgr_runtime_number(session->runtime))
            continue;
        add_place(session, place->name, place->version, place->module_path, place->module_addr,
                  &line);
        if (place->used_bytes)
            strbuf_format(&line, ", heap of %s", format_bytes(session, bytes, place->used_bytes));
        if (place->refusal)
            strbuf_format(&line, "; not read: %s", place->refusal);
        else
            strbuf_format(&line, "; --runtime %u reads it", i + 1);
        print_line(session, "other", strbuf_get(&line));
        strbuf_fini(&line);
    }
}

static void print_runtime(const tool_session *session)
{
    const hgr_runtime_info *info = hgr_runtime_get_info(session->runtime);
    size_t places = hgr_runtime_places(session->runtime);
    strbuf line = {0};
    if (places > 1)
        strbuf_format(&line, "%u of %zu%s: ", hgr_runtime_number(session->runtime), places,
                      opt_number(session->opts, OPT_RUNTIME) ? "" : ", the largest heap");
    add_place(session, info->name, info->version, info->module_path, info->module_addr, &line);
    print_line(session, "runtime", strbuf_get(&line));
    print_others(session);
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

/* Files of this machine that stand for pages the dump lacks, and those that may not. Told to those
 * who named some, or miss names: libraries of the system are found, or others there, all the time.
 */
static void print_module_files(const tool_session *session)
{
    if (!opt_given(session->opts, OPT_MODULES) &&
        !hgr_runtime_get_info(session->runtime)->no_core_metadata)
        return;
    const hgr_dump_info *dump = hgr_dump_get_info(session->dump);
    char bytes[UNITS_TEXT];
    strbuf line = {0};
    if (dump->module_files_used) {
        strbuf_format(&line, "%u module files, verified, give %s that the dump lacks",
                      dump->module_files_used,
                      format_bytes(session, bytes, dump->module_file_bytes));
        print_line(session, "files", strbuf_get(&line));
    }
    if (dump->module_files_unproven) {
        strbuf_clear(&line);
        strbuf_format(&line,
                      "%u module files whose first page the dump lacks: used where the runtime's "
                      "own records prove them, other types have no names (heapgraph check)",
                      dump->module_files_unproven);
        print_line(session, "files", strbuf_get(&line));
    }
    uint32_t shown = 0;
    for (size_t i = 0; i < hgr_dump_modules(session->dump); i++) {
        const hgr_module *module = hgr_dump_module(session->dump, i);
        if (!module->file_note || module->file_unproven || shown++ >= MOST_REFUSALS)
            continue;
        strbuf_clear(&line);
        strbuf_format(&line, "not used: %s", module->file_note);
        print_line(session, "caution", strbuf_get(&line));
    }
    if (shown > MOST_REFUSALS) {
        strbuf_clear(&line);
        strbuf_format(&line, "not used: %u more module files", shown - MOST_REFUSALS);
        print_line(session, "caution", strbuf_get(&line));
    }
    strbuf_fini(&line);
}

static void print_cautions(const tool_session *session)
{
    const hgr_runtime_info *info = hgr_runtime_get_info(session->runtime);
    if (info->gc_in_progress)
        print_line(session, "caution",
                   "taken in the middle of a garbage collection: some objects "
                   "may be half moved; take another dump if answers look odd");
    for (size_t i = 0; hgr_dump_warning(session->dump, i); i++)
        print_line(session, "caution", hgr_dump_warning(session->dump, i));
    for (size_t i = 0; hgr_runtime_warning(session->runtime, i); i++)
        print_line(session, "caution", hgr_runtime_warning(session->runtime, i));
}

/* What is not there, and what to do about it: the reader's next step depends on it. */
static void print_missing(const tool_session *session)
{
    const hgr_dump_info *dump = hgr_dump_get_info(session->dump);
    const hgr_runtime_info *info = hgr_runtime_get_info(session->runtime);
    char text[UNITS_TEXT];
    strbuf line = {0};
    if (dump->missing_bytes) {
        strbuf_format(&line, "truncated: %s promised by the file's headers lie beyond its end; %s",
                      format_bytes(session, text, dump->missing_bytes),
                      dump->packing_damaged ? "unpack or copy it again" : "copy it again");
        print_line(session, "missing", strbuf_get(&line));
        strbuf_clear(&line);
    }
    if (info->absent_bytes) {
        strbuf_format(&line, "%s of the heap are not in the dump; ",
                      format_bytes(session, text, info->absent_bytes));
        advice_record_again(dump, &line);
        print_line(session, "missing", strbuf_get(&line));
        strbuf_clear(&line);
    }
    if (*info->unknown)
        print_line(session, "unknown", info->unknown);
    if (info->no_core_metadata)
        print_line(session, "missing",
                   "names: the core library's metadata is not in the dump, and no file for it is "
                   "proven; name the directory of the process's files with --modules DIR");
    if (!dump->missing_bytes && !info->absent_bytes && !info->no_core_metadata)
        print_line(session, "missing", "nothing");
    strbuf_fini(&line);
    print_module_files(session);
    print_cautions(session);
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
    tool_session session = {.tells_losses = true};
    int code = session_open(&session, opts, opts->operands[0]);
    if (code == EXIT_DONE && opt_given(opts, OPT_TOTALS))
        code = session_scan(&session, HGR_SCAN_GRAPH);
    if (code != EXIT_DONE)
        return session_close(&session, code);
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
