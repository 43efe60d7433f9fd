/* Recorded pairs of one process whose objects carry hidden ids: which object of the older dump is
 * which of the newer one, read by an independent reader. The ids are masked from the matcher's
 * hashes. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>
#include <xxhash.h>

#include "diff/match_view.h"
#include "fixture.h"

#define MASKS_MAX  4096
#define TWIN_REACH 64

/* One object whose identity is known. */
struct known {
    uint64_t identity; /* hash of its id, or of its only owner's id and field */
    hgr_node node;
};

struct side {
    struct opened opened;
    hgr_snapshot *heap;
    hgr_match_view *view;
    hgr_match_mask masks[MASKS_MAX];
    size_t nmasks;
    struct known *known; /* ascending by identity */
    size_t nknown;
    uint64_t *identity; /* n: or 0 */
};

/* ---- reading uids.tsv ----
 * T number method-table name; M type offset stride field: where ids lie; O type address identity:
 * both numbers are differences to the line before, what follows the second number is the field
 * below the owner's id. */

struct reader {
    struct side *side;
    uint64_t mts[MASKS_MAX];
    uint64_t addr;
    int64_t id;
};

static void read_object(struct reader *reader, char *line)
{
    struct side *side = reader->side;
    char text[512], *rest;
    strtoul(line, &rest, 10);
    reader->addr += (uint64_t)strtoll(rest + 1, &rest, 10);
    reader->id += strtoll(rest + 1, &rest, 10);
    snprintf(text, sizeof text, "%lld%s", (long long)reader->id, rest);
    hgr_node node = hgr_node_at(side->heap, reader->addr);
    assert_true(node != HGR_NO_NODE);
    uint64_t identity = XXH3_64bits(text, strlen(text)) | 1;
    side->known[side->nknown++] = (struct known){identity, node};
    side->identity[node] = identity;
}

static void read_line(struct reader *reader, char *line)
{
    struct side *side = reader->side;
    char *rest;
    if (line[0] == 'O') {
        read_object(reader, line + 2);
        return;
    }
    unsigned long type = strtoul(line + 2, &rest, 10);
    assert_true(type < MASKS_MAX);
    if (line[0] == 'T') {
        reader->mts[type] = strtoull(rest + 1, &rest, 16);
        return;
    }
    assert_true(line[0] == 'M' && side->nmasks < MASKS_MAX);
    hgr_match_mask *mask = &side->masks[side->nmasks++];
    *mask = (hgr_match_mask){.method_table_addr = reader->mts[type], .bytes = 8};
    mask->offset = (uint32_t)strtoul(rest + 1, &rest, 10);
    mask->stride = (uint32_t)strtoul(rest + 1, &rest, 10);
}

static int by_identity(const void *left, const void *right)
{
    const struct known *a = left, *b = right;
    return (a->identity > b->identity) - (a->identity < b->identity);
}

static void read_identities(const struct fixture *fixture, struct side *side)
{
    size_t len;
    struct reader *reader = calloc(1, sizeof *reader);
    char *text = fixture_text(fixture, "uids.tsv", &len);
    uint32_t n = hgr_graph_nodes(hgr_snapshot_graph(side->heap));
    side->known = calloc(n, sizeof *side->known);
    side->identity = calloc(n, sizeof *side->identity);
    reader->side = side;
    for (char *line = text, *end; *line; line = end + 1) {
        end = strchr(line, '\n');
        assert_non_null(end);
        *end = '\0';
        read_line(reader, line);
    }
    qsort(side->known, side->nknown, sizeof *side->known, by_identity);
    free(text);
    free(reader);
}

static void open_side(const struct fixture *fixture, struct side *out)
{
    hgr_snapshot_options options = {.depth = HGR_SCAN_GRAPH};
    memset(out, 0, sizeof *out);
    fixture_open(fixture, 2, NULL, &out->opened);
    assert_int_equal(
        hgr_snapshot_create(out->opened.runtime, &options, out->opened.run, &out->heap, NULL),
        HGR_OK);
    read_identities(fixture, out);
    assert_int_equal(hgr_match_view_masked(out->heap, out->masks, out->nmasks, out->opened.run,
                                           &out->view, NULL),
                     HGR_OK);
}

static void close_side(struct side *side)
{
    hgr_match_view_free(side->view);
    free(side->identity);
    free(side->known);
    hgr_snapshot_free(side->heap);
    fixture_close(&side->opened);
}

/* ---- the score ---- */

/* twins: survivors of which a dead neighbour is the image, see is_twin; they count in the others,
 * too. */
