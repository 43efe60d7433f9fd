/* answers: node sets on CRoaring: build, combine, ask, convert.
 *
 * CRoaring allocates for itself: its memory is outside the run's budget, and it has no way to
 * report that containers could not grow. A set stays below n / 8 bytes, whatever is in it. */
#include "sets.h"

#include <roaring/roaring.h>
#include <stdlib.h>
#include "../base/status.h"

#define CHUNK_WORDS 1024u  /* 65,536 nodes: one container */
#define RUN_NODES   16u    /* average run length from which adding ranges beats adding members */
#define BATCH       4096u  /* members read from a set at a time */

struct hgr_set {
    roaring_bitmap_t *bitmap;
};

static hgr_result wrap_bitmap(roaring_bitmap_t *bitmap, hgr_set **out, hgr_status *status)
{
    hgr_set *set = calloc(1, sizeof *set);
    if (!set || !bitmap) {
        free(set);
        if (bitmap)
            roaring_bitmap_free(bitmap);
        return hgr_fail(status, HGR_NO_MEMORY, "set: out of memory");
    }
    set->bitmap = bitmap;
    *out = set;
    return HGR_OK;
}

hgr_result hgr_set_create(hgr_set **out, hgr_status *status)
{
    return wrap_bitmap(roaring_bitmap_create(), out, status);
}

hgr_result hgr_set_copy(const hgr_set *set, hgr_set **out, hgr_status *status)
{
    return wrap_bitmap(roaring_bitmap_copy(set->bitmap), out, status);
}

void hgr_set_free(hgr_set *set)
{
    if (!set)
        return;
    roaring_bitmap_free(set->bitmap);
    free(set);
}

hgr_result hgr_set_add_range(hgr_set *set, uint64_t first, uint64_t end, hgr_status *status)
{
    if (end > HGR_NO_NODE)
        return hgr_fail(status, HGR_BAD_ARGUMENT, "set: range to %llu, node ids end at 4294967294",
                        (unsigned long long)end);
    if (first < end) /* both below 2^32 now */
        roaring_bitmap_add_range_closed(set->bitmap, (uint32_t)first, (uint32_t)(end - 1));
    return HGR_OK;
}

hgr_result hgr_set_add(hgr_set *set, hgr_node node, hgr_status *status)
{
    if (node == HGR_NO_NODE)
        return hgr_fail(status, HGR_BAD_ARGUMENT, "set: HGR_NO_NODE is no member");
    roaring_bitmap_add(set->bitmap, node);
    return HGR_OK;
}

void hgr_set_and(hgr_set *a, const hgr_set *b)
{
    roaring_bitmap_and_inplace(a->bitmap, b->bitmap);
}

hgr_result hgr_set_or(hgr_set *a, const hgr_set *b, hgr_status *status)
{
    (void)status;
    if (a != b)
        roaring_bitmap_or_inplace(a->bitmap, b->bitmap);
    return HGR_OK;
}

void hgr_set_and_not(hgr_set *a, const hgr_set *b)
{
    if (a == b)
        roaring_bitmap_clear(a->bitmap);
    else
        roaring_bitmap_andnot_inplace(a->bitmap, b->bitmap);
}

uint64_t hgr_set_count(const hgr_set *set)
{
    return roaring_bitmap_get_cardinality(set->bitmap);
}

bool hgr_set_has(const hgr_set *set, hgr_node node)
{
    return roaring_bitmap_contains(set->bitmap, node);
}

struct visitor {
    hgr_set_visit_fn *visit;
    void             *user;
};

static bool visit_one(uint32_t node, void *visitor)
{
    const struct visitor *v = visitor;
    return v->visit(v->user, node);
}

void hgr_set_visit(const hgr_set *set, hgr_set_visit_fn *visit, void *user)
{
    struct visitor visitor = {visit, user};
    roaring_iterate(set->bitmap, visit_one, &visitor);
}

/* ---- plain bits ---- */

