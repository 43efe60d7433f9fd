/* clr: GC information: its header and its table of slots.
 *
 * The stream says, in this order: flags; code length; what the flags announce; the counts of safe
 * points and interruptible ranges, then these; registers, tracked stack slots, untracked ones; then
 * what is live where (gc_live.c). Source: the encoder of the runtime's public source; numbers of
 * variable length as gc_bits.c reads them. */
#include "gc_info.h"

#include "../base/status.h"

/* Flags of a fat header. */
enum {
    HAS_SECURITY_OBJECT = 0x002,
    HAS_COOKIE = 0x004,
    HAS_PSP = 0x008,
    GENERICS = 0x030,
    GENERICS_THIS = 0x030,
    HAS_FRAME_REGISTER = 0x040,
    ONLY_LEAF = 0x080,
    HAS_PRESERVED = 0x100,
    HAS_REVERSE_PINVOKE = 0x200,
    FLAG_BITS = 10,
    RBP = 5
};

static hgr_result fail(const hgr_gc_info *info, hgr_status *status, const char *what)
{
    uint64_t at = info->bits.addr + info->bits.pos / 8;
    return hgr_fail_addr(status, info->bits.failed ? HGR_TRUNCATED : HGR_BAD_DATA, at,
                         "GC information: %s", info->bits.failed ? "ends early" : what);
}

static void read_fat_header(hgr_gc_info *info)
{
    hgr_bits *bits = &info->bits;
    uint32_t flags = hgr_bits_take(bits, FLAG_BITS);
    if (info->version < 4)
        (void)hgr_bits_take(bits, 4); /* how the method returns a reference */
    info->code_length = hgr_bits_unsigned(bits, 8);
    if (flags & HAS_COOKIE) {
        (void)hgr_bits_unsigned(bits, 5); /* prolog, epilog */
        (void)hgr_bits_unsigned(bits, 3);
    } else if (flags & (HAS_SECURITY_OBJECT | GENERICS)) {
        (void)hgr_bits_unsigned(bits, 5);
    }
    if (info->version < 4 && (flags & HAS_SECURITY_OBJECT))
        (void)hgr_bits_signed(bits, 6);
    if (flags & HAS_COOKIE)
        (void)hgr_bits_signed(bits, 6);
    if (info->version < 4 && (flags & HAS_PSP))
        (void)hgr_bits_signed(bits, 6);
    if (flags & GENERICS)
        info->context_offset = (int32_t)((uint32_t)hgr_bits_signed(bits, 6) * 8u);
    if (flags & HAS_FRAME_REGISTER)
        info->frame_register = hgr_bits_unsigned(bits, 3) ^ RBP;
    if (flags & HAS_PRESERVED)
        (void)hgr_bits_unsigned(bits, 4);
    if (flags & HAS_REVERSE_PINVOKE)
        (void)hgr_bits_signed(bits, 6);
    info->scratch_bytes = hgr_bits_unsigned(bits, 3) * 8;
    info->only_leaf = (flags & ONLY_LEAF) != 0;
    info->has_this = (flags & GENERICS) == GENERICS_THIS;
}

static void read_header(hgr_gc_info *info)
{
    hgr_bits *bits = &info->bits;
    bool fat = hgr_bits_take(bits, 1);
    info->frame_register = HGR_GC_NO_REGISTER;
    if (fat) {
        read_fat_header(info);
    } else {
        if (hgr_bits_take(bits, 1))
            info->frame_register = RBP;
        if (info->version < 4)
            (void)hgr_bits_take(bits, 2);
        info->code_length = hgr_bits_unsigned(bits, 8);
    }
    info->npoints = hgr_bits_unsigned(bits, 2);
    info->nranges = fat ? hgr_bits_unsigned(bits, 1) : 0;
    info->points_pos = bits->pos;
}

