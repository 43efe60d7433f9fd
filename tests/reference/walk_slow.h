/* reference: the heap by definition: one object after the other, one binary search for each
 * reference. */
#ifndef HGR_REFERENCE_WALK_SLOW_H
#define HGR_REFERENCE_WALK_SLOW_H

#include "../../engine/heap/source.h"

typedef struct slow_object {
    uint64_t  addr, bytes;
    hgr_shape shape;
} slow_object;

typedef struct slow_heap {
    slow_object *objects; /* without Free, ascending */
    size_t       n;
    uint32_t    *row;     /* n + 1 */
    uint32_t    *col;     /* indices of targets */
    size_t       m, nimplied, nbad;
    uint64_t     free_count, free_bytes, walked_bytes;
} slow_heap;

/** Fill row and col of a heap whose objects are known. */
void slow_refer(const hgr_source *source, slow_heap *heap);
void slow_walk(const hgr_source *source, slow_heap *out);
void slow_heap_free(slow_heap *heap);

#endif
