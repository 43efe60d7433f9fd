/* clr: one parallel pass over the memory that may be written, for the searches by shape.
 *
 * Input: the address space and a serial search of one piece. Output: all hits, ascending. Method:
 * ranges are cut by address into pieces; count per piece, prefix sum, fill. Hits are few, so only
 * the pieces that have some are searched twice. */
#include "clr_shape.h"

#include "../base/parallel.h"
#include "../base/status.h"

#define PAGE_BYTES     UINT64_C(0x1000)
#define PIECE_BYTES    (UINT64_C(4) << 20)
#define BYTES_A_THREAD (UINT64_C(64) << 20) /* less is done before a thread has started */

static bool may_be_written(const hgr_range *range)
{
    return range->origin == HGR_ORIGIN_DUMP &&
           (range->access == 0 || (range->access & HGR_ACCESS_WRITE));
}

/* The range's first full page; false when it has none. */
static bool first_page(const hgr_range *range, uint64_t *out)
{
    return hgr_add_u64(range->start_addr, PAGE_BYTES - 1, out) &&
           (*out &= ~(PAGE_BYTES - 1)) < range->end_addr;
}

static size_t cut_range(const hgr_range *range, hgr_shape_bounds bounds, hgr_shape_piece *out)
{
    size_t count = 0;
    uint64_t at, end = range->end_addr < bounds.high ? range->end_addr : bounds.high;
    if (!may_be_written(range) || !first_page(range, &at))
        return 0;
    if (at < bounds.low)
        at = bounds.low & ~(PAGE_BYTES - 1);
    while (at < end) {
        uint64_t left = end - at, len = left < PIECE_BYTES ? left : PIECE_BYTES;
        if (out)
            out[count] = (hgr_shape_piece){at, range->bytes + (at - range->start_addr), len};
        count++;
        at += len;
    }
    return count;
}

static hgr_result cut_space(const hgr_space *space, const hgr_run *run, hgr_shape_bounds bounds,
                            hgr_shape_piece **out, size_t *out_count, hgr_status *status)
{
    size_t count = 0, at = 0;
    for (size_t i = 0; i < space->count; i++)
        count += cut_range(&space->ranges[i], bounds, NULL);
    hgr_result result = hgr_alloc(run, count, sizeof **out, "pieces of memory", out, status);
    for (size_t i = 0; result == HGR_OK && i < space->count; i++)
        at += cut_range(&space->ranges[i], bounds, *out + at);
    *out_count = count;
    return result;
}

/* Phase 1 of 3. No race: piece i writes counts[i] only. Deterministic: pieces are cut by address.
 */
static void count_hits(const hgr_shape_piece *pieces, size_t npieces, hgr_shape_search_fn *search,
                       const void *user, uint64_t *counts, const hgr_run *run)
{
    uint64_t bytes = 0;
    for (size_t i = 0; i < npieces; i++)
        bytes += pieces[i].len;
    const uint32_t threads = hgr_run_threads_for(run, bytes, BYTES_A_THREAD);
#pragma omp parallel for default(none) shared(pieces, npieces, search, user, counts, run)          \
    schedule(dynamic, 1) num_threads(threads)
    for (size_t i = 0; i < npieces; i++)
        counts[i] = hgr_run_cancelled(run) ? 0 : search(user, &pieces[i], NULL, 0);
}

hgr_result hgr_shape_search(const hgr_space *space, const hgr_run *run, hgr_shape_bounds bounds,
                            hgr_shape_search_fn *search, const void *user, size_t limit,
                            uint64_t **out, size_t *out_count, hgr_status *status)
{
    hgr_shape_piece *pieces = NULL;
    uint64_t *counts = NULL, *hits = NULL, total = 0;
    size_t npieces = 0;
    hgr_result result = cut_space(space, run, bounds, &pieces, &npieces, status);
    if (result == HGR_OK)
        result = hgr_alloc(run, npieces + 1, sizeof *counts, "hits", &counts, status);
    if (result == HGR_OK) {
        count_hits(pieces, npieces, search, user, counts, run);
        total = hgr_prefix_sum(counts, npieces);
        result = hgr_run_check_cancel(run, status);
    }
    if (result == HGR_OK && total > limit)
        result = hgr_fail(status, HGR_TOO_LARGE, "search by shape: %llu hits, limit %zu",
                          (unsigned long long)total, limit);
    if (result == HGR_OK)
        result = hgr_alloc(run, (size_t)total, sizeof *hits, "hits", &hits, status);
    for (size_t i = 0; result == HGR_OK && i < npieces; i++)
        if (counts[i + 1] > counts[i])
            search(user, &pieces[i], hits + counts[i], (size_t)(counts[i + 1] - counts[i]));
    hgr_free(counts);
    hgr_free(pieces);
    if (result != HGR_OK)
        return result;
    *out = hits;
    *out_count = (size_t)total;
    return HGR_OK;
}
