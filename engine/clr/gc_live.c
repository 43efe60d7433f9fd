/* clr: GC information: which slots are live at one instruction.
 *
 * Either the method can be stopped at its calls only: a set of slots for each safe point, plain,
 * run length encoded, or through a table of offsets where sets repeat. Or it can be stopped
 * anywhere in some ranges: these are laid end to end and cut into chunks of 64 bytes of code; a
 * chunk says which slots change in it, their state at its end and where each changes. */
#include "gc_info.h"

#include "../base/status.h"

enum { CHUNK_BYTES = 64, CHUNK_BITS = 6, RUN_BASE = 2, SKIP_BASE = 4 };

static uint64_t byte_up(uint64_t bit)
{
    return (bit + 7) & ~UINT64_C(7);
}

static hgr_result check(const hgr_gc_info *info, hgr_status *status)
{
    if (!info->bits.failed)
        return HGR_OK;
    return hgr_fail_addr(status, HGR_TRUNCATED, info->bits.addr + info->bits.pos / 8,
                         "GC information: ends early");
}

/* A set of tracked slots at the current bit: plain, or runs of absent and present ones in turn. */
static void read_set(hgr_gc_info *info, uint8_t *set)
{
    hgr_bits *bits = &info->bits;
    if (!hgr_bits_take(bits, 1)) {
        for (uint32_t i = 0; i < info->ntracked && !bits->failed; i++)
            set[i] = (uint8_t)hgr_bits_take(bits, 1);
        return;
    }
    bool skip = hgr_bits_take(bits, 1) == 0, present = true;
    uint64_t at = hgr_bits_unsigned(bits, skip ? SKIP_BASE : RUN_BASE);
    skip = !skip;
    while (at < info->ntracked && !bits->failed) {
        uint64_t count = (uint64_t)hgr_bits_unsigned(bits, skip ? SKIP_BASE : RUN_BASE) + 1;
        for (uint64_t i = at; present && i < at + count && i < info->ntracked; i++)
            set[i] = 1;
        at += count;
        present = !present;
        skip = !skip;
    }
}

/* ---- safe points ---- */

static bool find_point(hgr_gc_info *info, uint64_t offset, uint32_t *out)
{
    uint32_t width = hgr_bits_for(info->code_length);
    info->bits.pos = info->points_pos;
    for (uint32_t i = 0; i < info->npoints && !info->bits.failed; i++)
        if (hgr_bits_take(&info->bits, width) == offset && !info->bits.failed) {
            *out = i;
            return true;
        }
    return false;
}

static void read_point(hgr_gc_info *info, uint32_t index, uint8_t *live)
{
    hgr_bits *bits = &info->bits;
    bits->pos = info->live_pos;
    if (!hgr_bits_take(bits, 1)) {
        bits->pos += (uint64_t)index * info->ntracked;
        for (uint32_t i = 0; i < info->ntracked && !bits->failed; i++)
            live[i] = (uint8_t)hgr_bits_take(bits, 1);
        return;
    }
    uint32_t width = hgr_bits_unsigned(bits, 3) + 1;
    uint64_t table = bits->pos;
    if (width > 32) {
        bits->failed = true;
        return;
    }
    bits->pos = table + (uint64_t)index * width;
    uint32_t at = hgr_bits_take(bits, width);
    bits->pos = byte_up(table + (uint64_t)info->npoints * width) + at;
    read_set(info, live);
}

/* ---- interruptible ranges ---- */

/* Where offset lies when the ranges are laid end to end; false when it is in none. */
static bool find_pseudo(hgr_gc_info *info, uint64_t offset, uint64_t *out, uint64_t *out_all)
{
    uint64_t end = 0, all = 0;
    bool found = false;
    info->bits.pos = info->ranges_pos;
    for (uint32_t i = 0; i < info->nranges && !info->bits.failed; i++) {
        uint64_t start = end + hgr_bits_unsigned(&info->bits, 6);
        end = start + hgr_bits_unsigned(&info->bits, 6) + 1;
        if (offset >= start && offset < end) {
            *out = all + offset - start;
            found = true;
        }
        all += end - start;
    }
    *out_all = all;
    return found && !info->bits.failed;
}

