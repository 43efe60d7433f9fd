/* state: active timers.
 *
 * TimerQueue.Instances holds a queue for each processor, each with two lists of TimerQueueTimer:
 * due soon and later. A list is walked at most as often as a heap can have timers. */
#include "state_pool.h"

#include "../base/status.h"

#define MAX_TIMERS (1u << 26)

static hgr_result add_timer(hgr_state *state, struct hgr_state_pool *pool, const hgr_object *object,
                            hgr_status *status)
{
    static const char *const delegates[] = {"_timerCallback", "m_timerCallback", NULL};
    hgr_timer timer = {.object_addr = object->addr,
                       .state_addr = hgr_pool_member(state, object, "_state"),
                       .due_ms = (uint32_t)hgr_pool_member(state, object, "_dueTime"),
                       .period_ms = (uint32_t)hgr_pool_member(state, object, "_period")};
    hgr_result result = hgr_pool_method(state, object, delegates, &timer.method, status);
    if (result == HGR_OK)
        result = hgr_grow(state->run, &pool->timers, &pool->timers_capacity, pool->ntimers + 1,
                          MAX_TIMERS, sizeof timer, "timers", status);
    if (result == HGR_OK)
        pool->timers[pool->ntimers++] = timer;
    return result;
}

static hgr_result add_list(hgr_state *state, struct hgr_state_pool *pool, uint64_t first,
                           hgr_status *status)
{
    hgr_map seen;
    hgr_object timer;
    hgr_result result = HGR_OK;
    hgr_map_init(&seen, state->run);
    for (uint64_t at = first; at != 0 && result == HGR_OK;) {
        if (hgr_map_get(&seen, at) != HGR_MAP_NONE || !hgr_state_has_object(state, at, &timer) ||
            strcmp(timer.type->name, "System.Threading.TimerQueueTimer") != 0)
            break;
        result = hgr_map_put(&seen, at, 1, status);
        if (result == HGR_OK)
            result = add_timer(state, pool, &timer, status);
        at = hgr_pool_member(state, &timer, "_next");
    }
    hgr_map_fini(&seen);
    return result;
}

hgr_result hgr_pool_read_timers(hgr_state *state, struct hgr_state_pool *pool, hgr_status *status)
{
    static const char *const instances[] = {"System.Threading.TimerQueue.Instances", NULL};
    hgr_object array, queue;
    hgr_result result = HGR_OK;
    if (!hgr_pool_object(state, instances, &array))
        return HGR_OK;
    for (uint64_t i = 0; i < array.length && result == HGR_OK; i++) {
        hgr_value each = hgr_array_element(state->inspector, &array, i);
        if (!each.present || !hgr_state_has_object(state, each.bits, &queue))
            continue;
        result = add_list(state, pool, hgr_pool_member(state, &queue, "_shortTimers"), status);
        if (result == HGR_OK)
            result = add_list(state, pool, hgr_pool_member(state, &queue, "_longTimers"), status);
    }
    return result;
}
