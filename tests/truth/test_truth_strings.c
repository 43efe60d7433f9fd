/* Strings by content: totals equal the independent reader's, groups equal those of a slow twin that
 * sorts the texts themselves, the same for every thread count. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "fixture.h"

struct text {
    const uint8_t *bytes;
    uint32_t length;
    hgr_node node;
};

static int by_text(const void *left, const void *right)
{
    const struct text *a = left, *b = right;
    uint32_t shorter = a->length < b->length ? a->length : b->length;
    int order = memcmp(a->bytes, b->bytes, 2 * (size_t)shorter);
    if (order == 0 && a->length != b->length)
        order = a->length < b->length ? -1 : 1;
    return order ? order : (a->node > b->node) - (a->node < b->node);
}

static int by_first(const void *left, const void *right)
{
    const hgr_string_group *a = left, *b = right;
    return (a->node > b->node) - (a->node < b->node);
}

static hgr_snapshot *scan(const struct opened *opened)
{
    const hgr_snapshot_options options = {.depth = HGR_SCAN_GRAPH};
    hgr_snapshot *snapshot = NULL;
    hgr_status status = {0};
    if (hgr_snapshot_create(opened->runtime, &options, opened->run, &snapshot, &status) != HGR_OK)
        fail_msg("%s", status.text);
    return snapshot;
}

/* Every string of the heap, its text copied. */
static struct text *read_texts(const struct opened *opened, const hgr_snapshot *snapshot,
                               size_t *out_count)
{
    uint32_t n = hgr_graph_nodes(hgr_snapshot_graph(snapshot));
    struct text *texts = calloc(n + 1u, sizeof *texts);
    assert_non_null(texts);
    for (hgr_node node = 0; node < n; node++) {
        if (!hgr_snapshot_type(snapshot, hgr_node_type(snapshot, node))->is_string)
            continue;
        struct text *text = &texts[*out_count];
        uint64_t addr = hgr_node_address(snapshot, node) + 8;
        assert_true(hgr_dump_read(opened->dump, addr, &text->length, 4));
        uint8_t *bytes = malloc(2 * (size_t)text->length + 1);
        assert_non_null(bytes);
        assert_true(hgr_dump_read(opened->dump, addr + 4, bytes, 2 * (size_t)text->length));
        text->bytes = bytes;
        text->node = node;
        ++*out_count;
    }
    return texts;
}

/* Groups by the texts, ascending by their first nodes. */
static hgr_string_group *group_slowly(struct text *texts, size_t count, size_t *out_count)
{
    hgr_string_group *groups = calloc(count + 1, sizeof *groups);
    assert_non_null(groups);
    qsort(texts, count, sizeof *texts, by_text);
    for (size_t i = 0; i < count; i++) {
        bool same = i > 0 && texts[i].length == texts[i - 1].length &&
                    memcmp(texts[i].bytes, texts[i - 1].bytes, 2 * (size_t)texts[i].length) == 0;
        if (!same)
            groups[(*out_count)++] = (hgr_string_group){.node = texts[i].node};
        groups[*out_count - 1].count++;
    }
    qsort(groups, *out_count, sizeof *groups, by_first);
    return groups;
}

static hgr_string_group *group_fast(const hgr_strings *strings, size_t *out_count)
{
    const hgr_strings_totals *totals = hgr_strings_get_totals(strings);
    hgr_string_group *groups = calloc((size_t)totals->distinct + 1, sizeof *groups);
    size_t cursor = 0;
    assert_non_null(groups);
    while (hgr_strings_next(strings, &cursor, &groups[*out_count])) {
        const hgr_string_group *group = &groups[*out_count];
        for (uint64_t i = 0; i < group->count; i++) {
            hgr_node member = hgr_strings_member(strings, group->first_member + (size_t)i);
            assert_true(
                i == 0 ? member == group->node
                       : member > hgr_strings_member(strings, group->first_member + (size_t)i - 1));
        }
        ++*out_count;
        assert_true(*out_count <= totals->distinct);
    }
    assert_int_equal(*out_count, totals->distinct);
    qsort(groups, *out_count, sizeof *groups, by_first);
    return groups;
}

