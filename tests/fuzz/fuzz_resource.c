/* fuzz: a PE image in memory: its headers, exports and the resource with the runtime's table of
 * globals.
 *
 * Input: the image's bytes from its base on; looked at as the image of a 32-bit and of a 64-bit
 * process. */
#include <stdlib.h>
#include <string.h>

#include "base/run.h"
#include "clr/clr_open.h"
#include "clr/pe_image.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len);

#define BASE UINT64_C(0x7ff810000000)

static void look(const hgr_space *space, size_t len)
{
    static const char *const names[] = {"g_dacTable", "DotNetRuntimeInfo", "a", ""};
    const hgr_module module = {.path = "coreclr.dll", .base_addr = BASE, .size_bytes = len};
    hgr_pe_image image;
    hgr_clr_table table;
    uint64_t addr;
    uint32_t size;
    uint16_t version[4];
    if (!hgr_pe_open(space, BASE, &image))
        return;
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
        (void)!hgr_pe_export(&image, names[i], &addr);
    (void)!hgr_pe_resource(&image, "COREXTERNALDATAACCESSRESOURCE", &addr, &size);
    (void)!hgr_pe_file_version(&image, version);
    if (!hgr_clr_resource_table(space, &module, &table))
        return;
    if (table.addr < BASE)
        abort();
    for (uint32_t i = 0; i < 300; i++)
        (void)!hgr_clr_table_entry(space, &table, i, &addr);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
    hgr_run *run = NULL;
    if (len < 2 || memcmp(bytes, "MZ", 2) != 0 || hgr_run_create(1, &run, NULL) != HGR_OK)
        return 0;
    for (uint32_t pointer_size = 4; pointer_size <= 8; pointer_size += 4) {
        hgr_space space;
        hgr_range range = {.start_addr = BASE, .end_addr = BASE + len, .bytes = bytes};
        hgr_space_init(&space, run, pointer_size);
        if (hgr_space_add(&space, &range, NULL) == HGR_OK && hgr_space_seal(&space, NULL) == HGR_OK)
            look(&space, len);
        hgr_space_fini(&space);
    }
    if (hgr_run_memory_bytes(run) != 0)
        abort();
    hgr_run_free(run);
    return 0;
}