struct score {
    uint64_t twins, twins_right;
    uint64_t survivors, right, wrong, missed, dead, dead_paired, dead_unknown, fresh, fresh_paired;
};

static const struct known *find_known(const struct side *side, uint64_t identity)
{
    struct known key = {.identity = identity};
    return bsearch(&key, side->known, side->nknown, sizeof key, by_identity);
}

static bool looks_alike(const struct side *side, hgr_node a, hgr_node b, bool whatever_content)
{
    const hgr_match_view *view = side->view;
    uint64_t contents[2];
    if (view->type_of(view->user, a) != view->type_of(view->user, b) ||
        view->bytes(view->user, a) != view->bytes(view->user, b))
        return false;
    view->contents(view->user, a, a + 1, &contents[0]);
    view->contents(view->user, b, b + 1, &contents[1]);
    return whatever_content || contents[0] == contents[1];
}

/* Nothing but its hidden id tells u from a dead neighbour: both look alike (or u changed, and both
 * are of one type and size), and only their like lies between them. By the truth alone. */
static bool is_twin(const struct side *sides, hgr_node u, hgr_node truth)
{
    uint64_t before, after;
    uint32_t n = hgr_graph_nodes(hgr_snapshot_graph(sides[0].heap));
    sides[0].view->contents(sides[0].view->user, u, u + 1, &before);
    sides[1].view->contents(sides[1].view->user, truth, truth + 1, &after);
    for (int step = -1; step <= 1; step += 2)
        for (int64_t at = (int64_t)u + step, i = 0; i < TWIN_REACH && at >= 0 && at < n;
             at += step, i++) {
            hgr_node d = (hgr_node)at;
            bool alive = sides[0].identity[d] == 0 || find_known(&sides[1], sides[0].identity[d]);
            if (alive && !looks_alike(&sides[0], u, d, true))
                break;
            if (!alive && looks_alike(&sides[0], u, d, before != after))
                return true;
        }
    return false;
}

/* HGR_EXPLAIN=1 lists what was not found, by type. */
static void explain(const char *what, const struct side *sides, const hgr_match *match, hgr_node u)
{
    if (!getenv("HGR_EXPLAIN"))
        return;
    const hgr_snapshot *heap = sides[0].heap;
    printf("%s %s: %s by %s\n", what, hgr_snapshot_type(heap, hgr_node_type(heap, u))->name,
           hgr_fate_name(hgr_match_fate(match, HGR_BEFORE, u)),
           hgr_match_reason_name(hgr_match_why(match, HGR_BEFORE, u)));
}

/* What its owner let go of has lost its identity, but may lie there all the same, as garbage: a
 * pair is wrong when its mate is known to be another object. */
static void add_dead(const struct side *sides, const hgr_match *match, const struct known *known,
                     struct score *out)
{
    hgr_node mate = hgr_match_mate(match, HGR_BEFORE, known->node);
    if (mate != HGR_NO_NODE && sides[1].identity[mate] == 0)
        return;
    out->dead++;
    out->dead_paired += mate != HGR_NO_NODE;
    out->dead_unknown += hgr_match_fate(match, HGR_BEFORE, known->node) == HGR_FATE_UNKNOWN;
    if (mate != HGR_NO_NODE)
        explain("dead paired", sides, match, known->node);
}

static void add_scores(const struct side *sides, const hgr_match *match, struct score *out)
{
    for (size_t i = 0; i < sides[0].nknown; i++) {
        hgr_node u = sides[0].known[i].node, mate = hgr_match_mate(match, HGR_BEFORE, u);
        const struct known *truth = find_known(&sides[1], sides[0].known[i].identity);
        if (!truth) {
            add_dead(sides, match, &sides[0].known[i], out);
            continue;
        }
        out->survivors++;
        if (is_twin(sides, u, truth->node)) {
            out->twins++;
            out->twins_right += mate == truth->node;
        }
        out->right += mate == truth->node;
        out->missed += mate == HGR_NO_NODE;
        out->wrong += mate != HGR_NO_NODE && mate != truth->node;
        if (mate != truth->node)
            explain(mate == HGR_NO_NODE ? "missed" : "wrong", sides, match, u);
    }
    for (size_t i = 0; i < sides[1].nknown; i++) {
        if (find_known(&sides[0], sides[1].known[i].identity))
            continue;
        out->fresh++;
        out->fresh_paired +=
            hgr_match_mate(match, HGR_AFTER, sides[1].known[i].node) != HGR_NO_NODE;
    }
}

