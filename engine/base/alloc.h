/* base: checked, counted allocation. Everything the engine keeps goes through here. */
#ifndef HGR_BASE_ALLOC_H
#define HGR_BASE_ALLOC_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "run.h"

/** false on overflow; *out untouched then. */
static inline bool hgr_add_u64(uint64_t a, uint64_t b, uint64_t *out)
{
    return !__builtin_add_overflow(a, b, out);
}

static inline bool hgr_mul_size(size_t a, size_t b, size_t *out)
{
    return !__builtin_mul_overflow(a, b, out);
}

/**
 * count * size bytes, 64-byte aligned, zeroed. Counted against run's limit; big blocks are their own
 * mapping, so hgr_free gives them back at once and pages that are never touched cost nothing.
 *
 * Values   *out is never NULL on success, also for zero bytes.
 * Errors   HGR_NO_MEMORY (text: what, bytes asked for, limit).
 * Owner    hgr_free, from any thread, before the run dies.
 */
HGR_MUST_CHECK hgr_result hgr_alloc(const hgr_run *run, size_t count, size_t size, const char *what,
                                    void *out_pointer, hgr_status *status);

/**
 * Change a block's size, keeping its content (*pointer may be NULL: a fresh block). New bytes are zero.
 * On error the old block stays valid and in place.
 */
HGR_MUST_CHECK hgr_result hgr_resize(const hgr_run *run, void *pointer_to_pointer, size_t count,
                                     size_t size, const char *what, hgr_status *status);

/**
 * Make room for at least `need` elements in a growing array, doubling *capacity.
 * limit: largest sensible number of elements; more is HGR_TOO_LARGE.
 */
HGR_MUST_CHECK hgr_result hgr_grow(const hgr_run *run, void *pointer_to_pointer, size_t *capacity,
                                   size_t need, size_t limit, size_t size, const char *what,
                                   hgr_status *status);

/**
 * Address space for up to max_count elements, none of them counted yet: the block never moves while it
 * grows, so its pages are touched once. Nothing but hgr_commit, hgr_resize and hgr_free may follow.
 *
 * Errors   HGR_NO_MEMORY where the system refuses even address space: start with hgr_resize then.
 */
HGR_MUST_CHECK hgr_result hgr_reserve(const hgr_run *run, size_t max_count, size_t size,
                                      const char *what, void *out_pointer, hgr_status *status);
/**
 * Count the first `count` elements of a reserved block against the limit; only they may be touched.
 * Never shrinks. hgr_resize cuts the block to its final size and ends the reservation.
 */
HGR_MUST_CHECK hgr_result hgr_commit(const hgr_run *run, void *pointer, size_t count, size_t size,
                                     const char *what, hgr_status *status);

/** Accepts NULL. */
void hgr_free(void *pointer);

#endif
