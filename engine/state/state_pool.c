/* state: the thread pool: counts of workers, queues, work items.
 *
 * All of it is managed objects, reached by the names of their fields, which differ a little between
 * versions: each question is a list of paths, the first that leads somewhere counts. A worker's own
 * queue is a ring: items lie at index & mask, from head to tail. */
#include "state_pool.h"

#include "../base/status.h"

#define MAX_ITEMS    (1u << 26)
#define MAX_QUEUES   (1u << 16) /* one for each worker; the pool stops at 32,767 */
#define METHOD_BYTES 4096

/* ---- small questions ---- */

bool hgr_pool_object(hgr_state *state, const char *const *paths, hgr_object *out)
{
    for (; *paths; paths++) {
        hgr_value value;
        hgr_result result = hgr_path_evaluate(state->inspector, *paths, &value, NULL);
        state->no_memory |= result == HGR_NO_MEMORY;
        if (result == HGR_OK && value.present && value.element == HGR_IS_REFERENCE &&
            value.bits != 0 && hgr_state_has_object(state, value.bits, out))
            return true;
    }
    return false;
}

uint64_t hgr_pool_member(hgr_state *state, const hgr_object *object, const char *path)
{
    hgr_value self = hgr_value_of_object(object), value;
    hgr_result result = hgr_path_follow(state->inspector, &self, path, &value, NULL);
    state->no_memory |= result == HGR_NO_MEMORY;
    return result == HGR_OK && value.present ? value.bits : 0;
}

struct method {
    char text[METHOD_BYTES];
};

static bool take_method(void *user, const hgr_fact *fact)
{
    struct method *method = user;
    if (strcmp(fact->name, "method") != 0 || !fact->text)
        return true;
    size_t len = strnlen(fact->text, sizeof method->text - 1);
    memcpy(method->text, fact->text, len);
    method->text[len] = '\0';
    return false;
}

hgr_result hgr_pool_method(hgr_state *state, const hgr_object *object, const char *const *fields,
                           const char **out, hgr_status *status)
{
    struct method method = {0};
    hgr_object delegate;
    hgr_result result = HGR_OK;
    *out = "";
    for (; *fields && !*method.text && result == HGR_OK; fields++) {
        uint64_t addr = hgr_pool_member(state, object, *fields);
        if (addr && hgr_state_has_object(state, addr, &delegate))
            result = hgr_object_facts(state->inspector, &delegate, take_method, &method, status);
    }
    if (result == HGR_OK && *method.text) {
        *out = hgr_arena_text(&state->arena, method.text, strlen(method.text), status);
        result = *out ? HGR_OK : HGR_NO_MEMORY;
    }
    return result;
}

/* ---- work items ---- */

struct adding {
    hgr_state *state;
    struct hgr_state_pool *pool;
    hgr_result result;
    hgr_status *status;
};

static hgr_result add_item(struct adding *adding, uint64_t addr)
{
    static const char *const delegates[] = {"_callback", "m_action", "_action", NULL};
    struct hgr_state_pool *pool = adding->pool;
    hgr_work_item item = {.queue = (uint32_t)pool->nqueues - 1, .method = ""};
    hgr_result result = hgr_state_object(adding->state, addr, &item.object, adding->status);
    if (result == HGR_OK && item.object.type)
        result =
            hgr_pool_method(adding->state, &item.object, delegates, &item.method, adding->status);
    if (result == HGR_OK)
        result = hgr_grow(adding->state->run, &pool->items, &pool->items_capacity, pool->nitems + 1,
                          MAX_ITEMS, sizeof item, "work items", adding->status);
    if (result == HGR_OK) {
        pool->items[pool->nitems++] = item;
        pool->queues[pool->nqueues - 1].count++;
    }
    return result;
}

static hgr_result add_queue(struct adding *adding, const char *name, uint64_t addr)
{
    struct hgr_state_pool *pool = adding->pool;
    hgr_result result =
        hgr_grow(adding->state->run, &pool->queues, &pool->queues_capacity, pool->nqueues + 1,
                 MAX_QUEUES, sizeof *pool->queues, "thread pool queues", adding->status);
    if (result == HGR_OK)
        pool->queues[pool->nqueues++] = (hgr_pool_queue){.name = name, .object_addr = addr};
    return result;
}

static bool add_visited(void *user, const hgr_item *item)
{
    struct adding *adding = user;
    if (item->value.present && item->value.bits != 0)
        adding->result = add_item(adding, item->value.bits);
    return adding->result == HGR_OK;
}

/* A ConcurrentQueue<object>. */
static hgr_result add_shared(struct adding *adding, const char *name, uint64_t addr)
{
    hgr_object queue;
    if (addr == 0 || !hgr_state_has_object(adding->state, addr, &queue))
        return HGR_OK;
    hgr_result result = add_queue(adding, name, addr);
    if (result != HGR_OK)
        return result;
    hgr_value value = hgr_value_of_object(&queue);
    result =
        hgr_collection_visit(adding->state->inspector, &value, add_visited, adding, adding->status);
    if (adding->result != HGR_OK)
        return adding->result;
    if (result == HGR_BAD_DATA || result == HGR_NOT_FOUND) {
        adding->pool->queues[adding->pool->nqueues - 1].damaged = true;
        result = HGR_OK;
    }
    return result;
}

/* A worker's own: m_array[i & m_mask], i from m_headIndex to m_tailIndex. Its owner takes from the
 * tail. */
