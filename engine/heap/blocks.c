/* heap: segments -> blocks, cut by address.
 *
 * A block begins where its segment begins or at a 4 MiB boundary behind which the dump has bytes,
 * and reaches to the next such place. So a region is one block, absent stretches cost nothing
 * whatever a header promises, and no block has objects in two granules. */
#include "scan.h"

#include <sys/mman.h>
#include <unistd.h>

#define BLOCKS_MAX (HGR_GRANULES_MAX * 4)

/* Smallest granule boundary above addr behind which, within the granule, something is present. */
static uint64_t next_boundary(const hgr_space *space, uint64_t addr)
{
    uint64_t granule = (addr / HGR_GRANULE_BYTES + 1) * HGR_GRANULE_BYTES;
    const hgr_range *range = granule ? hgr_space_next(space, granule) : NULL;
    if (!range)
        return UINT64_MAX;
    return range->start_addr <= granule ? granule
                                        : range->start_addr / HGR_GRANULE_BYTES * HGR_GRANULE_BYTES;
}

static hgr_result cut_segment(hgr_scan *scan, size_t s, hgr_status *status)
{
    const hgr_segment *segment = &scan->source->segments[s];
    for (uint64_t addr = segment->start_addr; addr < segment->end_addr;) {
        uint64_t limit = next_boundary(scan->source->space, addr);
        if (limit > segment->end_addr)
            limit = segment->end_addr;
        hgr_result result =
            hgr_grow(scan->run, &scan->blocks, &scan->block_capacity, scan->nblocks + 1, BLOCKS_MAX,
                     sizeof *scan->blocks, "heap blocks", status);
        if (result != HGR_OK)
            return result;
        scan->blocks[scan->nblocks++] = (hgr_block){
            .start_addr = addr, .limit_addr = limit, .segment = s, .walk_addr = HGR_NO_START};
        scan->block_bytes += limit - addr;
        addr = limit;
    }
    return HGR_OK;
}

hgr_result hgr_scan_cut(hgr_scan *scan, hgr_status *status)
{
    const hgr_source *source = scan->source;
    uint64_t previous_end = 0;
    for (size_t s = 0; s < source->nsegments; s++) {
        const hgr_segment *segment = &source->segments[s];
        hgr_result result = HGR_OK;
        if (segment->start_addr == segment->end_addr)
            continue;
        if (hgr_segment_is_sound(source, s, &previous_end)) {
            scan->totals.used_bytes += segment->end_addr - segment->start_addr;
            result = cut_segment(scan, s, status);
        } else {
            hgr_finding finding = {HGR_FOUND_BAD_SEGMENT, segment->start_addr, segment->end_addr,
                                   0};
            result = hgr_finding_add(&scan->findings, scan->run, &finding, status);
        }
        if (result != HGR_OK)
            return result;
    }
    return HGR_OK;
}

/* Only a wish: bytes that are no file mapping say no, and nothing is lost. Where the first page is
 * there already, the rest mostly is, and asking for what is there costs 3 % of a scan. */
static void ask_for(const uint8_t *bytes, size_t len)
{
    uintptr_t page = (uintptr_t)sysconf(_SC_PAGESIZE);
    uintptr_t aligned = (uintptr_t)bytes & ~(page - 1);
    unsigned char resident = 0;
    if (mincore((void *)aligned, 1, &resident) == 0 && resident & 1)
        return;
    (void)madvise((void *)aligned, len + ((uintptr_t)bytes - aligned), MADV_WILLNEED);
}

void hgr_scan_read_ahead(const hgr_scan *scan, size_t from, size_t to)
{
    const hgr_space *space = scan->source->space;
    for (size_t b = from; b < to && b < scan->nblocks; b++) {
        const hgr_block *block = &scan->blocks[b];
        const hgr_range *range = hgr_space_next(space, block->start_addr);
        for (;
             range && range < space->ranges + space->count && range->start_addr < block->limit_addr;
             range++) {
            uint64_t start =
                range->start_addr > block->start_addr ? range->start_addr : block->start_addr;
            uint64_t end =
                range->end_addr < block->limit_addr ? range->end_addr : block->limit_addr;
            ask_for(range->bytes + (start - range->start_addr), (size_t)(end - start));
        }
    }
}
