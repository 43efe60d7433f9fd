/* Diffs of random graphs: paths equal their definition, sums are exact, the same dump twice is empty,
 * swapped dumps give the negated diff, threads change no byte. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "base/run.h"
#include "property/small_view.h"
#include "reference/owner_paths_slow.h"

#define GRAPHS 3000
#define BIG_NODES 300000u

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

static bool view_of(const struct small_graph *g, struct small_view *out)
{
    return small_view_create(small_graph_build(g, run), g->class_of, g->bytes, g->nclasses,
                             g->roots, g->nroots, run, out);
}

static hgr_diff *diff_of(const hgr_diff_view *const *views, uint32_t sides, uint32_t max_paths,
                         const hgr_run *with)
{
    hgr_diff *diff = NULL;
    hgr_diff_options options = {.max_paths = max_paths};
    if (hgr_diff_create(sides, &options, with, &diff, NULL) != HGR_OK)
        return NULL;
    bool good = true;
    for (uint32_t k = 0; good && k < sides; k++)
        good = hgr_diff_add(diff, views[k], with, NULL) == HGR_OK;
    if (good && hgr_diff_finish(diff, with, NULL) == HGR_OK)
        return diff;
    hgr_diff_free(diff);
    return NULL;
}

/* The other dump: another graph by a seed made of this one, so that shrinking changes both. */
static void other_graph(const struct small_graph *g, struct small_graph *out)
{
    small_graph_random((uint64_t)g->m * 977 + g->n, out);
}

static uint32_t find_path(const hgr_diff *diff, const char *text)
{
    char buffer[SLOW_TEXT];
    for (uint32_t p = 1; p < hgr_diff_paths(diff); p++) {
        hgr_diff_path_text(diff, p, buffer, sizeof buffer);
        if (strcmp(buffer, text) == 0)
            return p;
    }
    return HGR_DIFF_NO_PATH;
}

/* Take every object's bytes off the path the definition gives it; nothing may be left. */
static const char *compare_side(const hgr_diff *diff, uint32_t side, const hgr_diff_view *view)
{
    int64_t left[4 * SMALL_NODES + 64] = {0};
    char text[SLOW_TEXT];
    uint32_t npaths = hgr_diff_paths(diff);
    if (npaths > sizeof left / sizeof left[0])
        return "too many paths";
    for (uint32_t p = 0; p < npaths; p++)
        left[p] = (int64_t)hgr_diff_path_own(diff, p)[side].bytes;
    for (hgr_node u = 0; u < hgr_graph_nodes(view->graph); u++) {
        owner_path_slow(view, u, text);
        uint32_t path = find_path(diff, text);
        if (path == HGR_DIFF_NO_PATH)
            return "a path is missing";
        left[path] -= (int64_t)view->bytes(view->user, u);
    }
    for (uint32_t p = 0; p < npaths; p++)
        if (left[p] != 0)
            return "bytes of a path";
    return NULL;
}

static const char *paths_equal_definition(const struct small_graph *g)
{
    struct small_graph other;
    struct small_view a, b;
    other_graph(g, &other);
    if (!view_of(g, &a) || !view_of(&other, &b))
        return "refused";
    const hgr_diff_view *views[] = {&a.view, &b.view};
    hgr_diff *diff = diff_of(views, 2, 0, run);
    const char *wrong = diff ? compare_side(diff, 0, &a.view) : "refused";
    if (!wrong)
        wrong = compare_side(diff, 1, &b.view);
    hgr_diff_free(diff);
    small_view_free(&a);
    small_view_free(&b);
    return wrong;
}