static hgr_result add_local(struct adding *adding, const hgr_object *queue)
{
    hgr_state *state = adding->state;
    hgr_object array;
    uint32_t head = (uint32_t)hgr_pool_member(state, queue, "m_headIndex");
    uint32_t tail = (uint32_t)hgr_pool_member(state, queue, "m_tailIndex");
    uint32_t mask = (uint32_t)hgr_pool_member(state, queue, "m_mask");
    uint64_t items = hgr_pool_member(state, queue, "m_array");
    hgr_result result = add_queue(adding, "local", queue->addr);
    if (result != HGR_OK)
        return result;
    if (!hgr_state_has_object(state, items, &array) || tail - head > array.length) {
        adding->pool->queues[adding->pool->nqueues - 1].damaged = head != tail;
        return HGR_OK;
    }
    for (uint32_t i = head; i != tail && result == HGR_OK; i++) {
        hgr_value item = hgr_array_element(state->inspector, &array, i & mask);
        if (item.present && item.bits != 0)
            result = add_item(adding, item.bits);
    }
    return result;
}

/* Every object of an array, to one of the two above. */
static hgr_result add_array(struct adding *adding, uint64_t addr, bool local)
{
    hgr_object array, queue;
    hgr_result result = HGR_OK;
    if (addr == 0 || !hgr_state_has_object(adding->state, addr, &array))
        return HGR_OK;
    for (uint64_t i = 0; i < array.length && i < MAX_QUEUES && result == HGR_OK; i++) {
        hgr_value each = hgr_array_element(adding->state->inspector, &array, i);
        if (!each.present || each.bits == 0)
            continue;
        if (!local)
            result = add_shared(adding, "assignable", each.bits);
        else if (hgr_state_has_object(adding->state, each.bits, &queue))
            result = add_local(adding, &queue);
    }
    return result;
}

static hgr_result read_queues(struct adding *adding, const hgr_object *work)
{
    static const char *const locals[] = {
        "System.Threading.ThreadPoolWorkQueue+WorkStealingQueueList.s_queues",
        "System.Threading.ThreadPoolWorkQueue+WorkStealingQueueList._queues", NULL};
    hgr_state *state = adding->state;
    hgr_object list;
    hgr_result result =
        add_shared(adding, "high priority", hgr_pool_member(state, work, "highPriorityWorkItems"));
    if (result == HGR_OK)
        result =
            add_array(adding, hgr_pool_member(state, work, "_assignableWorkItemQueues"), false);
    if (result == HGR_OK)
        result = add_shared(adding, "global", hgr_pool_member(state, work, "workItems"));
    if (result == HGR_OK && hgr_pool_object(state, locals, &list))
        result = add_array(adding, list.addr, true);
    return result;
}

/* ---- workers ---- */

/* ThreadCounts: three numbers of 16 bits: at work, there, aimed at. */
static void read_workers(hgr_state *state, const hgr_object *portable, hgr_pool *out)
{
    uint64_t counts = hgr_pool_member(state, portable, "_separated.counts._data");
    out->has_workers = true;
    out->min_workers = (uint16_t)hgr_pool_member(state, portable, "_minThreads");
    out->max_workers = (uint16_t)hgr_pool_member(state, portable, "_maxThreads");
    out->busy_workers = (uint16_t)counts;
    out->workers = (uint16_t)(counts >> 16);
    out->goal_workers = (uint16_t)(counts >> 32);
    out->cpu_percent = (uint32_t)hgr_pool_member(state, portable, "_cpuUtilization");
}

static hgr_result read_pool(hgr_state *state, struct hgr_state_pool *pool, hgr_status *status)
{
    static const char *const portables[] = {
        "System.Threading.PortableThreadPool.ThreadPoolInstance", NULL};
    static const char *const queues[] = {"System.Threading.ThreadPool.s_workQueue",
                                         "System.Threading.ThreadPoolGlobals.workQueue", NULL};
    struct adding adding = {state, pool, HGR_OK, status};
    hgr_object portable, work;
    bool has_work = hgr_pool_object(state, queues, &work);
    if (hgr_pool_object(state, portables, &portable))
        read_workers(state, &portable, &pool->found);
    hgr_result result = has_work ? read_queues(&adding, &work) : HGR_OK;
    return result == HGR_OK ? hgr_pool_read_timers(state, pool, status) : result;
}

hgr_result hgr_state_pool(hgr_state *state, const hgr_pool **out, hgr_status *status)
{
    struct hgr_state_pool *pool = state->pool;
    if (!pool) {
        hgr_result result = hgr_alloc(state->run, 1, sizeof *pool, "thread pool", &pool, status);
        if (result == HGR_OK)
            result = hgr_state_settle(state, read_pool(state, pool, status), status);
        if (result != HGR_OK) {
            hgr_state_pool_free(pool);
            return result;
        }
        pool->found.queues = pool->queues;
        pool->found.nqueues = pool->nqueues;
        pool->found.items = pool->items;
        pool->found.nitems = pool->nitems;
        pool->found.timers = pool->timers;
        pool->found.ntimers = pool->ntimers;
        state->pool = pool;
    }
    *out = &pool->found;
    return HGR_OK;
}

void hgr_state_pool_free(struct hgr_state_pool *pool)
{
    if (!pool)
        return;
    hgr_free(pool->timers);
    hgr_free(pool->items);
    hgr_free(pool->queues);
    hgr_free(pool);
}
