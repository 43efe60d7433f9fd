/* answers: retained bytes of every node. dominator tree + shallow bytes → sums over its subtrees.
 *
 * Bytes are asked for in node order, several threads at once, because that is how objects lie in
 * the dump; the sums flow up the tree in one backward pass over its order, where a node comes
 * shortly before its dominator. The pass is sequential: 5 to 10 ns per node. */
#include "domtree.h"

#include "../base/parallel.h"

#define BYTES_BLOCK (1u << 16) /* nodes per block of the parallel loop */

static void fill_bytes(const hgr_domtree *tree, uint32_t block, hgr_node_bytes_fn *bytes,
                       const void *user, uint64_t *retained)
{
    uint64_t end = ((uint64_t)block + 1) * BYTES_BLOCK;
    if (end > tree->n)
        end = tree->n;
    for (uint64_t u = (uint64_t)block * BYTES_BLOCK; u < end; u++)
        if (tree->idom[u] != HGR_NO_NODE)
            retained[u] = bytes(user, (hgr_node)u);
}

hgr_result hgr_retained_create(const hgr_domtree *tree, hgr_node_bytes_fn *bytes, const void *user,
                               const hgr_run *run, uint64_t **out, hgr_status *status)
{
    uint64_t *retained = NULL;
    hgr_phase_timer timer = hgr_phase_begin(run, "retained");
    hgr_result result = hgr_alloc(run, (size_t)tree->n + 1, sizeof *retained, "retained bytes",
                                  &retained, status);
    if (result != HGR_OK)
        return result;
    uint32_t nblocks = (uint32_t)(((uint64_t)tree->n + BYTES_BLOCK - 1) / BYTES_BLOCK);
    uint32_t threads = hgr_run_threads_for(run, nblocks, 1);
    hgr_first_error none;
    hgr_first_error_init(&none);
    /* No race: block b writes retained[b * BYTES_BLOCK ..) only.
     * Deterministic: every entry depends on its node alone. */
    #pragma omp parallel for default(none) shared(tree, bytes, user, retained, nblocks, run, none) \
            schedule(dynamic, 1) num_threads(threads)
    for (uint32_t b = 0; b < nblocks; b++)
        if (!hgr_run_skips(run, &none, b))
            fill_bytes(tree, b, bytes, user, retained);
    result = hgr_first_error_result(run, &none, status);
    if (result != HGR_OK) {
        hgr_free(retained);
        return result;
    }
    for (uint32_t i = tree->reachable; i-- > 0;) {
        if (i >= 16)
            __builtin_prefetch(&tree->idom[tree->order[i - 16]]);
        retained[tree->idom[tree->order[i]]] += retained[tree->order[i]];
    }
    hgr_phase_end(&timer, 0, tree->reachable, 0);
    *out = retained;
    return HGR_OK;
}

void hgr_retained_free(uint64_t *retained)
{
    hgr_free(retained);
}
