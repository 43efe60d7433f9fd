/* bench: dominators, retained bytes, reachability and class totals alone, on heap-like graphs and
 * on hard shapes.
 *
 *     bench_dominators [--shape NAME] [--runs 5] [--threads 2] [--percent 100] [--peer 1] [--csv]
 *
 * --csv: shape,kernel,threads,runs,wall min,median,max,cpu min,median (seconds),ns per object,ns
 * per element,own bytes per object at the peak,same answer as the peer,checksum. One row per shape
 * and kernel. "ns/element" counts objects and references, the fair unit across shapes whose degree
 * differs; "x founding" is its ratio to the first row's. The peer row is the algorithm of other
 * heap tools in the same language (tests/reference/lengauer_tarjan.c): Lengauer-Tarjan on separate
 * arrays in node order, the referrers it needs given to it free. Answers are compared entry by
 * entry. */
#include "harness.h"

#include "answers/domtree.h"
#include "base/run.h"
#include "gen_graph.h"
#include "reference/reference.h"

struct bench {
    struct gen_graph  shape;
    hgr_run          *run;
    hgr_graph        *graph, *referrers;
    hgr_domtree      *tree;
    hgr_node         *peer_idom;
    uint64_t          checksum;
};

static bool find_dominators(void *user)
{
    struct bench *b = user;
    hgr_domtree_free(b->tree);
    b->tree = NULL;
    return hgr_domtree_create(b->graph, b->shape.roots, b->shape.nroots, b->run, &b->tree, NULL) ==
           HGR_OK;
}

static bool find_dominators_as_peers(void *user)
{
    struct bench *b = user;
    return lengauer_tarjan(b->graph, b->referrers, b->shape.roots, b->shape.nroots, b->peer_idom);
}

static bool find_retained(void *user)
{
    struct bench *b = user;
    uint64_t *retained = NULL;
    if (hgr_retained_create(b->tree, gen_graph_bytes, &b->shape, b->run, &retained, NULL) != HGR_OK)
        return false;
    b->checksum = retained[b->shape.n];
    hgr_retained_free(retained);
    return true;
}

static bool walk_breadth_first(void *user)
{
    struct bench *b = user;
    hgr_reach *reach = NULL;
    if (hgr_reach_create(b->graph, b->shape.roots, b->shape.nroots, NULL, b->run, &reach, NULL) !=
        HGR_OK)
        return false;
    b->checksum = hgr_reach_count(reach);
    hgr_reach_free(reach);
    return true;
}

static bool find_class_totals(void *user)
{
    struct bench *b = user;
    hgr_class_totals *totals = NULL;
    if (hgr_class_totals_create(b->graph, b->tree, b->shape.roots, b->shape.nroots,
                                b->shape.class_of, b->shape.nclasses, gen_graph_bytes, &b->shape,
                                b->run, &totals, NULL) != HGR_OK)
        return false;
    b->checksum = 0;
    for (uint32_t c = 0; c <= b->shape.nclasses; c++)
        b->checksum = bench_mix(b->checksum, totals[c].retained_bytes);
    hgr_class_totals_free(totals);
    return true;
}

static uint64_t sum_nodes(const hgr_node *nodes, size_t count)
{
    uint64_t sum = 0;
    for (size_t i = 0; i < count; i++)
        sum = bench_mix(sum, nodes[i]);
    return sum;
}

/* ns per element of the first shape's dominators, once it is known. */
static double normal_ns;
static bool csv;

struct row {
    const char *shape, *kernel, *same;
    double      own_bytes; /* per object, 0 = not asked */
};

