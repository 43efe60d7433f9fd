/* dump: mapped files → modules, and the files that give pages the dump lacks. */
#ifndef HGR_DUMP_MODULES_H
#define HGR_DUMP_MODULES_H

#include "dump.h"

/** Group dump->files (sorted here) into dump->modules; dump->space must be sealed. */
HGR_MUST_CHECK hgr_result hgr_modules_group(hgr_dump *dump, hgr_status *status);

/** Add what verified module files hold of absent memory, and seal the space again. */
HGR_MUST_CHECK hgr_result hgr_module_files_add(hgr_dump *dump, const hgr_dump_options *options,
                                               hgr_status *status);

/** The same for modules without a list of mapped files, from options->module_dir only
 * (module_files_pe.c). The space is not sealed any more. */
HGR_MUST_CHECK hgr_result hgr_module_files_pe_add(hgr_dump *dump, const hgr_dump_options *options,
                                                  hgr_status *status);

/** Add what of this PE file is the same in memory. It must stay mapped as long as the dump. */
HGR_MUST_CHECK hgr_result hgr_module_file_add_pe(hgr_dump *dump, const hgr_module *module,
                                                 const uint8_t *bytes, size_t len,
                                                 hgr_status *status);

/** Did truncation lose any byte of [start, end)? Then no file may stand for it. */
bool hgr_module_files_lost(const hgr_dump *dump, uint64_t start, uint64_t end);
/** Map a regular file; false when there is none. Never opens anything that could block or act. */
bool hgr_module_file_map(const char *path, hgr_file_mapping *out);
void hgr_module_file_unmap(hgr_file_mapping file);
/** Keep a mapped file until the dump is closed. *out_kept false: there are too many. */
HGR_MUST_CHECK hgr_result hgr_module_file_keep(hgr_dump *dump, hgr_file_mapping file,
                                               bool *out_kept, hgr_status *status);

#endif
