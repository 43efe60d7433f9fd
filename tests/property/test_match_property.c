/* Matching on a model heap whose right pairs are known: survivors found, the dead not paired, pairs
 * are pairs; the same dump twice; threads change no byte; no memory. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "base/run.h"
#include "property/model_heap.h"

#define HEAPS 40

static hgr_run *run;

static int open_run(void **state)
{
    (void)state;
    return hgr_run_create(1, &run, NULL) == HGR_OK ? 0 : -1;
}

static int close_run(void **state)
{
    (void)state;
    bool leaked = hgr_run_memory_bytes(run) != 0;
    hgr_run_free(run);
    return leaked ? -1 : 0;
}

/* Two states, seen. */
struct pair {
    struct model_heap heaps[2];
    struct model_view views[2];
};

static void pair_make(uint64_t seed, size_t objects, const struct model_step *step,
                      struct pair *out)
{
    model_heap_make(seed, objects, &out->heaps[0]);
    model_heap_copy(&out->heaps[0], &out->heaps[1]);
    if (step)
        model_heap_step(&out->heaps[1], step);
    for (int s = 0; s < 2; s++)
        assert_true(model_view_create(&out->heaps[s], run, &out->views[s]));
}

static void pair_free(struct pair *pair)
{
    for (int s = 0; s < 2; s++) {
        model_view_free(&pair->views[s]);
        model_heap_free(&pair->heaps[s]);
    }
}

static hgr_match *match_of(const struct pair *pair, const hgr_run *with)
{
    hgr_match *match = NULL;
    assert_int_equal(
        hgr_match_create(&pair->views[0].view, &pair->views[1].view, with, &match, NULL), HGR_OK);
    return match;
}

struct score {
    uint64_t survivors, right, wrong, missed, dead, dead_paired, gone, fresh, new_;
};

static uint32_t *index_after(const struct pair *pair)
{
    uint64_t ids = pair->heaps[1].next_id;
    uint32_t *index = malloc((ids + 1) * sizeof *index);
    memset(index, 0xff, (ids + 1) * sizeof *index);
    for (size_t i = 0; i < pair->heaps[1].count; i++)
        index[pair->heaps[1].objects[i].id] = (uint32_t)i;
    return index;
}

static void score(const struct pair *pair, const hgr_match *match, struct score *out)
{
    uint32_t *index = index_after(pair);
    for (hgr_node u = 0; u < pair->heaps[0].count; u++) {
        uint32_t truth = index[pair->heaps[0].objects[u].id];
        hgr_node mate = hgr_match_mate(match, HGR_BEFORE, u);
        if (truth == UINT32_MAX) {
            out->dead++;
            out->dead_paired += mate != HGR_NO_NODE;
            out->gone += hgr_match_fate(match, HGR_BEFORE, u) == HGR_FATE_GONE;
            continue;
        }
        out->survivors++;
        out->right += mate == truth;
        out->missed += mate == HGR_NO_NODE;
        out->wrong += mate != truth && mate != HGR_NO_NODE;
    }
    for (hgr_node w = 0; w < pair->heaps[1].count; w++)
        if (pair->heaps[1].objects[w].id > pair->heaps[0].next_id) {
            out->fresh++;
            out->new_ += hgr_match_fate(match, HGR_AFTER, w) == HGR_FATE_GONE;
        }
    free(index);
}

/* Pairs are mutual, of one type and one size; totals are what the nodes say. */
static void check_pairs(const struct pair *pair, const hgr_match *match)
{
    for (int s = 0; s < 2; s++) {
        hgr_match_totals sums = {{0}, {0}, {0}};
        assert_int_equal(hgr_match_nodes(match, s), pair->heaps[s].count);
        for (hgr_node u = 0; u < pair->heaps[s].count; u++) {
            hgr_node mate = hgr_match_mate(match, s, u);
            hgr_fate fate = hgr_match_fate(match, s, u);
            sums.count[fate]++;
            sums.bytes[fate] += pair->heaps[s].objects[u].bytes;
            assert_true((mate != HGR_NO_NODE) == (fate >= HGR_FATE_PROBABLE));
            assert_true((mate != HGR_NO_NODE) == (hgr_match_why(match, s, u) != HGR_MATCH_NONE));
            if (mate == HGR_NO_NODE)
                continue;
            sums.reasons[hgr_match_why(match, s, u)]++;
            assert_int_equal(hgr_match_mate(match, !s, mate), u);
            assert_int_equal(hgr_match_fate(match, !s, mate), fate);
            assert_int_equal(pair->heaps[s].objects[u].type, pair->heaps[!s].objects[mate].type);
            assert_int_equal(pair->heaps[s].objects[u].bytes, pair->heaps[!s].objects[mate].bytes);
        }
        assert_memory_equal(&sums, hgr_match_get_totals(match, s), sizeof sums);
    }
}