/* How many runs of ones the words hold; a run that crosses a word boundary counts once. */
static uint32_t count_runs(const uint64_t *words, uint32_t nwords)
{
    uint32_t runs = 0;
    uint64_t before = 0; /* last bit of the word before */
    for (uint32_t k = 0; k < nwords; k++) {
        runs += (uint32_t)__builtin_popcountll(words[k] & ~(words[k] << 1 | before));
        before = words[k] >> 63;
    }
    return runs;
}

/* Index of the first bit at or after `at` that equals `value`; end when there is none. */
static uint32_t find_bit(const uint64_t *words, uint32_t at, uint32_t end, bool value)
{
    while (at < end) {
        uint64_t word = (value ? words[at >> 6] : ~words[at >> 6]) >> (at & 63);
        if (word) {
            at += (uint32_t)__builtin_ctzll(word);
            return at < end ? at : end;
        }
        at = (at | 63) + 1;
    }
    return end;
}

static void add_runs(roaring_bitmap_t *bitmap, const uint64_t *words, uint32_t nbits, uint32_t base)
{
    for (uint32_t at = find_bit(words, 0, nbits, true); at < nbits;) {
        uint32_t end = find_bit(words, at, nbits, false);
        roaring_bitmap_add_range_closed(bitmap, base + at, base + end - 1);
        at = find_bit(words, end, nbits, true);
    }
}

static void add_members(roaring_bitmap_t *bitmap, const uint64_t *words, uint32_t nwords,
                        uint32_t base, uint32_t *members)
{
    size_t count = 0;
    for (uint32_t k = 0; k < nwords; k++)
        for (uint64_t left = words[k]; left; left &= left - 1)
            members[count++] = base + k * 64 + (uint32_t)__builtin_ctzll(left);
    roaring_bitmap_add_many(bitmap, count, members);
}

hgr_result hgr_set_from_bits(const uint64_t *bits, uint32_t n, const hgr_run *run, hgr_set **out,
                             hgr_status *status)
{
    uint32_t *members = NULL;
    hgr_set *set = NULL;
    uint32_t words = (uint32_t)(((uint64_t)n + 63) / 64);
    size_t most = (size_t)(words < CHUNK_WORDS ? words : CHUNK_WORDS) * 64;
    hgr_result result = hgr_alloc(run, most, sizeof *members, "set members", &members, status);
    if (result == HGR_OK)
        result = hgr_set_create(&set, status);
    if (result != HGR_OK)
        goto done;
    for (uint32_t first = 0; first < words; first += CHUNK_WORDS) {
        uint32_t nwords = words - first < CHUNK_WORDS ? words - first : CHUNK_WORDS, count = 0;
        for (uint32_t k = 0; k < nwords; k++)
            count += (uint32_t)__builtin_popcountll(bits[first + k]);
        if (count == 0)
            continue;
        if (count_runs(bits + first, nwords) <= count / RUN_NODES)
            add_runs(set->bitmap, bits + first, nwords * 64, first * 64);
        else
            add_members(set->bitmap, bits + first, nwords, first * 64, members);
    }
    roaring_bitmap_run_optimize(set->bitmap);
    roaring_bitmap_shrink_to_fit(set->bitmap);
    *out = set;
done:
    hgr_free(members);
    return result;
}

hgr_result hgr_set_to_bits(const hgr_set *set, uint32_t n, const hgr_run *run, uint64_t **out,
                           hgr_status *status)
{
    uint64_t *bits = NULL;
    uint32_t batch[BATCH], count;
    hgr_result result =
        hgr_alloc(run, ((size_t)n + 63) / 64, sizeof *bits, "set bits", &bits, status);
    if (result != HGR_OK)
        return result;
    roaring_uint32_iterator_t at;
    roaring_init_iterator(set->bitmap, &at);
    do {
        count = roaring_read_uint32_iterator(&at, batch, BATCH);
        for (uint32_t i = 0; i < count && batch[i] < n; i++)
            bits[batch[i] >> 6] |= UINT64_C(1) << (batch[i] & 63);
    } while (count == BATCH && batch[count - 1] < n);
    *out = bits;
    return HGR_OK;
}
