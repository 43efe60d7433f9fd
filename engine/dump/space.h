/* dump: the address space of the dumped process: sorted ranges, zero-copy views, never zeros for
 * absent bytes.
 *
 * Input: ranges in any order, possibly overlapping, from a reader or a module file. Output: after
 * hgr_space_seal, ascending, disjoint ranges. Neighbours that also lie side by side in the same
 * mapping and have the same access and origin are one range; where only access or origin differs
 * they stay two (the search for writable pages needs the difference), yet a view may cross them.
 *
 * A sealed space is read-only and may be shared between threads; lookups keep no state. The page
 * trace, when on, is the exception: it records with relaxed atomics which pages were asked for. */
#ifndef HGR_DUMP_SPACE_H
#define HGR_DUMP_SPACE_H

#include <string.h>
#include <heapgraph/dump.h>
#include "../base/alloc.h"

struct hgr_space_trace;

typedef struct hgr_space {
    const hgr_run *run;
    uint32_t pointer_size; /* 8 or 4 */
    hgr_range *ranges;     /* ascending and disjoint once sealed */
    uint64_t *starts;      /* sealed: start of each range, what a lookup searches */
    size_t count, capacity;
    uint64_t overlap_bytes;        /* given by more than one HGR_ORIGIN_DUMP range */
    struct hgr_space_trace *trace; /* NULL: off */
} hgr_space;

void hgr_space_init(hgr_space *space, const hgr_run *run, uint32_t pointer_size);
void hgr_space_fini(hgr_space *space);
/** Add a range; a wrapping or empty one is refused with HGR_BAD_DATA. Not sealed any more. */
HGR_MUST_CHECK hgr_result hgr_space_add(hgr_space *space, const hgr_range *range,
                                        hgr_status *status);
/** Sort, cut overlaps (ranges added first win; HGR_ORIGIN_DUMP before HGR_ORIGIN_MODULE_FILE),
 * merge. May be called again after more was added. */
HGR_MUST_CHECK hgr_result hgr_space_seal(hgr_space *space, hgr_status *status);

/** The range that holds addr, or NULL. O(log ranges). */
const hgr_range *hgr_space_find(const hgr_space *space, uint64_t addr);
/** The first range that ends above addr (it may start above addr too), or NULL. */
const hgr_range *hgr_space_next(const hgr_space *space, uint64_t addr);
/** len bytes at addr as one borrowed view, or NULL when absent or not side by side in the mapping.
 */
const uint8_t *hgr_space_view(const hgr_space *space, uint64_t addr, uint64_t len);
/** Copy across ranges; false, buffer untouched, when any byte is absent. */
bool hgr_space_read(const hgr_space *space, uint64_t addr, void *buffer, size_t len);
/** How many bytes from addr on are present without a hole, up to limit. */
uint64_t hgr_space_present(const hgr_space *space, uint64_t addr, uint64_t limit);

/* Page trace: remembers the 4 KiB pages that view and read gave out since it began. */

#define HGR_TRACE_PAGE_BYTES UINT64_C(4096)

/** Begin (or begin anew). The space must be sealed, and nobody may read it meanwhile. One bit a
 * page. */
HGR_MUST_CHECK hgr_result hgr_space_trace_begin(hgr_space *space, hgr_status *status);
void hgr_space_trace_end(hgr_space *space);
/** Is the page of range `index` that holds addr (in that range) marked? False when the trace is
 * off. */
bool hgr_space_traced(const hgr_space *space, size_t index, uint64_t addr);

static inline bool hgr_space_u8(const hgr_space *space, uint64_t addr, uint8_t *out)
{
    return hgr_space_read(space, addr, out, sizeof *out);
}

static inline bool hgr_space_u16(const hgr_space *space, uint64_t addr, uint16_t *out)
{
    return hgr_space_read(space, addr, out, sizeof *out);
}

static inline bool hgr_space_u32(const hgr_space *space, uint64_t addr, uint32_t *out)
{
    return hgr_space_read(space, addr, out, sizeof *out);
}

static inline bool hgr_space_u64(const hgr_space *space, uint64_t addr, uint64_t *out)
{
    return hgr_space_read(space, addr, out, sizeof *out);
}

/** A target pointer: 8 or 4 bytes, zero-extended. */
static inline bool hgr_space_ptr(const hgr_space *space, uint64_t addr, uint64_t *out)
{
    if (space->pointer_size == 8)
        return hgr_space_read(space, addr, out, 8);
    uint32_t narrow;
    if (!hgr_space_read(space, addr, &narrow, 4))
        return false;
    *out = narrow;
    return true;
}

#endif