/* Own amounts add up to the heap, subtree sums to the same, types to the same: on every side. */
static const char *check_sums(const hgr_diff *diff)
{
    for (uint32_t k = 0; k < hgr_diff_sides(diff); k++) {
        const hgr_diff_amount *total = &hgr_diff_total(diff)[k];
        hgr_diff_amount paths = {0}, types = {0};
        for (uint32_t p = 0; p < hgr_diff_paths(diff); p++) {
            paths.count += hgr_diff_path_own(diff, p)[k].count;
            paths.bytes += hgr_diff_path_own(diff, p)[k].bytes;
        }
        for (uint32_t t = 0; t < hgr_diff_types(diff); t++) {
            types.count += hgr_diff_type_amounts(diff, t)[k].count;
            types.bytes += hgr_diff_type_amounts(diff, t)[k].bytes;
        }
        if (paths.bytes != total->bytes || paths.count != total->count)
            return "paths do not add up";
        if (types.bytes != total->bytes || types.count != total->count)
            return "types do not add up";
        if (hgr_diff_path_sums(diff, HGR_DIFF_TOP)[k].bytes != total->bytes)
            return "the top's sum";
    }
    return NULL;
}

static const char *sums_are_exact_even_when_cut(const struct small_graph *g)
{
    struct small_graph other;
    struct small_view a, b;
    other_graph(g, &other);
    if (!view_of(g, &a) || !view_of(&other, &b))
        return "refused";
    const hgr_diff_view *views[] = {&a.view, &b.view, &a.view};
    const char *wrong = NULL;
    for (uint32_t max_paths = 4; !wrong && max_paths <= 64; max_paths *= 4) {
        hgr_diff *diff = diff_of(views, 3, max_paths, run);
        wrong = diff ? check_sums(diff) : "refused";
        hgr_diff_free(diff);
    }
    small_view_free(&a);
    small_view_free(&b);
    return wrong;
}

static const char *same_twice_is_empty(const struct small_graph *g)
{
    struct small_view a;
    hgr_diff_suspect suspects[HGR_DIFF_SUSPECTS];
    if (!view_of(g, &a))
        return "refused";
    const hgr_diff_view *views[] = {&a.view, &a.view};
    hgr_diff *diff = diff_of(views, 2, 0, run);
    const char *wrong = diff ? NULL : "refused";
    for (uint32_t p = 0; !wrong && p < hgr_diff_paths(diff); p++)
        if (memcmp(&hgr_diff_path_own(diff, p)[0], &hgr_diff_path_own(diff, p)[1],
                   sizeof(hgr_diff_amount)) != 0)
            wrong = "a path differs";
    for (uint32_t t = 0; !wrong && t < hgr_diff_types(diff); t++)
        if (memcmp(&hgr_diff_type_amounts(diff, t)[0], &hgr_diff_type_amounts(diff, t)[1],
                   sizeof(hgr_diff_amount)) != 0)
            wrong = "a type differs";
    if (!wrong && hgr_diff_suspects(diff, suspects) != 0)
        wrong = "a suspect";
    hgr_diff_free(diff);
    small_view_free(&a);
    return wrong;
}

static bool mirrored(const hgr_diff_amount *forth, const hgr_diff_amount *back)
{
    return memcmp(&forth[0], &back[1], sizeof *forth) == 0 &&
           memcmp(&forth[1], &back[0], sizeof *forth) == 0;
}

static const char *compare_mirrored(const hgr_diff *forth, const hgr_diff *back)
{
    if (hgr_diff_paths(forth) != hgr_diff_paths(back) ||
        hgr_diff_types(forth) != hgr_diff_types(back))
        return "number of rows";
    for (uint32_t p = 0; p < hgr_diff_paths(forth); p++)
        if (hgr_diff_path_get(forth, p)->identity != hgr_diff_path_get(back, p)->identity ||
            !mirrored(hgr_diff_path_own(forth, p), hgr_diff_path_own(back, p)) ||
            !mirrored(hgr_diff_path_sums(forth, p), hgr_diff_path_sums(back, p)))
            return "a path";
    for (uint32_t t = 0; t < hgr_diff_types(forth); t++)
        if (hgr_diff_type_get(forth, t)->identity != hgr_diff_type_get(back, t)->identity ||
            !mirrored(hgr_diff_type_amounts(forth, t), hgr_diff_type_amounts(back, t)))
            return "a type";
    return NULL;
}

