/* clr: GC information of one method on x64: which registers and stack slots hold references at one
 * instruction. */
#ifndef HGR_CLR_GC_INFO_H
#define HGR_CLR_GC_INFO_H

#include "../dump/space.h"

/** A stream of bits, lowest first, read from the dump as it is needed. */
typedef struct hgr_bits {
    const hgr_space *space;
    uint64_t addr;       /* of bit 0 */
    uint64_t pos;        /* in bits */
    uint64_t block_addr; /* of what `block` holds, 1 = nothing */
    uint8_t block[64];
    bool failed; /* read what is absent, or beyond HGR_GC_INFO_MAX_BYTES: every later bit is 0 */
} hgr_bits;

#define HGR_GC_INFO_MAX_BYTES  (1u << 24)
#define HGR_GC_INFO_MAX_SLOTS  65536u     /* of one method */
#define HGR_GC_INFO_MAX_POINTS (1u << 20) /* safe points or interruptible ranges of one method */

enum { HGR_GC_INTERIOR = 1, HGR_GC_PINNED = 2 };
typedef enum hgr_gc_base {
    HGR_GC_CALLER_SP,
    HGR_GC_SP,
    HGR_GC_FRAME_REGISTER,
    HGR_GC_REGISTER /* not in memory: offset is the register's number */
} hgr_gc_base;

typedef struct hgr_gc_slot {
    uint8_t base;  /* hgr_gc_base */
    uint8_t flags; /* HGR_GC_... */
    int32_t offset;
} hgr_gc_slot;

#define HGR_GC_NO_REGISTER UINT32_MAX

typedef struct hgr_gc_info {
    const hgr_run *run;
    uint32_t version;
    uint32_t code_length;
    uint32_t frame_register; /* what HGR_GC_FRAME_REGISTER counts from, or HGR_GC_NO_REGISTER */
    uint32_t scratch_bytes;  /* stack above sp that callees use: dead in frames that called */
    bool only_leaf;          /* of a method's frames only its youngest funclet is to be reported */
    bool has_this;           /* a slot at context_offset holds `this` */
    int32_t context_offset;  /* bytes from the frame register, or from the caller's stack pointer */
    uint32_t npoints, nranges;
    uint64_t points_pos, ranges_pos, live_pos; /* bit positions */
    uint32_t ntracked;                         /* slots[0 .. ntracked): live at some instructions */
    uint32_t nslots;                           /* the others: live everywhere */
    hgr_gc_slot *slots;
    size_t capacity;
    hgr_bits bits;
} hgr_gc_info;

/**
 * Read the header and the slots of the GC information at addr.
 *
 * version   4 for .NET 10; 3 (or 2) before.
 * Errors    HGR_TRUNCATED (its bytes are absent), HGR_BAD_DATA, HGR_TOO_LARGE, HGR_NO_MEMORY.
 * Owner     hgr_gc_info_fini, also after an error.
 */
HGR_MUST_CHECK hgr_result hgr_gc_info_read(const hgr_space *space, uint64_t addr, uint32_t version,
                                           const hgr_run *run, hgr_gc_info *out,
                                           hgr_status *status);
void hgr_gc_info_fini(hgr_gc_info *info);

/**
 * The slots that are live at code offset `offset` of the method.
 *
 * is_leaf  the thread is at this instruction; else offset is that of a return address.
 * Values   live[0 .. info->nslots): 1 for live ones; untracked ones always are.
 *          HGR_NOT_FOUND: the offset is no place where the method may be stopped, only untracked
 *          slots are set; a call during which no tracked slot is live looks the same.
 * Errors   HGR_TRUNCATED, HGR_BAD_DATA.
 */
HGR_MUST_CHECK hgr_result hgr_gc_info_live(hgr_gc_info *info, uint64_t offset, bool is_leaf,
                                           uint8_t *live, hgr_status *status);

/* ---- gc_bits.c ---- */

hgr_bits hgr_bits_at(const hgr_space *space, uint64_t addr);
/** The next count bits, at most 32. */
uint32_t hgr_bits_take(hgr_bits *bits, uint32_t count);
/** Numbers of variable length: groups of `base` bits, each followed by one that says whether
 * another group follows. Over 32 bits fails. */
uint32_t hgr_bits_unsigned(hgr_bits *bits, uint32_t base);
int32_t hgr_bits_signed(hgr_bits *bits, uint32_t base);
/** How many bits tell `values` values apart. */
uint32_t hgr_bits_for(uint32_t values);

#endif
