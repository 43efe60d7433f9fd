/* dump: unwinding one native frame by DWARF call frame information (.eh_frame). Internal; x64. */
#ifndef HGR_DUMP_CFI_H
#define HGR_DUMP_CFI_H

#include "../base/cursor.h"
#include "registers.h"
#include "space.h"

/* DWARF's numbers of x64's registers: 0..15 general ones, then the return address. */
#define HGR_CFI_RETURN    16u
#define HGR_CFI_REGISTERS 17u
/* Bytes of one entry; the largest known have a few thousand. */
#define HGR_CFI_MAX_BYTES 16384u

/** What one function's entry (FDE with its CIE) says. Cursors borrow from `bytes`. */
typedef struct hgr_cfi_entry {
    uint64_t start_addr, end_addr; /* of the function, half open */
    uint64_t code_align;
    int64_t data_align;
    bool is_signal;                      /* the frame of a signal handler's return: ip is exact */
    hgr_cursor initial, program;         /* instructions of the CIE, of the FDE */
    uint8_t bytes[2][HGR_CFI_MAX_BYTES]; /* copies of CIE and FDE, contents only */
} hgr_cfi_entry;

typedef enum hgr_cfi_kind {
    HGR_CFI_SAME, /* not mentioned: as the function found it */
    HGR_CFI_UNDEFINED,
    HGR_CFI_AT_OFFSET, /* saved at CFA + offset */
    HGR_CFI_IS_OFFSET, /* is CFA + offset */
    HGR_CFI_REGISTER,  /* saved in register number offset */
    HGR_CFI_AT_EXPRESSION /* saved at the expression's value */,
    HGR_CFI_IS_EXPRESSION /* is the expression's value */
} hgr_cfi_kind;

typedef struct hgr_cfi_rule {
    uint8_t kind; /* hgr_cfi_kind */
    int64_t offset;
    hgr_cursor expression;
} hgr_cfi_rule;

/** How to find the caller's registers at one instruction. */
typedef struct hgr_cfi_row {
    bool cfa_is_expression; /* else register + offset */
    uint32_t cfa_register;
    int64_t cfa_offset;
    hgr_cursor cfa_expression;
    hgr_cfi_rule rules[HGR_CFI_REGISTERS];
} hgr_cfi_row;

/**
 * Find the entry of the function around ip through the sorted table of .eh_frame_hdr at
 * header_addr.
 *
 * Values   false: no such table or entry, absent, contradictory, or of an encoding nobody writes
 *          for x64.
 */
bool hgr_cfi_find(const hgr_space *space, uint64_t header_addr, uint64_t ip, hgr_cfi_entry *out);
/** Run the entry's instructions up to ip; false when they are malformed. */
bool hgr_cfi_row_at(const hgr_cfi_entry *entry, uint64_t ip, hgr_cfi_row *out);
/** The value of a DWARF expression; cfa is its first operand unless NULL. false: malformed, or its
 * memory is absent. */
bool hgr_cfi_evaluate(const hgr_space *space, hgr_cursor expression, const hgr_registers *registers,
                      const uint64_t *cfa, uint64_t *out);

/**
 * Replace a native frame's registers by its caller's.
 *
 * exact_ip  ip is the instruction itself (the thread's own, or interrupted by a signal), not a
 *           return address. *out_exact_ip: the same for the caller.
 * Values   false, registers untouched: no way out of this frame. ip 0: it is the thread's first.
 */
bool hgr_cfi_step(const hgr_space *space, uint64_t header_addr, bool exact_ip,
                  hgr_registers *registers, bool *out_exact_ip);

/** The address of .eh_frame_hdr of the ELF image mapped at base_addr; 0 = none, or its program
 * headers are absent. */
uint64_t hgr_cfi_header(const hgr_space *space, uint64_t base_addr);

#endif