/* The last chunk up to `chunk` that says something, as the position of what it says; 0 = none. */
static uint64_t find_chunk(hgr_gc_info *info, uint64_t *chunk, uint64_t nchunks)
{
    hgr_bits *bits = &info->bits;
    bits->pos = info->live_pos;
    uint32_t width = hgr_bits_unsigned(bits, 3);
    uint64_t table = bits->pos;
    if (width == 0 || width > 32)
        return 0;
    for (;; --*chunk) {
        bits->pos = table + *chunk * width;
        uint32_t pointer = hgr_bits_take(bits, width);
        if (pointer != 0 && !bits->failed)
            return byte_up(table + nchunks * width) + pointer - 1;
        if (*chunk == 0 || bits->failed)
            return 0;
    }
}

/* The slots of a chunk: their final states first, then for each the places where it changes. */
static void read_chunk(hgr_gc_info *info, uint64_t at, uint32_t wanted, uint8_t *live)
{
    hgr_bits *bits = &info->bits;
    bits->pos = at;
    read_set(info, live); /* the slots that may be live in it */
    for (uint32_t i = 0; i < info->ntracked && !bits->failed; i++)
        if (live[i])
            live[i] = (uint8_t)(2 | hgr_bits_take(bits, 1));
    for (uint32_t i = 0; i < info->ntracked && !bits->failed; i++) {
        if (!live[i])
            continue;
        uint8_t state = live[i] & 1;
        while (hgr_bits_take(bits, 1))
            if (hgr_bits_take(bits, CHUNK_BITS) > wanted)
                state ^= 1;
        live[i] = state;
    }
}

static void read_interruptible(hgr_gc_info *info, uint64_t pseudo, uint64_t all, uint8_t *live)
{
    uint64_t wanted_chunk = pseudo / CHUNK_BYTES, chunk = wanted_chunk;
    uint64_t at = find_chunk(info, &chunk, (all + CHUNK_BYTES - 1) / CHUNK_BYTES);
    if (at == 0)
        return;
    /* an earlier chunk: the states at its end hold on, no change comes behind 64 */
    read_chunk(info, at, chunk == wanted_chunk ? (uint32_t)(pseudo % CHUNK_BYTES) : CHUNK_BYTES,
               live);
}

hgr_result hgr_gc_info_live(hgr_gc_info *info, uint64_t offset, bool is_leaf, uint8_t *live,
                            hgr_status *status)
{
    uint32_t point;
    uint64_t pseudo = 0, all = 0;
    memset(live, 0, info->ntracked);
    memset(live + info->ntracked, 1, info->nslots - info->ntracked);
    info->bits.failed = false;
    bool at_point = find_point(info, offset, &point) ||
                    (!is_leaf && offset > 0 && find_point(info, offset - 1, &point));
    if (at_point && info->ntracked > 0)
        read_point(info, point, live);
    if (at_point)
        return check(info, status);
    /* before 10 a caller counts as standing in its call, from 10 on behind it */
    bool in_call = !is_leaf && info->version < 4 && offset > 0;
    if (!find_pseudo(info, in_call ? offset - 1 : offset, &pseudo, &all)) {
        hgr_result result = check(info, status);
        return result == HGR_OK ? HGR_NOT_FOUND : result;
    }
    if (info->npoints > 0 && info->ntracked > 0)
        return hgr_fail_addr(status, HGR_BAD_DATA, info->bits.addr,
                             "GC information: safe points and interruptible ranges");
    if (info->ntracked > 0)
        read_interruptible(info, pseudo, all, live);
    return check(info, status);
}
