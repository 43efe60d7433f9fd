/* tools: open, scan, derive, report, close; cancellation by Ctrl-C. */
#include "session.h"

#include <signal.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "advice.h"
#include "units.h"

/* The run that Ctrl-C stops: a signal handler has no other way to know it. */
static hgr_run *volatile cancellable;

static void cancel_run(int signal_number)
{
    (void)signal_number;
    if (cancellable)
        hgr_run_cancel(cancellable);
}

/* The first Ctrl-C asks for a clean stop, a second one ends the program at once. */
static void catch_interrupt(void)
{
    struct sigaction action = {.sa_handler = cancel_run, .sa_flags = (int)SA_RESETHAND};
    sigaction(SIGINT, &action, NULL);
}

/* ---- opening ---- */

static void tell_losses(tool_session *session);

static int start_run(tool_session *session)
{
    hgr_status status = {0};
    uint64_t threads = opt_number(session->opts, OPT_THREADS);
    if (threads > 4096)
        return opt_usage(session->opts, "--threads '%s': allowed: 0 to 4096",
                         opt_text(session->opts, OPT_THREADS));
    hgr_result result = hgr_run_create((uint32_t)threads, &session->run, &status);
    if (result != HGR_OK)
        return session_fail(session, result, &status);
    hgr_run_set_memory_limit(session->run, opt_number(session->opts, OPT_MEMORY_LIMIT));
    if (session->progress.on)
        hgr_run_set_progress(session->run, progress_show, &session->progress);
    if (opt_given(session->opts, OPT_TIME))
        hgr_run_set_phase(session->run, timing_add, &session->timing);
    cancellable = session->run;
    catch_interrupt();
    return EXIT_DONE;
}

/* A number beyond 32 bits is beyond every list. */
static uint32_t runtime_number(const tool_opts *opts)
{
    uint64_t number = opt_number(opts, OPT_RUNTIME);
    return number < UINT32_MAX ? (uint32_t)number : UINT32_MAX;
}

/* With --shape-search: by the heap's own shape; regions have none, there by the tables' shape. */
static hgr_result open_runtime(tool_session *session, hgr_status *status)
{
    bool by_shape = opt_given(session->opts, OPT_SHAPE_SEARCH);
    hgr_runtime_options options = {.number = runtime_number(session->opts),
                                   .heap_search = by_shape,
                                   .cross_check = session->cross_check};
    hgr_result result =
        hgr_runtime_open(session->dump, &options, session->run, &session->runtime, status);
    if (!by_shape || result != HGR_NOT_FOUND)
        return result;
    options = (hgr_runtime_options){.number = options.number, .shape_search = true};
    return hgr_runtime_open(session->dump, &options, session->run, &session->runtime, status);
}

int session_open(tool_session *session, const tool_opts *opts, const char *dump_path)
{
    hgr_status status = {0};
    session->opts = opts;
    session->dump_path = dump_path;
    progress_init(&session->progress, opts);
    timing_init(&session->timing);
    int code = start_run(session);
    if (code != EXIT_DONE)
        return code;
    hgr_dump_options dump_options = {.module_dir = opt_text(opts, OPT_MODULES),
                                     .temp_dir = getenv("TMPDIR")};
    hgr_result result =
        hgr_dump_open(dump_path, &dump_options, session->run, &session->dump, &status);
    if (result == HGR_OK)
        result = open_runtime(session, &status);
    if (result != HGR_OK)
        return session_fail(session, result, &status);
    tell_losses(session);
    return EXIT_DONE;
}

int session_state(tool_session *session)
{
    hgr_status status = {0};
    if (session->state)
        return EXIT_DONE;
    hgr_result result =
        hgr_state_create(session->runtime, session->run, &session->state, &status);
    return result == HGR_OK ? EXIT_DONE : session_fail(session, result, &status);
}

int session_inspector(tool_session *session)
{
    hgr_status status = {0};
    if (session->inspector)
        return EXIT_DONE;
    hgr_result result =
        hgr_inspector_create(session->runtime, session->run, &session->inspector, &status);
    return result == HGR_OK ? EXIT_DONE : session_fail(session, result, &status);
}