static void report(const struct bench *b, const struct row *row, const bench_times *times)
{
    double median = bench_median(times->cpu, times->count) * 1e9;
    double per_element = median / ((double)b->shape.n + b->shape.m);
    if (normal_ns <= 0)
        normal_ns = per_element;
    if (csv) {
        printf("%s,%s,%u,%d,%.4f,%.4f,%.4f,%.4f,%.4f,%.1f,%.2f,%.1f,%s,%016llx\n", row->shape,
               row->kernel, b->run->threads, times->count, times->wall[0],
               bench_median(times->wall, times->count), times->wall[times->count - 1],
               times->cpu[0], median * 1e-9, median / b->shape.n, per_element, row->own_bytes,
               row->same, (unsigned long long)b->checksum);
        return;
    }
    bench_row(row->kernel, b->run->threads, times);
    printf("  %7.1f ns/object  %6.1f ns/element %6.2f x", median / b->shape.n, per_element,
           per_element / normal_ns);
    if (row->own_bytes > 0)
        printf("  %.1f own B/object", row->own_bytes);
    if (row->same[0])
        printf("  same answer: %s", row->same);
    printf("  sum %016llx\n", (unsigned long long)b->checksum);
}

static bool measure(struct bench *b, const char *shape, const char *kernel, int runs,
                    bool (*work)(void *user))
{
    bench_times times;
    struct row row = {shape, kernel, "", 0};
    uint64_t before = hgr_run_memory_bytes(b->run);
    if (!bench_measure(&times, runs, work, b))
        return false;
    if (work == find_dominators) {
        b->checksum = sum_nodes(hgr_domtree_idom(b->tree), (size_t)b->shape.n + 1);
        row.own_bytes = (double)(hgr_run_memory_peak_bytes(b->run) - before) / b->shape.n;
    }
    if (work == find_dominators_as_peers) {
        size_t bytes = ((size_t)b->shape.n + 1) * sizeof(hgr_node);
        b->checksum = sum_nodes(b->peer_idom, (size_t)b->shape.n + 1);
        row.same = memcmp(b->peer_idom, hgr_domtree_idom(b->tree), bytes) ? "NO" : "yes";
    }
    report(b, &row, &times);
    return true;
}

static bool measure_shape(const char *name, uint32_t nodes, const char *what, int runs,
                          uint32_t threads, bool peer)
{
    struct bench b = {0};
    bool ok =
        gen_graph_make(name, nodes, &b.shape) && hgr_run_create(threads, &b.run, NULL) == HGR_OK &&
        hgr_graph_create(b.shape.n, b.shape.row, b.shape.col, b.run, &b.graph, NULL) == HGR_OK;
    if (ok && !csv)
        printf("%s: %s; %u objects, %u references, %u roots\n", name, what, b.shape.n, b.shape.m,
               b.shape.nroots);
    ok = ok && measure(&b, name, "dominators", runs, find_dominators);
    ok = ok && measure(&b, name, "retained", runs, find_retained);
    ok = ok && measure(&b, name, "reach", runs, walk_breadth_first);
    ok = ok && measure(&b, name, "class totals", runs, find_class_totals);
    if (ok && peer) {
        b.peer_idom = malloc(((size_t)b.shape.n + 1) * sizeof *b.peer_idom);
        ok = b.peer_idom && hgr_graph_transpose(b.graph, b.run, &b.referrers, NULL) == HGR_OK &&
             measure(&b, name, "peer: Lengauer-Tarjan", runs, find_dominators_as_peers);
    }
    fflush(stdout);
    free(b.peer_idom);
    hgr_graph_free(b.referrers);
    hgr_domtree_free(b.tree);
    hgr_graph_free(b.graph);
    hgr_run_free(b.run);
    gen_graph_free(&b.shape);
    return ok;
}

int main(int argc, char **argv)
{
    int runs = (int)bench_number(argc, argv, "--runs", 5);
    uint32_t threads = (uint32_t)bench_number(argc, argv, "--threads", 2), nodes;
    uint64_t percent = bench_number(argc, argv, "--percent", 100);
    const char *only = bench_text(argc, argv, "--shape"), *what, *name;
    for (int i = 1; i < argc; i++)
        csv = csv || strcmp(argv[i], "--csv") == 0;
    for (size_t k = 0; (name = gen_graph_name(k, &nodes, &what)) != NULL; k++) {
        if (only && strcmp(only, name) != 0)
            continue;
        if (!measure_shape(name, (uint32_t)(nodes * percent / 100), what, runs, threads,
                           bench_number(argc, argv, "--peer", 1) != 0)) {
            fprintf(stderr, "%s: out of memory\n", name);
            return 4;
        }
    }
    return 0;
}
