/* diff: names of types across dumps, folding, suspects, errors, lack of memory; by hand. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>

#include <heapgraph/diff.h>
#include "base/run.h"

#define NODES_MAX 64

/* A heap of a few lines: node i has type types[i]; roots hold nodes; names may repeat. */
struct hand {
    const char    *type_name[16], *type_module[16];
    uint64_t       type_mt[16];
    uint32_t       ntypes, n;
    uint32_t       type[NODES_MAX];
    uint64_t       bytes[NODES_MAX];
    uint32_t       row[NODES_MAX + 1];
    hgr_node       col[NODES_MAX * 2];
    hgr_node       roots[4];
    const char    *root_names[4];
    size_t         nroots;
    hgr_graph     *graph;
    hgr_domtree   *tree;
    hgr_diff_view  view;
};

static uint32_t type_of(const void *user, hgr_node u)
{
    return ((const struct hand *)user)->type[u];
}
static uint64_t bytes_of(const void *user, hgr_node u)
{
    return ((const struct hand *)user)->bytes[u];
}
static void describe(const void *user, uint32_t type, hgr_diff_type_of_view *out)
{
    const struct hand *hand = user;
    *out = (hgr_diff_type_of_view){hand->type_name[type], hand->type_module[type],
                                   hand->type_mt[type], 0, 0};
    for (uint32_t u = 0; u < hand->n; u++)
        if (hand->type[u] == type) {
            out->count++;
            out->bytes += hand->bytes[u];
        }
}
static size_t root_name(const void *user, size_t root, char *buffer, size_t size)
{
    return (size_t)snprintf(buffer, size, "%s", ((const struct hand *)user)->root_names[root]);
}
static void places(const void *user, hgr_node u, hgr_place_fn *visit, void *visit_user)
{
    const struct hand *hand = user;
    for (uint32_t e = 0; e < hand->row[u + 1] - hand->row[u]; e++)
        visit(visit_user, e, 0);
}
static size_t place_name(const void *user, hgr_node u, uint32_t e, char *buffer, size_t size)
{
    const struct hand *hand = user;
    (void)e;
    bool array = strchr(hand->type_name[hand->type[u]], '[') != NULL;
    return (size_t)snprintf(buffer, size, "%s", array ? "" : "_next");
}

static uint32_t add_type(struct hand *hand, const char *name, const char *module, uint64_t mt)
{
    hand->type_name[hand->ntypes] = name;
    hand->type_module[hand->ntypes] = module;
    hand->type_mt[hand->ntypes] = mt;
    return hand->ntypes++;
}

static void finish_hand(struct hand *hand, const hgr_run *run)
{
    assert_int_equal(hgr_graph_create(hand->n, hand->row, hand->col, run, &hand->graph, NULL),
                     HGR_OK);
    assert_int_equal(hgr_domtree_create(hand->graph, hand->roots, hand->nroots, run, &hand->tree,
                                        NULL),
                     HGR_OK);
    hand->view = (hgr_diff_view){
        .user = hand, .graph = hand->graph, .tree = hand->tree, .roots = hand->roots,
        .nroots = hand->nroots, .ntypes = hand->ntypes, .type_of = type_of, .bytes = bytes_of,
        .type = describe, .root_name = root_name, .places = places, .place_name = place_name,
    };
}

static void free_hand(struct hand *hand)
{
    hgr_domtree_free(hand->tree);
    hgr_graph_free(hand->graph);
}

/* static Cache.Items → List → Order[] → `orders` orders of 100,000 bytes each. */
static void make_leak(struct hand *hand, uint32_t orders, const hgr_run *run)
{
    *hand = (struct hand){.n = 2 + orders, .nroots = 1, .root_names = {"static Cache.Items"}};
    add_type(hand, "List", "/app/shop.dll", 0x1000);
    add_type(hand, "Order[]", "/app/shop.dll", 0x1008);
    add_type(hand, "Order", "/app/shop.dll", 0x1010);
    hand->type[1] = 1;
    hand->bytes[0] = 32;
    hand->bytes[1] = 24 + 8 * orders;
    hand->row[1] = 1;
    hand->col[0] = 1;
    hand->row[2] = 1 + orders;
    for (uint32_t i = 0; i < orders; i++) {
        hand->type[2 + i] = 2;
        hand->bytes[2 + i] = 100000;
        hand->col[1 + i] = 2 + i;
        hand->row[3 + i] = 1 + orders;
    }
    finish_hand(hand, run);
}

