/* answers: sets of classes, each kept once and named by a number. */
#ifndef HGR_ANSWERS_CLASS_SETS_H
#define HGR_ANSWERS_CLASS_SETS_H

#include "../base/alloc.h"

#define HGR_CLASSES_NONE 0u         /* the empty set */
#define HGR_CLASSES_ALL  UINT32_MAX /* "no path seen yet": the set of all classes, never stored */
/* No set: the store is at its limit, or memory is short. */
#define HGR_CLASSES_FULL (UINT32_MAX - 1)

struct hgr_class_memo {
    uint32_t a, b, result;
};

/** Zero, then hgr_class_sets_init. A set's members ascend. One thread. */
struct hgr_class_sets {
    const hgr_run *run;
    uint32_t      *members; /* of all sets, one after the other */
    size_t         members_capacity, members_limit;
    uint32_t      *first;   /* count + 1 offsets into members */
    uint64_t      *hash;    /* count: exclusive or of the members' mixes */
    size_t         first_capacity, hash_capacity;
    uint32_t       count;
    uint32_t      *slots;   /* open addressing: set + 1, 0 = empty */
    size_t         nslots;
    struct hgr_class_memo *insert_memo, *meet_memo; /* memo_mask + 1 entries each */
    size_t         memo_mask;
    hgr_result     result;  /* why HGR_CLASSES_FULL: HGR_TOO_LARGE or HGR_NO_MEMORY */
    hgr_status     status;
};

/** members_limit: members of all sets together; past it everything is HGR_CLASSES_FULL.
 * calls: about how many inserts and meets are to come, for the size of the memos. */
HGR_MUST_CHECK hgr_result hgr_class_sets_init(struct hgr_class_sets *sets, size_t members_limit,
                                              uint64_t calls, const hgr_run *run,
                                              hgr_status *status);
void hgr_class_sets_fini(struct hgr_class_sets *sets);

/** set ∪ {class_id}. */
uint32_t hgr_class_sets_insert(struct hgr_class_sets *sets, uint32_t set, uint32_t class_id);
/** a ∩ b; neither is HGR_CLASSES_ALL. */
uint32_t hgr_class_sets_meet(struct hgr_class_sets *sets, uint32_t a, uint32_t b);
bool hgr_class_sets_has(const struct hgr_class_sets *sets, uint32_t set, uint32_t class_id);

#endif
