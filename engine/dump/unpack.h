/* dump: unpacks compressed input into a temporary file that has no name. */
#ifndef HGR_DUMP_UNPACK_H
#define HGR_DUMP_UNPACK_H

#include "formats.h"

/** What is wrong with compressed input; the bytes before that are good. */
typedef enum hgr_loss {
    HGR_LOSS_NONE,
    HGR_LOSS_CUT,     /* it ends too early */
    HGR_LOSS_DAMAGED, /* its data make no sense from some place on */
    HGR_LOSS_CHECKSUM /* all came out, but some of it is wrong */
} hgr_loss;

typedef struct hgr_unpacked {
    const uint8_t
        *bytes; /* a read-only mapping of the temporary file; munmap(bytes, len) ends it */
    size_t len; /* > 0 */
    hgr_loss loss;
    const char *why;   /* the decoder's words about damage, or "" */
    size_t packed_off; /* where in the compressed bytes the unpacking ended */
} hgr_unpacked;

/** Where the bytes go, and how many may. */
typedef struct hgr_unpack_room {
    const char *dir;         /* NULL = /tmp */
    uint64_t limit_bytes;    /* more is HGR_TOO_LARGE */
    uint64_t expected_bytes; /* where the container tells it, else 0: reserved at once */
} hgr_unpack_room;

/**
 * Unpack zstd (any window up to 2 GiB, several frames), gzip (several members) or bare deflate.
 *
 * Values   Cut or damaged input gives what can be unpacked before that: see hgr_loss.
 * Cost     zstd frames that tell their size are unpacked straight into the mapping: no window
 *          memory. The free space of dir is checked before anything that is known to come.
 * Errors   HGR_BAD_DATA, HGR_TRUNCATED (not a byte comes out), HGR_TOO_LARGE, HGR_IO (no space in
 *          dir: os_error ENOSPC), HGR_CANCELLED. Nothing is left behind on any way out, a kill
 *          included: the file has no name.
 */
HGR_MUST_CHECK hgr_result hgr_unpack(const uint8_t *bytes, size_t len, hgr_packing packing,
                                     const hgr_unpack_room *room, const hgr_run *run,
                                     hgr_unpacked *out, hgr_status *status);

/** zlib's memory through the run (its opaque). */
void *hgr_zlib_alloc(void *run, unsigned count, unsigned size);
void hgr_zlib_free(void *run, void *block);

#endif
