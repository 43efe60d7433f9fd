/* bench: the scan on a made heap of the founding shape: DTOs with their strings and boxes, Free
 * blocks between them, one long list. In memory, so nothing but the scan is measured (no file, no
 * method tables to decode). Or, with --dump, on a real dump in the page cache: mapping, faults and
 * method tables included.
 *
 * usage: bench_scan [--dump FILE | --objects N --pointer 8|4] [--threads N] [--runs N] [--wide 1]
 *        [--graph-only 1] [--csv]
 * --csv: name,threads,runs,wall min,median,max,cpu min,median (seconds),ns per object,ns per
 *        reference,checksum */
#include "engine/clr/clr.h"
#include "engine/heap/scan.h"
#include "engine/graph/graph.h"
#include "harness.h"
#include "tests/synth/fake_heap.h"

struct work {
    const hgr_source *source;
    const hgr_run *run;
    hgr_scan_depth depth;
    bool wide;
    hgr_totals totals;
    uint64_t checksum;
    bool csv;
};

static uint64_t next_random(uint64_t *seed)
{
    *seed += UINT64_C(0x9e3779b97f4a7c15);
    uint64_t z = *seed;
    z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
    return z ^ (z >> 31);
}

#define REGION_BYTES UINT64_C(4194304)
#define REGION_HEAD  UINT64_C(0x28)

struct maker {
    fake_heap *heap;
    uint32_t pointer;
    uint64_t seed, next_region;
    uint64_t free_type, dto, box, string, list;
    uint64_t objects;
};

static uint64_t put(struct maker *m, uint64_t type, uint64_t components)
{
    if (fake_room(m->heap) < 4096) {
        fake_object(m->heap, m->free_type, fake_room(m->heap) - 3 * m->pointer);
        fake_segment(m->heap, m->next_region, REGION_BYTES - REGION_HEAD, HGR_GEN2);
        m->next_region += REGION_BYTES;
    }
    return fake_object(m->heap, type, components);
}

/* One DTO: 4 strings, 2 boxes that share a string, now and then a Free block. 7 objects, 8
 * references. */
static uint64_t put_dto(struct maker *m)
{
    uint32_t p = m->pointer;
    uint64_t dto = put(m, m->dto, 0), last = 0;
    for (uint32_t i = 0; i < 4; i++) {
        uint64_t dice = next_random(&m->seed);
        if (dice % 100 < 58)
            put(m, m->free_type, (dice >> 8) % 6 * p);
        last = put(m, m->string, 8 + (dice >> 20) % 48);
        fake_pointer(m->heap, dto + (1 + i) * p, last);
    }
    for (uint32_t i = 0; i < 2; i++) {
        uint64_t box = put(m, m->box, 0);
        fake_pointer(m->heap, box + p, last);
        fake_pointer(m->heap, dto + (5 + i) * p, box);
    }
    m->objects += 7;
    return dto;
}

static fake_heap *make_heap(const hgr_run *run, uint32_t pointer, uint64_t objects)
{
    struct maker m = {.heap = fake_heap_create(run, pointer), .pointer = pointer, .seed = 1};
    uint64_t lots = objects / 7, base = pointer == 8 ? UINT64_C(0x7e0000000000) : 0x10000000;
    m.free_type = fake_type_free(m.heap);
    m.dto = fake_type_fixed(m.heap, 14 * pointer, pointer, 7); /* one slot stays null */
    m.box = fake_type_fixed(m.heap, 4 * pointer, pointer, 1);
    m.string = fake_type_bytes(m.heap, 2 * pointer + 6, 2);
    m.list = fake_type_references(m.heap);
    m.next_region = base + REGION_HEAD;
    fake_segment(m.heap, m.next_region, REGION_BYTES - REGION_HEAD, HGR_GEN2);
    m.next_region += REGION_BYTES;
    uint64_t *dtos = malloc((lots + 1) * sizeof *dtos);
    for (uint64_t i = 0; dtos && i < lots; i++)
        dtos[i] = put_dto(&m);
    /* the list: one array in a large-object region */
    uint64_t large = (m.next_region / REGION_BYTES + 2) * REGION_BYTES + REGION_HEAD;
    fake_segment(m.heap, large, (lots + 8) * pointer, HGR_LOH);
    uint64_t list = fake_object(m.heap, m.list, lots);
    for (uint64_t i = 0; dtos && i < lots; i++)
        fake_pointer(m.heap, list + (2 + i) * pointer, dtos[i]);
    free(dtos);
    return m.heap;
}

struct dumped {
    hgr_dump *dump;
    hgr_runtime *runtime;
    hgr_clr_types *types;
    hgr_clr_handles handles;
    hgr_source source;
};

static hgr_result open_dumped(const char *path, const hgr_run *run, struct dumped *out,
                              hgr_status *status)
{
    hgr_result result = hgr_dump_open(path, NULL, run, &out->dump, status);
    if (result == HGR_OK)
        result = hgr_runtime_open(out->dump, NULL, run, &out->runtime, status);
    if (result == HGR_OK)
        result = hgr_clr_types_create(out->runtime, run, &out->types, status);
    if (result == HGR_OK)
        result = hgr_clr_handles_read(out->runtime, run, &out->handles, status);
    if (result != HGR_OK)
        return result;
    uint32_t pointer = out->runtime->space->pointer_size;
    out->source = (hgr_source){.space = out->runtime->space,
                               .segments = out->runtime->segments,
                               .nsegments = out->runtime->nsegments,
                               .gaps = out->runtime->gaps,
                               .ngaps = out->runtime->ngaps,
                               .implied = out->handles.implied,
                               .nimplied = out->handles.nimplied,
                               .min_bytes = 3 * pointer,
                               .mark_mask = pointer - 1,
                               .large_align = 8,
                               .describe = hgr_clr_describe,
                               .self = out->types};
    return HGR_OK;
}

