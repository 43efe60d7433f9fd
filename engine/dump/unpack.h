/* dump: unpacks compressed input into a temporary file that has no name. */
#ifndef HGR_DUMP_UNPACK_H
#define HGR_DUMP_UNPACK_H

#include "formats.h"

typedef struct hgr_unpacked {
    const uint8_t
        *bytes;     /* a read-only mapping of the temporary file; munmap(bytes, len) ends it */
    size_t len;     /* > 0 */
    bool truncated; /* the compressed input ends too early: these are the bytes before that */
} hgr_unpacked;

/**
 * Unpack zstd (any window up to 2 GiB, several frames), gzip (several members) or bare deflate.
 *
 * Values   limit_bytes: more is HGR_TOO_LARGE. dir NULL = /tmp.
 * Cost     zstd frames that tell their size are unpacked straight into the mapping: no window
 * memory. Errors   HGR_BAD_DATA (with the offset in bytes), HGR_IO (no space in dir: os_error
 * ENOSPC), HGR_CANCELLED. Nothing is left behind on any way out, a kill included.
 */
HGR_MUST_CHECK hgr_result hgr_unpack(const uint8_t *bytes, size_t len, hgr_packing packing,
                                     const char *dir, uint64_t limit_bytes, const hgr_run *run,
                                     hgr_unpacked *out, hgr_status *status);

/** zlib's memory through the run (its opaque). */
void *hgr_zlib_alloc(void *run, unsigned count, unsigned size);
void hgr_zlib_free(void *run, void *block);

#endif
