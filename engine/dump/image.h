/* dump: what identifies an image (ELF or PE), read alike from the dump's memory and from a file. */
#ifndef HGR_DUMP_IMAGE_H
#define HGR_DUMP_IMAGE_H

#include "space.h"

typedef enum hgr_image_kind { HGR_IMAGE_NONE, HGR_IMAGE_ELF, HGR_IMAGE_PE } hgr_image_kind;

/** A part of the image that may be written while it runs: file bytes say nothing about it. */
typedef struct hgr_image_part {
    uint64_t start, end; /* relative to the base, whole pages */
} hgr_image_part;

typedef struct hgr_image {
    hgr_image_kind kind;
    uint64_t size_bytes; /* in memory, from its headers; 0 = they are not believed */
    uint8_t build_id[64];
    uint32_t build_id_len;        /* 0 = none found */
    uint32_t timestamp, checksum; /* PE */
    uint16_t machine;             /* PE: as its header has it */
    uint32_t nwritable;
    hgr_image_part writable[256];
} hgr_image;

/** Where an image's bytes come from: mapped at base in a space, or a file (space NULL). */
typedef struct hgr_image_source {
    const hgr_space *space;
    uint64_t base;
    const uint8_t *file;
    size_t file_len;
} hgr_image_source;

/** Fill *out; kind HGR_IMAGE_NONE when the first bytes are absent or of neither format. Cannot
 * fail. */
void hgr_image_read(const hgr_image_source *source, hgr_image *out);

/** Are these surely the same build? ELF: equal build ids. PE: equal, non-zero timestamp, size and
 * checksum. */
bool hgr_image_same(const hgr_image *a, const hgr_image *b);

#endif
