/* answers: interned sets of classes. Equal sets have equal numbers, so that comparing is one test
 * and a union or meet that was made before is one look into a table.
 *
 * The hash of a set is the exclusive or of its members' mixes: inserting a class is one operation
 * on it. The memos are direct mapped and forgetful; what they forget is computed again. */
#include "class_sets.h"

#include <string.h>

#include "../base/status.h"

#define SETS_LIMIT  ((size_t)UINT32_MAX / 4)
#define FIRST_SLOTS 64u
#define FIRST_SETS  64u
#define MEMO_MAX    32768u /* entries: both memos together fit the second-level cache */

static uint64_t mix(uint32_t class_id)
{
    uint64_t z = (class_id + 1) * UINT64_C(0x9e3779b97f4a7c15);
    z = (z ^ z >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ z >> 27) * UINT64_C(0x94d049bb133111eb);
    return z ^ z >> 31;
}

hgr_result hgr_class_sets_init(struct hgr_class_sets *sets, size_t members_limit, uint64_t calls,
                               const hgr_run *run, hgr_status *status)
{
    size_t memo = FIRST_SETS;
    while (memo < calls && memo < MEMO_MAX)
        memo *= 2;
    *sets = (struct hgr_class_sets){
        .run = run, .nslots = FIRST_SLOTS, .members_limit = members_limit, .memo_mask = memo - 1};
    hgr_result result =
        hgr_alloc(run, sets->nslots, sizeof *sets->slots, "class sets", &sets->slots, status);
    if (result == HGR_OK)
        result = hgr_alloc(run, memo, sizeof *sets->insert_memo, "class set memo",
                           &sets->insert_memo, status);
    if (result == HGR_OK)
        result = hgr_alloc(run, memo, sizeof *sets->meet_memo, "class set memo",
                           &sets->meet_memo, status);
    if (result == HGR_OK)
        result = hgr_grow(run, &sets->first, &sets->first_capacity, FIRST_SETS, SETS_LIMIT,
                          sizeof *sets->first, "class sets", status);
    if (result == HGR_OK)
        result = hgr_grow(run, &sets->hash, &sets->hash_capacity, FIRST_SETS, SETS_LIMIT,
                          sizeof *sets->hash, "class sets", status);
    if (result != HGR_OK) {
        hgr_class_sets_fini(sets);
        return result;
    }
    sets->slots[0] = 1; /* the empty set: number 0, hash 0, no members */
    sets->count = 1;
    return HGR_OK;
}

void hgr_class_sets_fini(struct hgr_class_sets *sets)
{
    hgr_free(sets->meet_memo);
    hgr_free(sets->insert_memo);
    hgr_free(sets->slots);
    hgr_free(sets->hash);
    hgr_free(sets->first);
    hgr_free(sets->members);
    *sets = (struct hgr_class_sets){0};
}

/* Keep the first failure. */
static uint32_t give_up(struct hgr_class_sets *sets, hgr_result result)
{
    if (sets->result == HGR_OK)
        sets->result = result;
    return HGR_CLASSES_FULL;
}

static hgr_result grow_slots(struct hgr_class_sets *sets)
{
    uint32_t *slots = NULL;
    size_t nslots = sets->nslots * 2;
    hgr_result result =
        hgr_alloc(sets->run, nslots, sizeof *slots, "class sets", &slots, &sets->status);
    if (result != HGR_OK)
        return result;
    for (uint32_t set = 0; set < sets->count; set++) {
        size_t at = sets->hash[set] & (nslots - 1);
        while (slots[at])
            at = (at + 1) & (nslots - 1);
        slots[at] = set + 1;
    }
    hgr_free(sets->slots);
    sets->slots = slots;
    sets->nslots = nslots;
    return HGR_OK;
}

/* Room for one more set of `length` members behind the last one. */
static hgr_result make_room(struct hgr_class_sets *sets, size_t length)
{
    hgr_result result = HGR_OK;
    if ((size_t)sets->count * 2 >= sets->nslots)
        result = grow_slots(sets);
    if (result == HGR_OK)
        result = hgr_grow(sets->run, &sets->members, &sets->members_capacity,
                          sets->first[sets->count] + length, sets->members_limit,
                          sizeof *sets->members, "members of class sets", &sets->status);
    if (result == HGR_OK)
        result = hgr_grow(sets->run, &sets->first, &sets->first_capacity, (size_t)sets->count + 2,
                          SETS_LIMIT, sizeof *sets->first, "class sets", &sets->status);
    if (result == HGR_OK)
        result = hgr_grow(sets->run, &sets->hash, &sets->hash_capacity, (size_t)sets->count + 1,
                          SETS_LIMIT, sizeof *sets->hash, "class sets", &sets->status);
    return result;
}