/* ---- against the truth ---- */

struct scenario {
    const char *name;
    struct model_step step;
};

static const struct scenario scenarios[] = {
    {"sweep, 10 %", {10, 2, 50, MODEL_SWEEP, false}},
    {"sweep and refill, 10 %", {10, 2, 50, MODEL_SWEEP, true}},
    {"compaction, 10 %", {10, 2, 50, MODEL_COMPACT, false}},
    {"compaction, 50 %", {50, 2, 50, MODEL_COMPACT, false}},
    {"compaction, 50 %, many changes", {50, 20, 500, MODEL_COMPACT, false}},
};

static void survivors_are_found(void **state)
{
    (void)state;
    for (size_t k = 0; k < sizeof scenarios / sizeof scenarios[0]; k++) {
        struct score sum = {0};
        for (uint64_t seed = 1; seed <= HEAPS; seed++) {
            struct pair pair;
            pair_make(seed, 3000, &scenarios[k].step, &pair);
            hgr_match *match = match_of(&pair, run);
            check_pairs(&pair, match);
            score(&pair, match, &sum);
            hgr_match_free(match);
            pair_free(&pair);
        }
        printf("%-32s right %.3f %% wrong %.3f %% missed %.3f %% of %llu; dead paired %.3f %%, "
               "gone %.2f %%; new %.2f %%\n",
               scenarios[k].name, 100.0 * (double)sum.right / (double)sum.survivors,
               100.0 * (double)sum.wrong / (double)sum.survivors,
               100.0 * (double)sum.missed / (double)sum.survivors,
               (unsigned long long)sum.survivors,
               100.0 * (double)sum.dead_paired / (double)sum.dead,
               100.0 * (double)sum.gone / (double)sum.dead,
               100.0 * (double)sum.new_ / (double)sum.fresh);
        assert_true(sum.right * 1000 >= sum.survivors * 995);
        assert_true(sum.wrong * 1000 <= sum.survivors);
        assert_true(sum.dead_paired * 100 <= sum.dead);
    }
}

static void the_same_dump_twice(void **state)
{
    (void)state;
    for (uint64_t seed = 1; seed <= HEAPS; seed++) {
        struct pair pair;
        pair_make(seed, 500 + 100 * (size_t)seed, NULL, &pair);
        hgr_match *match = match_of(&pair, run);
        check_pairs(&pair, match);
        for (hgr_node u = 0; u < pair.heaps[0].count; u++)
            if (hgr_match_mate(match, HGR_BEFORE, u) != u)
                fail_msg("seed %llu: node %u is paired with %u", (unsigned long long)seed, u,
                         hgr_match_mate(match, HGR_BEFORE, u));
        hgr_match_free(match);
        pair_free(&pair);
    }
}

/* ---- what follows from pairs: against their definitions ---- */

/* By walking up: the first dominator that is not new, or the topmost new one. */
static hgr_node owner_slow(const hgr_match *match, const hgr_domtree *tree, hgr_node u)
{
    const hgr_node *idom = hgr_domtree_idom(tree);
    uint32_t n = hgr_match_nodes(match, HGR_AFTER);
    while (idom[u] != n && hgr_match_fate(match, HGR_AFTER, u) == HGR_FATE_GONE)
        u = idom[u];
    return u;
}

static void check_owners(const struct pair *pair, const hgr_match *match)
{
    uint32_t n = hgr_match_nodes(match, HGR_AFTER);
    hgr_node root = 0;
    hgr_domtree *tree = NULL;
    hgr_new_owner *owners = NULL;
    size_t count = 0;
    uint64_t *left = calloc(n, sizeof *left);
    assert_int_equal(hgr_domtree_create(pair->views[1].graph, &root, 1, run, &tree, NULL), HGR_OK);
    assert_int_equal(
        hgr_match_new_owners(match, &pair->views[1].view, tree, run, &owners, &count, NULL),
        HGR_OK);
    for (hgr_node u = 0; u < n; u++)
        if (hgr_domtree_idom(tree)[u] != HGR_NO_NODE &&
            hgr_match_fate(match, HGR_AFTER, u) == HGR_FATE_GONE)
            left[owner_slow(match, tree, u)] += pair->heaps[1].objects[u].bytes;
    for (size_t i = 0; i < count; i++) {
        hgr_node at = owners[i].owner != HGR_NO_NODE ? owners[i].owner
                                                     : owner_slow(match, tree, owners[i].example);
        assert_int_equal(left[at], owners[i].bytes);
        left[at] = 0;
        assert_int_equal(hgr_match_fate(match, HGR_AFTER, owners[i].example), HGR_FATE_GONE);
        assert_true(i == 0 || owners[i - 1].bytes >= owners[i].bytes);
    }
    for (hgr_node u = 0; u < n; u++)
        assert_int_equal(left[u], 0);
    free(left);
    hgr_new_owners_free(owners);
    hgr_domtree_free(tree);
}

