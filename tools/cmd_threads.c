/* tools: `threads`: one row a managed thread. */
#include "stack_groups.h"
#include "stacks_json.h"
#include "units.h"

#include <stdlib.h>

const opt_row opts_threads[] = {
    {OPT_RETAINED, "retained", 'r', OPT_FLAG, NULL, NULL,
     "also the bytes that only this thread keeps alive (walks the heap)"},
    OPT_ROW_TOP,
    OPT_ROW_ALL,
    OPT_ROW_END};

struct answer {
    tool_session session;
    uint64_t *retained; /* bytes of each thread, NULL = not asked for */
};

/* Stack and thread-static roots belong to their thread, all others to none. */
static int retain(struct answer *answer)
{
    tool_session *session = &answer->session;
    hgr_status status = {0};
    uint32_t *owners = NULL;
    size_t nthreads = hgr_stacks_threads(session->stacks);
    int code = session_roots(session);
    if (code != EXIT_DONE)
        return code;
    uint32_t *groups = must_alloc(session->nroots, sizeof *groups);
    for (size_t i = 0; i < session->nroots; i++) {
        const hgr_root *root = hgr_snapshot_root(session->snapshot, i);
        groups[i] = root->thread_os_id ? stack_thread_of(session->stacks, root->thread_os_id)
                                       : HGR_MANY_GROUPS;
    }
    hgr_result result =
        hgr_root_owners_create(hgr_snapshot_graph(session->snapshot), session->roots, groups,
                               session->nroots, session->run, &owners, &status);
    free(groups);
    if (result != HGR_OK)
        return session_fail(session, result, &status);
    answer->retained = must_alloc(nthreads, sizeof *answer->retained);
    for (hgr_node u = 0; u < session_nodes(session); u++)
        if (owners[u] < nthreads)
            answer->retained[owners[u]] += hgr_node_bytes(session->snapshot, u);
    hgr_root_owners_free(owners);
    return EXIT_DONE;
}

/* "request-worker" in Shop.Cart.Add(Int32); waits to enter 0x12 (System.Object) */
static void describe(const tool_session *session, const hgr_managed_thread *thread, strbuf *out)
{
    const hgr_stack_frame *frame = stack_own_frame(session->stacks, thread);
    char addr[UNITS_TEXT];
    if (thread->name)
        strbuf_format(out, "\"%s\"", thread->name);
    else
        strbuf_add_z(out, thread->is_finalizer ? "(finalizer)" : "(no name)");
    if (frame)
        strbuf_format(out, " in %s", frame->method);
    if (thread->wait != HGR_WAIT_NONE)
        strbuf_format(out, "; waits %s %s (%s)",
                      thread->wait == HGR_WAIT_ENTER ? "to enter" : "for a pulse of",
                      units_address(addr, thread->wait_addr, session_pointer_size(session)),
                      thread->wait_type ? thread->wait_type : "unknown");
    if (thread->exception_addr)
        strbuf_format(out, "; last threw %s %s",
                      thread->exception_type ? thread->exception_type : "an exception",
                      units_address(addr, thread->exception_addr, session_pointer_size(session)));
}

static void print_thread(struct answer *answer, tool_table *table, size_t index)
{
    const tool_session *session = &answer->session;
    const hgr_managed_thread *thread = hgr_stacks_thread(session->stacks, index);
    strbuf state = {0}, line = {0};
    char os_id[UNITS_TEXT];
    snprintf(os_id, sizeof os_id, "0x%x", thread->os_id);
    stack_state(thread, &state);
    describe(session, thread, &line);
    table_number(table, thread->id);
    table_text(table, thread->os_id ? os_id : "-");
    table_text(table, strbuf_get(&state));
    table_text(table, thread->is_cooperative ? "cooperative" : "preemptive");
    table_number(table, answer->retained ? answer->retained[index] : 0);
    table_text(table, strbuf_get(&line));
    strbuf_fini(&state);
    strbuf_fini(&line);
}

static void print_threads(struct answer *answer)
{
    tool_session *session = &answer->session;
    const table_column columns[] = {{"id", TABLE_COUNT},
                                    {"OS id", TABLE_TEXT},
                                    {"state", TABLE_TEXT},
                                    {"GC mode", TABLE_TEXT | TABLE_OPTIONAL},
                                    {"retained bytes", answer->retained ? TABLE_BYTES : TABLE_SKIP},
                                    {"thread", TABLE_TEXT}};
    size_t count = hgr_stacks_threads(session->stacks);
    uint64_t top = session_top(session, false);
    tool_table table;
    table_init(&table, session->opts, session_pointer_size(session), columns, 6,
               "in the runtime's order");
    for (size_t i = 0; i < count && i < top; i++)
        print_thread(answer, &table, i);
    table_finish(&table);
    if (count > top)
        printf("\n%llu of %zu threads; --all shows every one\n", (unsigned long long)top, count);
}

int cmd_threads(const tool_opts *opts)
{
    struct answer answer = {0};
    tool_session *session = &answer.session;
    int code = session_open(session, opts, opts->operands[0]);
    if (code == EXIT_DONE)
        code = session_stacks(session);
    if (code == EXIT_DONE && opt_given(opts, OPT_RETAINED))
        code = retain(&answer);
    if (code == EXIT_DONE) {
        session_begin_answer(session);
        if (session_wants_json(session))
            threads_json_write(session, answer.retained);
        else
            print_threads(&answer);
        session_end_answer(session, "stacks", "%s", "--objects");
    }
    free(answer.retained);
    return session_close(session, code);
}