static void check_twin(const struct opened *opened, const hgr_snapshot *snapshot,
                       const hgr_strings *strings)
{
    size_t ntexts = 0, nslow = 0, nfast = 0;
    struct text *texts = read_texts(opened, snapshot, &ntexts);
    hgr_string_group *slow = group_slowly(texts, ntexts, &nslow);
    hgr_string_group *fast = group_fast(strings, &nfast);
    assert_int_equal(nslow, nfast);
    for (size_t i = 0; i < nslow; i++) {
        assert_int_equal(slow[i].node, fast[i].node);
        assert_int_equal(slow[i].count, fast[i].count);
    }
    for (size_t i = 0; i < ntexts; i++)
        free((void *)(uintptr_t)texts[i].bytes);
    free(texts);
    free(slow);
    free(fast);
}

static void check_truth(const struct fixture *fixture, const hgr_strings *strings)
{
    const hgr_strings_totals *totals = hgr_strings_get_totals(strings);
    json_object *truth = fixture_json(fixture, "strings");
    assert_int_equal(totals->strings, truth_u64(truth, "strings"));
    assert_int_equal(totals->bytes, truth_u64(truth, "bytes"));
    assert_int_equal(totals->distinct, truth_u64(truth, "distinct"));
    assert_int_equal(totals->repeated, truth_u64(truth, "duplicated_values"));
    assert_int_equal(totals->wasted_bytes, truth_u64(truth, "wasted_bytes"));
    assert_int_equal(totals->longest, truth_u64(truth, "longest_chars"));
    assert_int_equal(totals->absent, 0);
    json_object_put(truth);
}

static void totals_and_groups(void **state)
{
    static struct fixture fixtures[FIXTURES_MAX];
    size_t count = fixture_list(fixtures);
    (void)state;
    for (size_t i = 0; i < count; i++) {
        struct opened opened;
        hgr_strings *strings = NULL;
        fixture_open(&fixtures[i], 2, NULL, &opened);
        hgr_snapshot *snapshot = scan(&opened);
        assert_int_equal(hgr_strings_create(snapshot, NULL, opened.run, &strings, NULL), HGR_OK);
        check_truth(&fixtures[i], strings);
        if (i == 0)
            check_twin(&opened, snapshot, strings);
        hgr_strings_free(strings);
        hgr_snapshot_free(snapshot);
        fixture_close(&opened);
    }
}

/* ---- the same for 1, 2, 7, 64 threads; only what is asked for ---- */

static void threads_and_options(void **state)
{
    static struct fixture fixtures[FIXTURES_MAX];
    const uint32_t threads[] = {1, 2, 7, 64};
    struct opened opened;
    hgr_strings *first = NULL;
    hgr_run *runs[4] = {NULL};
    (void)state;
    fixture_list(fixtures);
    fixture_open(&fixtures[0], 2, NULL, &opened);
    hgr_snapshot *snapshot = scan(&opened);
    for (size_t t = 0; t < 4; t++) {
        hgr_strings *strings = NULL;
        size_t here = 0, there = 0;
        hgr_string_group a, b;
        assert_int_equal(hgr_run_create(threads[t], &runs[t], NULL), HGR_OK);
        const hgr_strings_options longer = {.min_length = 40};
        assert_int_equal(hgr_strings_create(snapshot, &longer, runs[t], &strings, NULL), HGR_OK);
        assert_true(hgr_strings_get_totals(strings)->strings > 0);
        if (!first) {
            first = strings;
            continue;
        }
        assert_memory_equal(hgr_strings_get_totals(strings), hgr_strings_get_totals(first),
                            sizeof(hgr_strings_totals));
        while (hgr_strings_next(strings, &here, &a)) {
            assert_true(hgr_strings_next(first, &there, &b));
            assert_int_equal(a.first_member, b.first_member);
            assert_int_equal(a.node, b.node);
            assert_true(a.count == b.count && a.hash == b.hash);
        }
        hgr_strings_free(strings);
    }
    hgr_strings_free(first);
    for (size_t t = 0; t < 4; t++)
        hgr_run_free(runs[t]);
    hgr_snapshot_free(snapshot);
    fixture_close(&opened);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(totals_and_groups),
        cmocka_unit_test(threads_and_options),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
