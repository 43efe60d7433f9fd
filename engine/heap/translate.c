/* heap: dense slots become nodes, in place.
 *
 * Input: col as dense slots, rank directory complete, node_type in order of discovery. Output: col
 * as nodes, final type numbers. Method: one parallel sweep over blocks; each reference is one bit
 * test and one rank, independent of the others, so the misses overlap. References to places where
 * no object starts are noted and marked; if there are any (damage only), a serial pass closes the
 * gaps they leave. In wide mode each block narrows its 64-bit slots to nodes at the front of its
 * own slice, and a serial pass slides the slices together: no fresh page is touched. */
#include "scan.h"

#include <stdlib.h>

#include "../base/parallel.h"
#include "../base/status.h"

#define BLOCKS_A_THREAD 4u

struct translate {
    hgr_scan *scan;
    const uint32_t *remap;
    hgr_bad_refs *bad; /* one for each thread */
    hgr_first_error error;
};

/* Note a bad reference unless this block has shown enough of them. */
static hgr_result note_bad(struct translate *t, hgr_bad_refs *bad, uint64_t ref, uint64_t slot,
                           hgr_status *status)
{
    hgr_result result = hgr_grow(t->scan->run, &bad->list, &bad->capacity, bad->count + 1,
                                 UINT32_MAX, sizeof *bad->list, "bad references", status);
    if (result == HGR_OK)
        bad->list[bad->count++] = (hgr_bad_ref){ref, slot};
    return result;
}

static inline __attribute__((always_inline)) hgr_result
translate_refs(struct translate *t, const hgr_block *block, hgr_bad_refs *bad, const bool wide,
               hgr_status *status)
{
    const hgr_objects *objects = t->scan->objects;
    const bool popcnt = objects->popcnt;
    const uint32_t *narrow_slots = (uint32_t *)t->scan->col + block->first_ref;
    const uint64_t *wide_slots = (uint64_t *)t->scan->col + block->first_ref;
    hgr_node *nodes = wide ? (hgr_node *)((uint64_t *)t->scan->col + block->first_ref)
                           : (hgr_node *)t->scan->col + block->first_ref;
    size_t shown = 0;
    for (uint64_t e = 0; e < block->nrefs; e++) {
        uint64_t slot;
        if (wide)
            memcpy(&slot, &wide_slots[e], sizeof slot); /* nodes[] overtakes it only below e */
        else
            slot = narrow_slots[e];
        hgr_node node = hgr_objects_node(objects, slot, popcnt);
        if (__builtin_expect(node == HGR_NO_NODE, 0) && shown++ < HGR_FINDINGS_KEPT) {
            hgr_result result = note_bad(t, bad, block->first_ref + e, slot, status);
            if (result != HGR_OK)
                return result;
        }
        memcpy(&nodes[e], &node, sizeof node);
    }
    return HGR_OK;
}

static void translate_block(struct translate *t, size_t b, hgr_bad_refs *bad)
{
    const hgr_block *block = &t->scan->blocks[b];
    hgr_status status = {0};
    if (hgr_run_skips(t->scan->run, &t->error, b))
        return;
    uint32_t *types = t->scan->node_type + block->first_node;
    for (uint32_t i = 0; i < block->nnodes; i++)
        types[i] = t->remap[types[i]];
    hgr_result result = t->scan->wide ? translate_refs(t, block, bad, true, &status)
                                      : translate_refs(t, block, bad, false, &status);
    if (result != HGR_OK)
        hgr_first_error_set(&t->error, b, &status);
}

static hgr_result translate_blocks(struct translate *t, hgr_status *status)
{
    const hgr_scan *scan = t->scan;
    uint32_t threads =
        hgr_run_threads_for(scan->run, scan->nblocks, scan->tuning.eager ? 1 : BLOCKS_A_THREAD);
/* No race: a block rewrites its own slices; starts and ranks are only read.
 * Deterministic: each value depends on itself alone; bad references are sorted afterwards. */
#pragma omp parallel for default(none) shared(t, scan) schedule(dynamic, 4) num_threads(threads)
    for (size_t b = 0; b < scan->nblocks; b++)
        translate_block(t, b, &t->bad[hgr_thread_index()]);
    return hgr_first_error_result(scan->run, &t->error, status);
}

static void slide_together(hgr_scan *scan)
{
    hgr_node *col = scan->col;
    for (size_t b = 0; b < scan->nblocks; b++) {
        const hgr_block *block = &scan->blocks[b];
        if (block->nrefs)
            memmove(col + block->first_ref, (uint64_t *)scan->col + block->first_ref,
                    (size_t)block->nrefs * sizeof *col);
    }
}

