/* fuzz: the input as the memory of a process, at one address, and registers that point into it. */
#ifndef HGR_TESTS_FUZZ_FLAT_MEMORY_H
#define HGR_TESTS_FUZZ_FLAT_MEMORY_H

#include <stdlib.h>
#include <string.h>

#include "dump/registers.h"
#include "dump/space.h"

#define FLAT_ADDR UINT64_C(0x10000)

struct flat_memory {
    hgr_run *run;
    hgr_space space;
};

/* Padded with zeros to a multiple of 64: readers fetch aligned blocks. Aborts when out of memory.
 */
static inline void flat_memory_make(struct flat_memory *flat, const uint8_t *bytes, size_t len)
{
    size_t padded = (len + 63) / 64 * 64 + 64;
    uint8_t *copy = calloc(padded, 1);
    hgr_range range = {.start_addr = FLAT_ADDR, .end_addr = FLAT_ADDR + padded, .bytes = copy};
    if (!copy || hgr_run_create(1, &flat->run, NULL) != HGR_OK)
        abort();
    memcpy(copy, bytes, len);
    hgr_space_init(&flat->space, flat->run, 8);
    if (hgr_space_add(&flat->space, &range, NULL) != HGR_OK ||
        hgr_space_seal(&flat->space, NULL) != HGR_OK)
        abort();
}

static inline void flat_memory_free(struct flat_memory *flat)
{
    free((void *)(uintptr_t)flat->space.ranges[0].bytes);
    hgr_space_fini(&flat->space);
    hgr_run_free(flat->run);
}

/* ip and sp as given; the others spread over the memory, r15 unknown. */
static inline hgr_registers flat_registers(uint64_t ip, uint64_t sp)
{
    hgr_registers registers = {.ip = ip};
    for (uint32_t r = 0; r < HGR_R15; r++)
        hgr_register_set(&registers, r, FLAT_ADDR + 24 * (uint64_t)r, 0);
    hgr_register_set(&registers, HGR_RSP, sp, 0);
    return registers;
}

#endif
