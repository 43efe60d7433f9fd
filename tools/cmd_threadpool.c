/* tools: `threadpool`: workers, the work that waits, by queue, type and method; timers. */
#include "pick.h"
#include "session.h"
#include "threadpool_json.h"
#include "units.h"

#include <stdlib.h>
#include <string.h>

const opt_row opts_threadpool[] = {
    {OPT_ITEMS, "items", 'i', OPT_FLAG, NULL, NULL, "list the work items one by one"},
    OPT_ROW_TOP,
    OPT_ROW_ALL,
    OPT_ROW_END};

struct answer {
    tool_session session;
    const hgr_pool *pool;
    const hgr_work_item **order; /* items by type, method, then as they are queued */
};

static const char *type_of(const hgr_work_item *item)
{
    return item->object.type ? item->object.type->name : "(unreadable)";
}

static int compare_kinds(const hgr_work_item *a, const hgr_work_item *b)
{
    int order = strcmp(type_of(a), type_of(b));
    return order ? order : strcmp(a->method, b->method);
}

static int compare_items(const void *left, const void *right)
{
    const hgr_work_item *a = *(const hgr_work_item *const *)left;
    const hgr_work_item *b = *(const hgr_work_item *const *)right;
    int order = compare_kinds(a, b);
    return order ? order : (a > b) - (a < b); /* of one array */
}

static void sort_items(struct answer *answer)
{
    const hgr_pool *pool = answer->pool;
    answer->order = must_alloc(pool->nitems + 1, sizeof *answer->order);
    for (size_t i = 0; i < pool->nitems; i++)
        answer->order[i] = &pool->items[i];
    qsort(answer->order, pool->nitems, sizeof *answer->order, compare_items);
}

/* ---- tables ---- */

static void print_workers(const hgr_pool *pool)
{
    if (!pool->has_workers) {
        printf("workers   %s\n", pool->nqueues ? "not known: this runtime's pool is native code"
                                               : "none: the process has not used its thread pool");
        return;
    }
    printf("workers   %u, %u of them busy; minimum %u, maximum %u, aimed at %u\n", pool->workers,
           pool->busy_workers, pool->min_workers, pool->max_workers, pool->goal_workers);
    printf("cpu       %u %%\n", pool->cpu_percent);
}

static void print_queues(const struct answer *answer)
{
    static const table_column columns[] = {
        {"work items", TABLE_COUNT}, {"queues", TABLE_COUNT}, {"queue", TABLE_TEXT}};
    static const char *const names[] = {"high priority", "assignable", "global", "local"};
    const hgr_pool *pool = answer->pool;
    tool_table table;
    if (pool->nqueues == 0)
        return;
    putchar('\n');
    table_init(&table, answer->session.opts, session_pointer_size(&answer->session), columns, 3,
               NULL);
    for (size_t n = 0; n < sizeof names / sizeof names[0]; n++) {
        uint64_t items = 0, queues = 0;
        bool damaged = false;
        for (size_t q = 0; q < pool->nqueues; q++) {
            if (strcmp(pool->queues[q].name, names[n]) != 0)
                continue;
            queues++;
            items += pool->queues[q].count;
            damaged |= pool->queues[q].damaged;
        }
        if (queues == 0)
            continue;
        strbuf name = {0};
        strbuf_format(&name, "%s%s", names[n], damaged ? " (not read whole)" : "");
        table_number(&table, items);
        table_number(&table, queues);
        table_text(&table, strbuf_get(&name));
        strbuf_fini(&name);
    }
    table_gap(&table);
    table_number(&table, pool->nitems);
    table_number(&table, pool->nqueues);
    table_text(&table, "(all)");
    table_finish(&table);
}

