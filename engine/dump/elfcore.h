/* dump: the two halves of the ELF core reader. */
#ifndef HGR_DUMP_ELFCORE_H
#define HGR_DUMP_ELFCORE_H

#include "dump.h"

/** Fill process, threads, files, auxv and the writer's name from dump->notes. */
HGR_MUST_CHECK hgr_result hgr_elfcore_read_notes(hgr_dump *dump, hgr_status *status);

#endif
