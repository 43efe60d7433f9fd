/* heapgraph: the strings of a scanned heap by content: how often each value is there, what the
 * copies cost. */
#ifndef HEAPGRAPH_STRINGS_H
#define HEAPGRAPH_STRINGS_H

#include <heapgraph/snapshot.h>

#ifdef __cplusplus
extern "C" {
#endif

/** Strings in groups of equal content. Immutable. */
typedef struct hgr_strings hgr_strings;

/** Initialise with = {0}. */
typedef struct hgr_strings_options {
    const uint64_t *among; /* only these nodes: bit u & 63 of word u >> 6; NULL = all */
    uint64_t min_length;   /* in UTF-16 units */
} hgr_strings_options;

/**
 * Group the strings of the heap by content: by 96 bits of XXH3 over all of it (of ten million
 * different strings, two are taken for equal once in 10^15 heaps).
 *
 * Cost     reads every string once; 32 bytes a string while it runs, 16 kept.
 * Threads  parallel; same groups for every thread count.
 * Errors   HGR_NO_MEMORY, HGR_CANCELLED.
 * Owner    caller frees with hgr_strings_free; borrows nothing.
 */
HGR_API HGR_MUST_CHECK hgr_result hgr_strings_create(const hgr_snapshot *snapshot,
                                                     const hgr_strings_options *options,
                                                     const hgr_run *run, hgr_strings **out,
                                                     hgr_status *status);
HGR_API void hgr_strings_free(hgr_strings *strings);

typedef struct hgr_strings_totals {
    uint64_t strings, bytes; /* objects and their shallow bytes */
    uint64_t distinct;       /* different values */
    uint64_t repeated;       /* values that are there more than once */
    uint64_t wasted_bytes;   /* of all copies but one of each value */
    uint64_t absent;         /* strings whose content is not in the dump: in no group */
    uint64_t longest;        /* UTF-16 units */
} hgr_strings_totals;
HGR_API const hgr_strings_totals *hgr_strings_get_totals(const hgr_strings *strings);

/** One value. */
typedef struct hgr_string_group {
    size_t first_member; /* members are first_member .. first_member + count - 1 */
    uint64_t count;
    hgr_node node; /* its first string by address */
    uint64_t hash; /* XXH3-64 of its UTF-16 content */
} hgr_string_group;
/** Walk the groups, in an order of their hashes: *cursor = 0 at first; false after the last. */
HGR_API bool hgr_strings_next(const hgr_strings *strings, size_t *cursor, hgr_string_group *out);
/** A member's node; of a group they ascend. */
HGR_API hgr_node hgr_strings_member(const hgr_strings *strings, size_t member);

#ifdef __cplusplus
}
#endif
#endif