/* ---- who owns what is new ---- */

/* At least 95 % of the new bytes have an owner: a survivor, which the ids confirm, or a root with a
 * name. */
static void check_owners(const struct side *sides, const hgr_match *match)
{
    const hgr_run *run = sides[1].opened.run;
    const hgr_snapshot *heap = sides[1].heap;
    hgr_node *roots = NULL;
    size_t nroots = 0, count = 0;
    hgr_domtree *tree = NULL;
    hgr_new_owner *owners = NULL;
    uint64_t bytes = 0, owned = 0, false_owned = 0;
    assert_int_equal(hgr_root_nodes(heap, run, &roots, &nroots, NULL), HGR_OK);
    assert_int_equal(hgr_domtree_create(hgr_snapshot_graph(heap), roots, nroots, run, &tree, NULL),
                     HGR_OK);
    assert_int_equal(hgr_match_new_owners(match, sides[1].view, tree, run, &owners, &count, NULL),
                     HGR_OK);
    for (size_t i = 0; i < count; i++) {
        hgr_node owner = owners[i].owner;
        bool named = owner != HGR_NO_NODE;
        for (size_t r = 0; !named && r < nroots; r++)
            named = roots[r] == owners[i].example;
        bytes += owners[i].bytes;
        owned += named ? owners[i].bytes : 0;
        if (owner != HGR_NO_NODE && sides[1].identity[owner] &&
            !find_known(&sides[0], sides[1].identity[owner]))
            false_owned += owners[i].bytes;
    }
    assert_true(bytes > 100000);
    assert_true(owned * 100 >= bytes * 95);
    assert_true(false_owned * 100 <= bytes);
    hgr_new_owners_free(owners);
    hgr_domtree_free(tree);
    hgr_nodes_free(roots);
}

static double percent(uint64_t part, uint64_t whole)
{
    return whole ? 100.0 * (double)part / (double)whole : 0;
}

static void check_pair(const struct fixture *before, const struct fixture *after)
{
    static struct side sides[2];
    hgr_match *match = NULL;
    struct score score = {0};
    open_side(before, &sides[0]);
    open_side(after, &sides[1]);
    assert_int_equal(
        hgr_match_create(sides[0].view, sides[1].view, sides[1].opened.run, &match, NULL), HGR_OK);
    add_scores(sides, match, &score);
    check_owners(sides, match);
    uint64_t others = score.survivors - score.twins, right = score.right - score.twins_right;
    printf("%-44s right %.3f %% (all but %llu twins: %.3f %%) wrong %.3f %% missed %.3f %% of "
           "%llu; of %llu dead paired %.3f %%, "
           "unknown %.2f %%; of %llu new paired %.3f %%\n",
           before->name, percent(score.right, score.survivors), (unsigned long long)score.twins,
           percent(right, others), percent(score.wrong, score.survivors),
           percent(score.missed, score.survivors), (unsigned long long)score.survivors,
           (unsigned long long)score.dead, percent(score.dead_paired, score.dead),
           percent(score.dead_unknown, score.dead), (unsigned long long)score.fresh,
           percent(score.fresh_paired, score.fresh));
    hgr_match_free(match);
    for (int s = 0; s < 2; s++)
        close_side(&sides[s]);
    /* Half of all objects dead: what looks like a dead neighbour is left unknown, and so is what
     * hangs on it. */
    bool half_died = score.dead * 3 > score.survivors;
    assert_true(score.survivors > 10000);
    assert_true(score.right * 1000 >= score.survivors * (half_died ? 984 : 995));
    assert_true(right * 1000 >= others * (half_died ? 994 : 995));
    assert_true(score.wrong * 1000 <= score.survivors);
    assert_true(score.dead_paired * 100 <= score.dead);
}

static void hidden_ids_agree(void **state)
{
    (void)state;
    static struct fixture fixtures[FIXTURES_MAX];
    size_t count = fixture_list(fixtures), pairs = 0;
    for (size_t i = 0; i + 1 < count; i++) {
        /* "X.after" stands before "X.before" */
        const char *dot = strrchr(fixtures[i].name, '.');
        if (!dot || strcmp(dot, ".after") != 0 || !fixture_has(&fixtures[i], "uids.tsv") ||
            strncmp(fixtures[i].name, fixtures[i + 1].name, (size_t)(dot - fixtures[i].name)) != 0)
            continue;
        check_pair(&fixtures[i + 1], &fixtures[i]);
        pairs++;
    }
    assert_true(pairs > 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(hidden_ids_agree)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
