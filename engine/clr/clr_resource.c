/* clr: the table of globals as Windows runtimes before 8 publish it: a resource of their image.
 *
 * Input: the runtime's module. Output: where the table lies. The resource has a header {u32 globals,
 * u32 vtables, u32 time stamp of the image, 3 x u32 0}, then as many 32-bit offsets into the image.
 * The name and the order are those of the debugger's access layer since the shared source CLI. */
#include "clr_open.h"

#include "clr_limits.h"
#include "pe_image.h"

enum { GLOBALS, VTABLES, TIMESTAMP, HEADER_WORDS = 6 };

bool hgr_clr_table_entry(const hgr_space *space, const hgr_clr_table *table, uint32_t index,
                         uint64_t *out_addr)
{
    uint64_t addr;
    uint32_t off;
    if (table->image_addr != 0) {
        if (!hgr_space_u32(space, table->addr + 4 * (uint64_t)index, &off) || off == 0)
            return false;
        *out_addr = table->image_addr + off;
        return true;
    }
    if (!hgr_space_ptr(space, table->addr + (uint64_t)index * space->pointer_size, &addr) ||
        addr == 0)
        return false;
    *out_addr = addr;
    return true;
}

bool hgr_clr_resource_table(const hgr_space *space, const hgr_module *module, hgr_clr_table *out)
{
    hgr_pe_image image;
    uint64_t addr;
    uint32_t bytes, words[HEADER_WORDS];
    if (!hgr_pe_open(space, module->base_addr, &image) ||
        !hgr_pe_resource(&image, "COREXTERNALDATAACCESSRESOURCE", &addr, &bytes) ||
        bytes < sizeof words || !hgr_space_read(space, addr, words, sizeof words) ||
        words[GLOBALS] > HGR_CLR_DAC_ENTRIES || words[VTABLES] > HGR_CLR_DAC_ENTRIES ||
        sizeof words + 4 * (uint64_t)(words[GLOBALS] + words[VTABLES]) > bytes)
        return false;
    *out = (hgr_clr_table){addr + sizeof words, module->base_addr};
    return true;
}