static hgr_run *make_run(void)
{
    hgr_run *run = NULL;
    assert_int_equal(hgr_run_create(2, &run, NULL), HGR_OK);
    return run;
}

static hgr_result diff_two(const struct hand *a, const struct hand *b, const hgr_run *run,
                           hgr_diff **out, hgr_status *status)
{
    hgr_diff *diff = NULL;
    hgr_result result = hgr_diff_create(2, NULL, run, &diff, status);
    if (result == HGR_OK)
        result = hgr_diff_add(diff, &a->view, run, status);
    if (result == HGR_OK)
        result = hgr_diff_add(diff, &b->view, run, status);
    if (result == HGR_OK)
        result = hgr_diff_finish(diff, run, status);
    if (result == HGR_OK)
        *out = diff;
    else
        hgr_diff_free(diff);
    return result;
}

static const char *text_of(const hgr_diff *diff, uint32_t path)
{
    static char text[512];
    hgr_diff_path_text(diff, path, text, sizeof text);
    return text;
}

static void leak_is_named(void **state)
{
    (void)state;
    hgr_run *run = make_run();
    struct hand before, after;
    make_leak(&before, 3, run);
    make_leak(&after, 13, run);
    hgr_diff *diff = NULL;
    hgr_diff_suspect suspects[HGR_DIFF_SUSPECTS];
    assert_int_equal(diff_two(&before, &after, run, &diff, NULL), HGR_OK);
    assert_int_equal(hgr_diff_suspects(diff, suspects), 1);
    assert_string_equal(text_of(diff, suspects[0].accumulation),
                        "static Cache.Items → List._next → Order[]");
    assert_string_equal(text_of(diff, suspects[0].leaf),
                        "static Cache.Items → List._next → Order[] → Order");
    assert_int_equal(suspects[0].growth_count, 10);
    assert_int_equal(suspects[0].growth_bytes, 10 * 100008);
    assert_int_equal(hgr_diff_growth(diff, hgr_diff_total(diff)), 10 * 100008);
    assert_int_equal(hgr_diff_paths(diff), 5);
    assert_int_equal(hgr_diff_path_next(diff, 1), 5);
    assert_int_equal(hgr_diff_type_amounts(diff, 1)[1].retained_bytes, 1300000);
    hgr_diff_free(diff);
    assert_int_equal(diff_two(&after, &before, run, &diff, NULL), HGR_OK); /* it shrank */
    assert_int_equal(hgr_diff_suspects(diff, suspects), 0);
    hgr_diff_free(diff);
    free_hand(&before);
    free_hand(&after);
    assert_int_equal(hgr_run_memory_bytes(run), 0);
    hgr_run_free(run);
}

static void steady_growth_of_three(void **state)
{
    (void)state;
    hgr_run *run = make_run();
    struct hand dumps[3];
    static const uint32_t grows[] = {3, 9, 13}, wavers[] = {3, 14, 13};
    hgr_diff_suspect suspects[HGR_DIFF_SUSPECTS];
    for (int round = 0; round < 2; round++) {
        hgr_diff *diff = NULL;
        assert_int_equal(hgr_diff_create(3, NULL, run, &diff, NULL), HGR_OK);
        for (int k = 0; k < 3; k++) {
            make_leak(&dumps[k], round ? wavers[k] : grows[k], run);
            assert_int_equal(hgr_diff_add(diff, &dumps[k].view, run, NULL), HGR_OK);
            free_hand(&dumps[k]); /* the diff keeps nothing of it */
            memset(&dumps[k], 0xa5, sizeof dumps[k]);
        }
        assert_int_equal(hgr_diff_finish(diff, run, NULL), HGR_OK);
        assert_int_equal(hgr_diff_suspects(diff, suspects), round ? 0 : 1);
        assert_int_equal(hgr_diff_grew_always(diff, hgr_diff_total(diff)), !round);
        hgr_diff_free(diff);
    }
    hgr_run_free(run);
}