static void close_dumped(struct dumped *dumped)
{
    hgr_clr_handles_fini(&dumped->handles);
    hgr_clr_types_free(dumped->types);
    hgr_runtime_close(dumped->runtime);
    hgr_dump_close(dumped->dump);
}

static uint64_t checksum(const hgr_heap *heap)
{
    uint64_t sum = bench_mix(heap->totals.objects, heap->totals.bytes);
    if (!heap->graph)
        return sum;
    for (uint32_t e = 0; e < heap->graph->m; e++)
        sum = bench_mix(sum, heap->graph->col[e]);
    for (uint32_t u = 0; u < heap->graph->n; u++)
        sum = bench_mix(sum, (uint64_t)heap->node_type[u] << 32 | heap->node_bytes[u]);
    return sum;
}

static bool scan_once(void *user)
{
    struct work *work = user;
    hgr_heap *heap = NULL;
    hgr_status status = {0};
    hgr_scan_tuning tuning = {.wide = work->wide};
    if (hgr_heap_scan_tuned(work->source, work->depth, tuning, work->run, &heap, &status) !=
        HGR_OK) {
        fprintf(stderr, "bench_scan: %s\n", status.text);
        return false;
    }
    work->totals = heap->totals;
    if (work->checksum == 0) /* once: it would be measured too */
        work->checksum = checksum(heap);
    hgr_heap_free(heap);
    return true;
}

static void phase(void *user, const hgr_phase *phase)
{
    (void)user;
    printf("  %s: wall %.4f s, cpu %.4f s\n", phase->name, phase->seconds, phase->cpu_seconds);
}

/* Rates of one row, and the phases of one more run. */
static void tell(const struct work *work, const hgr_run *run, const bench_times *times)
{
    const hgr_totals *t = &work->totals;
    double wall = bench_median(times->wall, times->count);
    double cpu = bench_median(times->cpu, times->count);
    const char *name = work->depth == HGR_SCAN_GRAPH ? "scan graph" : "scan types";
    if (work->csv) {
        bench_csv(name, hgr_run_threads(run), times);
        printf(",%.2f,%.2f,%016llx\n", cpu * 1e9 / (double)t->objects,
               t->references ? cpu * 1e9 / (double)t->references : 0,
               (unsigned long long)work->checksum);
        return;
    }
    bench_row(name, hgr_run_threads(run), times);
    printf("  %.1f ns/object (cpu), %.1f ns/block, %.1f M objects/s, %.2f GB/s, "
           "peak %.1f B/object, checksum %016llx\n",
           cpu * 1e9 / (double)t->objects, cpu * 1e9 / (double)(t->objects + t->free_count),
           (double)t->objects / wall * 1e-6, (double)t->used_bytes / wall * 1e-9,
           (double)hgr_run_memory_peak_bytes(run) / (double)t->objects,
           (unsigned long long)work->checksum);
}

static bool row(struct work *work, uint32_t threads, int runs, bool phases)
{
    hgr_run *run = NULL;
    bench_times times;
    if (hgr_run_create(threads, &run, NULL) != HGR_OK)
        return false;
    work->run = run;
    work->checksum = 0;
    bool good = bench_measure(&times, runs, scan_once, work);
    if (good) {
        tell(work, run, &times);
        if (phases && !work->csv) {
            hgr_run_set_phase(run, phase, NULL);
            scan_once(work);
        }
    }
    hgr_run_free(run);
    return good;
}

int main(int argc, char **argv)
{
    hgr_run *run = NULL;
    uint64_t objects = bench_number(argc, argv, "--objects", 11400000);
    uint32_t pointer = (uint32_t)bench_number(argc, argv, "--pointer", 8);
    int runs = (int)bench_number(argc, argv, "--runs", 10);
    if (hgr_run_create((uint32_t)bench_number(argc, argv, "--threads", 0), &run, NULL) != HGR_OK)
        return 4;
    struct work work = {.wide = bench_number(argc, argv, "--wide", 0) != 0};
    work.csv = bench_flag(argc, argv, "--csv");
    const char *path = bench_text(argc, argv, "--dump");
    fake_heap *heap = NULL;
    struct dumped dumped = {0};
    hgr_status status = {0};
    bool good = true;
    if (path) {
        good = open_dumped(path, run, &dumped, &status) == HGR_OK;
        if (!good)
            fprintf(stderr, "bench_scan: %s\n", status.text);
        work.source = &dumped.source;
    } else {
        heap = make_heap(run, pointer, objects);
        work.source = fake_finish(heap);
    }
    for (int depth = bench_text(argc, argv, "--graph-only") ? 1 : 0; good && depth < 2; depth++) {
        work.depth = depth ? HGR_SCAN_GRAPH : HGR_SCAN_TYPES;
        good = row(&work, 1, runs, depth == 1);
        if (good && hgr_run_threads(run) > 1)
            good = row(&work, hgr_run_threads(run), runs, depth == 1);
    }
    if (!work.csv)
        printf("heap: %llu objects, %llu bytes, %llu Free, %llu references (%llu implied), %llu of "
               "%llu bytes walked; "
               "peak resident %.0f MB\n",
               (unsigned long long)work.totals.objects, (unsigned long long)work.totals.bytes,
               (unsigned long long)work.totals.free_count,
               (unsigned long long)work.totals.references,
               (unsigned long long)work.totals.implied_references,
               (unsigned long long)work.totals.walked_bytes,
               (unsigned long long)work.totals.used_bytes, bench_peak_mb());
    if (heap)
        fake_heap_free(heap);
    close_dumped(&dumped);
    hgr_run_free(run);
    return good ? 0 : 4;
}