int session_scan(tool_session *session, hgr_scan_depth depth)
{
    hgr_status status = {0};
    if (session->snapshot)
        return EXIT_DONE;
    hgr_snapshot_options options = {.depth = depth};
    hgr_result result =
        hgr_snapshot_create(session->runtime, &options, session->run, &session->snapshot, &status);
    if (result != HGR_OK)
        return session_fail(session, result, &status);
    const hgr_totals *totals = hgr_snapshot_totals(session->snapshot);
    session->incomplete |= totals->walked_bytes < totals->used_bytes;
    return EXIT_DONE;
}

int session_stacks(tool_session *session)
{
    hgr_status status = {0};
    if (session->stacks)
        return EXIT_DONE;
    hgr_result result =
        hgr_stacks_create(session->runtime, session->run, &session->stacks, &status);
    return result == HGR_OK ? EXIT_DONE : session_fail(session, result, &status);
}

int session_roots(tool_session *session)
{
    hgr_status status = {0};
    int code = session_scan(session, HGR_SCAN_GRAPH);
    if (code != EXIT_DONE || session->roots)
        return code;
    hgr_result result =
        hgr_root_nodes(session->snapshot, session->run, &session->roots, &session->nroots, &status);
    return result == HGR_OK ? EXIT_DONE : session_fail(session, result, &status);
}

int session_reach(tool_session *session)
{
    hgr_status status = {0};
    int code = session_roots(session);
    if (code != EXIT_DONE || session->reach)
        return code;
    hgr_result result =
        hgr_reach_create(hgr_snapshot_graph(session->snapshot), session->roots, session->nroots,
                         NULL, session->run, &session->reach, &status);
    return result == HGR_OK ? EXIT_DONE : session_fail(session, result, &status);
}

int session_tree(tool_session *session)
{
    hgr_status status = {0};
    int code = session_roots(session);
    if (code != EXIT_DONE || session->tree)
        return code;
    hgr_result result = hgr_domtree_create(hgr_snapshot_graph(session->snapshot), session->roots,
                                           session->nroots, session->run, &session->tree, &status);
    return result == HGR_OK ? EXIT_DONE : session_fail(session, result, &status);
}

int session_retained(tool_session *session)
{
    hgr_status status = {0};
    int code = session_tree(session);
    if (code != EXIT_DONE || session->retained)
        return code;
    hgr_result result = hgr_retained_create(session->tree, session_node_bytes, session->snapshot,
                                            session->run, &session->retained, &status);
    return result == HGR_OK ? EXIT_DONE : session_fail(session, result, &status);
}

/* ---- when it does not work out ---- */

static void print_line(tool_session *session, const char *text)
{
    strbuf line = {0};
    progress_erase(&session->progress);
    strbuf_add_safe(&line, text);
    fprintf(stderr, "heapgraph: %s\n", strbuf_get(&line));
    strbuf_fini(&line);
}

/* Does the engine's text name the dump already? It writes control characters as '?'. */
static bool names_dump(const hgr_status *status, const char *path)
{
    char plain[sizeof status->text];
    snprintf(plain, sizeof plain, "%s", path);
    for (char *at = plain; *at; at++)
        if ((unsigned char)*at < 0x20 || *at == 0x7f)
            *at = '?';
    return strstr(status->text, plain) != NULL;
}

/* What the file lacks, "...; " or nothing. */
static void add_losses(const hgr_dump *dump, strbuf *out)
{
    const hgr_dump_info *info = hgr_dump_get_info(dump);
    char bytes[UNITS_TEXT];
    if (info->packing_damaged && hgr_dump_warning(dump, 0))
        strbuf_format(out, "%s; ", hgr_dump_warning(dump, 0));
    if (info->missing_bytes)
        strbuf_format(out, "%s bytes that the file's headers promise are missing; ",
                      units_count(bytes, info->missing_bytes));
}

/* Whatever the answer will be, it comes from less than the whole process. */
static void tell_losses(tool_session *session)
{
    const hgr_dump_info *info = hgr_dump_get_info(session->dump);
    strbuf line = {0};
    session->incomplete = info->missing_bytes != 0 || info->packing_damaged ||
                          hgr_runtime_get_info(session->runtime)->absent_bytes != 0;
    if (session->tells_losses || (!info->missing_bytes && !info->packing_damaged))
        return;
    strbuf_format(&line, "%s: ", session->dump_path);
    add_losses(session->dump, &line);
    strbuf_add_z(&line, "the answer is of what is there");
    print_line(session, strbuf_get(&line));
    strbuf_fini(&line);
}

