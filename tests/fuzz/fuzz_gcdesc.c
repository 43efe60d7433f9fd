/* fuzz: pointer maps. Input: u8 (bit 0: 4-byte words), u32 base size, u16 component size, then the
 * bytes below the method table. */
#include <stdlib.h>
#include <string.h>

#include "clr/gcdesc.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len);

#define MAP_ADDR UINT64_C(0x10000)

/* What the scanner relies on. */
static void check_promises(const hgr_shape *shape, uint32_t word)
{
    uint64_t round = 0, end = 0;
    if (shape->slots == HGR_SLOTS_NONE && !(shape->flags & HGR_SHAPE_BAD_GCDESC))
        abort();
    for (uint32_t i = 0; i < shape->nruns; i++) {
        const hgr_slot_run *run = &shape->runs[i];
        if (shape->slots == HGR_SLOTS_FIXED && (run->offset < end || run->offset < word))
            abort();
        end = run->offset + (uint64_t)run->count * word;
        if (shape->slots == HGR_SLOTS_FIXED && (end > shape->base_size || run->count == 0))
            abort();
        round += run->offset + (uint64_t)run->count * word;
    }
    if (shape->slots == HGR_SLOTS_STRUCTS && (round == 0 || round != shape->component_size))
        abort();
    if (shape->slots == HGR_SLOTS_ARRAY &&
        (uint64_t)shape->start + shape->tail_bytes > shape->base_size)
        abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
    hgr_run *run = NULL;
    hgr_space space;
    hgr_arena arena;
    uint16_t component;
    hgr_shape shape = {0};
    if (len < 8 || hgr_run_create(1, &run, NULL) != HGR_OK)
        return 0;
    uint32_t word = bytes[0] & 1 ? 4 : 8;
    memcpy(&shape.base_size, bytes + 1, sizeof shape.base_size);
    memcpy(&component, bytes + 5, sizeof component);
    shape.base_size %= 1u << 28; /* what clr_types.c lets through */
    shape.component_size = component;
    shape.method_table_addr = MAP_ADDR + len - 7;
    hgr_space_init(&space, run, word);
    hgr_arena_init(&arena, run);
    hgr_range range = {.start_addr = MAP_ADDR, .end_addr = MAP_ADDR + len - 7, .bytes = bytes + 7};
    if (hgr_space_add(&space, &range, NULL) == HGR_OK && hgr_space_seal(&space, NULL) == HGR_OK &&
        hgr_gcdesc_read(&space, &arena, &shape, NULL) == HGR_OK)
        check_promises(&shape, word);
    hgr_arena_fini(&arena);
    hgr_space_fini(&space);
    hgr_run_free(run);
    return 0;
}