static const char *swapped_is_negated(const struct small_graph *g)
{
    struct small_graph other;
    struct small_view a, b;
    other_graph(g, &other);
    if (!view_of(g, &a) || !view_of(&other, &b))
        return "refused";
    const hgr_diff_view *views[] = {&a.view, &b.view}, *swapped[] = {&b.view, &a.view};
    hgr_diff *forth = diff_of(views, 2, 0, run), *back = diff_of(swapped, 2, 0, run);
    const char *wrong = forth && back ? compare_mirrored(forth, back) : "refused";
    hgr_diff_free(forth);
    hgr_diff_free(back);
    small_view_free(&a);
    small_view_free(&b);
    return wrong;
}

static bool same_amounts(const hgr_diff *a, const hgr_diff *b)
{
    bool same = hgr_diff_paths(a) == hgr_diff_paths(b) && hgr_diff_types(a) == hgr_diff_types(b);
    for (uint32_t p = 0; same && p < hgr_diff_paths(a); p++)
        same = hgr_diff_path_get(a, p)->identity == hgr_diff_path_get(b, p)->identity &&
               memcmp(hgr_diff_path_own(a, p), hgr_diff_path_own(b, p),
                      2 * sizeof(hgr_diff_amount)) == 0;
    for (uint32_t t = 0; same && t < hgr_diff_types(a); t++)
        same = memcmp(hgr_diff_type_amounts(a, t), hgr_diff_type_amounts(b, t),
                      2 * sizeof(hgr_diff_amount)) == 0;
    return same;
}

/* ---- sides that an earlier diff wrote down ---- */

/* What a document of diff `from` says of side `side`. */
static hgr_result add_saved(hgr_diff *to, const hgr_diff *from, uint32_t side)
{
    uint32_t ntypes = hgr_diff_types(from), npaths = hgr_diff_paths(from);
    hgr_saved_type *types = calloc(ntypes + 1, sizeof *types);
    hgr_saved_path *paths = calloc(npaths + 1, sizeof *paths);
    for (uint32_t t = 0; t < ntypes; t++)
        types[t] = (hgr_saved_type){hgr_diff_type_get(from, t)->name,
                                    hgr_diff_type_get(from, t)->module,
                                    hgr_diff_type_amounts(from, t)[side]};
    for (uint32_t p = 0; p < npaths; p++) {
        const hgr_diff_path *path = hgr_diff_path_get(from, p);
        const hgr_diff_amount *own = &hgr_diff_path_own(from, p)[side];
        paths[p] = (hgr_saved_path){path->parent, path->type, path->name, path->field, own->count,
                                    own->bytes};
    }
    hgr_result result = hgr_diff_add_saved(to, types, ntypes, paths, npaths, run, NULL);
    free(paths);
    free(types);
    return result;
}

/* A diff against the words of an earlier one is the diff against the dump. */
static const char *saved_is_as_good(const struct small_graph *g)
{
    struct small_graph other;
    struct small_view a, b;
    other_graph(g, &other);
    if (!view_of(g, &a) || !view_of(&other, &b))
        return "refused";
    const hgr_diff_view *one[] = {&a.view}, *both[] = {&a.view, &b.view};
    hgr_diff *words = diff_of(one, 1, 0, run), *expected = diff_of(both, 2, 0, run), *diff = NULL;
    const char *wrong = words && expected ? NULL : "refused";
    if (!wrong && (hgr_diff_create(2, NULL, run, &diff, NULL) != HGR_OK ||
                   add_saved(diff, words, 0) != HGR_OK ||
                   hgr_diff_add(diff, &b.view, run, NULL) != HGR_OK ||
                   hgr_diff_finish(diff, run, NULL) != HGR_OK))
        wrong = "words refused";
    /* Types that only a dump knows by their method table pair by name alone: here names are unique. */
    if (!wrong && !same_amounts(diff, expected))
        wrong = "differs";
    hgr_diff_free(diff);
    hgr_diff_free(expected);
    hgr_diff_free(words);
    small_view_free(&a);
    small_view_free(&b);
    return wrong;
}

