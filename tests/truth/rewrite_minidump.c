/* truth: an opened minidump through the writer of synth. */
#include "rewrite_minidump.h"

void rewrite_modules(synth_minidump *synth, const hgr_dump *dump)
{
    for (size_t i = 0; i < hgr_dump_modules(dump); i++) {
        const hgr_module *module = hgr_dump_module(dump, i);
        synth_minidump_module(synth, module->base_addr, (uint32_t)module->size_bytes,
                              module->timestamp, module->path, module->build_id);
    }
}

/* The first module left out that begins below end and ends above start, or NULL. */
static const hgr_module *find_left_out(const hgr_dump *dump, rewrite_leaves_out *leaves_out,
                                       uint64_t start, uint64_t end)
{
    for (size_t i = 0; leaves_out && i < hgr_dump_modules(dump); i++) {
        const hgr_module *module = hgr_dump_module(dump, i);
        if (module->base_addr < end && module->base_addr + module->size_bytes > start &&
            leaves_out(module))
            return module;
    }
    return NULL;
}

void rewrite_memory(synth_minidump *synth, const hgr_dump *dump, rewrite_leaves_out *leaves_out)
{
    for (size_t i = 0; i < hgr_dump_ranges(dump); i++) {
        const hgr_range *range = hgr_dump_range(dump, i);
        for (uint64_t at = range->start_addr; at < range->end_addr;) {
            const hgr_module *out = find_left_out(dump, leaves_out, at, range->end_addr);
            uint64_t to = out && out->base_addr > at ? out->base_addr : range->end_addr;
            if (!out || out->base_addr > at)
                synth_minidump_memory(synth, at, range->bytes + (at - range->start_addr),
                                      (size_t)(to - at));
            at = out ? out->base_addr + out->size_bytes : to;
        }
    }
}

void rewrite_areas(synth_minidump *synth, const hgr_dump *dump)
{
    static const uint32_t protect[2][2] = {{0x02, 0x20}, {0x04, 0x40}};
    for (size_t i = 0; i < hgr_dump_memory_areas(dump); i++) {
        const hgr_memory_area *area = hgr_dump_memory_area(dump, i);
        bool write = area->access & HGR_ACCESS_WRITE, execute = area->access & HGR_ACCESS_EXECUTE;
        uint32_t state = area->state == HGR_AREA_COMMITTED  ? 0x1000
                         : area->state == HGR_AREA_RESERVED ? 0x2000
                                                            : 0x10000;
        synth_minidump_area(synth, area->start_addr, area->allocation_addr,
                            area->end_addr - area->start_addr, state, protect[write][execute],
                            area->kind == HGR_AREA_IMAGE ? 0x1000000 : 0x20000);
    }
}
