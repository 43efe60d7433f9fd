/* dump: priority queue of u32 ids under a caller's order; heap sort with it. No allocation, and
 * n log n for hostile input too, which the C library's qsort promises neither of. */
#ifndef HGR_DUMP_ID_QUEUE_H
#define HGR_DUMP_ID_QUEUE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/** Does id a come before id b? Must be a strict total order. */
typedef bool hgr_before_fn(const void *user, uint32_t a, uint32_t b);

static inline void hgr_queue_sift_down(uint32_t *ids, size_t count, size_t at,
                                       hgr_before_fn *before, const void *user)
{
    uint32_t moving = ids[at];
    for (size_t child; (child = 2 * at + 1) < count; at = child) {
        if (child + 1 < count && before(user, ids[child + 1], ids[child]))
            child++;
        if (!before(user, ids[child], moving))
            break;
        ids[at] = ids[child];
    }
    ids[at] = moving;
}

/** ids must have room for one more. ids[0] is always the first in order. */
static inline void hgr_queue_push(uint32_t *ids, size_t *count, uint32_t id, hgr_before_fn *before,
                                  const void *user)
{
    size_t at = (*count)++;
    while (at > 0 && before(user, id, ids[(at - 1) / 2])) {
        ids[at] = ids[(at - 1) / 2];
        at = (at - 1) / 2;
    }
    ids[at] = id;
}

static inline void hgr_queue_pop(uint32_t *ids, size_t *count, hgr_before_fn *before,
                                 const void *user)
{
    ids[0] = ids[--*count];
    if (*count > 1)
        hgr_queue_sift_down(ids, *count, 0, before, user);
}

/** Sort ascending. */
static inline void hgr_ids_sort(uint32_t *ids, size_t count, hgr_before_fn *before,
                                const void *user)
{
    size_t sorted = 1;
    while (sorted < count && !before(user, ids[sorted], ids[sorted - 1]))
        sorted++;
    if (sorted >= count)
        return;
    for (size_t i = count / 2; i-- > 0;)
        hgr_queue_sift_down(ids, count, i, before, user);
    for (size_t left = count;
         left > 1;) { /* the first goes to the end of what is left: descending */
        uint32_t first = ids[0];
        hgr_queue_pop(ids, &left, before, user);
        ids[left] = first;
    }
    for (size_t i = 0; i < count / 2; i++) {
        uint32_t swap = ids[i];
        ids[i] = ids[count - 1 - i];
        ids[count - 1 - i] = swap;
    }
}

#endif
