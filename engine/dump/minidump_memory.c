/* dump: minidump streams about memory: Memory64List, MemoryList → ranges; MemoryInfoList → areas.
 *
 * Input: one stream. Output: ranges of the space (borrowed from the mapping) and the dump's memory
 * areas, ascending and disjoint. Bytes beyond the end of the file are counted as missing; an address
 * beyond what the process can address is cut. */
#include "minidump.h"

#include "../base/status.h"
#include "limits.h"

enum {
    MEMORY64_BYTES = 16,
    MEMORY_BYTES = 16,
    AREA_BYTES = 48,
    STATE_COMMITTED = 0x1000,
    STATE_RESERVED = 0x2000,
    TYPE_PRIVATE = 0x20000,
    TYPE_MAPPED = 0x40000,
    TYPE_IMAGE = 0x1000000,
    PROTECT_READ = 0x02 | 0x04 | 0x08 | 0x20 | 0x40 | 0x80,
    PROTECT_WRITE = 0x04 | 0x08 | 0x40 | 0x80,
    PROTECT_EXECUTE = 0x10 | 0x20 | 0x40 | 0x80
};

static hgr_result note_lost(hgr_minidump *md, uint64_t start, uint64_t end, hgr_status *status)
{
    struct hgr_dump *dump = md->dump;
    hgr_minidump_miss(md, end - start);
    hgr_result result = hgr_grow(dump->run, &dump->lost, &dump->lost_capacity, dump->nlost + 1,
                                 HGR_MAX_RANGES, sizeof *dump->lost, "lost ranges", status);
    if (result == HGR_OK)
        dump->lost[dump->nlost++] = (hgr_piece){start, end};
    return result;
}

hgr_result hgr_minidump_add_memory(hgr_minidump *md, uint64_t addr, uint64_t len, uint64_t off,
                                   hgr_status *status)
{
    uint64_t start = hgr_minidump_addr(md, addr);
    uint64_t file_len = md->dump->file_len;
    if (len > md->addr_end - start)
        len = md->addr_end - start;
    uint64_t held = off < file_len ? file_len - off : 0;
    if (held > len)
        held = len;
    if (held < len) {
        hgr_result result = note_lost(md, start + held, start + len, status);
        if (result != HGR_OK || held == 0)
            return result;
    }
    if (held == 0)
        return HGR_OK;
    hgr_range range = {.start_addr = start,
                       .end_addr = start + held, /* <= addr_end */
                       .bytes = md->dump->file + off,
                       .access = 0,
                       .origin = HGR_ORIGIN_DUMP};
    return hgr_space_add(&md->dump->space, &range, status);
}

/* The bytes of all ranges lie one after the other from one place on, so one lost length loses the rest. */
hgr_result hgr_minidump_memory64_list(hgr_minidump *md, hgr_cursor stream, hgr_status *status)
{
    const hgr_minidump_list list = {"Memory64List", MEMORY64_BYTES, HGR_MAX_MINIDUMP_RANGES};
    uint64_t promised, off;
    if (!hgr_cursor_u64(&stream, &promised) || !hgr_cursor_u64(&stream, &off))
        return HGR_OK;
    size_t count;
    hgr_result result = hgr_minidump_count(md, &stream, &list, promised, &count, status);
    for (size_t i = 0; result == HGR_OK && i < count; i++) {
        uint64_t addr = 0, len = 0;
        if (!hgr_cursor_u64(&stream, &addr) || !hgr_cursor_u64(&stream, &len))
            return HGR_INTERNAL; /* counted above */
        result = hgr_minidump_add_memory(md, addr, len, off, status);
        if (!hgr_add_u64(off, len, &off))
            return hgr_cursor_fail(&stream, status, HGR_BAD_DATA,
                                   "Memory64List: range %zu has %llu bytes", i,
                                   (unsigned long long)len);
    }
    return result;
}

/* Each range says where its bytes lie. */
hgr_result hgr_minidump_memory_list(hgr_minidump *md, hgr_cursor stream, hgr_status *status)
{
    const hgr_minidump_list list = {"MemoryList", MEMORY_BYTES, HGR_MAX_MINIDUMP_RANGES};
    size_t count;
    hgr_result result = hgr_minidump_begin_list(md, &stream, &list, &count, status);
    for (size_t i = 0; result == HGR_OK && i < count; i++) {
        uint64_t addr = 0;
        uint32_t len = 0, off = 0;
        if (!hgr_cursor_u64(&stream, &addr) || !hgr_cursor_u32(&stream, &len) ||
            !hgr_cursor_u32(&stream, &off))
            return HGR_INTERNAL; /* counted above */
        result = hgr_minidump_add_memory(md, addr, len, off, status);
    }
    return result;
}

