/* dump: unwinding one x64 frame by Windows' UNWIND_INFO. Windows' images have it, and the managed
 * code of .NET on every system. */
#ifndef HGR_DUMP_UNWIND_INFO_H
#define HGR_DUMP_UNWIND_INFO_H

#include "registers.h"
#include "space.h"

/** One function as its tables name it. */
typedef struct hgr_unwind_function {
    uint64_t base_addr;   /* what offsets inside unwind information count from */
    uint64_t start_addr;  /* of the function */
    uint64_t unwind_addr; /* of its UNWIND_INFO */
} hgr_unwind_function;

/**
 * Replace the registers of a frame in this function by its caller's.
 *
 * callee_saved  registers that functions preserve: HGR_CALLEE_SAVED_LINUX or _WINDOWS; the others
 *               are unknown in the caller.
 * Values        false, registers untouched: malformed, absent, or the stack would not shrink.
 * Cost          at most 32 chained pieces of 255 codes.
 */
bool hgr_unwind_info_step(const hgr_space *space, const hgr_unwind_function *function,
                          uint16_t callee_saved, hgr_registers *registers);

/**
 * The function around ip in the PE image at base_addr, through its exception directory.
 *
 * Values   false: no entry. *out_leaf then says whether the directory was read: a function without
 *          an entry has no frame, its return address lies at the stack pointer.
 */
bool hgr_unwind_pe_function(const hgr_space *space, uint64_t base_addr, uint64_t ip,
                            hgr_unwind_function *out, bool *out_leaf);

#endif