int session_fail(tool_session *session, hgr_result result, const hgr_status *status)
{
    strbuf line = {0};
    bool opening = session->snapshot == NULL && session->runtime == NULL;
    if (result == HGR_CANCELLED) {
        print_line(session, "cancelled");
        return EXIT_CANCELLED;
    }
    if (!names_dump(status, session->dump_path))
        strbuf_format(&line, "%s: ", session->dump_path);
    strbuf_add_z(&line, status->text);
    if (status->at_kind == HGR_AT_FILE)
        strbuf_format(&line, " (at file offset 0x%llx)", (unsigned long long)status->at);
    else if (status->at_kind == HGR_AT_ADDR)
        strbuf_format(&line, " (at address 0x%llx)", (unsigned long long)status->at);
    strbuf_add_z(&line, "; ");
    if (session->dump)
        add_losses(session->dump, &line);
    advice_add(result, status, session->dump, session->dump_path, &line);
    print_line(session, strbuf_get(&line));
    strbuf_fini(&line);
    return advice_exit_code(result, opening);
}

int session_refuse(tool_session *session, const char *format, ...)
{
    char text[1024];
    va_list args;
    va_start(args, format);
    vsnprintf(text, sizeof text, format, args);
    va_end(args);
    print_line(session, text);
    return EXIT_INPUT;
}

void session_note(tool_session *session, const char *format, ...)
{
    char text[1024];
    if (opt_given(session->opts, OPT_QUIET))
        return;
    va_list args;
    va_start(args, format);
    vsnprintf(text, sizeof text, format, args);
    va_end(args);
    print_line(session, text);
}

void session_unread(tool_session *session, const char *format, ...)
{
    char text[1024];
    va_list args;
    va_start(args, format);
    vsnprintf(text, sizeof text, format, args);
    va_end(args);
    fflush(stdout);
    print_line(session, text);
    session->incomplete = true;
}

int session_node(tool_session *session, uint64_t addr, hgr_node *out)
{
    hgr_node node = hgr_node_at(session->snapshot, addr);
    char text[UNITS_TEXT], start[UNITS_TEXT];
    units_address(text, addr, session_pointer_size(session));
    if (node == HGR_NO_NODE) {
        node = hgr_node_containing(session->snapshot, addr);
        if (node == HGR_NO_NODE)
            return session_refuse(session,
                                  "%s: no object at %s; `heapgraph list` and `heapgraph segments` "
                                  "show where objects are",
                                  session->dump_path, text);
        units_address(start, hgr_node_address(session->snapshot, node),
                      session_pointer_size(session));
        session_note(session, "%s lies inside the object at %s, which is shown", text, start);
    }
    *out = node;
    return EXIT_DONE;
}

/* ---- the answer ---- */

void session_begin_answer(tool_session *session)
{
    progress_erase(&session->progress);
    if (!session_wants_json(session))
        return;
    tool_json *json = &session->json;
    json->out = stdout;
    char schema[64];
    snprintf(schema, sizeof schema, "heapgraph.%s", session->opts->command->name);
    out_object(json, NULL);
    out_text(json, "schema", schema);
    out_u64(json, "schema_version", 1);
    out_object(json, "tool");
    out_text(json, "name", "heapgraph");
    out_text(json, "version", hgr_version());
    out_end_object(json);
    out_object(json, "dump");
    out_text(json, "path", session->dump_path);
    out_u64(json, "bytes", hgr_dump_get_info(session->dump)->file_bytes);
    out_hash(json, "xxh3", hgr_dump_fingerprint(session->dump));
    out_end_object(json);
    if (session->snapshot) {
        const hgr_totals *totals = hgr_snapshot_totals(session->snapshot);
        out_number(json, "coverage_percent",
                   units_percent(totals->walked_bytes, totals->used_bytes));
    }
}

static void print_coverage(const tool_session *session)
{
    const hgr_totals *totals = hgr_snapshot_totals(session->snapshot);
    char lost[UNITS_TEXT], used[UNITS_TEXT];
    units_count(lost, totals->used_bytes - totals->walked_bytes);
    units_count(used, totals->used_bytes);
    printf("\ncoverage %.4f %%: %s of %s heap bytes could not be read, so all figures are lower "
           "bounds; heapgraph check says why\n",
           units_percent(totals->walked_bytes, totals->used_bytes), lost, used);
}

