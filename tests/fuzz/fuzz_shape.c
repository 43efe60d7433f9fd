/* fuzz: a synthesised .NET Framework process with some of its words overwritten: found by the shape
 * of its heap, its layout calibrated, its table of globals read; then scanned, with all roots and
 * names.
 *
 * The first byte chooses the process. Then patches of 12 bytes: u32 where, u64 what. An even
 * `where` is the low half of an address (and what lies there is overwritten); an odd one is a
 * number: of the words that are not zero. */
#include <stdlib.h>
#include <string.h>

#include "clr/clr.h"
#include "dump/dump.h"
#include "synth/framework_heap.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len);

#define PATCH_BYTES  12
#define MAX_PATCHES  64
#define MEMORY_LIMIT (UINT64_C(256) << 20)

static const synth_framework_options VARIANTS[] = {
    {.wide = false, .items = 3, .resource = true},
    {.wide = true, .items = 3, .resource = true, .relative_lists = true},
    {.wide = false, .items = 3, .server_heaps = 2},
    {.wide = true, .items = 3, .without_tables = true},
};
enum { NVARIANTS = sizeof VARIANTS / sizeof VARIANTS[0] };

static struct process {
    uint8_t *bytes, *work;
    size_t len;
    struct stretch {
        uint64_t start, end;
        size_t off;
    } * stretches; /* which address lies where in the file */
    size_t nstretches;
    uint32_t *used; /* offsets of the words that are not zero */
    size_t nused;
} processes[NVARIANTS];

static void note_addresses(struct process *process)
{
    hgr_run *run = NULL;
    hgr_dump *dump = NULL;
    if (hgr_run_create(1, &run, NULL) != HGR_OK ||
        hgr_dump_open_bytes(process->bytes, process->len, NULL, run, &dump, NULL) != HGR_OK)
        abort();
    process->stretches = malloc(dump->space.count * sizeof *process->stretches);
    if (!process->stretches)
        abort();
    for (size_t i = 0; i < dump->space.count; i++) {
        const hgr_range *range = &dump->space.ranges[i];
        process->stretches[process->nstretches++] = (struct stretch){
            range->start_addr, range->end_addr, (size_t)(range->bytes - process->bytes)};
    }
    hgr_dump_close(dump);
    hgr_run_free(run);
}

static void make_process(struct process *process, const synth_framework_options *variant)
{
    synth_framework_truth truth;
    process->bytes = synth_framework_dump(variant, &truth, &process->len);
    if (!process->bytes)
        abort();
    note_addresses(process);
    process->work = malloc(process->len);
    process->used = malloc(process->len);
    if (!process->work || !process->used)
        abort();
    for (size_t at = 0; at + 4 <= process->len; at += 4)
        if (memcmp(process->bytes + at, "\0\0\0", 4) != 0)
            process->used[process->nused++] = (uint32_t)at;
}

/* The offset in the file of what lies at an address, by its low half; the length when nothing does.
 */
static size_t offset_of(const struct process *process, uint32_t low)
{
    for (size_t i = 0; i < process->nstretches; i++) {
        const struct stretch *stretch = &process->stretches[i];
        uint64_t addr = (stretch->start & ~UINT64_C(0xffffffff)) | low;
        if (addr >= stretch->start && addr < stretch->end)
            return stretch->off + (size_t)(addr - stretch->start);
    }
    return process->len;
}

static void look(hgr_runtime *runtime, const hgr_run *run)
{
    const hgr_snapshot_options depth = {.depth = HGR_SCAN_GRAPH};
    hgr_snapshot *snapshot = NULL;
    char name[64];
    if (hgr_snapshot_create(runtime, &depth, run, &snapshot, NULL) != HGR_OK)
        return;
    const hgr_totals *totals = hgr_snapshot_totals(snapshot);
    if (totals->walked_bytes > totals->used_bytes)
        abort();
    for (size_t i = 0; i < hgr_snapshot_roots(snapshot); i++)
        if (!hgr_snapshot_root(snapshot, i)->name)
            abort();
    for (uint64_t node = 0; node < totals->objects && node < 64; node++)
        hgr_reference_name(snapshot, (hgr_node)node, 0, name, sizeof name);
    hgr_snapshot_free(snapshot);
}

static void open_and_look(const struct process *process, const hgr_runtime_options *options)
{
    hgr_run *run = NULL;
    hgr_dump *dump = NULL;
    hgr_runtime *runtime = NULL;
    hgr_status status = {0};
    if (hgr_run_create(1, &run, NULL) != HGR_OK)
        return;
    hgr_run_set_memory_limit(run, MEMORY_LIMIT);
    if (hgr_dump_open_bytes(process->work, process->len, NULL, run, &dump, NULL) == HGR_OK) {
        if (hgr_runtime_open(dump, options, run, &runtime, &status) == HGR_OK)
            look(runtime, run);
        else if (status.text[0] == 0)
            abort();
    }
    hgr_runtime_close(runtime);
    hgr_dump_close(dump);
    if (hgr_run_memory_bytes(run) != 0)
        abort();
    hgr_run_free(run);
}

static void patch(struct process *process, const uint8_t *bytes, size_t len)
{
    memcpy(process->work, process->bytes, process->len);
    for (size_t i = 0; len >= PATCH_BYTES && i < MAX_PATCHES; i++) {
        uint32_t where;
        memcpy(&where, bytes, sizeof where);
        size_t at =
            where & 1 ? process->used[(where >> 1) % process->nused] : offset_of(process, where);
        size_t left = at < process->len ? process->len - at : 0;
        memcpy(process->work + at, bytes + 4, left < 8 ? left : 8);
        bytes += PATCH_BYTES;
        len -= PATCH_BYTES;
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
    const hgr_runtime_options plain = {0}, other = {.heap_search = true};
    if (len == 0)
        return 0;
    struct process *process = &processes[bytes[0] % NVARIANTS];
    if (!process->bytes)
        make_process(process, &VARIANTS[bytes[0] % NVARIANTS]);
    patch(process, bytes + 1, len - 1);
    open_and_look(process, bytes[0] & 4 ? &other : &plain);
    return 0;
}
