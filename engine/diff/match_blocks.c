/* diff: the parallel loop over blocks of nodes that the matcher's stages share. */
#include "../base/parallel.h"
#include "match.h"

hgr_result hgr_match_each_block(uint32_t n, hgr_match_block_fn *fn, void *user, const hgr_run *run,
                                hgr_status *status)
{
    uint32_t nblocks = n / HGR_MATCH_BLOCK + (n % HGR_MATCH_BLOCK != 0);
    uint32_t threads = hgr_run_threads_for(run, nblocks, 1);
    hgr_first_error none;
    hgr_first_error_init(&none);
/* No race: the callers say why for their fn.
 * Deterministic: blocks are cut by node number, and no fn reads what another block writes. */
#pragma omp parallel for default(none) shared(n, nblocks, fn, user, run, none)                     \
    schedule(dynamic, 1) num_threads(threads)
    for (uint32_t b = 0; b < nblocks; b++)
        if (!hgr_run_skips(run, &none, b))
            fn(user, b * HGR_MATCH_BLOCK, b + 1 < nblocks ? (b + 1) * HGR_MATCH_BLOCK : n);
    return hgr_first_error_result(run, &none, status);
}
