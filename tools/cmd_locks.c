/* tools: `locks`: deadlocks first, then who waits for what, then every lock that is held or waited
 * for. */
#include "locks_json.h"
#include "units.h"

#include <stdlib.h>

const opt_row opts_locks[] = {
    {OPT_HEAP, "heap", 0, OPT_FLAG, NULL, NULL,
     "look at every object, not only at those the stacks name (walks the heap)"},
    OPT_ROW_TOP,
    OPT_ROW_ALL,
    OPT_ROW_END};

struct answer {
    tool_session session;
    const hgr_thread_row *threads;
    size_t nthreads;
    const hgr_locks *locks;
};

static const char *type_of(const hgr_object *object)
{
    return object->type ? object->type->name : "(no object)";
}

static void add_thread(strbuf *out, const hgr_thread_row *thread)
{
    strbuf_format(out, "thread 0x%x", thread->os_id);
    if (*thread->name)
        strbuf_format(out, " \"%s\"", thread->name);
}

/* ---- deadlocks ---- */

static void print_wait_of_cycle(const struct answer *answer, const hgr_lock_cycle *cycle, size_t i)
{
    const hgr_locks *locks = answer->locks;
    const hgr_wait *wait = &locks->waits[cycle->waits[i]];
    const hgr_wait *before = &locks->waits[cycle->waits[(i + cycle->count - 1) % cycle->count]];
    const hgr_object *held = &locks->locks[before->lock].object;
    const hgr_object *wanted = &locks->locks[wait->lock].object;
    uint32_t pointer_size = session_pointer_size(&answer->session);
    char addr[2][UNITS_TEXT];
    strbuf line = {0}, safe = {0};
    add_thread(&line, &answer->threads[wait->thread]);
    strbuf_format(&line, " holds %s, wants %s (%s)",
                  units_address(addr[0], held->addr, pointer_size),
                  units_address(addr[1], wanted->addr, pointer_size), type_of(wanted));
    if (wait->timeout_ms >= 0)
        strbuf_format(&line, " (gives up after %d ms)", wait->timeout_ms);
    strbuf_add_safe(&safe, strbuf_get(&line));
    printf("  %s\n", strbuf_get(&safe));
    strbuf_fini(&safe);
    strbuf_fini(&line);
}

static void print_cycles(const struct answer *answer)
{
    const hgr_locks *locks = answer->locks;
    if (locks->ncycles == 0)
        printf("no deadlock%s: no threads wait for each other in a ring\n",
               locks->no_table || locks->absent_blocks ? " found" : "");
    for (size_t c = 0; c < locks->ncycles; c++) {
        const hgr_lock_cycle *cycle = &locks->cycles[c];
        printf("%sDEADLOCK: %zu threads wait for each other (%s)\n", c ? "\n" : "", cycle->count,
               cycle->evidence == HGR_FROM_RUNTIME ? "the runtime's own records"
                                                   : "in part derived from the stacks");
        for (size_t i = 0; i < cycle->count; i++)
            print_wait_of_cycle(answer, cycle, i);
    }
}

/* ---- who waits ---- */

static void print_waits(const struct answer *answer)
{
    static const table_column columns[] = {{"waits for", TABLE_ADDRESS},
                                           {"kind", TABLE_TEXT},
                                           {"known", TABLE_TEXT | TABLE_OPTIONAL},
                                           {"thread → type", TABLE_TEXT}};
    const hgr_locks *locks = answer->locks;
    uint64_t top = session_top(&answer->session, false);
    tool_table table;
    if (locks->nwaits == 0)
        return;
    putchar('\n');
    table_init(&table, answer->session.opts, session_pointer_size(&answer->session), columns, 4,
               "sorted by thread");
    for (size_t i = 0; i < locks->nwaits && i < top; i++) {
        const hgr_wait *wait = &locks->waits[i];
        const hgr_lock *lock = wait->lock == UINT32_MAX ? NULL : &locks->locks[wait->lock];
        strbuf line = {0};
        add_thread(&line, &answer->threads[wait->thread]);
        strbuf_format(&line, " → %s", lock ? type_of(&lock->object) : "(not in the dump)");
        if (wait->for_pulse)
            strbuf_add_z(&line, lock && lock->kind == HGR_LOCK_SEMAPHORE ? ", to be released"
                                                                         : ", for a pulse");
        else if (lock && lock->owner != HGR_NO_THREAD) {
            strbuf_add_z(&line, ", held by ");
            add_thread(&line, &answer->threads[lock->owner]);
        }
        if (lock)
            table_number(&table, lock->object.addr);
        else
            table_empty(&table);
        table_text(&table, lock ? hgr_lock_kind_name(lock->kind) : "monitor");
        table_text(&table, wait->evidence == HGR_FROM_RUNTIME ? "recorded" : "from stack");
        table_text(&table, strbuf_get(&line));
        strbuf_fini(&line);
    }
    table_finish(&table);
    if (locks->nwaits > top)
        printf("\n%llu of %zu waits; --all shows every one\n", (unsigned long long)top,
               locks->nwaits);
}