/* ---- many nodes: threads ---- */

static hgr_graph *big_graph(uint32_t salt)
{
    uint32_t *row = calloc(BIG_NODES + 1, sizeof *row), m = 0;
    hgr_node *col = calloc(2 * (size_t)BIG_NODES, sizeof *col);
    hgr_graph *graph = NULL;
    for (uint32_t u = 0; u < BIG_NODES; u++) {
        for (uint32_t k = 0; k < 2 && 2 * u + k + 1 < BIG_NODES; k++)
            col[m++] = (u * salt + k) % 7 == 0 ? u / 2 : 2 * u + k + 1;
        row[u + 1] = m;
    }
    if (hgr_graph_create(BIG_NODES, row, col, run, &graph, NULL) != HGR_OK)
        graph = NULL;
    free(col);
    free(row);
    return graph;
}

static void threads_change_no_byte(void **state)
{
    (void)state;
    static const uint32_t threads[] = {2, 7, 64};
    static const hgr_node roots[] = {0, 5, 6, 900};
    uint32_t *class_of = calloc(BIG_NODES, sizeof *class_of);
    uint64_t *bytes = calloc(BIG_NODES, sizeof *bytes);
    for (uint32_t u = 0; u < BIG_NODES; u++) {
        class_of[u] = u * 2654435761u >> 29;
        bytes[u] = 24 + u % 100;
    }
    struct small_view a, b;
    assert_true(small_view_create(big_graph(3), class_of, bytes, 8, roots, 4, run, &a));
    assert_true(small_view_create(big_graph(5), class_of, bytes, 8, roots, 4, run, &b));
    const hgr_diff_view *views[] = {&a.view, &b.view};
    hgr_diff *one = diff_of(views, 2, 400000, run);
    assert_non_null(one);
    assert_true(hgr_diff_paths(one) > 1000);
    assert_null(check_sums(one));
    for (int i = 0; i < 3; i++) {
        hgr_run *many = NULL;
        assert_int_equal(hgr_run_create(threads[i], &many, NULL), HGR_OK);
        hgr_diff *diff = diff_of(views, 2, 400000, many);
        assert_non_null(diff);
        assert_true(same_amounts(one, diff));
        hgr_diff_free(diff);
        hgr_run_free(many);
    }
    hgr_diff_free(one);
    small_view_free(&a);
    small_view_free(&b);
    free(bytes);
    free(class_of);
}

/* ---- small graphs ---- */

static void paths(void **state)
{
    (void)state;
    assert_true(small_graph_holds("owner paths", GRAPHS, paths_equal_definition));
}

static void sums(void **state)
{
    (void)state;
    assert_true(small_graph_holds("sums", GRAPHS, sums_are_exact_even_when_cut));
}

static void empty(void **state)
{
    (void)state;
    assert_true(small_graph_holds("same twice", GRAPHS, same_twice_is_empty));
}

static void saved(void **state)
{
    (void)state;
    assert_true(small_graph_holds("saved side", GRAPHS, saved_is_as_good));
}

static void negated(void **state)
{
    (void)state;
    assert_true(small_graph_holds("swapped", GRAPHS, swapped_is_negated));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(paths),   cmocka_unit_test(sums),
        cmocka_unit_test(empty),   cmocka_unit_test(negated), cmocka_unit_test(saved),
        cmocka_unit_test(threads_change_no_byte),
    };
    return cmocka_run_group_tests(tests, open_run, close_run);
}
