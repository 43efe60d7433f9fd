/* dump: the one dump inside a zip archive. */
#ifndef HGR_DUMP_ZIP_H
#define HGR_DUMP_ZIP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "../base/run.h"
#include "../base/status.h"

enum { HGR_ZIP_STORED = 0, HGR_ZIP_DEFLATED = 8 };

/** One file of the archive; its packed bytes lie wholly inside the archive unless is_cut. */
typedef struct hgr_zip_entry {
    const uint8_t *name; /* borrowed, not terminated */
    size_t         name_len;
    uint32_t       method; /* HGR_ZIP_... */
    uint32_t       crc;    /* of the unpacked bytes */
    uint64_t       data_off, packed_bytes;
    uint64_t       unpacked_bytes; /* UINT64_MAX = not said */
    bool           is_cut; /* the archive ends before its directory: crc and sizes are not known */
} hgr_zip_entry;

/** Does the file begin like a zip archive? */
bool hgr_zip_matches(const uint8_t *bytes, size_t len);
/**
 * The one file in the archive that begins like a dump we read (by content, not by name), or the one
 * called `member` (whole name, or the part behind its last slash when only one has that; NULL =
 * any). Without a directory at its end (an archive that was cut off) the first file is taken as far
 * as it goes.
 *
 * Errors   HGR_BAD_DATA (no dump in it, or its directory contradicts itself), HGR_UNSUPPORTED
 *          (encrypted, split, packed by another method, several dumps: the text lists them),
 *          HGR_NOT_FOUND (no such member).
 */
HGR_MUST_CHECK hgr_result hgr_zip_find_dump(const uint8_t *bytes, size_t len, const char *member,
                                            const hgr_run *run, hgr_zip_entry *out,
                                            hgr_status *status);

/** Unpack at most so many bytes: one more than the entry says, so that too many show. */
uint64_t hgr_zip_room(const hgr_zip_entry *entry);
/** How many bytes the entry says will come out, 0 = it does not say, or they cannot. */
uint64_t hgr_zip_expected(const hgr_zip_entry *entry);
/** Is what was unpacked other than what the directory promises? Then how, as one line in text. */
bool hgr_zip_flaw(const hgr_zip_entry *entry, const uint8_t *unpacked, size_t len, char *text,
                  size_t size);

#endif
