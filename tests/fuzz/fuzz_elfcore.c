/* fuzz: any bytes as an ELF core. Whatever opens must answer every question about itself. */
#include <stdint.h>
#include <stdlib.h>

#include "base/run.h"
#include "dump/formats.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len);

static void ask_everything(const hgr_dump *dump)
{
    const hgr_space *space = &dump->space;
    uint64_t sum = hgr_dump_fingerprint(dump), value;
    for (size_t i = 0; i < hgr_dump_ranges(dump); i++) {
        const hgr_range *range = hgr_dump_range(dump, i);
        if (range->start_addr >= range->end_addr ||
            (i && hgr_dump_range(dump, i - 1)->end_addr > range->start_addr))
            abort();
        uint8_t first = 0, last = 0;
        if (!hgr_space_u8(space, range->start_addr, &first) ||
            !hgr_space_u8(space, range->end_addr - 1, &last))
            abort();
        sum += first + last + (hgr_space_u64(space, range->end_addr - 4, &value) ? value : 0);
        sum += hgr_space_view(space, range->start_addr, UINT64_MAX) != NULL;
    }
    for (size_t i = 0; i < hgr_dump_modules(dump); i++)
        sum += hgr_dump_module(dump, i)->size_bytes + strlen(hgr_dump_module(dump, i)->path);
    for (size_t i = 0; i < hgr_dump_threads(dump); i++)
        sum += hgr_dump_thread(dump, i)->ip;
    for (size_t i = 0; hgr_dump_warning(dump, i); i++)
        sum += strlen(hgr_dump_warning(dump, i));
    *(volatile uint64_t *)&sum = sum; /* nothing above may be optimised away */
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
    static const hgr_dump_options options = {.no_module_files = true};
    hgr_run *run = NULL;
    hgr_dump *dump = NULL;
    hgr_status status = {0};
    if (hgr_packing_of(bytes, len) != HGR_PACKED_NOT || hgr_run_create(1, &run, NULL) != HGR_OK)
        return 0;
    hgr_run_set_memory_limit(run,
                             64u << 20); /* hostile counts must not cost more than their bytes */
    hgr_result result = hgr_dump_open_bytes(bytes, len, &options, run, &dump, &status);
    if (result == HGR_NO_MEMORY || result != status.code)
        abort();
    if (dump)
        ask_everything(dump);
    hgr_dump_close(dump);
    if (hgr_run_memory_bytes(run) != 0)
        abort();
    hgr_run_free(run);
    return 0;
}