/* ---- MemoryInfoList ---- */

static uint32_t access_of(uint32_t protect)
{
    return ((protect & PROTECT_READ) ? HGR_ACCESS_READ : 0u) |
           ((protect & PROTECT_WRITE) ? HGR_ACCESS_WRITE : 0u) |
           ((protect & PROTECT_EXECUTE) ? HGR_ACCESS_EXECUTE : 0u);
}

static uint8_t state_of(uint32_t state)
{
    return state == STATE_COMMITTED  ? HGR_AREA_COMMITTED
           : state == STATE_RESERVED ? HGR_AREA_RESERVED
                                     : HGR_AREA_FREE;
}

static uint8_t kind_of(uint32_t type)
{
    return type == TYPE_PRIVATE  ? HGR_AREA_PRIVATE
           : type == TYPE_MAPPED ? HGR_AREA_MAPPED
           : type == TYPE_IMAGE  ? HGR_AREA_IMAGE
                                 : HGR_AREA_UNKNOWN;
}

/* Take one record; false: it is no area (empty, or beyond what the process can address). */
static bool take_area(const hgr_minidump *md, hgr_cursor record, hgr_memory_area *out)
{
    uint64_t start, allocation, bytes;
    uint32_t state, protect, type;
    if (!hgr_cursor_u64(&record, &start) || !hgr_cursor_u64(&record, &allocation) ||
        !hgr_cursor_skip(&record, 8) || !hgr_cursor_u64(&record, &bytes) ||
        !hgr_cursor_u32(&record, &state) || !hgr_cursor_u32(&record, &protect) ||
        !hgr_cursor_u32(&record, &type))
        return false;
    start = hgr_minidump_addr(md, start);
    if (bytes > md->addr_end - start)
        bytes = md->addr_end - start;
    bool committed = state == STATE_COMMITTED;
    *out = (hgr_memory_area){.start_addr = start,
                             .end_addr = start + bytes,
                             .allocation_addr = hgr_minidump_addr(md, allocation),
                             .access = committed ? access_of(protect) : 0,
                             .state = state_of(state),
                             .kind = kind_of(type)};
    return bytes > 0;
}

hgr_result hgr_minidump_memory_info_list(hgr_minidump *md, hgr_cursor stream, hgr_status *status)
{
    struct hgr_dump *dump = md->dump;
    hgr_minidump_list list = {"MemoryInfoList", AREA_BYTES, HGR_MAX_MINIDUMP_RANGES};
    size_t count;
    hgr_result result =
        hgr_minidump_begin_headed_list(md, &stream, &list, sizeof(uint64_t), &count, status);
    if (result == HGR_OK)
        result = hgr_grow(dump->run, &dump->areas, &dump->areas_capacity, count,
                          HGR_MAX_MINIDUMP_RANGES, sizeof *dump->areas, "memory areas", status);
    if (result != HGR_OK)
        return result;
    for (size_t i = 0; i < count; i++) {
        const uint8_t *bytes;
        if (!hgr_cursor_take(&stream, list.record_bytes, &bytes))
            return HGR_INTERNAL; /* counted above */
        hgr_cursor record = hgr_cursor_make(bytes, list.record_bytes, 0, HGR_AT_FILE);
        if (take_area(md, record, &dump->areas[dump->nareas]))
            dump->nareas++;
    }
    hgr_dump_settle_areas(dump);
    return HGR_OK;
}

/* The area that holds addr, or NULL. */
static const hgr_memory_area *find_area(const struct hgr_dump *dump, uint64_t addr)
{
    size_t low = 0, high = dump->nareas;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (dump->areas[middle].end_addr > addr)
            high = middle;
        else
            low = middle + 1;
    }
    const hgr_memory_area *area = &dump->areas[low];
    return low < dump->nareas && area->start_addr <= addr ? area : NULL;
}

/* Windows writes one range for each area, so the first byte speaks for the whole range. */
void hgr_minidump_set_access(hgr_minidump *md)
{
    hgr_space *space = &md->dump->space;
    if (md->dump->nareas == 0)
        return;
    for (size_t i = 0; i < space->count; i++) {
        const hgr_memory_area *area = find_area(md->dump, space->ranges[i].start_addr);
        if (area)
            space->ranges[i].access = area->access;
    }
}