/* One object of each type, all held by one root. */
static void make_types(struct hand *hand, const uint64_t *mts, const char *module, uint32_t count,
                       const hgr_run *run)
{
    *hand = (struct hand){.n = count, .nroots = 1, .root_names = {"strong handle"}};
    for (uint32_t i = 0; i < count; i++) {
        hand->type[i] = add_type(hand, "Plugin", module, mts[i]);
        hand->bytes[i] = mts[i];
        hand->row[i + 1] = hand->row[i];
    }
    finish_hand(hand, run);
}

static void load_contexts_stay_apart(void **state)
{
    (void)state;
    static const struct {
        uint64_t before[3], after[3];
        uint32_t nbefore, nafter, rows;
        uint64_t first[2]; /* method tables (= bytes) paired in the first row */
    } cases[] = {
        {{10, 20}, {10, 20}, 2, 2, 2, {10, 10}},
        {{10, 20}, {20, 30}, 2, 2, 3, {10, 0}}, /* one process: 10 is gone, 30 is new */
        {{10, 20}, {70, 80}, 2, 2, 2, {10, 70}}, /* another process: by position */
        {{10}, {70, 80}, 1, 2, 2, {10, 70}},
        {{10, 20}, {70}, 2, 1, 2, {10, 70}},
    };
    hgr_run *run = make_run();
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct hand before, after;
        hgr_diff *diff = NULL;
        make_types(&before, cases[i].before, "/opt/plugin.dll", cases[i].nbefore, run);
        make_types(&after, cases[i].after, "D:\\site\\plugin.dll", cases[i].nafter, run);
        assert_int_equal(diff_two(&before, &after, run, &diff, NULL), HGR_OK);
        assert_int_equal(hgr_diff_types(diff), cases[i].rows);
        assert_string_equal(hgr_diff_type_get(diff, 0)->module, "plugin.dll");
        assert_int_equal(hgr_diff_type_get(diff, 1)->position, 1);
        assert_int_equal(hgr_diff_type_amounts(diff, 0)[0].bytes, cases[i].first[0]);
        assert_int_equal(hgr_diff_type_amounts(diff, 0)[1].bytes, cases[i].first[1]);
        hgr_diff_free(diff);
        free_hand(&before);
        free_hand(&after);
    }
    hgr_run_free(run);
}

/* A list of 60 nodes is two steps, not 60; texts are cut where the buffer ends. */
static void runs_fold(void **state)
{
    (void)state;
    hgr_run *run = make_run();
    struct hand list = {.n = 60, .nroots = 1, .root_names = {"static Jobs.Queue"}};
    add_type(&list, "Node", "jobs.dll", 8);
    for (uint32_t u = 0; u < 60; u++) {
        list.bytes[u] = 24;
        list.row[u + 1] = list.row[u] + (u < 59);
        list.col[u] = u + 1;
    }
    finish_hand(&list, run);
    hgr_diff *diff = NULL;
    char small[8];
    assert_int_equal(diff_two(&list, &list, run, &diff, NULL), HGR_OK);
    assert_int_equal(hgr_diff_paths(diff), 3);
    assert_string_equal(text_of(diff, 2), "static Jobs.Queue → Node");
    assert_int_equal(hgr_diff_path_own(diff, 2)[0].count, 60);
    assert_int_equal(hgr_diff_path_text(diff, 2, small, sizeof small), strlen(text_of(diff, 2)));
    assert_string_equal(small, "static ");
    hgr_diff_free(diff);
    free_hand(&list);
    hgr_run_free(run);
}

