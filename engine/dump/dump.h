/* dump: what an opened dump holds, and the seam where a new format plugs in. */
#ifndef HGR_DUMP_DUMP_H
#define HGR_DUMP_DUMP_H

#include "../base/arena.h"
#include "space.h"

struct hgr_dump {
    const hgr_run *run;
    hgr_dump_info  info;
    hgr_arena      arena;   /* paths and other text */
    hgr_space      space;
    const uint8_t *file;    /* the mapped image */
    size_t         file_len;
    hgr_module    *modules; /* ascending by base_addr */
    size_t         nmodules, modules_capacity;
    hgr_thread    *threads;
    size_t         nthreads, threads_capacity;
    hgr_memory_area *areas; /* ascending and disjoint, or none */
    size_t         nareas, areas_capacity;
    struct hgr_file_mapping *extra; /* module files mapped for pages the dump lacks */
    size_t         nextra, extra_capacity;
    uint64_t       fingerprint;
};

/** What a format reader needs of a file mapping recorded in the dump (NT_FILE): absent pages may come from the file. */
typedef struct hgr_file_range {
    uint64_t    start_addr, end_addr;
    uint64_t    file_off;
    const char *path;
} hgr_file_range;

/** Does the image begin like this format? */
bool hgr_elfcore_matches(const uint8_t *image, size_t len);
/** Fill info, modules, threads and space (not sealed) from dump->file. */
HGR_MUST_CHECK hgr_result hgr_elfcore_read(struct hgr_dump *dump, const hgr_dump_options *options,
                                           hgr_status *status);

#endif
