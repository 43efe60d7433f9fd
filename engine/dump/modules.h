/* dump: mapped files → modules, and the files that give pages the dump lacks. */
#ifndef HGR_DUMP_MODULES_H
#define HGR_DUMP_MODULES_H

#include "dump.h"

/** Group dump->files (sorted here) into dump->modules; dump->space must be sealed. */
HGR_MUST_CHECK hgr_result hgr_modules_group(hgr_dump *dump, hgr_status *status);

/** Add what verified module files hold of absent memory, and seal the space again. */
HGR_MUST_CHECK hgr_result hgr_module_files_add(hgr_dump *dump, const hgr_dump_options *options,
                                               hgr_status *status);

#endif