static void misuse_is_refused(void **state)
{
    (void)state;
    hgr_run *run = make_run();
    struct hand leak;
    hgr_status status = {0};
    hgr_diff *diff = NULL;
    make_leak(&leak, 1, run);
    assert_int_equal(hgr_diff_create(0, NULL, run, &diff, &status), HGR_BAD_ARGUMENT);
    assert_int_equal(hgr_diff_create(17, NULL, run, &diff, &status), HGR_BAD_ARGUMENT);
    assert_null(diff);
    assert_int_equal(hgr_diff_create(2, NULL, run, &diff, NULL), HGR_OK);
    assert_int_equal(hgr_diff_add(diff, &leak.view, run, NULL), HGR_OK);
    assert_int_equal(hgr_diff_finish(diff, run, &status), HGR_BAD_ARGUMENT);
    assert_int_equal(hgr_diff_add(diff, &leak.view, run, NULL), HGR_OK);
    assert_int_equal(hgr_diff_add(diff, &leak.view, run, &status), HGR_BAD_ARGUMENT);
    assert_string_equal(status.text, "diff: all 2 dumps were added");
    hgr_diff_free(diff);
    hgr_diff_free(NULL);
    free_hand(&leak);
    hgr_run_free(run);
}

static void memory_may_run_out_anywhere(void **state)
{
    (void)state;
    hgr_run *run = make_run();
    struct hand before, after;
    hgr_diff *diff = NULL;
    make_leak(&before, 3, run);
    make_leak(&after, 13, run);
    uint64_t held = hgr_run_memory_bytes(run), k = 0;
    hgr_result result = HGR_NO_MEMORY;
    while (result == HGR_NO_MEMORY) {
        hgr_run_fail_allocation(run, ++k);
        result = diff_two(&before, &after, run, &diff, NULL);
        hgr_run_fail_allocation(run, 0);
        if (result != HGR_OK) {
            assert_null(diff);
            assert_int_equal(hgr_run_memory_bytes(run), held);
        }
    }
    assert_int_equal(result, HGR_OK);
    assert_true(k > 20);
    hgr_diff_free(diff);
    free_hand(&before);
    free_hand(&after);
    hgr_run_free(run);
}

static void damaged_saved_sides_are_refused(void **state)
{
    (void)state;
    hgr_run *run = make_run();
    const hgr_saved_type type = {"Order", "shop.dll", {2, 48, 0, 0}};
    const struct {
        hgr_saved_path paths[3];
        uint32_t npaths;
        const char *why;
    } rows[] = {
        {{{UINT32_MAX, UINT32_MAX, "(all objects)", "", 1, 24}}, 1, "paths hold 1 objects"},
        {{{0, UINT32_MAX, "(all objects)", "", 2, 48}}, 1, "path 0 has parent 0"},
        {{{UINT32_MAX, UINT32_MAX, "(all objects)", "", 0, 0}, {1, 0, "Order", "", 2, 48}}, 2,
         "path 1 has parent 1"},
        {{{UINT32_MAX, UINT32_MAX, "(all objects)", "", 0, 0}, {UINT32_MAX, 0, "Order", "", 2, 48}}, 2,
         "path 1 has parent 4294967295"},
        {{{UINT32_MAX, UINT32_MAX, "(all objects)", "", 0, 0}, {0, 1, "Order", "", 2, 48}}, 2,
         "path 1 has type 1 of 1"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        hgr_diff *diff = NULL;
        hgr_status status = {0};
        assert_int_equal(hgr_diff_create(2, NULL, run, &diff, NULL), HGR_OK);
        assert_int_equal(hgr_diff_add_saved(diff, &type, 1, rows[i].paths, rows[i].npaths, run,
                                            &status),
                         HGR_BAD_DATA);
        if (!strstr(status.text, rows[i].why))
            fail_msg("'%s' does not say '%s'", status.text, rows[i].why);
        hgr_diff_free(diff);
    }
    assert_int_equal(hgr_run_memory_bytes(run), 0);
    hgr_run_free(run);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(damaged_saved_sides_are_refused),
        cmocka_unit_test(leak_is_named),
        cmocka_unit_test(steady_growth_of_three),
        cmocka_unit_test(load_contexts_stay_apart),
        cmocka_unit_test(runs_fold),
        cmocka_unit_test(misuse_is_refused),
        cmocka_unit_test(memory_may_run_out_anywhere),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
