/* dump: what an opened dump holds, and the seam where a new format plugs in. */
#ifndef HGR_DUMP_DUMP_H
#define HGR_DUMP_DUMP_H

#include "../base/arena.h"
#include "space.h"

/** A file mapping recorded in the dump (NT_FILE). Text borrowed from the dump's image. */
typedef struct hgr_file_range {
    uint64_t start_addr, end_addr;
    uint64_t file_off;
    const char *path;
    uint32_t module; /* index, HGR_NO_MODULE until grouped or when it is no image */
} hgr_file_range;

#define HGR_NO_MODULE UINT32_MAX

/** A module file mapped for pages the dump lacks. */
typedef struct hgr_file_mapping {
    const uint8_t *bytes;
    size_t len;
} hgr_file_mapping;

/** Half open, of file offsets or of addresses. */
typedef struct hgr_piece {
    uint64_t start, end;
} hgr_piece;

/** A PE file found where the dump names it, for an image whose first page the dump lacks: nothing
 * yet proves that it is the one that was mapped. Only the runtime's own records can. */
typedef struct hgr_candidate {
    uint64_t base_addr; /* of the module */
    const uint8_t *bytes;
    size_t len;
} hgr_candidate;

typedef struct hgr_auxv {
    uint64_t type, value;
} hgr_auxv;

struct hgr_dump {
    const hgr_run *run;
    hgr_dump_info info;
    hgr_arena arena; /* paths and other text */
    hgr_space space;
    hgr_piece *lost; /* addresses whose bytes lie beyond the end of the file */
    size_t nlost, lost_capacity;
    const uint8_t *file; /* the image: mapped, or borrowed */
    size_t file_len;
    bool file_is_mapped; /* ours to unmap */
    const char *zip_member; /* of an archive, asked for by name; NULL = the only dump in it */
    hgr_module *modules; /* ascending by base_addr */
    size_t nmodules, modules_capacity;
    hgr_thread *threads;
    size_t nthreads, threads_capacity;
    hgr_memory_area *areas; /* ascending and disjoint, or none */
    size_t nareas, areas_capacity;
    hgr_file_range *files; /* ascending by start_addr once hgr_modules_group has run */
    size_t nfiles, files_capacity;
    hgr_auxv *auxv;
    size_t nauxv, auxv_capacity;
    hgr_piece *notes; /* offsets of the note segments, for slim */
    size_t nnotes, notes_capacity;
    hgr_candidate *candidates; /* ascending by base_addr; their mappings are among extra */
    size_t ncandidates, candidates_capacity;
    hgr_file_mapping *extra;
    size_t nextra, extra_capacity;
    const char **warnings;
    size_t nwarnings, warnings_capacity;
    uint64_t fingerprint;
};

/**
 * Open a dump that lies in memory, compressed or not: what the fuzz targets call. bytes are
 * borrowed until the dump is closed.
 */
HGR_MUST_CHECK hgr_result hgr_dump_open_bytes(const uint8_t *bytes, size_t len,
                                              const hgr_dump_options *options, const hgr_run *run,
                                              hgr_dump **out, hgr_status *status);

/** Keep a line for hgr_dump_warning (the first HGR_MAX_WARNINGS of them). Fails only with
 * HGR_NO_MEMORY. */
HGR_MUST_CHECK hgr_result hgr_dump_warn(hgr_dump *dump, hgr_status *status, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/** The value of an AT_... type from the auxiliary vector; false when the dump has none. */
bool hgr_dump_auxv(const hgr_dump *dump, uint64_t type, uint64_t *out);

/** The index-th unproven file of the module at base_addr, or NULL. To be used only after it was
 * proven. */
const hgr_candidate *hgr_dump_candidate(const hgr_dump *dump, uint64_t base_addr, size_t index);
/** Sort dump->areas; of two that overlap the later one is cut or dropped. */
void hgr_dump_settle_areas(struct hgr_dump *dump);

/** The module that holds addr, or NULL; of two that overlap the nearest below counts. */
const hgr_module *hgr_dump_module_at(const hgr_dump *dump, uint64_t addr);

/** The mapped file that holds addr (NT_FILE), or NULL. */
const hgr_file_range *hgr_dump_file_at(const hgr_dump *dump, uint64_t addr);

/** Does the image begin like this format? */
bool hgr_elfcore_matches(const uint8_t *image, size_t len);
/** Fill info, threads, files, notes and space (not sealed) from dump->file. */
HGR_MUST_CHECK hgr_result hgr_elfcore_read(struct hgr_dump *dump, const hgr_dump_options *options,
                                           hgr_status *status);

#endif