void session_add_word(strbuf *out, const char *word)
{
    static const char plain[] =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._-/+,:@%=";
    if (*word && strspn(word, plain) == strlen(word)) {
        strbuf_add_z(out, word);
        return;
    }
    strbuf_add_z(out, "'");
    for (; *word; word++)
        if (*word == '\'')
            strbuf_add_z(out, "'\\''");
        else
            strbuf_add(out, word, 1);
    strbuf_add_z(out, "'");
}

static void print_hint(const tool_session *session, const char *command, const char *rest)
{
    strbuf line = {0}, safe = {0};
    strbuf_format(&line, "heapgraph %s ", command);
    session_add_word(&line, session->dump_path);
    if (*rest)
        strbuf_format(&line, " %s", rest);
    strbuf_add_safe(&safe, strbuf_get(&line));
    fflush(stdout);
    fprintf(stderr, "\nSee also: %s\n", strbuf_get(&safe));
    strbuf_fini(&line);
    strbuf_fini(&safe);
}

void session_end_answer(tool_session *session, const char *command, const char *format, ...)
{
    char rest[512];
    if (session_wants_json(session)) {
        out_end_object(&session->json);
        return;
    }
    if (session->snapshot && hgr_snapshot_totals(session->snapshot)->walked_bytes <
                                 hgr_snapshot_totals(session->snapshot)->used_bytes)
        print_coverage(session);
    if (!command || opt_given(session->opts, OPT_QUIET) || !isatty(STDOUT_FILENO) ||
        !isatty(STDERR_FILENO))
        return;
    va_list args;
    va_start(args, format);
    vsnprintf(rest, sizeof rest, format, args);
    va_end(args);
    print_hint(session, command, rest);
}

void session_forget(tool_session *session)
{
    hgr_retained_free(session->retained);
    hgr_domtree_free(session->tree);
    hgr_reach_free(session->reach);
    hgr_nodes_free(session->roots);
    session->retained = NULL;
    session->tree = NULL;
    session->reach = NULL;
    session->roots = NULL;
    session->nroots = 0;
}

int session_close(tool_session *session, int code)
{
    progress_erase(&session->progress);
    if (opt_given(session->opts, OPT_TIME) && (code == EXIT_DONE || code == EXIT_HOLDS)) {
        fflush(stdout);
        timing_print(&session->timing, session->run,
                     session->snapshot ? hgr_snapshot_totals(session->snapshot) : NULL);
    }
    if (code == EXIT_DONE && session->incomplete && opt_given(session->opts, OPT_STRICT)) {
        fflush(stdout);
        print_line(session,
                   "the dump was not read whole (--strict); heapgraph info and check say why");
        code = EXIT_INPUT;
    }
    cancellable = NULL;
    session_forget(session);
    hgr_snapshot_free(session->snapshot);
    hgr_inspector_free(session->inspector);
    hgr_stacks_free(session->stacks);
    hgr_state_free(session->state);
    hgr_runtime_close(session->runtime);
    hgr_dump_close(session->dump);
    hgr_run_free(session->run);
    return code;
}

/* ---- small questions ---- */

bool session_wants_json(const tool_session *session)
{
    return opt_given(session->opts, OPT_JSON);
}

uint32_t session_pointer_size(const tool_session *session)
{
    return hgr_dump_get_info(session->dump)->pointer_size;
}

uint32_t session_nodes(const tool_session *session)
{
    return hgr_graph_nodes(hgr_snapshot_graph(session->snapshot));
}

const char *session_type_name(const tool_session *session, hgr_node node)
{
    return hgr_snapshot_type(session->snapshot, hgr_node_type(session->snapshot, node))->name;
}

uint64_t session_top(const tool_session *session, bool json_all)
{
    bool all = opt_given(session->opts, OPT_ALL) ||
               (json_all && session_wants_json(session) && !opt_given(session->opts, OPT_TOP));
    return all ? UINT64_MAX : opt_number(session->opts, OPT_TOP);
}

uint64_t session_node_bytes(const void *snapshot, hgr_node node)
{
    return hgr_node_bytes(snapshot, node);
}
