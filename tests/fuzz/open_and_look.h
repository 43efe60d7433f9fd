/* fuzz: opens bytes as a dump and looks at everything that can be asked of it. */
#ifndef FUZZ_OPEN_AND_LOOK_H
#define FUZZ_OPEN_AND_LOOK_H

#include <stdlib.h>
#include "base/run.h"
#include "dump/dump.h"

#define FUZZ_MEMORY_LIMIT (UINT64_C(256) << 20)

static inline void open_and_look(const uint8_t *bytes, size_t len)
{
    static const hgr_dump_options options = {.no_module_files = true, .temp_dir = "/dev/shm"};
    hgr_run *run = NULL;
    hgr_dump *dump = NULL;
    hgr_status status;
    if (hgr_run_create(1, &run, NULL) != HGR_OK)
        return;
    hgr_run_set_memory_limit(run, FUZZ_MEMORY_LIMIT);
    if (hgr_dump_open_bytes(bytes, len, &options, run, &dump, &status) == HGR_OK) {
        volatile uint64_t sum = 0; /* volatile: the reads must happen */
        for (size_t i = 0; i < hgr_dump_ranges(dump); i++) {
            const hgr_range *range = hgr_dump_range(dump, i);
            if (range->end_addr <= range->start_addr)
                abort();
            sum += range->bytes[0] + range->bytes[range->end_addr - range->start_addr - 1];
        }
        for (size_t i = 0; i < hgr_dump_modules(dump); i++) {
            const hgr_module *module = hgr_dump_module(dump, i);
            sum += (uint64_t)module->path[0];
            if (module->base_addr + module->size_bytes < module->base_addr)
                abort();
            for (uint32_t b = 0; b < module->build_id_len; b++)
                sum += module->build_id[b];
        }
        for (size_t i = 0; i < hgr_dump_threads(dump); i++)
            sum += hgr_dump_thread(dump, i)->sp;
        for (size_t i = 1; i < hgr_dump_memory_areas(dump); i++)
            if (hgr_dump_memory_area(dump, i)->start_addr < hgr_dump_memory_area(dump, i - 1)->end_addr)
                abort();
        for (size_t i = 0; hgr_dump_warning(dump, i); i++)
            sum += (uint64_t)hgr_dump_warning(dump, i)[0];
    }
    hgr_dump_close(dump);
    if (hgr_run_memory_bytes(run) != 0)
        abort();
    hgr_run_free(run);
}

#endif