/* The candidate lies behind the last set: find its equal, or make it a set. Room was made. */
static uint32_t intern(struct hgr_class_sets *sets, size_t length, uint64_t hash)
{
    const uint32_t *candidate = sets->members + sets->first[sets->count];
    size_t at = hash & (sets->nslots - 1);
    for (; sets->slots[at]; at = (at + 1) & (sets->nslots - 1)) {
        uint32_t set = sets->slots[at] - 1;
        if (sets->hash[set] == hash && sets->first[set + 1] - sets->first[set] == length &&
            memcmp(sets->members + sets->first[set], candidate, length * sizeof *candidate) == 0)
            return set;
    }
    uint32_t set = sets->count++;
    sets->slots[at] = set + 1;
    sets->hash[set] = hash;
    sets->first[set + 1] = sets->first[set] + (uint32_t)length; /* members_limit fits 32 bits */
    return set;
}

/* Index of the first member at or above class_id. */
static uint32_t find_place(const struct hgr_class_sets *sets, uint32_t set, uint32_t class_id)
{
    uint32_t low = sets->first[set], high = sets->first[set + 1];
    while (low < high) {
        uint32_t middle = low + (high - low) / 2;
        if (sets->members[middle] < class_id)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

bool hgr_class_sets_has(const struct hgr_class_sets *sets, uint32_t set, uint32_t class_id)
{
    uint32_t at = find_place(sets, set, class_id);
    return at < sets->first[set + 1] && sets->members[at] == class_id;
}

static uint32_t insert(struct hgr_class_sets *sets, uint32_t set, uint32_t class_id)
{
    uint32_t begin = sets->first[set], end = sets->first[set + 1];
    uint32_t at = find_place(sets, set, class_id);
    if (at < end && sets->members[at] == class_id)
        return set;
    size_t length = (size_t)(end - begin) + 1;
    hgr_result result = make_room(sets, length);
    if (result != HGR_OK)
        return give_up(sets, result);
    uint32_t *candidate = sets->members + sets->first[sets->count];
    memcpy(candidate, sets->members + begin, (at - begin) * sizeof *candidate);
    candidate[at - begin] = class_id;
    memcpy(candidate + (at - begin) + 1, sets->members + at, (end - at) * sizeof *candidate);
    return intern(sets, length, sets->hash[set] ^ mix(class_id));
}

static uint32_t meet(struct hgr_class_sets *sets, uint32_t a, uint32_t b)
{
    size_t room = sets->first[a + 1] - sets->first[a], length = 0;
    hgr_result result = make_room(sets, room);
    if (result != HGR_OK)
        return give_up(sets, result);
    uint32_t *candidate = sets->members + sets->first[sets->count];
    uint64_t hash = 0;
    uint32_t i = sets->first[a], j = sets->first[b];
    while (i < sets->first[a + 1] && j < sets->first[b + 1]) {
        uint32_t x = sets->members[i], y = sets->members[j];
        if (x == y) {
            candidate[length++] = x;
            hash ^= mix(x);
        }
        i += x <= y;
        j += y <= x;
    }
    return intern(sets, length, hash);
}

static struct hgr_class_memo *memo_slot(const struct hgr_class_sets *sets,
                                        struct hgr_class_memo *memo, uint32_t a, uint32_t b)
{
    uint64_t key = ((uint64_t)a << 32 | b) * UINT64_C(0x9e3779b97f4a7c15);
    return &memo[(key >> 40) & sets->memo_mask];
}

uint32_t hgr_class_sets_insert(struct hgr_class_sets *sets, uint32_t set, uint32_t class_id)
{
    struct hgr_class_memo *memo = memo_slot(sets, sets->insert_memo, set, class_id + 1);
    if (memo->a == set && memo->b == class_id + 1) /* + 1: a fresh entry is no answer for (0, 0) */
        return memo->result;
    uint32_t result = insert(sets, set, class_id);
    if (result != HGR_CLASSES_FULL)
        *memo = (struct hgr_class_memo){set, class_id + 1, result};
    return result;
}

uint32_t hgr_class_sets_meet(struct hgr_class_sets *sets, uint32_t a, uint32_t b)
{
    if (a == b || a == HGR_CLASSES_NONE)
        return a;
    if (b == HGR_CLASSES_NONE)
        return b;
    if (a > b) {
        uint32_t swap = a;
        a = b;
        b = swap;
    }
    struct hgr_class_memo *memo = memo_slot(sets, sets->meet_memo, a, b);
    if (memo->a == a && memo->b == b) /* never 0, 0: see above */
        return memo->result;
    uint32_t result = meet(sets, a, b);
    if (result != HGR_CLASSES_FULL)
        *memo = (struct hgr_class_memo){a, b, result};
    return result;
}
