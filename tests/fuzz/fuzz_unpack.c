/* fuzz: any bytes as zstd or gzip data, with a limit on what may come out. */
#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>

#include "base/run.h"
#include "dump/unpack.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len);

#define LIMIT (4u << 20)

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
    hgr_run *run = NULL;
    hgr_unpacked unpacked = {0};
    hgr_status status = {0};
    hgr_packing packing = hgr_packing_of(bytes, len);
    if (packing == HGR_PACKED_NOT || hgr_run_create(1, &run, NULL) != HGR_OK)
        return 0;
    hgr_run_set_memory_limit(run, 16u << 20);
    const hgr_unpack_room room = {.dir = "/dev/shm", .limit_bytes = LIMIT};
    if (hgr_unpack(bytes, len, packing, &room, run, &unpacked, &status) == HGR_OK) {
        if (unpacked.len == 0 || unpacked.len > LIMIT)
            abort();
        uint64_t sum = 0;
        for (size_t i = 0; i < unpacked.len; i += 512)
            sum += unpacked.bytes[i];
        *(volatile uint64_t *)&sum = sum;
        munmap((void *)(uintptr_t)unpacked.bytes, unpacked.len);
    }
    if (hgr_run_memory_bytes(run) != 0)
        abort();
    hgr_run_free(run);
    return 0;
}