static void print_kinds(const struct answer *answer)
{
    static const table_column columns[] = {
        {"count", TABLE_COUNT}, {"example", TABLE_ADDRESS}, {"type → method", TABLE_TEXT}};
    const hgr_pool *pool = answer->pool;
    size_t groups = 0, end;
    tool_table table;
    tool_pick order;
    if (pool->nitems == 0)
        return;
    pick_init(&order, session_top(&answer->session, false));
    for (size_t first = 0; first < pool->nitems; first = end, groups++) {
        for (end = first + 1;
             end < pool->nitems && compare_kinds(answer->order[first], answer->order[end]) == 0;)
            end++;
        pick_add(&order, end - first, (uint32_t)first);
    }
    pick_sort(&order);
    putchar('\n');
    table_init(&table, answer->session.opts, session_pointer_size(&answer->session), columns, 3,
               "sorted by count, then type and method");
    for (size_t i = 0; i < order.count; i++) {
        const hgr_work_item *item = answer->order[order.rows[i].id];
        strbuf line = {0};
        strbuf_format(&line, "%s%s%s", type_of(item), *item->method ? " → " : "", item->method);
        table_number(&table, order.rows[i].key);
        table_number(&table, item->object.addr);
        table_text(&table, strbuf_get(&line));
        strbuf_fini(&line);
    }
    table_finish(&table);
    if (groups > order.count)
        printf("\n%zu of %zu rows; --all shows every one\n", order.count, groups);
    pick_fini(&order);
}

static void print_items(const struct answer *answer)
{
    static const table_column columns[] = {
        {"object", TABLE_ADDRESS}, {"queue", TABLE_TEXT}, {"type → method", TABLE_TEXT}};
    const hgr_pool *pool = answer->pool;
    uint64_t top = session_top(&answer->session, false);
    tool_table table;
    if (pool->nitems == 0)
        return;
    putchar('\n');
    table_init(&table, answer->session.opts, session_pointer_size(&answer->session), columns, 3,
               "queue after queue");
    for (size_t i = 0; i < pool->nitems && i < top; i++) {
        const hgr_work_item *item = &pool->items[i];
        strbuf line = {0};
        strbuf_format(&line, "%s%s%s", type_of(item), *item->method ? " → " : "", item->method);
        table_number(&table, item->object.addr);
        table_text(&table, pool->queues[item->queue].name);
        table_text(&table, strbuf_get(&line));
        strbuf_fini(&line);
    }
    table_finish(&table);
    if (pool->nitems > top)
        printf("\n%llu of %zu work items; --all shows every one\n", (unsigned long long)top,
               pool->nitems);
}

static void add_ms(tool_table *table, uint32_t ms, const char *never)
{
    char text[UNITS_TEXT];
    table_text(table, ms == UINT32_MAX ? never : units_count(text, ms));
}

static void print_timers(const struct answer *answer)
{
    static const table_column columns[] = {{"timer", TABLE_ADDRESS},
                                           {"due ms", TABLE_TEXT},
                                           {"period ms", TABLE_TEXT},
                                           {"calls", TABLE_TEXT}};
    const hgr_pool *pool = answer->pool;
    uint64_t top = session_top(&answer->session, false);
    tool_table table;
    if (pool->ntimers == 0)
        return;
    putchar('\n');
    table_init(&table, answer->session.opts, session_pointer_size(&answer->session), columns, 4,
               "as queued");
    for (size_t i = 0; i < pool->ntimers && i < top; i++) {
        const hgr_timer *timer = &pool->timers[i];
        table_number(&table, timer->object_addr);
        add_ms(&table, timer->due_ms, "never");
        add_ms(&table, timer->period_ms, "once");
        table_text(&table, *timer->method ? timer->method : "(unknown)");
    }
    table_finish(&table);
    if (pool->ntimers > top)
        printf("\n%llu of %zu timers; --all shows every one\n", (unsigned long long)top,
               pool->ntimers);
}

int cmd_threadpool(const tool_opts *opts)
{
    struct answer answer = {0};
    tool_session *session = &answer.session;
    hgr_status status = {0};
    int code = session_open(session, opts, opts->operands[0]);
    if (code == EXIT_DONE)
        code = session_state(session);
    if (code == EXIT_DONE) {
        hgr_result result = hgr_state_pool(session->state, &answer.pool, &status);
        if (result != HGR_OK)
            code = session_fail(session, result, &status);
    }
    if (code == EXIT_DONE) {
        sort_items(&answer);
        session_begin_answer(session);
        if (session_wants_json(session)) {
            threadpool_json_write(&session->json, answer.pool);
        } else {
            print_workers(answer.pool);
            print_queues(&answer);
            if (opt_given(opts, OPT_ITEMS))
                print_items(&answer);
            else
                print_kinds(&answer);
            print_timers(&answer);
        }
        session_end_answer(session, "locks", "%s", "");
    }
    free(answer.order);
    return session_close(session, code);
}
