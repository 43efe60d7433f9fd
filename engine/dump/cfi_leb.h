/* dump: what the three parts of the CFI reader share. */
#ifndef HGR_DUMP_CFI_LEB_H
#define HGR_DUMP_CFI_LEB_H

#include "../base/cursor.h"
#include "registers.h"

/** DWARF's variable-length numbers; false when they end early or go on beyond 64 bits. */
bool hgr_cfi_uleb(hgr_cursor *c, uint64_t *out);
bool hgr_cfi_sleb(hgr_cursor *c, int64_t *out);
/** The value of a general register by DWARF's number; false when it is unknown. */
bool hgr_cfi_register(const hgr_registers *registers, uint64_t dwarf, uint64_t *out);

#endif
