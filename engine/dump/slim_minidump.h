/* dump: what stands in front of the memory in a small minidump. */
#ifndef HGR_DUMP_SLIM_MINIDUMP_H
#define HGR_DUMP_SLIM_MINIDUMP_H

#include "dump.h"

/** One run of kept bytes. */
typedef struct hgr_slim_piece {
    uint64_t addr, bytes;
} hgr_slim_piece;

/**
 * The original up to its memory, then a list of the kept pieces, whose bytes are to follow in that order.
 *
 * Errors   HGR_UNSUPPORTED (no Memory64List at the end of the file), HGR_NO_MEMORY.
 * Owner    caller frees *out with hgr_free.
 */
HGR_MUST_CHECK hgr_result hgr_slim_minidump_head(const hgr_dump *dump, const hgr_slim_piece *pieces,
                                                 size_t count, const hgr_run *run, uint8_t **out,
                                                 size_t *out_len, hgr_status *status);

#endif
