/* clr: metadata from a module's file, where the dump has not the page that leads to it. */
#ifndef HGR_CLR_MODULE_FILES_H
#define HGR_CLR_MODULE_FILES_H

#include "clr.h"
#include "metadata.h"

/**
 * The metadata of a module from the file found for it, when the runtime's own records prove that it
 * is the file that was mapped. *out_bytes is NULL when there is no such file, or no proof.
 *
 * Cost     up to some 100 us, for modules that have a candidate only.
 * Errors   HGR_NO_MEMORY.
 * Owner    bytes are borrowed from the dump.
 */
HGR_MUST_CHECK hgr_result hgr_clr_metadata_from_file(const hgr_runtime *runtime,
                                                     uint64_t module_addr, uint64_t base_addr,
                                                     const uint8_t **out_bytes, size_t *out_len,
                                                     hgr_status *status);

/** The metadata of an image whose first page is not in the dump, found among its other pages by its
 * signature and the file's name in it. Cost: a pass over the image's pages. */
bool hgr_clr_metadata_search(const hgr_runtime *runtime, uint64_t base_addr,
                             hgr_metadata_place *out);

#endif