/* ---- bad references: only damaged heaps have any ---- */

/* Node whose row holds reference ref. */
static hgr_node source_of(const hgr_scan *scan, uint64_t ref)
{
    uint64_t lo = 0, hi = scan->n;
    while (lo + 1 < hi) {
        uint64_t mid = lo + (hi - lo) / 2;
        if (scan->row[mid] <= ref)
            lo = mid;
        else
            hi = mid;
    }
    return (hgr_node)lo; /* < n */
}

/* The findings of noted ones; those that were not noted are counted by close_gaps. */
static hgr_result report_noted(struct translate *t, uint64_t *out_noted, hgr_status *status)
{
    hgr_scan *scan = t->scan;
    for (uint32_t thread = 0; thread < scan->run->threads; thread++)
        for (size_t i = 0; i < t->bad[thread].count; i++) {
            const hgr_bad_ref *ref = &t->bad[thread].list[i];
            hgr_finding finding = {HGR_FOUND_BAD_REFERENCE,
                                   hgr_objects_address(scan->objects, source_of(scan, ref->ref)),
                                   hgr_objects_slot_address(scan->objects, ref->slot), 0};
            hgr_result result = hgr_finding_add(&scan->findings, scan->run, &finding, status);
            if (result != HGR_OK)
                return result;
            ++*out_noted;
        }
    return HGR_OK;
}

/* Drop marked references from col, row and implied. Returns how many there were. */
static uint64_t close_gaps(hgr_scan *scan)
{
    hgr_node *col = scan->col;
    uint64_t to = 0, from = 0;
    size_t next = 0, kept = 0;
    for (uint64_t u = 0; u < scan->n; u++) {
        uint64_t end = scan->row[u + 1];
        scan->row[u] = (uint32_t)to; /* <= from */
        for (; from < end; from++) {
            bool implied = next < scan->nimplied && scan->implied[next] == from;
            next += implied;
            if (col[from] == HGR_NO_NODE)
                continue;
            if (implied)
                scan->implied[kept++] = (uint32_t)to;
            col[to++] = col[from];
        }
    }
    scan->row[scan->n] = (uint32_t)to;
    scan->m = to;
    scan->nimplied = kept;
    return from - to;
}

/* One list, in the order of references, at most HGR_FINDINGS_KEPT: the rest is counted only. */
static int compare_bad(const void *a, const void *b)
{
    const hgr_bad_ref *x = a, *y = b;
    return x->ref < y->ref ? -1 : x->ref > y->ref;
}

static hgr_result gather_bad(struct translate *t, hgr_status *status)
{
    hgr_bad_refs *all = &t->bad[0];
    for (uint32_t thread = 1; thread < t->scan->run->threads; thread++) {
        hgr_bad_refs *more = &t->bad[thread];
        hgr_result result =
            hgr_grow(t->scan->run, &all->list, &all->capacity, all->count + more->count, UINT32_MAX,
                     sizeof *all->list, "bad references", status);
        if (result != HGR_OK)
            return result;
        for (size_t i = 0; i < more->count; i++)
            all->list[all->count++] = more->list[i];
        more->count = 0;
    }
    if (all->count)
        qsort(all->list, all->count, sizeof *all->list, compare_bad);
    if (all->count > HGR_FINDINGS_KEPT)
        all->count = HGR_FINDINGS_KEPT;
    return HGR_OK;
}

hgr_result hgr_scan_translate(hgr_scan *scan, const uint32_t *remap, hgr_status *status)
{
    struct translate t = {.scan = scan, .remap = remap};
    uint64_t noted = 0;
    hgr_first_error_init(&t.error);
    hgr_result result =
        hgr_alloc(scan->run, scan->run->threads, sizeof *t.bad, "bad references", &t.bad, status);
    if (result != HGR_OK)
        return result;
    result = translate_blocks(&t, status);
    if (result == HGR_OK)
        result = gather_bad(&t, status);
    if (result == HGR_OK && scan->wide)
        slide_together(scan);
    if (result == HGR_OK && t.bad[0].count) {
        result = report_noted(&t, &noted, status);
        if (result == HGR_OK)
            scan->findings.count[HGR_FOUND_BAD_REFERENCE] += close_gaps(scan) - noted;
    }
    for (uint32_t thread = 0; thread < scan->run->threads; thread++)
        hgr_free(t.bad[thread].list);
    hgr_free(t.bad);
    return result;
}