/* ---- locks ---- */

static bool is_interesting(const hgr_lock *lock)
{
    return lock->held || lock->waiting || lock->readers || lock->pulse_waiting || lock->absent;
}

static void print_lock(const struct answer *answer, tool_table *table, const hgr_lock *lock)
{
    strbuf line = {0};
    strbuf_add_z(&line, type_of(&lock->object));
    if (lock->absent) {
        strbuf_add_z(&line, ", its sync block is not in the dump");
    } else if (lock->owner != HGR_NO_THREAD) {
        strbuf_add_z(&line, ", held by ");
        add_thread(&line, &answer->threads[lock->owner]);
    } else if (lock->held) {
        strbuf_format(&line, ", held by 0x%llx, which is no thread any more",
                      (unsigned long long)lock->owner_word);
    }
    if (lock->readers)
        strbuf_format(&line, ", %u readers", lock->readers);
    if (lock->pulse_waiting)
        strbuf_format(&line, ", %u waiting for a pulse", lock->pulse_waiting);
    table_number(table, lock->object.addr);
    table_text(table, hgr_lock_kind_name(lock->kind));
    if (lock->absent) {
        table_empty(table);
        table_empty(table);
    } else {
        table_number(table, lock->times);
        table_number(table, lock->waiting);
    }
    table_text(table, strbuf_get(&line));
    strbuf_fini(&line);
}

static void print_locks(const struct answer *answer)
{
    static const table_column columns[] = {{"object", TABLE_ADDRESS},
                                           {"kind", TABLE_TEXT},
                                           {"entered", TABLE_COUNT},
                                           {"waiting", TABLE_COUNT},
                                           {"type", TABLE_TEXT}};
    const hgr_locks *locks = answer->locks;
    bool all = opt_given(answer->session.opts, OPT_ALL);
    uint64_t top = session_top(&answer->session, false), shown = 0, matching = 0;
    tool_table table;
    putchar('\n');
    table_init(&table, answer->session.opts, session_pointer_size(&answer->session), columns, 5,
               "sorted by address");
    for (size_t i = 0; i < locks->nlocks; i++) {
        if (!all && !is_interesting(&locks->locks[i]))
            continue;
        if (matching++ < top) {
            print_lock(answer, &table, &locks->locks[i]);
            shown++;
        }
    }
    if (matching)
        table_finish(&table);
    else
        printf("no lock is held or waited for\n");
    if (matching > shown)
        printf("\n%llu of %llu locks; --all shows every one\n", (unsigned long long)shown,
               (unsigned long long)matching);
}

static void print_scope(const struct answer *answer)
{
    const hgr_locks *locks = answer->locks;
    char blocks[UNITS_TEXT], stacks[UNITS_TEXT];
    printf("\nlooked at: %s in use, the stacks of %s%s\n",
           units_things(blocks, locks->sync_blocks, "sync block"),
           units_things(stacks, locks->stacks, "thread"),
           locks->whole_heap ? ", every object of the heap"
                             : "; --heap looks at every object, too");
}

/* Of a deadlock, else the first that waits. */
static uint32_t first_waiter(const hgr_locks *locks)
{
    return locks->waits[locks->ncycles ? locks->cycles[0].waits[0] : 0].thread;
}

int cmd_locks(const tool_opts *opts)
{
    struct answer answer = {0};
    tool_session *session = &answer.session;
    hgr_status status = {0};
    int code = session_open(session, opts, opts->operands[0]);
    if (code == EXIT_DONE && opt_given(opts, OPT_HEAP))
        code = session_scan(session, HGR_SCAN_GRAPH);
    if (code == EXIT_DONE)
        code = session_state(session);
    if (code == EXIT_DONE) {
        hgr_result result =
            hgr_state_threads(session->state, &answer.threads, &answer.nthreads, &status);
        if (result == HGR_OK)
            result = hgr_state_locks(session->state, session->snapshot, &answer.locks, &status);
        if (result != HGR_OK)
            code = session_fail(session, result, &status);
    }
    if (code == EXIT_DONE) {
        session_begin_answer(session);
        if (session_wants_json(session)) {
            locks_json_write(&session->json, answer.locks, answer.threads);
        } else {
            print_cycles(&answer);
            print_waits(&answer);
            print_locks(&answer);
            print_scope(&answer);
        }
        if (answer.locks->no_table)
            session_unread(session, "the sync table is not in the dump: monitors are unknown");
        if (answer.locks->absent_blocks)
            session_unread(session,
                           "%zu of %zu sync blocks are not in the dump: who holds their "
                           "monitors is unknown",
                           answer.locks->absent_blocks, answer.locks->sync_blocks);
        const hgr_locks *locks = answer.locks;
        if (locks->nwaits)
            session_end_answer(session, "stacks", "--thread 0x%x --objects",
                               answer.threads[first_waiter(locks)].os_id);
        else
            session_end_answer(session, "threads", "%s", "");
    }
    return session_close(session, code);
}
