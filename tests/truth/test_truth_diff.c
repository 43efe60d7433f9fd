/* Recorded pairs of one process, before and after a leak: every type's delta equals the join of the
 * independent reader's two histograms; owner paths add up to the heap on both sides; the leak is
 * the first suspect. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "fixture.h"

/* What the recorded programs leak between the dumps, where nobody takes it out. */
static const struct leak {
    const char *program; /* names of its fixtures begin so */
    const char *path;
    int64_t count;
    bool alone; /* nothing else grows */
} leaks[] = {
    {"site",
     "static Scoodle.Store.Materials → System.Collections.Generic.List<"
     "Scoodle.Business.Queries.IMateriaalDto>._items → Scoodle.Business.Queries.IMateriaalDto[]",
     5000, true},
    {"depot",
     "static Depot.Program.Trail → System.Collections.Generic.List<Depot.Leaked>._items → "
     "Depot.Leaked[]",
     683, false},
};

struct side {
    struct fixture fixture;
    struct opened opened;
    hgr_snapshot *heap;
    hgr_node *roots;
    size_t nroots;
    hgr_domtree *tree;
    hgr_diff_view *view;
};

static void open_side(const struct fixture *fixture, struct side *out)
{
    hgr_snapshot_options options = {.depth = HGR_SCAN_GRAPH};
    memset(out, 0, sizeof *out);
    out->fixture = *fixture;
    fixture_open(&out->fixture, 2, NULL, &out->opened);
    const hgr_run *run = out->opened.run;
    assert_int_equal(hgr_snapshot_create(out->opened.runtime, &options, run, &out->heap, NULL),
                     HGR_OK);
    assert_int_equal(hgr_root_nodes(out->heap, run, &out->roots, &out->nroots, NULL), HGR_OK);
    assert_int_equal(hgr_domtree_create(hgr_snapshot_graph(out->heap), out->roots, out->nroots, run,
                                        &out->tree, NULL),
                     HGR_OK);
    assert_int_equal(
        hgr_diff_view_create(out->heap, out->tree, out->roots, out->nroots, run, &out->view, NULL),
        HGR_OK);
}

static void close_side(struct side *side)
{
    hgr_diff_view_free(side->view);
    hgr_domtree_free(side->tree);
    hgr_nodes_free(side->roots);
    hgr_snapshot_free(side->heap);
    fixture_close(&side->opened);
}

/* What the reader counted, under the name we give its method table. */
struct expected {
    const char *name;
    int64_t count, bytes; /* after minus before */
};

static const char *name_of(const struct side *side, uint64_t mt)
{
    for (uint32_t t = 0; t < hgr_snapshot_types(side->heap); t++)
        if (hgr_snapshot_type(side->heap, t)->method_table_addr == mt)
            return hgr_snapshot_type(side->heap, t)->name;
    return NULL;
}

static void expect(struct expected *rows, size_t *nrows, const char *name, int64_t count,
                   int64_t bytes)
{
    size_t i = 0;
    while (i < *nrows && strcmp(rows[i].name, name) != 0)
        i++;
    if (i == *nrows)
        rows[(*nrows)++] = (struct expected){.name = name};
    rows[i].count += count;
    rows[i].bytes += bytes;
}

static void read_stat(const struct side *side, int sign, struct expected *rows, size_t *nrows)
{
    json_object *stat = fixture_json(&side->fixture, "stat");
    json_object *types = truth_get(stat, "types");
    for (size_t i = 0; i < json_object_array_length(types); i++) {
        json_object *row = json_object_array_get_idx(types, i);
        const char *name = name_of(side, truth_u64(row, "mt"));
        const char *theirs = json_object_get_string(truth_get(row, "name")); /* they lack some */
        if (theirs && strcmp(theirs, "Free") == 0)
            continue;
        assert_non_null(name);
        expect(rows, nrows, name, sign * (int64_t)truth_u64(row, "count"),
               sign * (int64_t)truth_u64(row, "bytes"));
    }
    json_object_put(stat);
}

