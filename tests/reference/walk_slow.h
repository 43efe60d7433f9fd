/* reference: the heap by definition: one object after the other, one binary search for each
 * reference. */
#ifndef HGR_REFERENCE_WALK_SLOW_H
#define HGR_REFERENCE_WALK_SLOW_H

#include "../../engine/heap/source.h"

typedef struct slow_object {
    uint64_t addr, bytes;
    hgr_shape shape;
} slow_object;

typedef struct slow_heap {
    slow_object *objects; /* without Free, ascending */
    size_t n;
    uint32_t *row; /* n + 1 */
    uint32_t *col; /* indices of targets */
    size_t m, nimplied, nbad;
    uint64_t free_count, free_bytes, walked_bytes;
} slow_heap;

/** The object at a and the distance to the next; false: none, *absent says whether for lack of
 * memory. */
bool slow_measure(const hgr_source *source, const hgr_segment *segment, uint64_t a,
                  slow_object *out, uint64_t *step, bool *absent);
/** Where a gap that starts at a ends, or a. *next: start of the first gap at or above a. */
uint64_t slow_behind_gap(const hgr_source *source, uint64_t a, uint64_t *next);
uint64_t slow_resume(const hgr_source *source, const hgr_segment *segment, uint64_t a);
/** Fill row and col of a heap whose objects are known. */
void slow_refer(const hgr_source *source, slow_heap *heap);
void slow_walk(const hgr_source *source, slow_heap *out);
void slow_heap_free(slow_heap *heap);

#endif
