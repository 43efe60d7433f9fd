/* heapgraph: a small dump made of a big one: only the memory somebody needs. */
#ifndef HEAPGRAPH_SLIM_H
#define HEAPGRAPH_SLIM_H

#include <heapgraph/dump.h>

#ifdef __cplusplus
extern "C" {
#endif

/** Target addresses, half open. */
typedef struct hgr_addr_range {
    uint64_t start_addr, end_addr;
} hgr_addr_range;

/* Page trace: which 4 KiB pages did the readers of this dump ask for? Off unless begun. A big view
 * counts with all its pages; memory that a reader takes from hgr_dump_range directly does not
 * count. */

/** Begin, or begin anew. Nobody else may use the dump during this call. Costs one bit for each
 * page. */
HGR_API HGR_MUST_CHECK hgr_result hgr_dump_trace_begin(hgr_dump *dump, hgr_status *status);
/** Stop and forget. Nobody else may use the dump during this call. */
HGR_API void hgr_dump_trace_end(hgr_dump *dump);
/**
 * The pages asked for since the trace began, merged, ascending.
 *
 * Errors   HGR_BAD_ARGUMENT (no trace), HGR_NO_MEMORY.
 * Owner    caller frees with hgr_addr_ranges_free.
 */
HGR_API HGR_MUST_CHECK hgr_result hgr_dump_trace_ranges(const hgr_dump *dump, hgr_addr_range **out,
                                                        size_t *out_count, hgr_status *status);
HGR_API void hgr_addr_ranges_free(hgr_addr_range *ranges);

/** What a slim dump holds. */
typedef struct hgr_slim_totals {
    uint64_t file_bytes; /* of the file written */
    uint64_t kept_bytes; /* of memory */
    uint64_t
        dropped_bytes; /* memory the dump has (module files included) and the slim dump has not */
} hgr_slim_totals;

/**
 * Write a dump of the same format (ELF core or minidump) that has all notes or streams of the dump,
 * the memory of the given ranges and the first page of each module (which tells what the module
 * is).
 *
 * Values   ranges in any order, overlapping or not; widened to whole 4 KiB pages. Pages of theirs
 * that came from module files are written too, so the slim dump needs those files no more. Other
 *          memory of an ELF core stays known but absent (p_memsz beyond p_filesz); a minidump
 * cannot say so. path is replaced only when everything was written; it may be the dump itself. Its
 * mode is 0600. out_totals may be NULL. Cost     one pass over the kept memory. Errors   HGR_IO,
 * HGR_UNSUPPORTED (a minidump without a Memory64List at its end), HGR_CANCELLED. Nothing is left
 * behind then.
 */
HGR_API HGR_MUST_CHECK hgr_result hgr_slim_write(const hgr_dump *dump, const hgr_addr_range *ranges,
                                                 size_t nranges, const char *path,
                                                 const hgr_run *run, hgr_slim_totals *out_totals,
                                                 hgr_status *status);

#ifdef __cplusplus
}
#endif
#endif
