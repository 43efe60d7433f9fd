/* fuzz: a PE file that stands for absent pages of a module. What it adds must lie within the module
 * and the file. */
#include <stdlib.h>

#include "base/run.h"
#include "dump/image.h"
#include "dump/modules.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len);

#define BASE UINT64_C(0x7ff810000000)

static void check_ranges(const hgr_space *space, const uint8_t *bytes, size_t len)
{
    for (size_t i = 0; i < space->count; i++) {
        const hgr_range *range = &space->ranges[i];
        uint64_t size = range->end_addr - range->start_addr;
        if (range->start_addr < BASE || range->end_addr > BASE + (1u << 20) ||
            range->bytes < bytes || size > len ||
            (size_t)(range->bytes - bytes) > len - (size_t)size)
            abort();
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
    hgr_run *run = NULL;
    if (hgr_run_create(1, &run, NULL) != HGR_OK)
        return 0;
    hgr_run_set_memory_limit(run, 64u << 20);
    hgr_dump dump = {.run = run};
    const hgr_module module = {.path = "a.dll", .base_addr = BASE, .size_bytes = 1u << 20};
    hgr_image image;
    hgr_space_init(&dump.space, run, 8);
    hgr_image_read(&(hgr_image_source){.file = bytes, .file_len = len}, &image);
    if (image.kind == HGR_IMAGE_PE &&
        hgr_module_file_add_pe(&dump, &module, bytes, len, NULL) == HGR_OK &&
        hgr_space_seal(&dump.space, NULL) == HGR_OK)
        check_ranges(&dump.space, bytes, len);
    hgr_space_fini(&dump.space);
    if (hgr_run_memory_bytes(run) != 0)
        abort();
    hgr_run_free(run);
    return 0;
}