static uint32_t filled(const struct model_object *object)
{
    uint32_t count = 0;
    for (uint32_t s = 0; s < object->nslots; s++)
        count += object->slots[s] != 0;
    return count;
}

/* In the model only arrays grow: each surviving one with more filled slots is listed, no other. */
static void check_grown(const struct pair *pair, const hgr_match *match)
{
    hgr_grown *grown = NULL;
    size_t count = 0, expected = 0;
    assert_int_equal(hgr_match_grown(match, &pair->views[0].view, &pair->views[1].view, run, &grown,
                                     &count, NULL),
                     HGR_OK);
    for (size_t i = 0; i < count; i++) {
        assert_int_equal(hgr_match_mate(match, HGR_AFTER, grown[i].after), grown[i].before);
        assert_int_equal(filled(&pair->heaps[0].objects[grown[i].before]), grown[i].length_before);
        assert_int_equal(filled(&pair->heaps[1].objects[grown[i].after]), grown[i].length_after);
        assert_true(grown[i].length_after > grown[i].length_before);
    }
    for (hgr_node w = 0; w < hgr_match_nodes(match, HGR_AFTER); w++) {
        hgr_node u = hgr_match_mate(match, HGR_AFTER, w);
        expected += u != HGR_NO_NODE && pair->heaps[1].objects[w].type == MODEL_ARRAY &&
                    filled(&pair->heaps[1].objects[w]) > filled(&pair->heaps[0].objects[u]);
    }
    assert_int_equal(count, expected);
    hgr_grown_free(grown);
}

static void owners_and_growth_equal_their_definitions(void **state)
{
    (void)state;
    size_t grown = 0;
    for (uint64_t seed = 1; seed <= HEAPS; seed++) {
        struct pair pair;
        struct model_step fill = {10, 2, 50, MODEL_COMPACT, false};
        model_heap_make(seed, 2000, &pair.heaps[0]);
        model_heap_copy(&pair.heaps[0], &pair.heaps[1]);
        model_heap_step(&pair.heaps[1], &fill);
        grown += model_heap_fill(&pair.heaps[1]);
        for (int s = 0; s < 2; s++)
            assert_true(model_view_create(&pair.heaps[s], run, &pair.views[s]));
        hgr_match *match = match_of(&pair, run);
        check_owners(&pair, match);
        check_grown(&pair, match);
        hgr_match_free(match);
        pair_free(&pair);
    }
    assert_true(grown > 0);
}

/* ---- threads, memory ---- */

static void threads_change_no_byte(void **state)
{
    (void)state;
    static const uint32_t threads[] = {2, 7, 64};
    struct pair pair;
    pair_make(77, 200000, &scenarios[3].step, &pair);
    hgr_match *one = match_of(&pair, run);
    for (int i = 0; i < 3; i++) {
        hgr_run *many = NULL;
        assert_int_equal(hgr_run_create(threads[i], &many, NULL), HGR_OK);
        hgr_match *match = match_of(&pair, many);
        for (int s = 0; s < 2; s++)
            for (hgr_node u = 0; u < pair.heaps[s].count; u++) {
                assert_int_equal(hgr_match_mate(one, s, u), hgr_match_mate(match, s, u));
                assert_int_equal(hgr_match_why(one, s, u), hgr_match_why(match, s, u));
                assert_int_equal(hgr_match_fate(one, s, u), hgr_match_fate(match, s, u));
            }
        hgr_match_free(match);
        hgr_run_free(many);
    }
    hgr_match_free(one);
    pair_free(&pair);
}

static void without_memory(void **state)
{
    (void)state;
    struct pair pair;
    hgr_match *match = NULL;
    uint64_t k = 1;
    pair_make(5, 400, &scenarios[2].step, &pair);
    uint64_t before = hgr_run_memory_bytes(run);
    for (;; k++) {
        hgr_status status = {0};
        hgr_run_fail_allocation(run, k);
        hgr_result result =
            hgr_match_create(&pair.views[0].view, &pair.views[1].view, run, &match, &status);
        hgr_run_fail_allocation(run, 0);
        if (result == HGR_OK)
            break;
        assert_int_equal(result, HGR_NO_MEMORY);
        assert_null(match);
        assert_true(hgr_run_memory_bytes(run) == before);
    }
    assert_true(k > 10);
    hgr_match_free(match);
    pair_free(&pair);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(survivors_are_found),
        cmocka_unit_test(the_same_dump_twice),
        cmocka_unit_test(owners_and_growth_equal_their_definitions),
        cmocka_unit_test(threads_change_no_byte),
        cmocka_unit_test(without_memory),
    };
    return cmocka_run_group_tests(tests, open_run, close_run);
}
