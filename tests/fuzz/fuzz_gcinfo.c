/* fuzz: GC information of one method, asked at some offsets. The first byte's lowest bit is the
 * version: 3 or 4. */
#include "clr/gc_info.h"
#include "flat_memory.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len);

static void ask(hgr_gc_info *info, uint8_t *live, uint64_t offset, bool leaf)
{
    hgr_result result = hgr_gc_info_live(info, offset, leaf, live, NULL);
    if (result != HGR_OK && result != HGR_NOT_FOUND)
        return;
    for (uint32_t i = 0; i < info->nslots; i++)
        if (live[i] > 1 || (i >= info->ntracked && live[i] != 1))
            abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
    struct flat_memory flat;
    hgr_gc_info info;
    if (len < 1)
        return 0;
    flat_memory_make(&flat, bytes + 1, len - 1);
    hgr_run_set_memory_limit(flat.run, 64u << 20);
    if (hgr_gc_info_read(&flat.space, FLAT_ADDR, 3 + (bytes[0] & 1), flat.run, &info, NULL) ==
        HGR_OK) {
        uint8_t *live = malloc((size_t)info.nslots + 1);
        if (!live || info.ntracked > info.nslots)
            abort();
        for (uint32_t i = 0; i < info.nslots; i++)
            if (info.slots[i].base > HGR_GC_REGISTER ||
                (info.slots[i].base == HGR_GC_REGISTER &&
                 (info.slots[i].offset < 0 || info.slots[i].offset > 15)))
                abort();
        for (uint64_t offset = 0; offset < 130; offset += 13)
            ask(&info, live, offset, offset & 1);
        ask(&info, live, info.code_length, true);
        free(live);
    }
    hgr_gc_info_fini(&info);
    flat_memory_free(&flat);
    return 0;
}
