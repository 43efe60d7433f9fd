/* dump: the areas of the address space, in any order and overlapping -> ascending and disjoint. */
#include <stdlib.h>

#include "dump.h"

/* By start; of two that start together the longer one first. */
static int compare_areas(const void *left, const void *right)
{
    const hgr_memory_area *a = left, *b = right;
    if (a->start_addr != b->start_addr)
        return a->start_addr < b->start_addr ? -1 : 1;
    return a->end_addr == b->end_addr ? 0 : a->end_addr > b->end_addr ? -1 : 1;
}

void hgr_dump_settle_areas(struct hgr_dump *dump)
{
    if (dump->nareas > 1) /* qsort must not see NULL */
        qsort(dump->areas, dump->nareas, sizeof *dump->areas, compare_areas);
    size_t kept = 0;
    uint64_t end = 0;
    for (size_t i = 0; i < dump->nareas; i++) {
        hgr_memory_area area = dump->areas[i];
        if (area.start_addr < end)
            area.start_addr = end;
        if (area.start_addr >= area.end_addr)
            continue;
        end = area.end_addr;
        dump->areas[kept++] = area;
    }
    dump->nareas = kept;
}
