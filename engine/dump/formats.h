/* dump: recognises files by their first bytes. */
#ifndef HGR_DUMP_FORMATS_H
#define HGR_DUMP_FORMATS_H

#include "dump.h"

/** HGR_PACKED_DEFLATE: bare, as in a zip archive; the others tell what they are by their first
 * bytes. */
typedef enum hgr_packing {
    HGR_PACKED_NOT,
    HGR_PACKED_ZSTD,
    HGR_PACKED_GZIP,
    HGR_PACKED_DEFLATE
} hgr_packing;

/** How the bytes are compressed, by content: never HGR_PACKED_DEFLATE. */
hgr_packing hgr_packing_of(const uint8_t *bytes, size_t len);

/** Say what a file is that no reader takes; never returns HGR_OK. */
hgr_result hgr_format_refuse(const uint8_t *bytes, size_t len, hgr_status *status);

#endif