/* Step over safe points (fixed width) and ranges (variable). */
static hgr_result skip_points(hgr_gc_info *info, hgr_status *status)
{
    if (info->bits.failed || info->npoints > HGR_GC_INFO_MAX_POINTS ||
        info->nranges > HGR_GC_INFO_MAX_POINTS)
        return fail(info, status, "too many places");
    info->bits.pos += (uint64_t)info->npoints * hgr_bits_for(info->code_length);
    info->ranges_pos = info->bits.pos;
    for (uint32_t i = 0; i < info->nranges && !info->bits.failed; i++) {
        (void)hgr_bits_unsigned(&info->bits, 6);
        (void)hgr_bits_unsigned(&info->bits, 6);
    }
    return info->bits.failed ? fail(info, status, "") : HGR_OK;
}

static void read_registers(hgr_gc_info *info, uint32_t count)
{
    hgr_bits *bits = &info->bits;
    uint32_t number = 0, flags = 1;
    for (uint32_t i = 0; i < count && !bits->failed; i++) {
        if (flags != 0) {
            number = hgr_bits_unsigned(bits, 3);
            flags = hgr_bits_take(bits, 2);
        } else {
            number += hgr_bits_unsigned(bits, 2) + 1;
        }
        if (number > 15)
            bits->failed = true;
        info->slots[info->nslots++] = (hgr_gc_slot){
            .base = HGR_GC_REGISTER, .flags = (uint8_t)flags, .offset = (int32_t)(number & 15)};
    }
}

/* Offsets are in words of 8 bytes. */
static void read_stack_slots(hgr_gc_info *info, uint32_t count)
{
    hgr_bits *bits = &info->bits;
    int64_t words = 0;
    uint32_t flags = 1;
    for (uint32_t i = 0; i < count && !bits->failed; i++) {
        uint32_t base = hgr_bits_take(bits, 2);
        if (flags != 0) {
            words = hgr_bits_signed(bits, 6);
            flags = hgr_bits_take(bits, 2);
        } else {
            words += hgr_bits_unsigned(bits, 4);
        }
        if (words > (1 << 27) || words < -(1 << 27) || base > HGR_GC_FRAME_REGISTER)
            bits->failed = true;
        info->slots[info->nslots++] = (hgr_gc_slot){.base = (uint8_t)base,
                                                    .flags = (uint8_t)flags,
                                                    .offset = (int32_t)(words * 8 % INT32_MAX)};
    }
}

static hgr_result read_slots(hgr_gc_info *info, hgr_status *status)
{
    hgr_bits *bits = &info->bits;
    uint32_t nregisters = 0, nstack = 0, nuntracked = 0;
    if (hgr_bits_take(bits, 1))
        nregisters = hgr_bits_unsigned(bits, 2);
    if (hgr_bits_take(bits, 1)) {
        nstack = hgr_bits_unsigned(bits, 2);
        nuntracked = hgr_bits_unsigned(bits, 1);
    }
    if (bits->failed)
        return fail(info, status, "");
    uint64_t all = (uint64_t)nregisters + nstack + nuntracked;
    hgr_result result =
        hgr_grow(info->run, &info->slots, &info->capacity, all > 0 ? (size_t)all : 1,
                 HGR_GC_INFO_MAX_SLOTS, sizeof *info->slots, "GC slots", status);
    if (result != HGR_OK)
        return result;
    read_registers(info, nregisters);
    read_stack_slots(info, nstack);
    info->ntracked = info->nslots;
    read_stack_slots(info, nuntracked);
    info->live_pos = bits->pos;
    return bits->failed ? fail(info, status, "") : HGR_OK;
}

hgr_result hgr_gc_info_read(const hgr_space *space, uint64_t addr, uint32_t version,
                            const hgr_run *run, hgr_gc_info *out, hgr_status *status)
{
    *out = (hgr_gc_info){.run = run, .version = version, .bits = hgr_bits_at(space, addr)};
    read_header(out);
    hgr_result result = skip_points(out, status);
    return result == HGR_OK ? read_slots(out, status) : result;
}

void hgr_gc_info_fini(hgr_gc_info *info)
{
    hgr_free(info->slots);
    info->slots = NULL;
    info->nslots = info->ntracked = 0;
    info->capacity = 0;
}
