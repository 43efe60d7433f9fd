/* tools: `exceptions`: all on the heap by type and message, and which thread has which. */
#include "pick.h"
#include "session.h"
#include "units.h"

#include <stdlib.h>
#include <string.h>

const opt_row opts_exceptions[] = {
    {OPT_STACKS, "stacks", 's', OPT_FLAG, NULL, NULL,
     "also one of each row: its stack trace, its inner exceptions and theirs"},
    OPT_ROW_TOP,
    OPT_ROW_ALL,
    OPT_ROW_END};

#define MAX_CHAIN 16 /* inner exceptions that are followed */

struct answer {
    tool_session session;
    const hgr_exception *rows;
    size_t count;
    const hgr_exception **order; /* rows by type, message, hresult, address */
    const hgr_thrown *thrown;
    size_t nthrown;
    const hgr_thread_row *threads;
    size_t nthreads;
};

static const char *type_of(const hgr_exception *row)
{
    return row->object.type ? row->object.type->name : "(unreadable)";
}

static const char *message_of(const hgr_exception *row)
{
    return row->message ? row->message : "";
}

static int compare_kinds(const hgr_exception *a, const hgr_exception *b)
{
    int order = strcmp(type_of(a), type_of(b));
    if (order == 0)
        order = strcmp(message_of(a), message_of(b));
    if (order == 0)
        order = (a->hresult > b->hresult) - (a->hresult < b->hresult);
    return order;
}

static int compare_rows(const void *left, const void *right)
{
    const hgr_exception *a = *(const hgr_exception *const *)left;
    const hgr_exception *b = *(const hgr_exception *const *)right;
    int order = compare_kinds(a, b);
    return order ? order : (a > b) - (a < b); /* of one array, by address */
}

static const hgr_exception *row_at(const struct answer *answer, size_t i)
{
    return answer->order[i];
}

static size_t group_end(const struct answer *answer, size_t first)
{
    size_t end = first + 1;
    while (end < answer->count && compare_kinds(row_at(answer, first), row_at(answer, end)) == 0)
        end++;
    return end;
}

static void sort_rows(struct answer *answer)
{
    answer->order = must_alloc(answer->count + 1, sizeof *answer->order);
    for (size_t i = 0; i < answer->count; i++)
        answer->order[i] = &answer->rows[i];
    qsort(answer->order, answer->count, sizeof *answer->order, compare_rows);
}

static const hgr_exception *exception_at(const struct answer *answer, uint64_t addr)
{
    for (size_t i = 0; i < answer->count; i++)
        if (answer->rows[i].object.addr == addr)
            return &answer->rows[i];
    return NULL;
}

/* ---- frames ---- */

static bool print_frame(void *user, const hgr_fact *fact)
{
    strbuf safe = {0};
    (void)user;
    if (strcmp(fact->name, "at") == 0) {
        strbuf_add_safe(&safe, fact->text);
        printf("    at %s\n", strbuf_get(&safe));
    }
    strbuf_fini(&safe);
    return true;
}

static bool write_frame(void *user, const hgr_fact *fact)
{
    if (strcmp(fact->name, "at") == 0)
        out_text(user, NULL, fact->text);
    return true;
}

static int visit_frames(struct answer *answer, const hgr_exception *row, hgr_fact_fn visit,
                        void *user)
{
    hgr_status status = {0};
    if (!row->object.type)
        return EXIT_DONE;
    hgr_result result = hgr_object_facts(hgr_state_inspector(answer->session.state), &row->object,
                                         visit, user, &status);
    return result == HGR_OK ? EXIT_DONE : session_fail(&answer->session, result, &status);
}

static void print_line(const struct answer *answer, const char *before, const hgr_exception *row)
{
    char addr[UNITS_TEXT];
    strbuf safe = {0}, line = {0};
    strbuf_format(&line, "%s%s  %s%s%s", before,
                  units_address(addr, row->object.addr, session_pointer_size(&answer->session)),
                  type_of(row), row->message ? ": " : "", message_of(row));
    strbuf_add_safe(&safe, strbuf_get(&line));
    printf("%s\n", strbuf_get(&safe));
    strbuf_fini(&line);
    strbuf_fini(&safe);
}

static int print_chain(struct answer *answer, const hgr_exception *row)
{
    int code = EXIT_DONE;
    for (int depth = 0; row && depth < MAX_CHAIN && code == EXIT_DONE; depth++) {
        print_line(answer, depth ? "  inner " : "", row);
        code = visit_frames(answer, row, print_frame, NULL);
        row = row->inner_addr ? exception_at(answer, row->inner_addr) : NULL;
    }
    return code;
}

/* ---- groups ---- */

static void pick_groups(const struct answer *answer, tool_pick *order, size_t *out_groups)
{
    size_t end;
    *out_groups = 0;
    for (size_t first = 0; first < answer->count; first = end, ++*out_groups) {
        end = group_end(answer, first);
        pick_add(order, end - first, (uint32_t)first);
    }
    pick_sort(order);
}

