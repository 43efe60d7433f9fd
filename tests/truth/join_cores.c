/* truth: two opened Linux dumps written as one core. */
#include "join_cores.h"

#include "synth/core_writer.h"

/* hgr_thread.registers and ip as the kernel's user_regs. */
static void put_threads(synth_core *core, const hgr_dump *dump)
{
    static const int places[16] = {10, 11, 12, 5, 19, 4, 13, 14, 9, 8, 7, 6, 3, 2, 1, 0};
    for (size_t i = 0; i < hgr_dump_threads(dump); i++) {
        const hgr_thread *thread = hgr_dump_thread(dump, i);
        uint64_t regs[27] = {0};
        for (size_t r = 0; r < 16; r++)
            regs[places[r]] = thread->registers[r];
        regs[16] = thread->ip;
        synth_core_thread(core, thread->os_id, regs);
    }
}

static void put_memory(synth_core *core, const hgr_dump *dump)
{
    for (size_t i = 0; i < hgr_dump_ranges(dump); i++) {
        const hgr_range *range = hgr_dump_range(dump, i);
        uint64_t bytes = range->end_addr - range->start_addr;
        uint32_t flags = (range->access & HGR_ACCESS_READ ? SYNTH_R : 0u) |
                         (range->access & HGR_ACCESS_WRITE ? SYNTH_W : 0u) |
                         (range->access & HGR_ACCESS_EXECUTE ? SYNTH_X : 0u);
        synth_core_load(core, range->start_addr, flags, range->bytes, bytes, bytes);
    }
}

static void put_files(synth_core *core, const hgr_dump *dump)
{
    for (size_t i = 0; i < dump->nfiles; i++)
        synth_core_file(core, dump->files[i].start_addr, dump->files[i].end_addr,
                        dump->files[i].file_off, dump->files[i].path);
}

bool join_cores(FILE *file, const hgr_dump *first, const hgr_dump *second)
{
    const hgr_dump *dumps[] = {first, second};
    synth_core *core = synth_core_begin(file, SYNTH_CREATEDUMP);
    synth_core_process(core, 4711, "two-runtimes");
    for (size_t i = 0; i < 2; i++) {
        put_threads(core, dumps[i]);
        put_files(core, dumps[i]);
        put_memory(core, dumps[i]);
    }
    return synth_core_end(core);
}
