/* dump: which pages did the readers of a dump ask for? The public face of the space's page trace.
 */
#include <heapgraph/slim.h>

#include "../base/status.h"
#include "dump.h"

#define PAGE HGR_TRACE_PAGE_BYTES

hgr_result hgr_dump_trace_begin(hgr_dump *dump, hgr_status *status)
{
    return hgr_space_trace_begin(&dump->space, status);
}

void hgr_dump_trace_end(hgr_dump *dump)
{
    hgr_space_trace_end(&dump->space);
}

struct range_list {
    hgr_addr_range *ranges;
    size_t count, capacity;
};

static hgr_result append_range(const hgr_run *run, struct range_list *list, uint64_t start,
                               uint64_t end, hgr_status *status)
{
    if (list->count && list->ranges[list->count - 1].end_addr == start) {
        list->ranges[list->count - 1].end_addr = end;
        return HGR_OK;
    }
    hgr_result result = hgr_grow(run, &list->ranges, &list->capacity, list->count + 1,
                                 SIZE_MAX / 32, sizeof *list->ranges, "traced ranges", status);
    if (result == HGR_OK)
        list->ranges[list->count++] = (hgr_addr_range){start, end};
    return result;
}

static uint64_t page_end(uint64_t addr, uint64_t limit)
{
    uint64_t end = (addr / PAGE + 1) * PAGE;
    return end > limit || end < addr ? limit : end;
}

hgr_result hgr_dump_trace_ranges(const hgr_dump *dump, hgr_addr_range **out, size_t *out_count,
                                 hgr_status *status)
{
    const hgr_space *space = &dump->space;
    struct range_list list = {0};
    if (!space->trace)
        return hgr_fail(status, HGR_BAD_ARGUMENT, "page trace: not begun");
    hgr_result result =
        hgr_resize(dump->run, &list.ranges, 16, sizeof *list.ranges, "traced ranges", status);
    list.capacity = result == HGR_OK ? 16 : 0;
    for (size_t i = 0; result == HGR_OK && i < space->count; i++) {
        uint64_t end = space->ranges[i].end_addr, next;
        for (uint64_t at = space->starts[i]; result == HGR_OK && at < end; at = next) {
            next = page_end(at, end);
            if (hgr_space_traced(space, i, at))
                result = append_range(dump->run, &list, at, next, status);
        }
    }
    if (result != HGR_OK) {
        hgr_free(list.ranges);
        return result;
    }
    *out = list.ranges;
    *out_count = list.count;
    return HGR_OK;
}

void hgr_addr_ranges_free(hgr_addr_range *ranges)
{
    hgr_free(ranges);
}
