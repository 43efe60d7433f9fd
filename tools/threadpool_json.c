/* tools: write workers, queues, work items and timers as JSON. */
#include "threadpool_json.h"

static void write_items(tool_json *json, const hgr_pool *pool)
{
    out_array(json, "items");
    for (size_t i = 0; i < pool->nitems; i++) {
        const hgr_work_item *item = &pool->items[i];
        out_object(json, NULL);
        out_address(json, "object", item->object.addr);
        out_text(json, "type", item->object.type ? item->object.type->name : NULL);
        out_text(json, "method", *item->method ? item->method : NULL);
        out_u64(json, "queue", item->queue);
        out_end_object(json);
    }
    out_end_array(json);
}

static void write_timers(tool_json *json, const hgr_pool *pool)
{
    out_array(json, "timers");
    for (size_t i = 0; i < pool->ntimers; i++) {
        const hgr_timer *timer = &pool->timers[i];
        out_object(json, NULL);
        out_address(json, "object", timer->object_addr);
        out_text(json, "method", *timer->method ? timer->method : NULL);
        if (timer->due_ms != UINT32_MAX)
            out_u64(json, "due_ms", timer->due_ms);
        if (timer->period_ms != UINT32_MAX)
            out_u64(json, "period_ms", timer->period_ms);
        if (timer->state_addr)
            out_address(json, "state", timer->state_addr);
        out_end_object(json);
    }
    out_end_array(json);
}

void threadpool_json_write(tool_json *json, const hgr_pool *pool)
{
    if (pool->has_workers) {
        out_object(json, "workers");
        out_u64(json, "count", pool->workers);
        out_u64(json, "busy", pool->busy_workers);
        out_u64(json, "minimum", pool->min_workers);
        out_u64(json, "maximum", pool->max_workers);
        out_u64(json, "goal", pool->goal_workers);
        out_u64(json, "cpu_percent", pool->cpu_percent);
        out_end_object(json);
    }
    out_array(json, "queues");
    for (size_t i = 0; i < pool->nqueues; i++) {
        out_object(json, NULL);
        out_text(json, "name", pool->queues[i].name);
        out_address(json, "object", pool->queues[i].object_addr);
        out_u64(json, "count", pool->queues[i].count);
        out_bool(json, "whole", !pool->queues[i].damaged);
        out_end_object(json);
    }
    out_end_array(json);
    write_items(json, pool);
    write_timers(json, pool);
}