static int print_groups(struct answer *answer)
{
    static const table_column columns[] = {{"count", TABLE_COUNT},
                                           {"HResult", TABLE_TEXT},
                                           {"example", TABLE_ADDRESS},
                                           {"frames", TABLE_COUNT},
                                           {"type: message", TABLE_TEXT}};
    const tool_session *session = &answer->session;
    tool_table table;
    tool_pick order;
    size_t groups;
    int code = EXIT_DONE;
    pick_init(&order, session_top(session, false));
    pick_groups(answer, &order, &groups);
    table_init(&table, session->opts, session_pointer_size(session), columns, 5,
               "sorted by count, then type and message");
    for (size_t i = 0; i < order.count; i++) {
        const hgr_exception *row = row_at(answer, order.rows[i].id);
        strbuf line = {0}, hresult = {0};
        strbuf_format(&hresult, "0x%08x", row->hresult);
        strbuf_format(&line, "%s%s%s", type_of(row), row->message ? ": " : "", message_of(row));
        table_number(&table, order.rows[i].key);
        table_text(&table, strbuf_get(&hresult));
        table_number(&table, row->object.addr);
        table_number(&table, row->frames);
        table_text(&table, strbuf_get(&line));
        strbuf_fini(&line);
        strbuf_fini(&hresult);
    }
    table_gap(&table);
    table_number(&table, answer->count);
    for (int c = 0; c < 3; c++)
        table_empty(&table);
    table_text(&table, "(all exceptions)");
    table_finish(&table);
    if (groups > order.count)
        printf("\n%zu of %zu rows; --all shows every one\n", order.count, groups);
    for (size_t i = 0; i < order.count && opt_given(session->opts, OPT_STACKS) && code == EXIT_DONE;
         i++) {
        putchar('\n');
        code = print_chain(answer, row_at(answer, order.rows[i].id));
    }
    pick_fini(&order);
    return code;
}

static void print_thrown(const struct answer *answer)
{
    static const table_column columns[] = {
        {"exception", TABLE_ADDRESS}, {"is", TABLE_TEXT}, {"thread → type: message", TABLE_TEXT}};
    tool_table table;
    if (answer->nthrown == 0)
        return;
    putchar('\n');
    table_init(&table, answer->session.opts, session_pointer_size(&answer->session), columns, 3,
               "sorted by thread");
    for (size_t i = 0; i < answer->nthrown; i++) {
        const hgr_thrown *thrown = &answer->thrown[i];
        const hgr_thread_row *thread = &answer->threads[thrown->thread];
        const hgr_exception *row = exception_at(answer, thrown->object_addr);
        strbuf line = {0};
        strbuf_format(&line, "thread 0x%x%s%s%s → ", thread->os_id, *thread->name ? " \"" : "",
                      thread->name, *thread->name ? "\"" : "");
        if (row)
            strbuf_format(&line, "%s%s%s", type_of(row), row->message ? ": " : "", message_of(row));
        table_number(&table, thrown->object_addr);
        table_text(&table, thrown->handled ? "handled" : "the last thrown");
        table_text(&table, strbuf_get(&line));
        strbuf_fini(&line);
    }
    table_finish(&table);
}

/* ---- JSON ---- */

static int write_json(struct answer *answer)
{
    tool_json *json = &answer->session.json;
    uint64_t top = session_top(&answer->session, true);
    int code = EXIT_DONE;
    out_u64(json, "count", answer->count);
    out_array(json, "threads");
    for (size_t i = 0; i < answer->nthrown; i++) {
        const hgr_thread_row *thread = &answer->threads[answer->thrown[i].thread];
        out_object(json, NULL);
        out_u64(json, "thread_id", thread->os_id);
        out_text(json, "name", *thread->name ? thread->name : NULL);
        out_address(json, "object", answer->thrown[i].object_addr);
        out_bool(json, "handled", answer->thrown[i].handled);
        out_end_object(json);
    }
    out_end_array(json);
    out_array(json, "exceptions");
    for (size_t i = 0; i < answer->count && i < top && code == EXIT_DONE; i++) {
        const hgr_exception *row = row_at(answer, i);
        char hresult[16];
        snprintf(hresult, sizeof hresult, "0x%08x", row->hresult);
        out_object(json, NULL);
        out_address(json, "object", row->object.addr);
        out_text(json, "type", row->object.type ? row->object.type->name : NULL);
        out_text(json, "message", row->message);
        out_text(json, "hresult", hresult);
        if (row->inner_addr)
            out_address(json, "inner", row->inner_addr);
        out_array(json, "frames");
        code = visit_frames(answer, row, write_frame, json);
        out_end_array(json);
        out_end_object(json);
    }
    out_end_array(json);
    return code;
}

static int ask(struct answer *answer)
{
    tool_session *session = &answer->session;
    hgr_status status = {0};
    hgr_result result = hgr_state_exceptions(session->state, session->snapshot, &answer->rows,
                                             &answer->count, &status);
    if (result == HGR_OK)
        result = hgr_state_thrown(session->state, &answer->thrown, &answer->nthrown, &status);
    if (result == HGR_OK)
        result = hgr_state_threads(session->state, &answer->threads, &answer->nthreads, &status);
    return result == HGR_OK ? EXIT_DONE : session_fail(session, result, &status);
}

int cmd_exceptions(const tool_opts *opts)
{
    struct answer answer = {0};
    tool_session *session = &answer.session;
    int code = session_open(session, opts, opts->operands[0]);
    if (code == EXIT_DONE)
        code = session_scan(session, HGR_SCAN_GRAPH);
    if (code == EXIT_DONE)
        code = session_state(session);
    if (code == EXIT_DONE)
        code = ask(&answer);
    if (code == EXIT_DONE) {
        sort_rows(&answer);
        session_begin_answer(session);
        code = session_wants_json(session) ? write_json(&answer) : print_groups(&answer);
        if (!session_wants_json(session))
            print_thrown(&answer);
        session_end_answer(session, "exceptions", "%s", "--stacks");
    }
    free(answer.order);
    return session_close(session, code);
}
