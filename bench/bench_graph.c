/* bench: the transpose on a made graph of heap shape: near targets, some far, some shared by many.
 *
 * usage: bench_graph [--nodes N] [--threads N] [--runs N] [--csv] */
#include "engine/graph/graph.h"
#include "engine/base/run.h"
#include "harness.h"

struct work {
    const hgr_graph *graph;
    const hgr_run *run;
    uint64_t checksum;
};

static uint64_t next_random(uint64_t *seed)
{
    *seed = *seed * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
    return *seed >> 24;
}

static hgr_graph *make_graph(uint32_t n, const hgr_run *run)
{
    hgr_graph *graph = NULL;
    uint64_t seed = 7;
    uint32_t *row = calloc((size_t)n + 1, sizeof *row);
    hgr_node *col = malloc((size_t)n * 4 * sizeof *col);
    if (!row || !col)
        return NULL;
    for (uint32_t u = 0; u < n; u++) {
        uint64_t dice = next_random(&seed);
        uint32_t degree = dice % 16 < 9 ? 0 : (uint32_t)(dice >> 4) % 7 + 1;
        row[u + 1] = row[u];
        for (uint32_t k = 0; k < degree && k < 4; k++) {
            uint64_t far = next_random(&seed);
            uint64_t target = far % 8 ? (uint64_t)u + 1 + far / 8 % 64 : far / 8;
            col[row[u + 1]++] = (hgr_node)(far % 64 == 0 ? far / 64 % 100 % n : target % n);
        }
    }
    if (hgr_graph_create(n, row, col, run, &graph, NULL) != HGR_OK)
        graph = NULL;
    free(col);
    free(row);
    return graph;
}

static bool transpose_once(void *user)
{
    struct work *work = user;
    hgr_graph *back = NULL;
    if (hgr_graph_transpose(work->graph, work->run, &back, NULL) != HGR_OK)
        return false;
    uint64_t sum = 1;
    for (uint32_t e = 0; work->checksum == 0 && e < back->m; e++)
        sum = bench_mix(sum + e, back->col[e]);
    if (work->checksum == 0) /* in the run that is not counted */
        work->checksum = sum;
    hgr_graph_free(back);
    return true;
}

int main(int argc, char **argv)
{
    hgr_run *run = NULL;
    uint32_t n = (uint32_t)bench_number(argc, argv, "--nodes", 11400000);
    int runs = (int)bench_number(argc, argv, "--runs", 10);
    if (hgr_run_create((uint32_t)bench_number(argc, argv, "--threads", 0), &run, NULL) != HGR_OK)
        return 4;
    hgr_graph *graph = make_graph(n, run);
    uint32_t most = hgr_run_threads(run);
    for (uint32_t threads = 1; graph && threads <= most;
         threads = threads < most ? most : most + 1) {
        bench_times times;
        struct work work = {.graph = graph};
        hgr_run *own = NULL;
        if (hgr_run_create(threads, &own, NULL) != HGR_OK)
            return 4;
        work.run = own;
        if (!bench_measure(&times, runs, transpose_once, &work))
            return 4;
        if (bench_flag(argc, argv, "--csv"))
            bench_csv("transpose", threads, &times);
        else
            bench_row("transpose", threads, &times);
        double ns = bench_median(times.cpu, times.count) * 1e9 / graph->m;
        printf(bench_flag(argc, argv, "--csv") ? ",%.2f,%016llx\n"
                                               : "  %.2f ns/reference (cpu), checksum %016llx\n",
               ns, (unsigned long long)work.checksum);
        hgr_run_free(own);
    }
    if (graph && !bench_flag(argc, argv, "--csv"))
        printf("graph: %u nodes, %u references; peak resident %.0f MB\n", graph->n, graph->m,
               bench_peak_mb());
    hgr_graph_free(graph);
    hgr_run_free(run);
    return graph ? 0 : 4;
}