static void check_types(const hgr_diff *diff, struct expected *rows, size_t nrows)
{
    for (uint32_t t = 0; t < hgr_diff_types(diff); t++) {
        const hgr_diff_amount *amounts = hgr_diff_type_amounts(diff, t);
        size_t i = 0;
        while (i < nrows && strcmp(rows[i].name, hgr_diff_type_get(diff, t)->name) != 0)
            i++;
        assert_true(i < nrows);
        rows[i].count -= (int64_t)(amounts[1].count - amounts[0].count);
        rows[i].bytes -= hgr_diff_growth(diff, amounts);
    }
    for (size_t i = 0; i < nrows; i++)
        if (rows[i].count != 0 || rows[i].bytes != 0)
            fail_msg("%s: off by %lld objects", rows[i].name, (long long)rows[i].count);
}

static void check_paths(const hgr_diff *diff, const struct side *sides)
{
    int64_t growth = 0;
    for (uint32_t p = 0; p < hgr_diff_paths(diff); p++)
        growth += hgr_diff_growth(diff, hgr_diff_path_own(diff, p));
    assert_true(growth == (int64_t)(hgr_snapshot_totals(sides[1].heap)->bytes -
                                    hgr_snapshot_totals(sides[0].heap)->bytes));
    assert_true(growth == hgr_diff_growth(diff, hgr_diff_total(diff)));
}

static void check_suspect(const hgr_diff *diff, const char *name)
{
    char text[1024];
    hgr_diff_suspect suspects[HGR_DIFF_SUSPECTS];
    size_t i = 0, nleaks = sizeof leaks / sizeof leaks[0], count;
    while (i < nleaks && strncmp(name, leaks[i].program, strlen(leaks[i].program)) != 0)
        i++;
    assert_true(i < nleaks);
    count = hgr_diff_suspects(diff, suspects);
    assert_true(leaks[i].alone ? count == 1 : count >= 1);
    hgr_diff_path_text(diff, suspects[0].accumulation, text, sizeof text);
    assert_string_equal(text, leaks[i].path);
    assert_int_equal(suspects[0].growth_count, leaks[i].count);
}

static void check_pair(const struct fixture *before, const struct fixture *after)
{
    static struct expected rows[8192];
    size_t nrows = 0;
    struct side sides[2];
    hgr_diff *diff = NULL;
    open_side(before, &sides[0]);
    open_side(after, &sides[1]);
    const hgr_run *run = sides[1].opened.run;
    memset(rows, 0, sizeof rows);
    assert_int_equal(hgr_diff_create(2, NULL, run, &diff, NULL), HGR_OK);
    for (int k = 0; k < 2; k++) {
        assert_int_equal(hgr_diff_add(diff, sides[k].view, run, NULL), HGR_OK);
        read_stat(&sides[k], k ? 1 : -1, rows, &nrows);
    }
    assert_int_equal(hgr_diff_finish(diff, run, NULL), HGR_OK);
    check_types(diff, rows, nrows);
    check_paths(diff, sides);
    check_suspect(diff, before->name);
    hgr_diff_free(diff);
    close_side(&sides[0]);
    close_side(&sides[1]);
}

/* Fixtures ascend by name: NAME.after comes right before NAME.before. */
static void leaks_of_the_recorded_pairs(void **state)
{
    (void)state;
    static struct fixture fixtures[FIXTURES_MAX];
    size_t count = fixture_list(fixtures), pairs = 0;
    for (size_t i = 0; i + 1 < count; i++) {
        const char *after = strstr(fixtures[i].name, ".after");
        size_t stem = after ? (size_t)(after - fixtures[i].name) : 0;
        if (!after || strncmp(fixtures[i].name, fixtures[i + 1].name, stem) != 0)
            continue;
        print_message("%.*s\n", (int)stem, fixtures[i].name);
        check_pair(&fixtures[i + 1], &fixtures[i]);
        pairs++;
    }
    assert_true(pairs > 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(leaks_of_the_recorded_pairs)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
