/* clr: the bit stream of GC information. */
#include "gc_info.h"

hgr_bits hgr_bits_at(const hgr_space *space, uint64_t addr)
{
    return (hgr_bits){.space = space, .addr = addr, .block_addr = 1};
}

/* Blocks are aligned and smaller than a page, so one that is partly absent does not occur. */
static bool next_byte(hgr_bits *bits, uint64_t addr, uint8_t *out)
{
    uint64_t block = addr & ~(uint64_t)(sizeof bits->block - 1);
    if (block != bits->block_addr) {
        if (!hgr_space_read(bits->space, block, bits->block, sizeof bits->block))
            return false;
        bits->block_addr = block;
    }
    *out = bits->block[addr - block];
    return true;
}

uint32_t hgr_bits_take(hgr_bits *bits, uint32_t count)
{
    uint64_t value = 0;
    uint32_t have = 0;
    while (have < count && !bits->failed) {
        uint8_t byte;
        uint32_t skip = bits->pos & 7, want = count - have < 8 - skip ? count - have : 8 - skip;
        if (bits->pos / 8 >= HGR_GC_INFO_MAX_BYTES ||
            !next_byte(bits, bits->addr + bits->pos / 8, &byte)) {
            bits->failed = true;
            return 0;
        }
        value |= (uint64_t)((uint32_t)byte >> skip & ((1u << want) - 1)) << have;
        have += want;
        bits->pos += want;
    }
    return bits->failed ? 0 : (uint32_t)value; /* count <= 32 */
}

/* *out_bits: how many value bits there were. */
static uint64_t take_groups(hgr_bits *bits, uint32_t base, uint32_t *out_bits)
{
    uint64_t value = 0;
    for (uint32_t shift = 0; !bits->failed; shift += base) {
        uint32_t group = hgr_bits_take(bits, base + 1);
        if (shift + base > 40) {
            bits->failed = true;
            break;
        }
        value |= (uint64_t)(group & ((1u << base) - 1)) << shift;
        if (!(group >> base & 1)) {
            *out_bits = shift + base;
            return value;
        }
    }
    *out_bits = 0;
    return 0;
}

uint32_t hgr_bits_unsigned(hgr_bits *bits, uint32_t base)
{
    uint32_t count;
    uint64_t value = take_groups(bits, base, &count);
    if (value > UINT32_MAX)
        bits->failed = true;
    return bits->failed ? 0 : (uint32_t)value;
}

int32_t hgr_bits_signed(hgr_bits *bits, uint32_t base)
{
    uint32_t count;
    uint64_t value = take_groups(bits, base, &count);
    if (count == 0)
        return 0;
    if (value >> (count - 1) & 1)
        value |= UINT64_MAX << count;
    int64_t wide = (int64_t)value;
    if (wide > INT32_MAX || wide < INT32_MIN)
        bits->failed = true;
    return bits->failed ? 0 : (int32_t)wide;
}

uint32_t hgr_bits_for(uint32_t values)
{
    uint32_t bits = 0;
    while (bits < 32 && (UINT64_C(1) << bits) < values)
        bits++;
    return bits;
}
